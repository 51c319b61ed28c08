"""The token of a request: from its Authorization header, never from its URL, which logs keep."""

from __future__ import annotations

SCHEMES = frozenset({"bearer", "token"})
"""Accepted schemes in lower case; Jupyter's own clients send `token`."""


def credential(authorization: str) -> str:
    """The token in an Authorization header; empty when there is none."""
    scheme, _, given = authorization.partition(" ")
    return given.strip() if scheme.lower() in SCHEMES else ""
