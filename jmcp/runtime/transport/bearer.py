"""The one token of a server of its own: without it nobody gets further than here."""

from __future__ import annotations

import hmac

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from jmcp.runtime.transport.identity import HOLDER
from jmcp.runtime.transport.problem import ProblemResponse, document

SCHEMES = frozenset({"bearer", "token"})
"""`token` is what Jupyter's own clients send."""

NO_TOKEN = "Send the token of this server: Authorization: Bearer <token>."
WRONG_TOKEN = "That is not the token of this server."


class Authenticated:
    """Lets in whoever has the token, and anyone to what is `public` (paths).

    OPTIONS is answered for anyone, as a browser asks before it sends credentials.
    """

    def __init__(self, app: ASGIApp, token: str, public: frozenset[str]) -> None:
        self._app = app
        self._token = token.encode()
        self._public = public

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scheme, _, given = Request(scope).headers.get("authorization", "").partition(" ")
        known = scheme.lower() in SCHEMES and self._is_token(given.strip())
        if not (known or scope["path"] in self._public or scope["method"] == "OPTIONS"):
            await self._refuse(bool(given))(scope, receive, send)
            return
        # What comes after knows who it is, and has no credential to leak.
        scope = dict(scope, headers=list(scope["headers"]))
        del MutableHeaders(scope=scope)["authorization"]
        if known:
            scope["principal"] = HOLDER
        await self._app(scope, receive, send)

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self._token)

    def _refuse(self, given: bool) -> ProblemResponse:
        challenge = 'Bearer realm="jmcp"'
        if given:
            challenge += ', error="invalid_token"'
        body = document(401, WRONG_TOKEN if given else NO_TOKEN)
        return ProblemResponse(body, {"WWW-Authenticate": challenge})
