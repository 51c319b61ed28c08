"""The tokens of a standalone server: requests without a valid one are refused here."""

from __future__ import annotations

import hmac
from functools import partial
from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Receive, Scope, Send

from jmcp.core.calls.principal import Named, Principal
from jmcp.transport.middleware.credential import ADMITTED, WRONG_TOKEN, credential
from jmcp.transport.middleware.headers import header
from jmcp.transport.middleware.principal import HOLDER
from jmcp.transport.oauth.answers import login
from jmcp.transport.oauth_discovery import is_oauth_discovery
from jmcp.transport.problems import Problem, ProblemResponse, problem_body

if TYPE_CHECKING:
    from jmcp.transport.oauth.resource_server import ResourceServer

AUTHORIZATION = b"authorization"
HOST = b"host"
NO_TOKEN = "Send the token of this server, or a named one: Authorization: Bearer <token>."


class BearerMiddleware:
    """Refuses requests without the server's token or a `named` one, except to `public` paths. With
    `oauth`, whom an OpenID provider knows and that lets in needs neither.

    OPTIONS needs none, as a browser asks before it sends credentials. What follows gets the
    caller's Principal in the scope, and no Authorization header that it could leak.
    """

    def __init__(
        self,
        app: ASGIApp,
        token: str,
        public: frozenset[str],
        named: Named | None = None,
        oauth: ResourceServer | None = None,
    ) -> None:
        self._app = app
        self._token = token.encode()
        self._named = named
        self._oauth = oauth
        self._public = public

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        authorization = header(scope, AUTHORIZATION)
        given = credential(authorization)
        principal, admitted = self._principal(given), lambda: self._principal(given) == principal
        public = (
            scope["path"] in self._public
            or scope["method"] == "OPTIONS"
            or is_oauth_discovery(scope["path"])  # there is nothing to protect
        )
        if principal is None and not public:
            if self._oauth is None:
                await self._refuse(bool(authorization.partition(" ")[2]))(scope, receive, send)
                return
            oauth, host = self._oauth, header(scope, HOST)
            try:
                principal = await login(oauth, given, host)
            except Problem as refusal:
                await ProblemResponse(refusal.body, refusal.headers)(scope, receive, send)
                return
            admitted = partial(oauth.admits, given, principal)
        others = [one for one in scope["headers"] if one[0] != AUTHORIZATION]
        scope = dict(scope, headers=others)
        if principal is not None:
            scope["principal"] = principal
            scope[ADMITTED] = admitted
        await self._app(scope, receive, send)

    def _principal(self, given: str) -> Principal | None:
        if not given:
            return None
        if hmac.compare_digest(given.encode(), self._token):
            return Principal(name=HOLDER)
        return self._named(given) if self._named is not None else None

    def _refuse(self, given: bool) -> ProblemResponse:
        challenge = 'Bearer realm="jmcp"'
        if given:
            challenge += ', error="invalid_token"'
        body = problem_body(401, WRONG_TOKEN if given else NO_TOKEN)
        return ProblemResponse(body, {"WWW-Authenticate": challenge})
