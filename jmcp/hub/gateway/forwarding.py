"""Requests passed on to users' servers, through the Hub's proxy."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpcore2

from jmcp.hub.gateway.domains import domain_label
from jmcp.hub.gateway.links import relinked
from jmcp.hub.gateway.settings import GatewaySettings
from jmcp.transport.middleware.request_id import HEADER as REQUEST_ID

Pairs = Sequence[tuple[bytes, bytes]]

CONNECT_SECONDS = 5.0
SILENCE_SECONDS = 55.0
"""Servers send something on their streams every 15 seconds. One that is silent for longer has died,
which the proxy may not notice, or answers a call that streams nothing, which the proxy itself ends
after 60."""
IDLE_SECONDS = 4.0
"""Connections are given up before the proxy does it, which is after five: a request on one that is
just closed would be lost."""
LARGEST_ERROR_PAGE = 65_536
MOST_CONNECTIONS = 10_000
"""To the proxy, one for each open request. Each takes 43 kB with the client's."""

NOT_PASSED_ON = frozenset(
    {
        b"host",
        b"connection",
        b"keep-alive",
        b"transfer-encoding",
        b"upgrade",
        b"http2-settings",
        b"te",
        b"trailer",
        b"expect",
        b"content-length",
        b"proxy-authorization",
        b"proxy-connection",
        # Whose server it is, and whose token opens it, says the gateway alone.
        b"authorization",
        b"cookie",
        b"origin",
        b"forwarded",
    }
)
NOT_PASSED_BACK = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"transfer-encoding",
        b"upgrade",
        b"trailer",
        b"set-cookie",
        REQUEST_ID,
        b"date",
        b"server",
    }
)


class NotDelivered(Exception):
    """The proxy took no connection, so that the server has seen nothing of the request."""


class AnswerLost(Exception):
    """The request was sent, and no answer came: it may have been carried out, or not."""


class AnswerLate(AnswerLost):
    """Nothing came for SILENCE_SECONDS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarded:
    """A request for a user's server. `target` is path and query below that server's own path."""

    method: bytes
    user: str
    token: str
    target: bytes
    headers: Pairs
    body: bytes


class Answer:
    """The head of an answer, whose body streams. It has to be closed.

    `server` is the path of the user's server, `gateway` that of the gateway.
    """

    def __init__(self, response: httpcore2.Response, server: str, gateway: str) -> None:
        self._response = response
        self.server, self.gateway = server, gateway
        self.status = response.status
        self.session = b""
        """The id of a session of MCP that the client knows, where the server has another one for it."""
        self.headers = response.headers
        self.content_type = self.header(b"content-type").partition(b";")[0].strip().lower()

    @property
    def is_stream(self) -> bool:
        return self.content_type == b"text/event-stream"

    @property
    def is_of_jmcp(self) -> bool:
        """Whether jmcp in the user's server sent it: it sends the id of each request back, or a
        problem while it starts or stops. Else Jupyter there, the Hub or the proxy did."""
        return bool(self.header(REQUEST_ID)) or self.content_type == b"application/problem+json"

    @property
    def server_is_gone(self) -> bool:
        """Whether it is the proxy that answered, because nobody did behind it. The request may have
        been delivered before."""
        return not self.is_of_jmcp and self.status >= 500

    def header(self, name: bytes) -> bytes:
        return next((value for key, value in self.headers if key.lower() == name), b"")

    @property
    def passed_back(self) -> list[tuple[bytes, bytes]]:
        passed = [
            (lower, self.session if self.session and lower == b"mcp-session-id" else value)
            for key, value in self.headers
            if (lower := key.lower()) not in NOT_PASSED_BACK
            and not lower.startswith((b"x-jupyter", b"access-control-"))
        ]
        return relinked(passed, self.server.encode(), self.gateway.encode())

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes. Raises AnswerLost."""
        try:
            async for chunk in self._response.aiter_stream():
                yield chunk
        except (
            httpcore2.NetworkError,
            httpcore2.TimeoutException,
            httpcore2.ProtocolError,
        ) as error:
            raise AnswerLost(type(error).__name__) from error

    async def body(self, limit: int) -> bytes:
        """The whole body, or its beginning of `limit` bytes or a little more. Raises AnswerLost."""
        parts: list[bytes] = []
        size = 0
        async for chunk in self.chunks():
            parts.append(chunk)
            size += len(chunk)
            if size >= limit:
                break
        return b"".join(parts)

    async def close(self) -> None:
        await self._response.aclose()


