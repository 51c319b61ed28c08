"""The one connection of a page to jmcp: questions to the page, and what the person does there."""

from __future__ import annotations

import asyncio
import json
import math
from contextlib import suppress
from typing import Any, Protocol, cast

from jupyter_server.auth.decorator import ws_authenticated
from jupyter_server.base.websocket import WebSocketMixin
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from jmcp.core.background import supervised
from jmcp.core.calls.call import Caller
from jmcp.core.pages.pages import Message, Page, Pages, Way
from jmcp.transport.jupyter_identity import Application, IdentifiedHandler
from jmcp.transport.lab.page_sessions import PageSessions, Person
from jmcp.transport.problems import Problem, problem_body

MESSAGE_BYTES = 65_536
"""Of a page's message; a context with a selection has a few thousand."""
PATH_CHARACTERS = 4_096
WAYS = ("collaboration", "jmcp", "file")
NO_BROWSER = "This is for pages of browsers, which log in to Jupyter by a cookie."
STARTING = "jmcp is starting; try again in a moment."
NONSENSE = 1003
"""WebSocket's close code for data that an endpoint cannot take (RFC 6455)."""


class ChannelHost(Protocol):
    """What a page's connection needs of the extension."""

    pages: Pages

    @property
    def person(self) -> Person | None:
        """What people do with sessions, while jmcp runs."""

    async def app(self) -> Application:
        """Returns once jmcp runs. Raises Problem if it does not."""


class PageChannel(WebSocketMixin, WebSocketHandler, IdentifiedHandler):
    """`/jmcp/lab/page`: JSON in text frames. What is no message of the channel ends it."""

    auth_resource = "contents"

    def initialize(self, host: ChannelHost, allow: str) -> None:  # type: ignore[override]
        IdentifiedHandler.initialize(self, cast("Any", host), allow)
        self._channel_host = host
        self._pages = host.pages
        self._page: Page | None = None
        self._sessions: PageSessions | None = None
        self._telling: asyncio.Task[None] | None = None

    @property
    def max_message_size(self) -> int:
        return MESSAGE_BYTES

    async def prepare(self) -> None:  # type: ignore[override] # as in jupyter_server's own
        if "Authorization" in self.request.headers:
            # No browser sends it here. What a person does in a page is not for programs.
            self.refuse(problem_body(403, NO_BROWSER))
            return
        await IdentifiedHandler.prepare(self)

    @ws_authenticated
    async def get(self, *args: Any, **kwargs: Any) -> None:
        await super().get(*args, **kwargs)

    def on_message(self, message: str | bytes) -> None:
        try:
            decoded = json.loads(message)
            self._heard(decoded)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            self.close(NONSENSE, "no message of this channel")

    def on_close(self) -> None:
        super().on_close()
        if self._telling is not None:
            self._telling.cancel()
        if self._page is not None:
            self._pages.remove(self._page)
            self._page = None

    def tell(self, message: Message) -> None:
        try:
            self.write_message(json.dumps(message))
        except WebSocketClosedError:
            return  # `on_close` follows

    async def _send(self, message: Message) -> None:
        """Returns once the connection took it."""
        with suppress(WebSocketClosedError):  # `on_close` follows
            await self.write_message(json.dumps(message))

    async def _tell_sessions(self) -> None:
        try:
            await self._channel_host.app()
        except Problem:
            return  # Jupyter's log says why it does not run
        person = self._channel_host.person
        if person is None:
            return
        caller = Caller(owner=self.owner, authenticated=self._principal() is not None)
        self._sessions = PageSessions(
            person, caller, everyone=self._jupyter_identifies(), send=self._send
        )
        await self._sessions.tell()

    def _heard(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "hello":
            self._greeted(message)
        elif self._page is None:
            raise ValueError("no hello")
        elif kind == "seen":
            ago = _seconds(message.get("seconds_ago", 0.0))
            self._pages.seen(self._page, _path(message["path"]), seconds_ago=ago)
        elif kind == "answer":
            problem = message.get("problem")
            told = None if problem is None else str(problem)
            self._pages.answered(self._page, message["id"], message.get("result"), told)
        elif kind == "do":
            if self._sessions is None:
                self.tell({"type": "done", "id": message["id"], "problem": STARTING})
            else:
                self._sessions.do(message)
        else:
            raise ValueError("unknown")

    def _greeted(self, message: dict[str, Any]) -> None:
        way = message["way"]
        if self._page is not None or way not in WAYS:
            raise ValueError("no hello")
        app = str(message["app"])[:100]
        self._page = Page(owner=self.owner, way=cast("Way", way), app=app, tell=self.tell)
        self._pages.add(self._page)
        self._telling = supervised(self._tell_sessions, "presence")


def _seconds(given: object) -> float:
    """Raises ValueError for what is no duration."""
    if isinstance(given, (int, float)) and not isinstance(given, bool) and 0 <= given < math.inf:
        return float(given)
    raise ValueError("no duration")


def _path(given: object) -> str | None:
    """Raises ValueError for what is no path."""
    if given is None or (isinstance(given, str) and len(given) <= PATH_CHARACTERS):
        return given
    raise ValueError("no path")
