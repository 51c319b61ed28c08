"""The connection of a page: what it is told of sessions, what its person does, who has none."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from jupyter_server.auth.identity import IdentityProvider, User
from jupyter_server.serverapp import ServerApp
from tornado.httpclient import HTTPRequest
from tornado.web import RequestHandler
from tornado.websocket import WebSocketClientConnection, websocket_connect

from jmcp.core.calls.call import Caller
from jmcp.transport.lab.page_channel import MESSAGE_BYTES, NONSENSE
from tests.jupyter_process import TOKEN, StartJupyter
from tests.notebooks import write_notebook
from tests.surfaces.conftest import ExtensionServer, client_of, root_url
from tests.surfaces.lab.tab import UPGRADE, close_code, closed
from tests.surfaces.lab.test_agents import agent_of

BOUND_SECONDS = 30
TOO_LARGE = 1009
"""WebSocket's close code for a message that is larger than an endpoint takes (RFC 6455)."""
HELLO = {"type": "hello", "page": "p", "way": "jmcp", "app": "JupyterLab"}


class PageLink:
    """A page, without its browser."""

    def __init__(self, connection: WebSocketClientConnection) -> None:
        self.connection = connection
        self.sessions: list[dict[str, Any]] | None = None
        self._number = 0

    @classmethod
    async def open(cls, serverapp: ServerApp, **query: str) -> PageLink:
        link = cls(await page(serverapp, **query))
        await link.tell(HELLO)
        return link

    async def tell(self, message: Mapping[str, Any]) -> None:
        await self.connection.write_message(json.dumps(message))

    async def until(self, count: int, **fields: Any) -> dict[str, Any] | None:
        """The first session, once there are so many and it has these fields."""
        while True:
            if self.sessions is not None and len(self.sessions) == count:
                first = self.sessions[0] if self.sessions else None
                if first is None or fields.items() <= first.items():
                    return first
            await self._hear()

    async def do(self, what: str, session: str) -> dict[str, Any]:
        self._number += 1
        await self.tell({"type": "do", "id": self._number, "what": what, "session": session})
        while (heard := await self._hear())["type"] != "done":
            pass
        assert heard["id"] == self._number
        return heard

    async def _hear(self) -> dict[str, Any]:
        async with asyncio.timeout(BOUND_SECONDS):
            heard: dict[str, Any] = json.loads(str(await self.connection.read_message()))
        if heard["type"] == "sessions":
            self.sessions = heard["sessions"]
        return heard


async def page(
    serverapp: ServerApp, given: dict[str, str] | None = None, /, **query: str
) -> WebSocketClientConnection:
    address = f"{root_url(serverapp).replace('http', 'ws', 1)}/jmcp/lab/page?{urlencode(query)}"
    return await websocket_connect(HTTPRequest(address, headers=given))


async def test_a_page_sees_sessions_and_its_person_stops_them(extension: ExtensionServer) -> None:
    write_notebook(extension.root / "a.ipynb", "1", "2")
    agent = await agent_of(extension.serverapp)
    link = await PageLink.open(extension.serverapp, token=TOKEN)
    assert await link.until(0) is None, "it is told at once"

    mine = {"session_id": (await agent.call("use_notebook", notebook_path="a.ipynb"))["session_id"]}
    seen = await link.until(1)
    assert seen is not None
    assert seen["notebooks"][0]["path"] == "a.ipynb"
    key = str(seen["key"])
    assert mine["session_id"] not in json.dumps(link.sessions)

    edit = {"cell_index": 0, "cell_source": "of the agent"}
    assert "problem" in await link.do("undo", key), "it has changed nothing"
    await agent.call("overwrite_cell_source", **mine, **edit)
    await link.until(1, at={"path": "a.ipynb", "cell_id": "c0", "doing": "edit", "running": False})

    assert (await link.do("pause", key))["result"] == {"key": key, "paused": True}
    await link.until(1, paused=True)
    refused = await agent.fail("overwrite_cell_source", **mine, **edit)
    assert refused["code"] == "paused_by_person"
    undone = (await link.do("undo", key))["result"]
    assert [cell["cell_index"] for cell in undone["cells"]] == [0]
    assert (await link.do("resume", key))["result"]["paused"] is False
    assert "problem" in await link.do("pause", "0" * 16), "no such session"

    await agent.call("unuse_notebook", **mine)
    await link.until(0)
    await closed(link.connection)


async def test_programs_and_strangers_have_no_page(extension: ExtensionServer) -> None:
    app = extension.serverapp
    for headers, query in (
        ({"Authorization": f"token {TOKEN}"}, {"token": TOKEN}),
        ({"Authorization": "Bearer foreign"}, {}),
        ({}, {}),
        ({}, {"token": "foreign"}),
        ({"Origin": "https://elsewhere.example"}, {"token": TOKEN}),
    ):
        async with client_of(app, **{"X-None": "", **headers, **UPGRADE}) as stranger:
            refused = await stranger.get("/jmcp/lab/page", params=query)
        assert refused.status_code in (401, 403), (headers, query)


async def test_what_is_no_message_ends_the_connection(extension: ExtensionServer) -> None:
    """And no other page notices."""
    other = await PageLink.open(extension.serverapp, token=TOKEN)
    do = {"type": "do", "id": 1, "what": "pause", "session": "x"}
    messages: tuple[Any, ...] = (
        {**HELLO},
        {"type": "seen", "path": "x" * 5_000},
        {"type": "shutdown"},
        {**do, "id": "1"},
        {**do, "what": "shutdown"},
        {**do, "session": None},
        [],
        "[" * 5_000,
        "nonsense",
    )
    for said in messages:
        link = await PageLink.open(extension.serverapp, token=TOKEN)
        await link.until(0)
        await link.connection.write_message(said if isinstance(said, str) else json.dumps(said))
        assert await close_code(link.connection) == NONSENSE, said
    for first in ({"type": "seen", "path": "a.ipynb"}, {**HELLO, "way": "other"}):
        link = PageLink(await page(extension.serverapp, token=TOKEN))
        await link.tell(first)
        assert await close_code(link.connection) == NONSENSE, first
    large = await PageLink.open(extension.serverapp, token=TOKEN)
    await large.tell({"type": "seen", "path": "x" * MESSAGE_BYTES})
    assert await close_code(large.connection) == TOO_LARGE
    assert "result" in await other.do("sessions", "")
    await closed(other.connection)


class Visitors(IdentityProvider):
    """Who somebody is, as others than Jupyter decide it."""

    def get_user(self, handler: RequestHandler) -> User | None:
        name = handler.get_query_argument("who", None)
        return User(name) if name else None


async def test_a_page_sees_the_sessions_of_its_own_person_alone(jupyter: StartJupyter) -> None:
    serverapp = await jupyter(
        collaboration=False,
        extensions=["jmcp"],
        ServerApp={"identity_provider_class": Visitors},
    )
    (loaded,) = serverapp.extension_manager.extension_apps["jmcp"]
    dispatcher = (await loaded.hosted.app()).state.dispatcher
    ada = await PageLink.open(serverapp, who="ada")
    grace = await PageLink.open(serverapp, who="grace")
    caller = Caller(owner="ada", authenticated=True)
    opened = await dispatcher.call(
        "use_notebook", {"notebook_path": "new.ipynb", "mode": "create"}, caller
    )
    assert opened.error is None
    seen = await ada.until(1)
    assert seen is not None
    assert await grace.until(0) is None
    assert "problem" in await grace.do("pause", str(seen["key"]))
    await ada.until(1, paused=False)
    assert grace.sessions == []
    for link in (ada, grace):
        await closed(link.connection)