class Forwarding:
    """The connections to the proxy."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._settings = settings
        proxy = urlsplit(settings.proxy_url)
        self._scheme = proxy.scheme.encode()
        self._host = (proxy.hostname or "127.0.0.1").encode()
        self._port = proxy.port
        self._netloc = urlsplit(settings.public_url).netloc
        self._pool = httpcore2.AsyncConnectionPool(
            max_connections=MOST_CONNECTIONS,
            max_keepalive_connections=200,
            keepalive_expiry=IDLE_SECONDS,
        )
        # A pool looks through all its connections for each request: 2 ms of a call beside 1,000 streams.
        self._streams = httpcore2.AsyncConnectionPool(
            max_connections=MOST_CONNECTIONS, max_keepalive_connections=0
        )

    async def close(self) -> None:
        await self._pool.aclose()
        await self._streams.aclose()

    async def send(self, request: Forwarded, silence_seconds: float | None = None) -> Answer:
        """Raises NotDelivered, AnswerLost. The head may take `silence_seconds`, None for as long as
        a cell runs."""
        server = self._settings.server_path(request.user)
        path = server.encode() + request.target
        headers = [
            (b"host", self._host_of(request.user)),
            (b"authorization", b"Bearer " + request.token.encode("latin-1")),
            *(pair for pair in request.headers if not is_withheld(pair[0])),
        ]
        if request.body or request.method in (b"POST", b"PUT", b"PATCH"):
            headers.append((b"content-length", b"%d" % len(request.body)))
        outgoing = httpcore2.Request(
            request.method,
            httpcore2.URL(scheme=self._scheme, host=self._host, port=self._port, target=path),
            headers=headers,
            content=request.body,
            extensions={
                "timeout": {
                    "connect": CONNECT_SECONDS,
                    "pool": CONNECT_SECONDS,
                    "write": SILENCE_SECONDS,
                    "read": silence_seconds or SILENCE_SECONDS,
                }
            },
        )
        try:
            pool = self._streams if listens(request) else self._pool
            response = await pool.handle_async_request(outgoing)
            return Answer(response, server, self._settings.prefix)
        except (httpcore2.ConnectError, httpcore2.ConnectTimeout, httpcore2.PoolTimeout) as error:
            raise NotDelivered(str(error) or type(error).__name__) from error
        except httpcore2.ReadTimeout as error:
            raise AnswerLate(type(error).__name__) from error
        except (
            httpcore2.NetworkError,
            httpcore2.TimeoutException,
            httpcore2.ProtocolError,
        ) as error:
            raise AnswerLost(type(error).__name__) from error

    def _host_of(self, user: str) -> bytes:
        """The host that the proxy knows that user's server by."""
        if self._settings.subdomain_host:
            return f"{domain_label(user)}.{self._settings.subdomain_host}".encode()
        return self._netloc.encode()


def listens(request: Forwarded) -> bool:
    """Whether it opens a stream that stays open until the client leaves."""
    return request.method == b"GET" and any(
        name == b"accept" and b"text/event-stream" in value for name, value in request.headers
    )


def is_withheld(name: bytes) -> bool:
    return name in NOT_PASSED_ON or name.startswith((b"x-forwarded-", b"x-scheme", b"x-real-ip"))
