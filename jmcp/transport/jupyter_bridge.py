"""The ASGI bridge: the site inside Jupyter Server, on its port and behind its authentication.

This module loads while Jupyter starts, so it imports nothing of the MCP SDK.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import re
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from functools import lru_cache, partial
from http import HTTPStatus
from typing import Any, Protocol, cast
from urllib.parse import unquote

from jupyter_server.auth.authorizer import AllowAllAuthorizer
from jupyter_server.auth.decorator import allow_unauthenticated, authorized
from jupyter_server.auth.identity import IdentityProvider, PasswordIdentityProvider, User
from jupyter_server.base.call_context import CallContext
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.log import log_request
from jupyter_server.prometheus.metrics import HTTP_REQUEST_DURATION_SECONDS
from prometheus_client import Histogram
from tornado.iostream import StreamClosedError

from jmcp.core.calls.principal import Named, Principal
from jmcp.transport.middleware.credential import credential
from jmcp.transport.middleware.host_origin import HostOriginPolicy
from jmcp.transport.problems import MEDIA_TYPE, Problem, problem_body

Message = MutableMapping[str, Any]
Method = Callable[..., Awaitable[None]]
Application = Callable[[Any, Any, Any], Awaitable[None]]

SHARED_PRINCIPAL = "jupyter"
"""The owner for whoever has the token of one of Jupyter's own identity providers: the user names
that those make up differ from request to request."""
SHARED_USER = User(SHARED_PRINCIPAL)
TOKEN_PROVIDERS = (IdentityProvider, PasswordIdentityProvider)
"""Those whose token means everybody who has it; a subclass may do anything with it."""
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
NO_TOKEN = "Send Jupyter's token, or a named one of jmcp: Authorization: Bearer <token>."
CORS_HEADERS = "Authorization, Content-Type, Accept, MCP-Protocol-Version, Mcp-Session-Id"
CREDENTIALS = frozenset({"authorization", "cookie"})
SESSION_ID = re.compile(r"(/sessions/|[?&]session_id=)([^/?&#]+)")


def mask(uri: str) -> str:
    """A request's URI with all session ids masked, for logs."""
    return SESSION_ID.sub(lambda found: f"{found[1]}{found[2][:2]}***", uri)


def allow_header(methods: Collection[str]) -> str:
    """The value of an Allow header; no methods are all, where the application alone knows."""
    named = tuple(methods) or METHODS
    head = ("HEAD",) if "GET" in named else ()
    return ", ".join((*named, *head, "OPTIONS"))


@lru_cache
def _duration(method: str, status: int) -> Histogram:
    """Jupyter's own metric of requests, for those of the bridge."""
    handler = f"{BridgeHandler.__module__}.{BridgeHandler.__name__}"
    duration: Histogram = HTTP_REQUEST_DURATION_SECONDS.labels(
        method=method, handler=handler, status_code=status
    )
    return duration


class Host(Protocol):
    """What a request needs of the extension that serves it."""

    policy: HostOriginPolicy
    named: Named

    async def app(self) -> Application:
        """The ASGI application, once it runs. Raises Problem 503 if it does not."""


