"""The id of every HTTP request, for logs, and the count of those that await their answer."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from contextlib import suppress
from contextvars import ContextVar
from http import HTTPStatus
from random import Random

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jmcp.transport.middleware.headers import header

HEADER = b"x-request-id"
ACCEPTED_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
"""An id of the caller's that may stand in a log, and in a header that goes back."""

_RANDOM = Random()
_CURRENT: ContextVar[str | None] = ContextVar("request_id", default=None)


def new_id() -> str:
    """Twelve hexadecimal characters. They are no secret, and the system's random numbers take ten
    times as long."""
    return f"{_RANDOM.getrandbits(48):012x}"


def current_id() -> str:
    """The id of the request that is being served, also where the SDK serves it in another task."""
    return _CURRENT.get() or new_id()


class RequestCounter:
    """The requests of one site: how many await an answer, and the errors answered, by status."""

    def __init__(self) -> None:
        self.errors: Counter[int] = Counter()
        self._open = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def started(self) -> None:
        self._open += 1
        self._idle.clear()

    def finished(self) -> None:
        self._open -= 1
        if not self._open:
            self._idle.set()

    async def wait_idle(self, seconds: float) -> None:
        """Returns when no request awaits an answer, or after so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._idle.wait()


class RequestIdMiddleware:
    """Gives each request its id, the caller's own if it is an ACCEPTED_ID, and sends it back.

    It counts requests too, except GETs of `stream_paths`: those end only when the client leaves.
    """

    def __init__(
        self, app: ASGIApp, requests: RequestCounter, stream_paths: frozenset[str]
    ) -> None:
        self._app = app
        self._requests = requests
        self._stream_paths = stream_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = header(scope, HEADER)
        request_id = given if ACCEPTED_ID.fullmatch(given) else new_id()

        async def with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), (HEADER, request_id.encode())]
                if message["status"] >= HTTPStatus.BAD_REQUEST:
                    self._requests.errors[message["status"]] += 1
            await send(message)

        token = _CURRENT.set(request_id)
        counted = not (scope["method"] == "GET" and scope["path"] in self._stream_paths)
        if counted:
            self._requests.started()
        try:
            await self._app(scope, receive, with_id)
        finally:
            if counted:
                self._requests.finished()
            _CURRENT.reset(token)
