"""The token of a request: from its Authorization header, never from its URL, which logs keep."""

from __future__ import annotations

SCHEMES = frozenset({"bearer", "token"})
"""Accepted schemes in lower case; Jupyter's own clients send `token`."""

ADMITTED = "admitted"
"""The name, in an ASGI scope, of a function that says whether the credential of the request is still
that of its principal. What goes on for long asks it, because a token can be removed meanwhile."""
WRONG_TOKEN = "That token is none of this server's, or was removed, or has expired."


def credential(authorization: str) -> str:
    """The token in an Authorization header; empty when there is none."""
    scheme, _, given = authorization.partition(" ")
    return given.strip() if scheme.lower() in SCHEMES else ""