class BridgeHandler(JupyterHandler):
    """Passes a request to the ASGI application, and its answer back as it streams."""

    SUPPORTED_METHODS = (*JupyterHandler.SUPPORTED_METHODS, "TRACE")

    def initialize(self, host: Host, allow: str) -> None:
        """`allow` are the methods that its path takes, as `allow_header` writes them."""
        self._host = host
        self._allow = allow
        self._gone = asyncio.Event()
        self._named: Principal | None = None
        # Whatever logs the request later logs this; its path and query are kept elsewhere.
        self.request.uri = mask(self.request.uri or "")

    # -- around the request ----------------------------------------------------------------------

    async def prepare(self) -> None:  # type: ignore[override] # as in jupyter_server's own
        headers = self.request.headers
        try:
            self._host.policy.check(headers.get("Host", ""), headers.get("Origin"))
        except Problem as refusal:
            self.refuse(refusal.body)
            return
        self._named = self._with_named_token()
        if self._named is not None:
            # No user of Jupyter, and so no access to anything of Jupyter's own. Cookies do not
            # count beside a token, so there is nothing that another site could abuse (XSRF).
            self._identified(None)
            return
        if self._has_jupyter_token():
            self._token_authenticated = True
            self._identified(SHARED_USER)
            return
        await super().prepare(_redirect_to_login=False)
        if self.current_user is None and self.request.method != "OPTIONS":
            self.refuse(problem_body(401, NO_TOKEN))

    def _identified(self, user: User | None) -> None:
        """As `JupyterHandler.prepare` does once it knows the user."""
        CallContext.set(CallContext.JUPYTER_HANDLER, self)
        self.current_user = self._jupyter_current_user = user
        self.set_cors_headers()

    def set_cookie(self, *_: Any, **__: Any) -> None:
        """Sets no login cookies: each would be another made-up user."""

    def set_cors_headers(self) -> None:
        """CORS headers only when configured; by default Jupyter gives them to any token."""
        if self.allow_origin or self.allow_origin_pat:
            super().set_cors_headers()

    def compute_etag(self) -> None:
        """Computes none: the application chooses its headers."""

    def on_connection_close(self) -> None:
        self._gone.set()
        super().on_connection_close()

    def write_error(self, status_code: int, **_: Any) -> None:
        """Answers what Jupyter or Tornado refused, as a problem."""
        anonymous = getattr(self, "_jupyter_current_user", None) is None
        if anonymous and status_code in (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND):
            # Jupyter checks XSRF before it asks who it is.
            self.refuse(problem_body(401, NO_TOKEN))
        else:
            self.refuse(problem_body(status_code, f"{HTTPStatus(status_code).phrase}."))

    def refuse(self, body: dict[str, Any]) -> None:
        """End the request with a problem."""
        status = int(body["status"])
        self.set_status(status)
        if status == HTTPStatus.UNAUTHORIZED:
            self.set_header("WWW-Authenticate", 'Bearer realm="jupyter"')
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            self.set_header("Allow", self._allow)
        self.set_header("Content-Type", MEDIA_TYPE)
        self.finish(json.dumps(body))

    # -- the request -----------------------------------------------------------------------------

    async def answer(self, *_: str) -> None:
        # jmcp checks the scopes of a named token itself; users of Jupyter are Jupyter's to authorize.
        await (self._bridge() if self._named else self._authorized())

    @authorized("execute", "kernels")  # type: ignore[untyped-decorator] # jupyter_server's own
    async def _authorized(self) -> None:
        await self._bridge()

    get = head = post = put = patch = delete = trace = cast("Method", answer)

    @allow_unauthenticated
    async def options(self, *_: str) -> None:
        """Answered for anyone, as a browser asks before it sends credentials."""
        if self.allow_origin or self.allow_origin_pat:
            self.set_header("Access-Control-Allow-Methods", self._allow)
            self.set_header("Access-Control-Allow-Headers", CORS_HEADERS)
        await self._bridge()

    def _with_named_token(self) -> Principal | None:
        """The owner of the named token in the request; None without one, or where none is valid.

        Named tokens are valid on a server of one person. Where somebody else decides who comes in
        (a JupyterHub) and what they may do (an authorizer), a file of that person must not.
        """
        if not (self._jupyter_identifies() and type(self.authorizer) is AllowAllAuthorizer):
            return None
        if self._user_replaced():
            return None
        return self._host.named(credential(self.request.headers.get("Authorization", "")))

    def _has_jupyter_token(self) -> bool:
        """Whether the request has the token of one of Jupyter's own identity providers in its
        header, and nothing else that says who it is.

        Jupyter would come to the same end: it makes up a user, signs a cookie for it and formats a
        line of its log, which takes a tenth of a call.
        """
        provider, request = self.identity_provider, self.request
        if type(provider) not in TOKEN_PROVIDERS or self._user_replaced():
            return False
        if "Cookie" in request.headers or "token" in request.query:
            return False
        given, token = credential(request.headers.get("Authorization", "")), provider.token
        return bool(token) and hmac.compare_digest(given.encode(), token.encode())

    def _jupyter_identifies(self) -> bool:
        """Whether the identity provider is one of Jupyter's own."""
        return type(self.identity_provider).__module__.startswith("jupyter_server.")

    def _user_replaced(self) -> bool:
        """Whether somebody decides in Jupyter's old way who people are: JupyterHub before 3."""
        return self.get_current_user.__module__ != JupyterHandler.__module__

    def _principal(self) -> Principal | None:
        if self._named is not None:
            return self._named
        if self.current_user is None or not self.identity_provider.auth_enabled:
            return None
        if self._jupyter_identifies():
            return Principal(name=SHARED_PRINCIPAL)
        return Principal(name=str(self.current_user.username))

    def _log(self) -> None:
        """Jupyter's line for each request, made only where it is logged; a success is at DEBUG."""
        function = self.settings.get("log_function")
        keywords = function.keywords if isinstance(function, partial) else {}
        known = (function.func if isinstance(function, partial) else function) is log_request
        success = self.get_status() < HTTPStatus.MULTIPLE_CHOICES
        if not known or not success or self.log.isEnabledFor(logging.DEBUG):
            super()._log()
        elif keywords.get("record_prometheus_metrics", True):
            _duration(self.request.method, self.get_status()).observe(self.request.request_time())

    def _scope(self) -> dict[str, Any]:
        request = self.request
        pairs = [pair for pair in request.query.split("&") if not pair.startswith("token=")]
        return {
            "type": "http",
            # 2.4 would have the application expect an OSError from `send`.
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": request.version.removeprefix("HTTP/"),
            "method": request.method,
            "scheme": request.protocol,
            "path": unquote(request.path),
            "raw_path": request.path.encode("latin-1"),
            "root_path": "",
            "query_string": "&".join(pairs).encode("latin-1"),
            "headers": [
                (lower.encode("latin-1"), value.encode("latin-1"))
                for name, value in request.headers.get_all()
                if (lower := name.lower()) not in CREDENTIALS
            ],
            "client": (request.remote_ip, 0),
            "server": (request.host_name, None),
            "state": {},
            "principal": self._principal(),
        }

    async def _bridge(self) -> None:
        body: list[bytes] = [self.request.body]

        async def receive() -> Message:
            if body:
                return {"type": "http.request", "body": body.pop(), "more_body": False}
            await self._gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            # The client is gone: the application need not know, it is told through `receive`.
            if self._gone.is_set():
                return
            try:
                if message["type"] == "http.response.start":
                    await self._start(message)
                else:
                    if chunk := message.get("body"):  # Tornado counts even an empty one
                        self.write(chunk)
                    if message.get("more_body"):
                        await self.flush()
            except StreamClosedError:
                self._gone.set()

        try:
            app = await self._host.app()
        except Problem as refusal:
            self.refuse(refusal.body)
            return
        await app(self._scope(), receive, send)

    async def _start(self, message: Message) -> None:
        self.clear_header("Content-Type")
        self.set_status(message["status"])
        names = set()
        for raw_name, raw_value in message.get("headers", []):
            name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
            (self.add_header if name in names else self.set_header)(name, value)
            names.add(name)
        # A stream's headers must not wait for its first event: a silent one would look hung.
        if "content-length" not in names and message["status"] not in (202, 204, 304):
            await self.flush()
