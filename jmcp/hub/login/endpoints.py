"""The pages by which a browser logs in at the gateway and out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from jmcp.core.errors import StateUnavailable
from jmcp.hub.login.browser_sessions import CSRF_FIELD, BrowserSessions
from jmcp.hub.login.flows import Flows, FlowTooLong
from jmcp.hub.login.gateway_address import GatewayAddress
from jmcp.hub.login.hub_identity import HubIdentity, HubLogin, HubRefused, HubUnavailable
from jmcp.hub.login.local_paths import local_path
from jmcp.hub.login.login_log import note
from jmcp.hub.login.pages import Page, error_page

PAGE = "page"
"""The kind of a login that is for a page of the gateway."""

NOTED_CHARACTERS = 60
"""Of an error in an address, which anybody may have written."""

LOGOUT_FORM = Markup(
    '<p>You are logged in here as <strong>{user}</strong>.</p><form method="post">'
    '<input type="hidden" name="csrf" value="{csrf}"><button class="act">Log out</button></form>'
)


class Continuation(Protocol):
    """What follows a login of its kind."""

    async def logged_in(
        self, request: Request, then: dict[str, Any], login: HubLogin
    ) -> Response: ...

    async def refused(self, request: Request, then: dict[str, Any], error: str) -> Response:
        """The Hub did not log anybody in; `error` is its code (RFC 6749, 4.1.2.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginEndpoints:
    """`/login`, `/oauth_callback` and `/logout`; `continuations` by the kind of the login. `hub_scopes`
    are asked of the Hub for a browser; empty for all that it allows the gateway."""

    address: GatewayAddress
    identity: HubIdentity
    flows: Flows
    sessions: BrowserSessions
    continuations: Mapping[str, Continuation]
    hub_scopes: tuple[str, ...] = ()

    def routes(self) -> list[Route]:
        prefix = self.address.prefix
        return [
            Route(f"{prefix}/login", self.login, methods=["GET"]),
            Route(f"{prefix}/oauth_callback", self.callback, methods=["GET"]),
            Route(f"{prefix}/logout", self.logout, methods=["GET", "POST"]),
        ]

    async def login(self, request: Request) -> Response:
        page = local_path(request.query_params.get("next", ""), self.address.prefix)
        try:
            return self._begin(request, page)
        except FlowTooLong:
            return self._begin(request, f"{self.address.prefix}/")

    def _begin(self, request: Request, page: str) -> Response:
        return self.flows.begin(request, {"kind": PAGE, PAGE: page}, scopes=self.hub_scopes)

    async def callback(self, request: Request) -> Response:
        flow = self.flows.returned(request)
        if flow is None:
            return error_page(
                "This login is not known here",
                "It was begun in another browser or more than ten minutes ago, or this page was "
                "loaded again. Begin the login once more from where you came.",
            )
        try:
            response = await self._continued(request, flow.then, flow.verifier)
        except (HubUnavailable, StateUnavailable):
            response = error_page(
                "The login could not be finished",
                "The Hub or the gateway's store did not answer. Try again in a moment.",
                status=503,
            )
        self.flows.end(request, response)
        return response

    async def _continued(self, request: Request, then: dict[str, Any], verifier: str) -> Response:
        continuation = self.continuations.get(then["kind"])
        code = request.query_params.get("code", "")
        error = request.query_params.get("error", "" if code else "invalid_request")
        login = None
        if not error:
            try:
                login = await self.identity.redeem(code, verifier)
            except HubRefused:
                note("hub_refused_code", attack=True)
                error = "server_error"
        if login is None:
            note("hub_refused", why=error[:NOTED_CHARACTERS])
        if continuation is not None:
            if login is None:
                return await continuation.refused(request, then, error)
            return await continuation.logged_in(request, then, login)
        if login is None:
            return error_page("You are not logged in", "The Hub refused the login.", status=403)
        response = RedirectResponse(then[PAGE], 302)
        await self.sessions.begin(response, login)
        note("browser_login", user=login.user)
        return response

    async def logout(self, request: Request) -> Response:
        session = await self.sessions.of(request)
        if session is not None and request.method == "GET":
            body = LOGOUT_FORM.format(user=session.user, csrf=session.csrf)
            return Page("Log out of the gateway?", body)
        if session is not None:
            form = await request.form(max_files=0, max_fields=4)
            given = form.get(CSRF_FIELD)
            if not self.sessions.is_own_request(request, session, str(given or "")):
                return error_page(
                    "Not logged out", "Open this page again and use its button.", status=403
                )
        body = Markup(
            '<p>The Hub itself may still know you. <a href="{}">Log in again</a></p>'
        ).format(f"{self.address.prefix}/login")
        response = Page("You are logged out of the gateway", body)
        await self.sessions.end(request, response)
        if session is not None:
            note("browser_logout", user=session.user)
        return response
