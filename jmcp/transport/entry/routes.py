"""The endpoints of tickets: ask for one, and redeem one for the token of a page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from jmcp.core.calls.principal import LEVELS, Principal
from jmcp.transport.entry.entry import OTHERS_LOGIN, REDEMPTION, TICKETS, Entry
from jmcp.transport.entry.pages import WORKBENCH, page_path
from jmcp.transport.entry.tickets import PAGE_SECONDS, TICKET_SECONDS
from jmcp.transport.problems import Problem
from jmcp.transport.rest.json_body import json_object

OF_PAGE = "A page that came in with a ticket makes no tickets. Ask with the token that the first was asked for with."
ONLY_WORKBENCH = (
    "A ticket asked for with this token opens /jmcp/workbench only: JupyterLab knows Jupyter's own token, "
    "and no other. Leave next out, or ask with the token of the server."
)
NO_LAB = (
    "This server has no JupyterLab of its own: a ticket opens /jmcp/workbench, which shows the JupyterLab "
    "that this server works on. Leave next out."
)
NOT_TEXT = "{name} has to be a string."
NO_TICKET = 'Give the ticket: {"ticket": "..."}.'


class EntryRoutes:
    """`base` is the URL path in front of everything, and `external_url` where browsers reach it."""

    def __init__(self, entry: Entry, base: str, external_url: str | None) -> None:
        self._entry = entry
        self._base = base
        self._external_url = external_url.rstrip("/") if external_url else None

    @property
    def endpoints(self) -> Mapping[str, Mapping[str, Callable[[Request], Awaitable[Response]]]]:
        return {TICKETS: {"POST": self.issue}, REDEMPTION: {"POST": self.redeem}}

    async def issue(self, request: Request) -> Response:
        """A ticket, and the URL with which a browser comes in. Raises Problem 400, 403, 429."""
        entry = self._entry
        root = self._external_url or f"{request.url.scheme}://{request.url.netloc}{self._base}"
        if entry.refused():
            raise Problem(403, OTHERS_LOGIN, code="no_tickets")
        principal = request.scope.get("principal") or Principal(name=entry.jupyter_owner or "")
        if principal.of_page:
            raise Problem(403, OF_PAGE, code="no_tickets")
        page = _page(await json_object(request))
        if page.partition("?")[0] != WORKBENCH and not entry.logs_in(principal):
            refusal = NO_LAB if entry.jupyter_owner is None else ONLY_WORKBENCH
            raise Problem(403, refusal, code="only_workbench")
        ticket, below = entry.way_in(principal, page)
        answer = {
            "ticket": ticket,
            "url": f"{root}{below}",
            "path": f"{self._base}{below}",
            **_ending(TICKET_SECONDS),
        }
        return JSONResponse(answer, status_code=201)

    async def redeem(self, request: Request) -> Response:
        """The token of a page, for its ticket. Raises Problem 400, 401."""
        ticket = _text(await json_object(request), "ticket")
        if not ticket:
            raise Problem(400, NO_TICKET)
        principal = self._entry.tickets.redeem(ticket)
        answer = {
            "token": self._entry.tokens.create(principal),
            "owner": principal.name,
            "scopes": [scope for scope in LEVELS if scope in principal.scopes],
            **_ending(PAGE_SECONDS),
        }
        return JSONResponse(answer, status_code=201)


def _page(body: dict[str, Any]) -> str:
    try:
        return page_path(_text(body, "next") or WORKBENCH)
    except ValueError as error:
        raise Problem(400, f"{error}.") from error


def _text(body: dict[str, Any], name: str) -> str:
    given = body.get(name)
    if given is not None and not isinstance(given, str):
        raise Problem(400, NOT_TEXT.format(name=name))
    return given or ""


def _ending(seconds: float) -> dict[str, Any]:
    at = datetime.now(UTC) + timedelta(seconds=seconds)
    return {"expires_at": at.isoformat(timespec="seconds"), "expires_in": int(seconds)}
