"""The gateway as an ASGI application."""

from __future__ import annotations

import asyncio
import hmac
import re
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, suppress
from importlib.metadata import version
from typing import Protocol

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Message, Receive, Scope, Send

from jmcp.core.errors import StateUnavailable
from jmcp.hub.gateway.call_body import CallBody
from jmcp.hub.gateway.credentials import OWN_PREFIXES, Credentials, HubTokensOnly
from jmcp.hub.gateway.exchange import Exchange
from jmcp.hub.gateway.failures import NotAdmitted
from jmcp.hub.gateway.forwarding import Forwarded, Forwarding
from jmcp.hub.gateway.hub_api import HubApi, HubRefusal, HubUnreachable, User
from jmcp.hub.gateway.limits import Held, UserLimits
from jmcp.hub.gateway.measures import Measures
from jmcp.hub.gateway.passing import Passing
from jmcp.hub.gateway.servers import Servers
from jmcp.hub.gateway.settings import GatewaySettings
from jmcp.hub.gateway.users import Users
from jmcp.hub.login.gateway_address import GatewayAddress
from jmcp.hub.oauth.challenge import www_authenticate
from jmcp.transport.middleware.body_limit import BodyLimitMiddleware
from jmcp.transport.middleware.cors import CorsMiddleware
from jmcp.transport.middleware.credential import credential
from jmcp.transport.middleware.headers import header
from jmcp.transport.middleware.host_origin import HostOriginPolicy
from jmcp.transport.middleware.request_id import HEADER as REQUEST_ID
from jmcp.transport.middleware.request_id import (
    RequestCounter,
    RequestIdMiddleware,
    current_id,
)
from jmcp.transport.middleware.security_headers import SecurityHeadersMiddleware
from jmcp.transport.middleware.session_ids import mask
from jmcp.transport.problems import Problem, ProblemResponse, problem_body

NO_TOKEN = (
    "Send a token of JupyterHub's or of this gateway: Authorization: Bearer <token>. Clients that know "
    "OAuth get one by themselves."
)
WRONG_TOKEN = (
    "That token is unknown to JupyterHub and to this gateway, or was revoked, or has expired."
)
NOT_ALLOWED = (
    "The token of {name} does not open this service: it lacks the scope "
    "access:services!service={service}."
)
NO_METRICS = "Metrics are for the token in JMCP_GATEWAY_METRICS_TOKEN, and there is none."
WRONG_METRICS = (
    "Metrics need the token in JMCP_GATEWAY_METRICS_TOKEN: Authorization: Bearer <token>."
)
NO_SERVER = (
    "The token does not open the Jupyter server of {name}: it lacks the scope "
    "access:servers!user={name}."
)
TOLD_BY_MESSAGE = (429, 503)
"""Refusals that pass by, and no errors of HTTP: an agent is told them by an answer of MCP. Clients
themselves need to see those about tokens."""
HELD_BODIES = 4
"""What one user's requests, and answers that are read whole, may have in memory together, in largest
bodies."""
TOLD_BYTES = 65_536
TOLD_SECONDS = 5.0
"""So much of a message is read, and so long, to answer it with a refusal: often of whom nobody knows."""
HUB_AWAY = (
    "JupyterHub does not answer, so that nobody can say whose token this is; try again later."
)


STORE_AWAY = "The gateway cannot read which tokens it has given out; try again later."


METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
NO_METHOD = "The gateway passes on no request with that method."
TARGET = re.compile(rb"[!-~]*")
"""What may stand in the first line of a request; the proxy takes nothing else."""


class Tracing(Protocol):
    """What makes a span of each request that is passed on (`gateway/traces.py`)."""

    def passing(
        self, request: Forwarded, message: CallBody | None, answer: Watched
    ) -> AbstractContextManager[Forwarded]: ...
    async def end(self) -> None: ...


