"""A person's connected clients and personal tokens."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jmcp.hub.gateway.limits import too_many
from jmcp.hub.grants.grant import Grant
from jmcp.hub.grants.grants import GrantRefused, Grants
from jmcp.hub.login.browser_sessions import BrowserSession
from jmcp.hub.oauth.limits import RateLimit, for_each
from jmcp.hub.platform.api import Api, json_answer
from jmcp.transport.problems import Problem
from jmcp.transport.rest.json_body import json_object

UNKNOWN_GRANT = "You have no such client or token: it was revoked already, or has expired."
DEFAULT_DAYS = 30.0
NOT_A_NUMBER = "days has to be a number."
NOT_TEXT = "name has to be a string."


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """`/api/grants`, `/api/tokens`."""

    api: Api
    grants: Grants
    made: RateLimit = field(default_factory=for_each)
    """Of each person: what was revoked stays in the store until its end."""

    def routes(self) -> list[Route]:
        return [
            self.api.route("/grants", {"GET": self.listed, "DELETE": self.revoke_all}),
            self.api.route("/grants/{grant}", {"DELETE": self.revoke}),
            self.api.route("/tokens", {"POST": self.create}),
        ]

    async def listed(self, _: Request, session: BrowserSession) -> Response:
        found = await self.grants.of_user(session.user)
        return json_answer({"grants": [grant_row(one) for one in found]})

    async def revoke(self, request: Request, session: BrowserSession) -> Response:
        """Raises Problem 404, also for a grant of somebody else."""
        if not await self.grants.revoke(session.user, request.path_params["grant"]):
            raise Problem(404, UNKNOWN_GRANT, code="grant_not_found")
        return json_answer({"revoked": 1})

    async def revoke_all(self, _: Request, session: BrowserSession) -> Response:
        return json_answer({"revoked": await self.grants.revoke_all(session.user)})

    async def create(self, request: Request, session: BrowserSession) -> Response:
        """The token itself is in this answer and never again. Raises Problem 400, 429."""
        body = await json_object(request)
        name, days = body.get("name", ""), body.get("days", DEFAULT_DAYS)
        if not isinstance(name, str):
            raise Problem(400, NOT_TEXT)
        if not isinstance(days, int | float) or isinstance(days, bool):
            raise Problem(400, NOT_A_NUMBER)
        if wait := self.made.admit(session.user):
            raise too_many("You have made too many tokens; try again later.", wait)
        try:
            grant, token = await self.grants.create_personal(
                session.user,
                name=name,
                days=days,
                hub_token=session.hub_token,
                hub_token_expires=session.hub_token_expires,
            )
        except GrantRefused as refusal:
            raise Problem(400, f"No token was made: {refusal}.", code="token_refused") from refusal
        return json_answer({"token": token, "grant": grant_row(grant)}, 201)


def grant_row(grant: Grant) -> dict[str, Any]:
    """Times in seconds since the epoch; `last_used` 0 for never."""
    return {
        "id": grant.id,
        "kind": grant.kind,
        "name": grant.name,
        "from": grant.redirect_host,
        "created": grant.created,
        "last_used": grant.last_used,
        "expires": grant.expires,
    }
