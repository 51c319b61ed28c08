"""What becomes of a client's messages when the server at the other end goes, comes back, or asks.

The server is scripted, byte by byte, and everything else is real.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from jmcp.client.choice import Wanted
from jmcp.client.servers import Servers
from jmcp.connect import relay as relay_module
from jmcp.connect.relay import Relay
from tests.scripted_server import Received, Scripted

SECONDS = 30
MODERN = {"_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}}


class Client:
    """The other side of a relay: it writes lines, and reads them."""

    def __init__(self) -> None:
        self._to: asyncio.Queue[str | None] = asyncio.Queue()
        self._from: asyncio.Queue[str] = asyncio.Queue()
        servers = Servers(Wanted(here=Path("/")), start=None, token="", say=lambda _: None)
        self.relay = Relay(servers, self._from.put, connection="c" * 32)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        await self.relay.open()
        task = asyncio.create_task(self.relay.run(self._lines()))
        try:
            yield
        finally:
            await self._to.put(None)
            await asyncio.wait_for(task, SECONDS)

    async def _lines(self) -> AsyncIterator[str]:
        while (line := await self._to.get()) is not None:
            yield line

    async def send(self, method: str, request_id: int | None = None, **params: Any) -> None:
        message: dict[str, Any] = {"jsonrpc": "2.0", "method": method, "params": params}
        await self.write(message if request_id is None else message | {"id": request_id})

    async def write(self, message: Any) -> None:
        await self._to.put(json.dumps(message))

    async def read(self) -> dict[str, Any]:
        line = await asyncio.wait_for(self._from.get(), SECONDS)
        assert line.endswith("\n")
        message: dict[str, Any] = json.loads(line)
        return message


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr(relay_module, "RESTART_SECONDS", 0.3)


async def done(one: Received) -> None:
    await one.result({"done": one.message["params"].get("name")})


async def test_messages_carry_the_token_and_the_connection() -> None:
    server, client = Scripted(answer=done), Client()
    async with server.running(), client.running():
        await client.send("tools/call", 1, name="read_cell", **MODERN)
        assert (await client.read())["result"] == {"done": "read_cell"}
    [one] = server.received
    assert one.headers["authorization"] == "Bearer secret"
    assert one.headers["jmcp-connection"] == "c" * 32
    assert one.headers["mcp-protocol-version"] == "2026-07-28"
    assert one.headers["mcp-name"] == "read_cell"


async def test_calls_are_sent_in_the_order_of_their_lines() -> None:
    server, client = Scripted(answer=done), Client()
    async with server.running(), client.running():
        for number in range(20):
            await client.send("tools/call", number, name=f"t{number}", **MODERN)
        for _ in range(20):
            await client.read()
    assert [one.message["id"] for one in server.received] == [*range(20)]


@pytest.mark.parametrize("part", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"])
async def test_a_call_under_way_when_the_server_goes_is_sent_once(part: bytes) -> None:
    async def leave(one: Received) -> None:
        one.writer.write(part)

    server, client = Scripted(answer=leave), Client()
    async with server.running(), client.running():
        await client.send("tools/call", 1, name="execute_cell", **MODERN)
        result = (await client.read())["result"]
        assert result["isError"] is True
        assert result["resultType"] == "complete"
        assert "execute_cell was under way" in result["content"][0]["text"]
        assert result["_meta"]["jmcp/error"]["code"] == "server_stopping"
    assert len(server.received) == 1


async def test_a_stream_that_ends_without_an_answer_is_such_a_call() -> None:
    async def leave(one: Received) -> None:
        await one.events()
        await one.event({"jsonrpc": "2.0", "method": "notifications/progress", "params": {}})

    server, client = Scripted(answer=leave), Client()
    async with server.running(), client.running():
        await client.send("tools/call", 1, name="execute_cell")
        assert (await client.read())["method"] == "notifications/progress"
        assert "was under way" in (await client.read())["result"]["content"][0]["text"]
    assert len(server.received) == 1


async def test_what_changes_nothing_is_sent_again() -> None:
    async def leave_once(one: Received) -> None:
        if len(server.received) > 1:
            await done(one)

    server, client = Scripted(answer=leave_once), Client()
    async with server.running(), client.running():
        await client.send("tools/list", 1, **MODERN)
        assert "result" in await client.read()
    assert len(server.received) == 2


async def test_a_restarted_server_is_found_on_its_new_port() -> None:
    first, second, client = Scripted(answer=done), Scripted(answer=done), Client()
    async with AsyncExitStack() as until_left:
        before = await until_left.enter_async_context(first.running())
        async with client.running():
            await client.send("tools/call", 1, name="insert_cell", **MODERN)
            assert "result" in await client.read()
            await until_left.aclose()
            async with second.running() as after:
                assert before.url != after.url
                await client.send("tools/call", 2, name="insert_cell", **MODERN)
                assert "result" in await client.read()
    assert (len(first.received), len(second.received)) == (1, 1)


async def test_a_call_that_reached_no_server_did_nothing() -> None:
    client = Client()
    async with asyncio.timeout(SECONDS):
        async with Scripted(answer=done).running():
            await client.relay.open()
        task = asyncio.create_task(client.relay.run(client._lines()))
        await client.send("tools/call", 1, name="insert_cell")
        text = (await client.read())["result"]["content"][0]["text"]
        assert "insert_cell did nothing" in text
        assert "no jmcp runs on /r" in text
        await client.send("tools/list", 2)
        assert "no jmcp runs" in (await client.read())["error"]["message"]
        await client._to.put(None)
        await task


async def test_a_notification_alone_waits_for_no_server() -> None:
    client = Client()
    async with asyncio.timeout(SECONDS):
        async with Scripted(answer=done).running():
            await client.relay.open()
        task = asyncio.create_task(client.relay.run(client._lines()))
        await client.send("tools/call", 1, name="insert_cell")
        await client.read()
        server = Scripted(answer=done)
        async with server.running():
            await client.send("notifications/roots/list_changed")
            await client.send("tools/call", 2, name="read_cell")
            assert (await client.read())["id"] == 2
        await client._to.put(None)
        await task
    assert [one.message["method"] for one in server.received] == ["tools/call"]


async def test_a_client_that_closes_its_end_ends_all() -> None:
    client = Client()

    async def gone(_: str) -> None:
        raise BrokenPipeError

    async with asyncio.timeout(SECONDS), Scripted(answer=done).running():
        client.relay._write = gone
        await client.relay.open()
        task = asyncio.create_task(client.relay.run(client._lines()))
        await client._to.put("no message")
        await task


async def test_a_server_that_is_stopping_is_waited_for() -> None:
    first, second, client = Scripted(answer=done), Scripted(answer=done), Client()
    first.health = 503
    async with asyncio.timeout(SECONDS), AsyncExitStack() as until_left:
        await until_left.enter_async_context(first.running())
        opening = asyncio.create_task(client.relay.open())
        await first.asked.wait()
        async with second.running() as after:
            await until_left.aclose()
            assert (await opening).server == after


async def test_a_session_that_the_server_does_not_know_is_opened_again() -> None:
    known = {"old"}

    async def answer(one: Received) -> None:
        if one.message["method"] == "initialize":
            session = "new" if one.message["id"] in seen else "old"
            seen.add(one.message["id"])
            result = {"protocolVersion": "2025-11-25"}
            await one.result(result, **{"mcp-session-id": session})
        elif one.headers.get("mcp-session-id") not in known:
            await one.json(404, {"title": "no such session"})
        elif "id" in one.message:
            await done(one)
        else:
            await one.json(202, None)

    seen: set[int] = set()
    server, client = Scripted(answer=answer), Client()
    async with server.running(), client.running():
        await client.send("initialize", 1, clientInfo={"name": "n"})
        assert (await client.read())["id"] == 1
        await client.send("notifications/initialized")
        await client.send("resources/subscribe", 2, uri="notebook:a.ipynb")
        assert (await client.read())["id"] == 2
        known.symmetric_difference_update({"old", "new"})
        await client.send("tools/call", 3, name="insert_cell")
        assert (await client.read())["result"] == {"done": "insert_cell"}
    methods = [one.message["method"] for one in server.received[3:]]
    opened = ["initialize", "notifications/initialized", "resources/subscribe"]
    assert methods == ["tools/call", *opened, "tools/call"]
    assert server.received[-1].headers["mcp-session-id"] == "new"
    assert server.received[-1].headers["mcp-protocol-version"] == "2025-11-25"


async def test_a_question_of_the_server_is_answered_by_the_client() -> None:
    asked = {"jsonrpc": "2.0", "id": 1, "method": "elicitation/create", "params": {}}
    replied = asyncio.Event()

    async def ask(one: Received) -> None:
        if "result" in one.message:
            replied.set()
            await one.json(202, None)
            return
        await one.events()
        await one.event(asked)
        await asyncio.wait_for(replied.wait(), SECONDS)
        await one.event({"jsonrpc": "2.0", "id": 1, "result": {}})

    server, client = Scripted(answer=ask), Client()
    async with server.running(), client.running():
        await client.send("tools/call", 1, name="execute_cell")
        assert await client.read() == asked
        await client.write({"jsonrpc": "2.0", "id": 1, "result": {"action": "accept"}})
        assert await client.read() == {"jsonrpc": "2.0", "id": 1, "result": {}}
    assert server.received[1].message["result"] == {"action": "accept"}


async def test_without_sessions_cancelling_closes_the_connection() -> None:
    left = asyncio.Event()

    async def wait(one: Received) -> None:
        if one.message["params"].get("name") == "read_cell":
            await done(one)
            return
        assert await one.reader.read() == b""
        left.set()

    server, client = Scripted(answer=wait), Client()
    async with server.running(), client.running():
        await client.send("tools/call", 1, name="execute_cell", **MODERN)
        await server.until(1)
        await client.send("notifications/cancelled", requestId=1)
        await asyncio.wait_for(left.wait(), SECONDS)
        await client.send("tools/call", 2, name="read_cell", **MODERN)
        assert (await client.read())["id"] == 2  # and the first has no answer


async def test_with_a_session_cancelling_is_told_to_the_server() -> None:
    cancelled = asyncio.Event()

    async def answer(one: Received) -> None:
        if one.message["method"] == "initialize":
            await one.result({"protocolVersion": "2025-11-25"}, **{"mcp-session-id": "s"})
        elif one.message["method"] == "notifications/cancelled":
            cancelled.set()
            await one.json(202, None)
        elif one.message["params"].get("name") == "execute_cell":
            await asyncio.wait_for(cancelled.wait(), SECONDS)
            await one.json(202, None)
        else:
            await done(one)

    server, client = Scripted(answer=answer), Client()
    async with server.running(), client.running():
        await client.send("initialize", 1)
        await client.read()
        await client.send("tools/call", 2, name="execute_cell")
        await server.until(2)
        await client.send("notifications/cancelled", requestId=2)
        await client.send("tools/call", 3, name="read_cell")
        assert (await client.read())["id"] == 3  # and the second has no answer
    assert server.received[2].headers["mcp-session-id"] == "s"


async def test_an_answer_that_is_none_is_told_with_its_status() -> None:
    async def refuse(one: Received) -> None:
        await one.json(413, {"detail": "too large"})

    server, client = Scripted(answer=refuse), Client()
    async with server.running(), client.running():
        await client.send("tools/call", 1, name="insert_cell", **MODERN)
        message = (await client.read())["error"]["message"]
    assert "413" in message
    assert "too large" in message
