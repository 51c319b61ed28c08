"""What a person does in a page with the sessions of agents, on a real Jupyter Server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Self

import httpx2 as httpx
import pytest
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult
from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from tests.jupyter_process import TOKEN
from tests.notebooks import write_notebook
from tests.surfaces.conftest import ExtensionServer, client_of
from tests.surfaces.lab.tab import UPGRADE, closed

pytestmark = pytest.mark.oldest

SECONDS = 30
HELLO = {"type": "hello", "page": "page", "way": "file", "app": "lab"}
INSERTED = {"cell_index": 0, "cell_type": "code", "cell_source": "new = 1"}


class Page:
    """The channel of a page of JupyterLab in a browser that has logged in."""

    def __init__(self, channel: WebSocketClientConnection) -> None:
        self._channel = channel
        self.sessions: list[dict[str, Any]] = []

    @classmethod
    @asynccontextmanager
    async def opened(cls, server: ExtensionServer, **headers: str) -> AsyncIterator[Self]:
        given = headers or {"Cookie": await login_cookie(server)}
        url = f"{server.url.replace('http', 'ws', 1)}/jmcp/lab/page"
        channel = await websocket_connect(HTTPRequest(url, headers=given))
        try:
            await channel.write_message(json.dumps(HELLO))
            yield cls(channel)
        finally:
            await closed(channel)

    async def heard(self, kind: str) -> dict[str, Any]:
        """The next message of that kind; lists of sessions are kept."""
        async with asyncio.timeout(SECONDS):
            while True:
                text = await self._channel.read_message()
                assert text is not None, "the channel was closed"
                message: dict[str, Any] = json.loads(text)
                if message["type"] == "sessions":
                    self.sessions = message["sessions"]
                if message["type"] == kind:
                    return message

    async def does(self, what: str, key: str) -> dict[str, Any]:
        asked = {"type": "do", "id": 1, "what": what, "session": key}
        await self._channel.write_message(json.dumps(asked))
        return await self.heard("done")

    async def session(self) -> dict[str, Any]:
        """The one session that works in a notebook, once there is one."""
        while not self.sessions:
            await self.heard("sessions")
        [row] = self.sessions
        return row


async def login_cookie(server: ExtensionServer) -> str:
    """What a browser has after it has opened a page with the token."""
    async with browser_at(server) as browser:
        return "; ".join(f"{name}={value}" for name, value in browser.cookies.items())


@asynccontextmanager
async def browser_at(server: ExtensionServer) -> AsyncIterator[httpx.AsyncClient]:
    """What a page sends that was opened with the token."""
    async with httpx.AsyncClient(base_url=server.url, timeout=SECONDS) as browser:
        answer = await browser.get(f"/jmcp/workbench?token={TOKEN}", follow_redirects=True)
        assert answer.status_code == 200, answer.text
        browser.headers["X-XSRFToken"] = browser.cookies["_xsrf"]
        yield browser


@asynccontextmanager
async def agent(server: ExtensionServer) -> AsyncIterator[Client]:
    """An agent over MCP, by the official client."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(headers=headers, timeout=SECONDS) as http:
        transport = streamable_http_client(f"{server.url}/mcp", http_client=http)
        async with Client(transport) as client:
            yield client


async def called(client: Client, tool: str, **arguments: Any) -> Mapping[str, Any]:
    result: CallToolResult = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    assert isinstance(result.structured_content, dict)
    return result.structured_content


async def failed(client: Client, tool: str, **arguments: Any) -> str:
    result = await client.call_tool(tool, arguments)
    assert result.is_error
    assert result.meta is not None
    return str(result.meta["jmcp/error"]["code"])


def sources(server: ExtensionServer) -> list[str]:
    cells = json.loads((server.root / "a.ipynb").read_text())["cells"]
    return ["".join(cell["source"]) for cell in cells]


async def test_a_person_pauses_an_agent_takes_back_its_change_and_resumes_it(
    extension: ExtensionServer,
) -> None:
    write_notebook(extension.root / "a.ipynb", "1", "2")
    rest = extension.client
    for headers in ({"Authorization": f"token {TOKEN}"}, {"Cookie": "none"}):
        async with client_of(extension.serverapp, **headers, **UPGRADE) as stranger:
            refused = await stranger.get("/jmcp/lab/page")
        assert refused.status_code in (401, 403), "an agent has no channel"
    async with agent(extension) as client, Page.opened(extension) as page:
        opened = await called(client, "use_notebook", notebook_path="a.ipynb")
        session = {"session_id": opened["session_id"]}
        row = await page.session()
        assert row["notebooks"][0]["path"] == "a.ipynb"
        assert opened["session_id"] not in json.dumps(row)
        made = await called(client, "insert_cell", **session, **INSERTED)
        while page.sessions[0]["at"] is None:
            await page.heard("sessions")
        assert page.sessions[0]["at"]["cell_id"] == made["cell_id"]

        done = await page.does("pause", row["key"])
        assert done["result"] == {"key": row["key"], "paused": True}
        assert await failed(client, "insert_cell", **session, **INSERTED) == "paused_by_person"
        answer = await rest.post(f"/jmcp/v1/sessions/{opened['session_id']}/cells", json=INSERTED)
        assert (answer.status_code, answer.json()["code"]) == (409, "paused_by_person")
        assert answer.headers["Content-Type"].startswith("application/problem+json")
        read = await called(client, "read_notebook", **session)
        assert len(read["cells"]["rows"] if "rows" in read["cells"] else read["cells"]) == 3
        assert await failed(client, "use_notebook", notebook_path="a.ipynb") == "paused_by_person"

        assert sources(extension) == ["new = 1", "1", "2"]
        done = await page.does("undo", row["key"])
        assert [one["change"] for one in done["result"]["cells"]] == ["deleted"]
        assert sources(extension) == ["1", "2"]
        done = await page.does("undo", row["key"])
        assert "Nothing" in done["problem"]

        await page.does("resume", row["key"])
        assert await failed(client, "insert_cell", **session, **INSERTED) == "cell_changed"
        told = await called(client, "read_notebook", **session)
        codes = {notice["code"] for notice in told["notices"]}
        assert codes >= {"resumed_by_person", "undone_by_person"}
        await called(client, "insert_cell", **session, **INSERTED)
        while page.sessions[0]["paused"]:
            await page.heard("sessions")
        async with browser_at(extension) as browser:
            call = {"tool_name": "use_notebook", "arguments": {"notebook_path": "a.ipynb"}}
            answer = await browser.post("/mcp/tools/call", json=call)
            assert answer.status_code == 200, answer.text
        done = await page.does("sessions", row["key"])
        assert [one["key"] for one in done["result"]] == [row["key"]], "a page's own is no agent's"
