"""How each endpoint of the page begins and ends: who asks, from which page, and what failed."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from jmcp.core.errors import StateUnavailable
from jmcp.core.observe.call_log import Fields
from jmcp.hub.gateway.app import Gateway
from jmcp.hub.gateway.hub_api import HubRefusal, HubUnreachable
from jmcp.hub.login.browser_sessions import CSRF_HEADER, BrowserSession, BrowserSessions
from jmcp.transport.middleware.request_id import current_id
from jmcp.transport.problems import Problem

NOT_LOGGED_IN = "You are not logged in at the gateway any more. Log in again."
FOREIGN_PAGE = f"A change has to come from the gateway's own page, with its {CSRF_HEADER}. Load the page again."
LOGIN_ENDED = "The Hub does not take this login any more. Log in again."
HUB_AWAY = "JupyterHub does not answer. Try again in a moment."
STORE_AWAY = "The gateway's own store does not answer. Try again in a moment."
REFUSED = "JupyterHub refused: {message}."

log = logging.getLogger("jmcp.gateway")

Endpoint = Callable[[Request, BrowserSession], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """Makes routes below `/api/` of functions that get the browser's session."""

    gateway: Gateway
    sessions: BrowserSessions

    def route(self, path: str, endpoints: Mapping[str, Endpoint]) -> Route:
        """`endpoints` by method. Everything but GET needs the session's CSRF token."""

        async def answer(request: Request) -> Response:
            method = "GET" if request.method == "HEAD" else request.method
            try:
                session = await self._session(request)
                with self.gateway.limits.request(session.user), noted(request, session.user):
                    return await endpoints[method](request, session)
            except StateUnavailable as error:
                raise Problem(503, STORE_AWAY, code="store_unreachable") from error
            except HubUnreachable as error:
                raise Problem(503, HUB_AWAY, code="hub_unreachable") from error
            except HubRefusal as refusal:
                raise problem_of(refusal) from refusal

        return Route(f"{self.gateway.settings.prefix}/api{path}", answer, methods=[*endpoints])

    async def _session(self, request: Request) -> BrowserSession:
        """Raises Problem 401, 403."""
        session = await self.sessions.of(request)
        if session is None:
            raise Problem(401, NOT_LOGGED_IN, code="not_logged_in")
        if request.method not in ("GET", "HEAD") and not self.sessions.is_own_request(
            request, session
        ):
            raise Problem(403, FOREIGN_PAGE, code="csrf_refused")
        await self._check_login(session)
        return session

    async def _check_login(self, session: BrowserSession) -> None:
        """A session ends with the Hub's token behind it, also where nothing else asks the Hub: after a
        logout there, or for whoever had that name before. Raises Problem 401, HubRefusal."""
        try:
            user = await self.gateway.users.owner(session.hub_token)
        except HubUnreachable:
            return  # what needs the Hub fails by itself, and to revoke a token does not need it
        if user.name != session.user:
            raise Problem(401, LOGIN_ENDED, code="not_logged_in")


@contextmanager
def noted(request: Request, user: str) -> Iterator[None]:
    """Log a change, whatever comes of it: who stopped what, and who revoked or made a token."""
    outcome = "ok"
    try:
        yield
    except Problem as problem:
        outcome = str(problem.body["code"])
        raise
    except Exception as error:
        outcome = type(error).__name__
        raise
    finally:
        if request.method not in ("GET", "HEAD"):
            about = {
                "user": user,
                "method": request.method,
                "path": request.url.path,
                "outcome": outcome,
                "request_id": current_id(),
            }
            log.info("%s", Fields("change", about))


def problem_of(refusal: HubRefusal) -> Problem:
    if refusal.status in (401, 403):
        return Problem(401, LOGIN_ENDED, code="not_logged_in")
    headers = {}
    if refusal.retry_after is not None:
        headers["Retry-After"] = str(max(1, round(refusal.retry_after)))
    status = refusal.status if refusal.status in (404, 429, 503) else 502
    message = refusal.message.rstrip(".")
    return Problem(status, REFUSED.format(message=message), code="hub_refused", **headers)


def json_answer(content: object, status: int = 200) -> JSONResponse:
    return JSONResponse(content, status_code=status)