class Gateway:
    """What all requests share."""

    def __init__(self, settings: GatewaySettings, credentials: Credentials | None = None) -> None:
        self.settings = settings
        self.address = GatewayAddress.at(settings.public_url, settings.prefix)
        self.hub = HubApi(settings.api_url)
        self.users = Users(self.hub)
        self.forwarding = Forwarding(settings)
        self.credentials: Credentials = credentials or HubTokensOnly()
        self.limits = UserLimits(
            settings.calls_per_second,
            settings.max_open_requests,
            HELD_BODIES * settings.max_body_bytes,
        )
        self.requests = RequestCounter()
        self.measures = Measures(version("jmcp"))
        self.measures.gauge(
            "jmcp_gateway_known_tokens", "Tokens whose user is known.", lambda: len(self.users)
        )
        self.measures.gauge(
            "jmcp_gateway_open_requests", "Requests that are open.", lambda: self.limits.open
        )
        self.measures.gauge(
            "jmcp_gateway_starting_servers", "Starts that go on.", lambda: len(self.servers)
        )
        self.servers = Servers(self.hub, settings.start_seconds, self.measures.start)
        self.passing = Passing(self.forwarding, self.servers, self.users)
        self.traces: Tracing | None = None
        self._origins = HostOriginPolicy(
            any_host=True, origins=settings.origins | {self.address.origin}
        )

    async def close(self) -> None:
        await self.passing.close()
        await self.servers.close()
        await self.forwarding.close()
        await self.hub.close()
        if self.traces is not None:
            await self.traces.end()

    async def caller(self, scope: Scope) -> tuple[User, str]:
        """Who sends the request, and the Hub's token for what it asks. Raises Problem."""
        given = credential(header(scope, b"authorization"))
        path = scope["path"]
        if not given:
            raise self.unauthorized(NO_TOKEN, path)
        token: str | None = given
        if given.startswith(OWN_PREFIXES):
            try:
                token = await self.credentials.hub_token(given, self.address.origin + path)
            except StateUnavailable as error:
                raise Problem(503, STORE_AWAY, code="store_unreachable") from error
        try:
            user = await self.users.owner(token) if token and token.isascii() else None
        except HubRefusal as refusal:
            if refusal.status not in (401, 403, 404):
                raise Problem(503, HUB_AWAY, code="hub_unreachable") from refusal
            user = None
        except HubUnreachable as error:
            raise Problem(503, HUB_AWAY, code="hub_unreachable") from error
        if user is None or token is None:
            self.limits.refused(address(scope))
            raise self.unauthorized(WRONG_TOKEN, path, invalid=True)
        if not user.may_use(self.settings.service):
            raise Problem(403, NOT_ALLOWED.format(name=user.name, service=self.settings.service))
        return user, token

    def unauthorized(self, detail: str, path: str, *, invalid: bool = False) -> Problem:
        challenge = www_authenticate(self.address, path=path, invalid=invalid)
        return Problem(401, detail, **{"WWW-Authenticate": challenge})

    async def pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request for MCP or REST on to the server of its caller."""
        watched = Watched(send)
        began = time.monotonic()
        name, target = "", b""
        try:
            self._origins.check(header(scope, b"host"), header(scope, b"origin") or None)
            target = target_of(scope, self.settings.prefix)
            user, token = await self.caller(scope)
            name = user.name
            await self._pass_on(user, token, target, scope, receive, watched)
        except Problem as problem:
            watched.outcome = problem.body["code"]
            if problem.body["status"] not in TOLD_BY_MESSAGE or not speaks_mcp(scope, target):
                raise
            with suppress(ClientLeft):
                await self._tell(problem, scope, receive, send)
        except ClientLeft:
            pass
        finally:
            self.measures.request(
                user=name,
                method=scope["method"],
                path=mask(scope["path"].removeprefix(self.settings.prefix)),
                outcome=watched.outcome,
                seconds=time.monotonic() - began,
            )

    async def _pass_on(
        self, user: User, token: str, target: bytes, scope: Scope, receive: Receive, send: Watched
    ) -> None:
        with self.limits.request(user.name) as held:
            body = await self._body(receive, held)
            message = None
            if speaks_mcp(scope, target):
                message = CallBody(body, header(scope, b"mcp-protocol-version"))
            request = Forwarded(
                method=scope["method"].encode(),
                user=user.name,
                token=token,
                target=target,
                headers=[
                    *(pair for pair in scope["headers"] if pair[0] != REQUEST_ID),
                    (REQUEST_ID, current_id().encode()),
                ],
                body=body,
            )
            if self.traces is None:
                await self._exchange(user, request, message, held, scope, receive, send)
            else:
                with self.traces.passing(request, message, send) as traced:
                    await self._exchange(user, traced, message, held, scope, receive, send)

    async def _body(self, receive: Receive, held: Held) -> bytes:
        """Raises ClientLeft, Problem 429."""
        body = bytearray()  # and no list of parts, each of which may be one byte
        async for part in read(receive):
            body += part
            if not held.add(len(part)):
                raise self.limits.too_much_held()
        return bytes(body)

    async def _exchange(
        self,
        user: User,
        request: Forwarded,
        message: CallBody | None,
        held: Held,
        scope: Scope,
        receive: Receive,
        send: Watched,
    ) -> None:
        takes_stream = "text/event-stream" in header(scope, b"accept").lower()
        exchange = Exchange(self.passing, user, request, message, held, takes_stream=takes_stream)
        try:
            await exchange.answer(receive, send)
        except NotAdmitted:
            # It may have been revoked since the Hub was asked; else it opens this service alone.
            self.users.forget(request.token)
            await self.caller(scope)
            raise Problem(403, NO_SERVER.format(name=user.name)) from None
        send.outcome = exchange.failure or send.outcome

    async def _tell(self, problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
        """The answer to a message of MCP that is refused: agents are not shown what HTTP says."""
        body = await beginning(receive)
        if body is None:
            raise problem
        message = CallBody(body, header(scope, b"mcp-protocol-version"))
        if not message.request_ids:
            raise problem
        said = problem.body
        answer = message.errors(said["detail"], said)
        status = 200 if message.calls_tools else said["status"]
        headers = {**problem.headers, "Content-Type": "application/json"}
        await Response(answer, status, headers)(scope, receive, send)

    async def metrics(self, request: Request) -> Response:
        """The counts, for the token that is configured for it. Raises Problem 401, 403."""
        token = self.settings.metrics_token
        given = credential(request.headers.get("authorization", ""))
        if not token:
            raise Problem(403, NO_METRICS)
        if not hmac.compare_digest(given.encode(), token.encode()):
            raise Problem(401, WRONG_METRICS, **{"WWW-Authenticate": "Bearer"})
        content, media_type = self.measures.page(request.headers.get("accept", ""))
        return Response(content, headers={"Content-Type": media_type})

    async def health(self, _: Request) -> Response:
        return JSONResponse({"status": "ok", "version": version("jmcp")})


class ClientLeft(Exception):
    """The client is gone before all of its request has come."""


class Watched:
    """A `send` that notes what was answered: `ok`, `http_404`, or `left` where the client was gone."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.outcome = "left"

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            status = int(message["status"])
            self.outcome = "ok" if status < 400 else f"http_{status}"
        await self._send(message)


