"""Whose token a request has."""

from __future__ import annotations

from typing import Protocol

OWN_PREFIXES = ("jmcp_at_", "jmcp_pt_")
"""Of the gateway's own tokens: of OAuth, and personal ones. All others are the Hub's."""


class Credentials(Protocol):
    """The tokens that the gateway itself has given out."""

    async def hub_token(self, bearer: str, resource: str = "") -> str | None:
        """The Hub's token that stands behind one of OWN_PREFIXES; None where that one is unknown,
        expired or revoked, or not for the URL `resource`. Raises StateUnavailable."""
        ...


class HubTokensOnly:
    """Where the gateway gives out none."""

    async def hub_token(self, bearer: str, resource: str = "") -> str | None:
        return None
