"""How browsers come into one server.

This module loads while Jupyter starts, so it imports nothing of the MCP SDK.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from jmcp.core.calls.principal import SCOPES, Principal
from jmcp.transport.entry.pages import ENTER
from jmcp.transport.entry.tickets import PageTokens, Tickets

TICKETS = "/jmcp/v1/tickets"
REDEMPTION = f"{TICKETS}/redemption"
OTHERS_LOGIN = (
    "This Jupyter Server's own login, as of a JupyterHub, or its own authorizer decides who comes in, "
    "and a ticket would pass by it. Log in there, and open /jmcp/workbench."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """How browsers come into one server.

    `jupyter_owner` is the principal whose tickets log a browser in to Jupyter; None where no Jupyter is
    around the server. `refused`: something else than Jupyter decides there who comes in.
    """

    tickets: Tickets
    tokens: PageTokens
    jupyter_owner: str | None = None
    refused: Callable[[], bool] = lambda: False

    def logs_in(self, principal: Principal) -> bool:
        """Whether a ticket of that principal opens Jupyter itself: whoever has Jupyter's token may,
        and who has a named one of jmcp may not."""
        return (
            principal.name == self.jupyter_owner
            and principal.scopes == SCOPES
            and not principal.token_digest
            and not principal.of_page
        )

    def way_in(self, principal: Principal, page: str) -> tuple[str, str]:
        """A ticket, and the path below base_url that a browser opens with it. Raises Problem 429."""
        ticket = self.tickets.issue(principal)
        if self.logs_in(principal):
            return ticket, f"{ENTER}?{urlencode({'ticket': ticket, 'next': page})}"
        # What follows # reaches neither the server nor its log. By `entry` Jupyter's login lets it pass.
        return ticket, f"{page}{'&' if '?' in page else '?'}entry=ticket#ticket={ticket}"