class Everything:
    """An ASGI application for all methods, which Starlette would else limit to GET."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._gateway.pass_on(scope, receive, send)


def target_of(scope: Scope, prefix: str) -> bytes:
    """Path and query below the prefix, as they were sent. Raises Problem 400 for a path that climbs,
    405 for a method that asks for something else than what lives there."""
    if scope["method"] not in METHODS:
        raise Problem(405, NO_METHOD, Allow=", ".join(sorted(METHODS)))
    raw = bytes(scope.get("raw_path") or scope["path"].encode()).partition(b"?")[0]
    if not raw.startswith(prefix.encode()) or any(
        part in ("..", ".") for part in scope["path"].replace("\\", "/").split("/")
    ):
        raise Problem(400, "The path has to be written without `.` and `..`.")
    query = scope.get("query_string", b"")
    if not TARGET.fullmatch(raw + query):
        raise Problem(400, "Path and query have to be printable ASCII; escape the rest with %.")
    return raw[len(prefix.encode()) :] + (b"?" + query if query else b"")


def address(scope: Scope) -> str:
    """Where a request comes from, as the Hub's proxy saw it: the last address is what it added."""
    seen = header(scope, b"x-forwarded-for").rpartition(",")[2].strip()
    client = scope.get("client")
    return seen or (client[0] if client else "")


def speaks_mcp(scope: Scope, target: bytes) -> bool:
    """Whether the request is a message of MCP."""
    return scope["method"] == "POST" and target.partition(b"?")[0].rstrip(b"/") == b"/mcp"


async def read(receive: Receive) -> AsyncIterator[bytes]:
    """The body as it comes. Raises ClientLeft."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientLeft
        yield message.get("body", b"")
        if not message.get("more_body"):
            return


async def beginning(receive: Receive) -> bytes | None:
    """The body; None for one that is long, or slow. Raises ClientLeft."""
    body = bytearray()
    try:
        async with asyncio.timeout(TOLD_SECONDS):
            async for part in read(receive):
                body += part
                if len(body) > TOLD_BYTES:
                    return None
    except TimeoutError:
        return None
    return bytes(body)


async def on_problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return ProblemResponse(error.body, error.headers)


async def on_http_exception(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    detail = error.detail if error.status_code != 404 else "Nothing lives at that path."
    return ProblemResponse(problem_body(error.status_code, detail), dict(error.headers or {}))


def gateway_app(gateway: Gateway, routes: Sequence[BaseRoute] = ()) -> Starlette:
    """The application; `routes` are further ones, with whole paths. Its lifespan closes the gateway."""
    settings = gateway.settings
    prefix = settings.prefix
    everything = Everything(gateway)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await gateway.close()

    app = Starlette(
        routes=[
            Route(f"{prefix}/health", gateway.health),
            Route(f"{prefix}/metrics", gateway.metrics),
            *routes,
            Route(f"{prefix}/mcp", everything),
            Route(f"{prefix}/mcp/{{path:path}}", everything),
            Route(f"{prefix}/jmcp/{{path:path}}", everything),
        ],
        middleware=[
            Middleware(
                RequestIdMiddleware,
                requests=gateway.requests,
                stream_paths=frozenset((f"{prefix}/mcp", f"{prefix}/mcp/")),
            ),
            Middleware(SecurityHeadersMiddleware),
            Middleware(CorsMiddleware, origins=settings.origins),
            Middleware(BodyLimitMiddleware, max_bytes=settings.max_body_bytes),
        ],
        exception_handlers={Problem: on_problem, HTTPException: on_http_exception},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return app
