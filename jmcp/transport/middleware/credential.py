"""The token that a request carries: in its header, never in its URL, which logs keep."""

from __future__ import annotations

SCHEMES = frozenset({"bearer", "token"})
"""`token` is what Jupyter's own clients send."""


def credential(authorization: str) -> str:
    """The token in an Authorization header; empty when there is none."""
    scheme, _, given = authorization.partition(" ")
    return given.strip() if scheme.lower() in SCHEMES else ""
