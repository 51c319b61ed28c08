"""Pages that are asked what a person looks at, over real connections: in order, and with distrust."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from jmcp.core.pages import questions
from tests.jupyter_process import TOKEN
from tests.notebooks import write_notebook
from tests.surfaces.conftest import ExtensionServer
from tests.surfaces.lab.tab import closed
from tests.surfaces.lab.test_person import HELLO, SECONDS, login_cookie

HEADERS = {"Authorization": f"Bearer {TOKEN}"}


class Channel:
    """The connection of a page; `answers` are sent to each question, until it is closed."""

    def __init__(self, socket: WebSocketClientConnection) -> None:
        self._socket = socket
        self.answers: dict[str, Any] = {}

    async def send(self, text: str) -> None:
        await self._socket.write_message(text)

    async def say(self, **message: Any) -> None:
        await self.send(json.dumps(message))

    async def turned_to(self, path: str | None, seconds_ago: float = 0.0) -> None:
        await self.say(type="seen", path=path, seconds_ago=seconds_ago)

    async def answer(self) -> None:
        while (text := await self._socket.read_message()) is not None:
            question = json.loads(text)
            if question["type"] == "ask":
                await self.say(type="answer", id=question["id"], result=self.answers)

    async def close_code(self) -> int | None:
        """Why the server closed the connection."""
        async with asyncio.timeout(SECONDS):
            while await self._socket.read_message() is not None:
                pass
        return self._socket.close_code


@asynccontextmanager
async def page(server: ExtensionServer, path: str | None = None) -> AsyncIterator[Channel]:
    """A page with that notebook in front, that answers."""
    url = f"{server.url.replace('http', 'ws', 1)}/jmcp/lab/page"
    socket = await websocket_connect(
        HTTPRequest(url, headers={"Cookie": await login_cookie(server)})
    )
    channel = Channel(socket)
    await channel.say(**HELLO)
    answering = None
    if path is not None:
        channel.answers = {"tab": {"path": path, "unsaved": False}, "visible": True}
        answering = asyncio.create_task(channel.answer())
    try:
        yield channel
    finally:
        if answering is not None:
            answering.cancel()
            await asyncio.gather(answering, return_exceptions=True)
        await closed(socket)


async def connected(server: ExtensionServer, count: int) -> None:
    """Return when the server knows so many pages."""
    async with asyncio.timeout(SECONDS):
        while True:
            health = await server.client.get("/mcp/healthz", headers=HEADERS)
            if health.json()["pages"] == count:
                return
            await asyncio.sleep(0.02)


async def looked_at(server: ExtensionServer) -> dict[str, Any]:
    answer = await server.client.get("/jmcp/v1/lab/user", headers=HEADERS)
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.oldest
async def test_the_page_turned_to_last_is_asked_also_after_all_came_back(
    extension: ExtensionServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questions, "ANSWER_SECONDS", 0.3)
    for name in ("a.ipynb", "b.ipynb"):
        write_notebook(extension.root / name, "1")
    assert (await looked_at(extension))["code"] == "no_lab_page"
    async with page(extension, "a.ipynb") as first, page(extension, "b.ipynb") as second:
        await connected(extension, 2)
        # As pages say when they connect once more, in whatever order; the first one was seen later.
        await first.turned_to("a.ipynb", seconds_ago=5)
        await second.turned_to("b.ipynb", seconds_ago=3600)
        await until(extension, "a.ipynb")
        await second.turned_to("b.ipynb")
        await until(extension, "b.ipynb")
        async with page(extension) as sleeping:
            await sleeping.turned_to(None)
            await connected(extension, 3)
            seen = await looked_at(extension)
            assert (seen["notebook_path"], seen["pages"]) == ("b.ipynb", 3), "the next one is asked"
        await connected(extension, 2)
        second.answers = {"tab": {"path": "../b.ipynb"}, "visible": "perhaps"}
        assert (await looked_at(extension))["notebook_path"] == "a.ipynb", "nonsense is no answer"
    await connected(extension, 0)
    assert (await looked_at(extension))["code"] == "no_lab_page"


async def until(server: ExtensionServer, path: str) -> None:
    async with asyncio.timeout(SECONDS):
        while True:
            seen = await looked_at(server)
            if seen.get("notebook_path") == path:
                return
            await asyncio.sleep(0.02)


NONSENSE: tuple[Any, ...] = (
    {"type": "seen", "path": 1},
    {"type": "seen", "path": "x" * 5_000},
    {"type": "seen", "path": None, "seconds_ago": -1},
    {"type": "seen", "path": None, "seconds_ago": float("inf")},
    {"type": "seen"},
    {"type": "what"},
    {"type": "answer"},
    HELLO,
    [],
    "text",
)


async def test_a_page_that_talks_nonsense_or_too_much_is_closed_and_the_others_stay(
    extension: ExtensionServer,
) -> None:
    write_notebook(extension.root / "a.ipynb", "1")
    async with page(extension, "a.ipynb") as good:
        await good.turned_to("a.ipynb")
        for message in NONSENSE:
            async with page(extension) as odd:
                await odd.send(json.dumps(message))
                assert await odd.close_code() == 1003, message
        async with page(extension) as loud:
            await loud.send("x" * 70_000)
            assert await loud.close_code() in (1009, None)
        async with page(extension) as guessing:
            for number in range(3):  # to what nobody asked
                await guessing.say(type="answer", id=number, result={"visible": True})
        await connected(extension, 1)
        assert (await looked_at(extension))["notebook_path"] == "a.ipynb"


async def test_agents_of_another_owner_reach_no_page(
    extension: ExtensionServer,
) -> None:
    write_notebook(extension.root / "a.ipynb", "1")
    [app] = extension.serverapp.extension_manager.extension_apps["jmcp"]
    async with page(extension, "a.ipynb") as mine:
        await mine.turned_to("a.ipynb")
        await connected(extension, 1)
        [known] = app.hosted.pages.of("jupyter")
        known.owner = "somebody else"
        refused = await looked_at(extension)
        assert refused["code"] == "no_lab_page"
        shown = await extension.client.post(
            "/jmcp/v1/lab/shown", headers=HEADERS, json={"notebook_path": "a.ipynb"}
        )
        assert (shown.status_code, shown.json()["code"]) == (409, "no_lab_page")
