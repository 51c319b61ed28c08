"""Where clients look for OAuth after a 401. jmcp has none, and says so without a token.

A client that is answered 401 there too, or with a login page, reports that instead of its wrong token.
"""

from __future__ import annotations

NO_OAUTH = (
    "There is no OAuth here. If you were answered 401, the token that you sent is missing or wrong: "
    "configure the server's own token, or a named one of jmcp, as the header "
    "Authorization: Bearer <token>."
)
WELL_KNOWN = "/.well-known/"
ENDPOINTS = frozenset({"/register", "/authorize", "/token"})
"""Where clients of MCP expect what no metadata names."""


def is_oauth_discovery(path: str) -> bool:
    """Whether a URL path, as seen by the server, is one of those."""
    return WELL_KNOWN in path or path in ENDPOINTS
