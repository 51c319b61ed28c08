"""An administrator's second login, with the rights that only administrators have.

The first login can reach the person's own server and no more: its token goes to that server with each
call, where code of the person's agents runs. What stops the servers of others stays at the gateway.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from jmcp.core.errors import StateUnavailable
from jmcp.hub.gateway.hub_api import HubApi, HubRefusal, HubUnreachable, User
from jmcp.hub.grants.records import Record, Records
from jmcp.hub.grants.sealing import Sealer
from jmcp.hub.login.browser_sessions import BrowserSession, BrowserSessions
from jmcp.hub.login.flows import Flows
from jmcp.hub.login.hub_identity import HubLogin
from jmcp.hub.login.pages import error_page
from jmcp.hub.platform.scopes import ADMIN_SCOPES, PROCESS_SCOPES
from jmcp.transport.problems import Problem

KIND = "administration"
MAX_SECONDS = 3_600
LOGIN_NEEDED = (
    "This is for administrators of the Hub who have logged in for it, at {prefix}/admin/login."
)
NO_ADMIN = "The Hub does not say that you are an administrator."
MISSING = (
    "The Hub does not let the gateway ask for what an administrator may do. Add to "
    "oauth_client_allowed_scopes of its service in jupyterhub_config.py: {scopes}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminLogins:
    """The Hub's tokens of administrators, each for one browser's session and an hour at most."""

    records: Records
    sealer: Sealer
    hub: HubApi
    prefix: str
    clock: Callable[[], float] = time.time

    async def keep(self, session: BrowserSession, login: HubLogin) -> None:
        await self.records.remove("session", key_of(session))
        await self.records.add(
            Record(
                kind="session",
                key=key_of(session),
                user=session.user,
                expires=min(self.clock() + MAX_SECONDS, session.expires, login.expires),
                data=json.dumps({"hub_token": self.sealer.seal(login.token)}),
            )
        )

    async def is_there(self, session: BrowserSession) -> bool:
        return await self._token(session) is not None

    async def token(self, session: BrowserSession) -> str:
        """The administrator's token. That it is one the Hub is asked each time. Raises Problem 403."""
        token = await self._token(session)
        if token is None:
            raise Problem(
                403, LOGIN_NEEDED.format(prefix=self.prefix), code="administrators_login_needed"
            )
        user = await self._owner(token)
        if user is None or not user.admin or user.name != session.user:
            raise Problem(403, NO_ADMIN, code="no_administrator")
        return token

    async def _owner(self, token: str) -> User | None:
        try:
            return await self.hub.user(token)
        except HubRefusal as refusal:
            if refusal.status in (401, 403):
                return None
            raise

    async def _token(self, session: BrowserSession) -> str | None:
        record = await self.records.get("session", key_of(session))
        return self.sealer.open(json.loads(record.data)["hub_token"]) if record else None


def key_of(session: BrowserSession) -> str:
    """A key that is no browser's session: those are hexadecimal."""
    return f"{KIND}-{session.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminLogin:
    """`/admin/login`, and what follows it (`Continuation`). `allowed` are the scopes that the Hub lets
    the gateway ask for, as far as it says so."""

    logins: AdminLogins
    sessions: BrowserSessions
    flows: Flows
    allowed: frozenset[str]

    def routes(self) -> list[Route]:
        return [Route(f"{self.logins.prefix}/admin/login", self.begin, methods=["GET"])]

    async def begin(self, request: Request) -> Response:
        try:
            session = await self.sessions.of(request)
            if session is None:
                return RedirectResponse(f"{self.logins.prefix}/login", 302)
            user = await self.logins.hub.user(session.hub_token)
        except (StateUnavailable, HubUnreachable, HubRefusal):
            return unavailable()
        if not user.admin:
            return error_page("Not for you", NO_ADMIN, status=403)
        missing = [scope for scope in ADMIN_SCOPES if self.allowed and scope not in self.allowed]
        if missing:
            sentence = MISSING.format(scopes=", ".join(missing))
            return error_page("The Hub's configuration lacks something", sentence, status=403)
        also = tuple(scope for scope in PROCESS_SCOPES if scope in self.allowed)
        return self.flows.begin(request, {"kind": KIND}, scopes=(*ADMIN_SCOPES, *also))

    async def logged_in(self, request: Request, then: dict[str, Any], login: HubLogin) -> Response:
        session = await self.sessions.of(request)
        if session is None:
            return RedirectResponse(f"{self.logins.prefix}/login", 302)
        if session.user != login.user:
            return error_page(
                "Two different users",
                f"You are {session.user} here and {login.user} at the Hub. Log out of both, and log in.",
                status=403,
            )
        await self.logins.keep(session, login)
        return RedirectResponse(f"{self.logins.prefix}/#administration", 302)

    async def refused(self, request: Request, then: dict[str, Any], error: str) -> Response:
        scopes = ", ".join(ADMIN_SCOPES)
        return error_page("You are not logged in", MISSING.format(scopes=scopes), status=403)


def unavailable() -> Response:
    return error_page(
        "The gateway cannot say who you are",
        "The Hub or the gateway's store did not answer. Try again in a moment.",
        status=503,
    )
