"""Every HTTP request: the id that names it in logs, and whether it still is under way."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections import Counter
from contextlib import suppress
from contextvars import ContextVar
from http import HTTPStatus

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER = "X-Request-Id"
SANE = re.compile(r"[A-Za-z0-9._-]{1,64}")
"""What of a caller's making may stand in a log, and in a header that goes back."""

_CURRENT: ContextVar[str | None] = ContextVar("request_id", default=None)


def new_id() -> str:
    return secrets.token_hex(6)


def current_id() -> str:
    """The id of the request that is being served, also where the SDK serves it in another task."""
    return _CURRENT.get() or new_id()


class Requests:
    """The requests of one site: those under way, and by status how many had an error for an answer."""

    def __init__(self) -> None:
        self.errors: Counter[int] = Counter()
        self._under_way = 0
        self._none = asyncio.Event()
        self._none.set()

    def began(self) -> None:
        self._under_way += 1
        self._none.clear()

    def ended(self) -> None:
        self._under_way -= 1
        if not self._under_way:
            self._none.set()

    async def answered(self, seconds: float) -> None:
        """Wait until nobody waits for an answer, but no longer than that."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._none.wait()


class Numbered:
    """Gives each request its id: the caller's own, if it is sane. It goes back with the answer.

    `streams` are paths whose GET ends when the client leaves, and not before.
    """

    def __init__(self, app: ASGIApp, requests: Requests, streams: frozenset[str]) -> None:
        self._app = app
        self._requests = requests
        self._streams = streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Request(scope).headers.get(HEADER, "")
        number = given if SANE.fullmatch(given) else new_id()

        async def numbered(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = number
                if message["status"] >= HTTPStatus.BAD_REQUEST:
                    self._requests.errors[message["status"]] += 1
            await send(message)

        token = _CURRENT.set(number)
        counted = not (scope["method"] == "GET" and scope["path"] in self._streams)
        if counted:
            self._requests.began()
        try:
            await self._app(scope, receive, numbered)
        finally:
            if counted:
                self._requests.ended()
            _CURRENT.reset(token)
