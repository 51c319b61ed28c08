"""The caller of an HTTP request, from the Principal that authentication put into its scope."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from mcp.server.auth.middleware.auth_context import AuthContextMiddleware, get_access_token
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from starlette.types import ASGIApp, Receive, Scope, Send

from jmcp.core.calls.call import Caller
from jmcp.core.calls.principal import ANONYMOUS, Principal, implied
from jmcp.transport.middleware.request_id import current_id

HOLDER = "holder"
"""The owner of sessions opened with the one token of a server, or over stdio."""

USER = "user"
"""The claim, in what the SDK knows of a caller, with what people call that one."""
PAGE = "page"
"""The claim that a person's page in a browser calls."""


class PrincipalMiddleware:
    """Turns the Principal in the scope into the SDK's authenticated user.

    Whoever authenticates (the bearer middleware, Jupyter) thus needs nothing of the SDK, and the
    credential itself is not passed on.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = AuthContextMiddleware(app)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        principal: Principal | None = scope.get("principal")
        if principal is not None:
            scope["user"] = _user(principal)
        await self._app(scope, receive, send)


@lru_cache
def _user(principal: Principal) -> AuthenticatedUser:
    name, scopes = principal.name, [str(scope) for scope in sorted(principal.scopes)]
    return AuthenticatedUser(
        AccessToken(
            token="",
            client_id=name,
            scopes=scopes,
            subject=name,
            claims=_claims(principal),
        )
    )


def _claims(principal: Principal) -> dict[str, Any] | None:
    claims: dict[str, Any] = {}
    if principal.user:
        claims[USER] = principal.user
    if principal.of_page or principal.by_cookie:
        claims[PAGE] = True
    return claims or None


def caller(
    connection: str | None = None, client: str | None = None, *, views: bool = False
) -> Caller:
    """The caller of the request that is being served, as `AuthContextMiddleware` saw it."""
    access = get_access_token()
    if access is None:
        return Caller(
            owner=ANONYMOUS,
            authenticated=False,
            connection=connection,
            client=client,
            views=views,
            request_id=current_id(),
        )
    owner = access.subject or access.client_id
    claims = access.claims or {}
    return Caller(
        owner=owner,
        authenticated=True,
        connection=connection,
        client=client,
        views=views,
        user=claims.get(USER),
        of_page=PAGE in claims,
        scopes=implied(access.scopes),
        request_id=current_id(),
    )
