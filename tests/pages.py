"""Pages of JupyterLab as a server meets them, without a browser."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from jmcp.core.pages.pages import Message, Page, PageRefused, Pages
from tests.served import Served

Answer = Callable[[Mapping[str, Any]], Any]
"""What a page answers to a question. Raises PageRefused."""
SHOWN = {"opened": False, "in_front": True, "scrolled": True, "visible": True}
CONTEXT = {
    "tab": {"path": "example.ipynb", "unsaved": False},
    "cell": {"index": 0, "id": "aaaa0001", "cell_type": "code", "source": "print('hello')"},
    "selection": {"text": "hello", "lines": [1, 8, 1, 13]},
    "visible": True,
}


def looks(question: Mapping[str, Any]) -> Any:
    """A page with the first cell of example.ipynb in front, that shows what it is told to."""
    return {"context": CONTEXT, "show": SHOWN}.get(question["what"], {})


def off(question: Mapping[str, Any]) -> Any:
    """A page whose person wants no questions."""
    return {} if question["what"] == "awake" else {"refused": "off"}


KINDS: Mapping[str, Answer] = {"looks": looks, "off": off}


def fake_page(
    pages: Pages, answer: Answer | None = looks, *, owner: str = "alice", app: str = "lab"
) -> Page:
    """A page in memory, connected. With no `answer` it says nothing, as one that sleeps."""

    def tell(message: Message) -> None:
        if message["type"] != "ask" or answer is None:
            return
        try:
            pages.answered(page, message["id"], answer(message), None)
        except PageRefused as refusal:
            pages.answered(page, message["id"], None, str(refusal))

    page = Page(owner=owner, way="jmcp", app=app, tell=tell)
    pages.add(page)
    return page


@asynccontextmanager
async def socket_of(served: Served, token: str | None = None) -> AsyncIterator[ClientConnection]:
    """The connection of a page that has not said anything yet."""
    url = f"{served.url}jmcp/lab/page?token={token or served.token}"
    async with connect(url.replace("http", "ws", 1)) as socket:
        yield socket


@asynccontextmanager
async def connected_page(served: Served, answer: Answer = looks) -> AsyncIterator[ClientConnection]:
    """A page that is connected to that server, until the end of this."""
    async with socket_of(served) as socket:
        await say(socket, type="hello", page="p", way="jmcp", app="lab")

        async def answering() -> None:
            async for text in socket:
                question = json.loads(text)
                if question["type"] == "ask":
                    await say(socket, type="answer", id=question["id"], result=answer(question))

        task = asyncio.create_task(answering())
        try:
            await said(socket)
            yield socket
        finally:
            task.cancel()
            await asyncio.wait([task])


async def say(socket: ClientConnection, **message: Any) -> None:
    await socket.send(json.dumps(message))


async def said(socket: ClientConnection) -> None:
    """Return when the server has read what was sent before: it answers a ping after that."""
    await (await socket.ping())
