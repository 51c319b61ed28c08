"""The ASGI bridge: the site inside Jupyter Server, on its port.

This module loads while Jupyter starts, so it imports nothing of the MCP SDK.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from functools import lru_cache, partial
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import unquote

from jupyter_server.auth.decorator import allow_unauthenticated, authorized
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.log import log_request
from jupyter_server.prometheus.metrics import HTTP_REQUEST_DURATION_SECONDS
from prometheus_client import Histogram
from tornado.iostream import StreamClosedError

from jmcp.transport.jupyter_identity import Host, IdentifiedHandler, Message
from jmcp.transport.middleware.credential import ADMITTED
from jmcp.transport.middleware.session_ids import mask
from jmcp.transport.problems import Problem

Method = Callable[..., Awaitable[None]]

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
BEGUN = b": begun\n\n"
"""A comment with which a stream begins that may have nothing to say for a while: the proxy of JupyterHub
passes the head of an answer on with its first byte, and some clients send nothing before they have it."""

CORS_HEADERS = (
    "Authorization, Content-Type, Accept, If-Match, If-None-Match, "
    "MCP-Protocol-Version, Mcp-Session-Id"
)
CREDENTIALS = frozenset({"authorization", "cookie"})


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


class BridgeHandler(IdentifiedHandler):
    """Passes a request to the ASGI application, and its answer back as it streams."""

    SUPPORTED_METHODS = (*JupyterHandler.SUPPORTED_METHODS, "TRACE")

    def initialize(self, host: Host, allow: str) -> None:
        super().initialize(host, allow)
        self._gone = asyncio.Event()
        # Whatever logs the request later logs this; its path and query are kept elsewhere.
        self.request.uri = mask(self.request.uri or "")

    def on_connection_close(self) -> None:
        self._gone.set()
        super().on_connection_close()

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
            ADMITTED: self._still_admitted,
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
            if self.request.method == "GET" and self._is_event_stream():
                self.write(BEGUN)
            await self.flush()

    def _is_event_stream(self) -> bool:
        return str(self._headers.get("Content-Type", "")).startswith("text/event-stream")
