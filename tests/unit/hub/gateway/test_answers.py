"""What comes back: links, refusals that agents can read, and streams that end."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from starlette.types import Message

from jmcp.hub.gateway import exchange, passing, users
from jmcp.hub.gateway.exchange import discarded
from jmcp.hub.gateway.forwarding import Forwarded
from tests.unit.hub.gateway.platform import DEAD, PREFIX, Client, Platform, client_of, messages

CALL = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"insert_cell"}}'
BOUND_SECONDS = 20


async def test_links_lead_through_the_gateway(client: Client, platform: Platform) -> None:
    platform.headers = {
        "Location": "/user/alice/jmcp/v1/sessions/1",
        "Link": '</user/alice/jmcp/v1/x?start_index=1>; rel="next"',
    }
    answer = await client.get("/jmcp/v1/x")
    assert answer.headers["Location"] == f"{PREFIX}/jmcp/v1/sessions/1"
    assert answer.headers["Link"] == f'<{PREFIX}/jmcp/v1/x?start_index=1>; rel="next"'
    platform.answer = json.dumps({"servers": [{"url": "/user/alice"}]})
    document = await client.get("/jmcp/openapi.json")
    assert document.json() == {"servers": [{"url": PREFIX}]}


async def test_a_token_that_does_not_open_the_server_is_told_so(
    client: Client, platform: Platform
) -> None:
    platform.refuses = True
    answer = await client.get("/jmcp/v1/sessions")
    assert answer.status_code == 403
    assert "access:servers!user=alice" in answer.json()["detail"]
    assert "WWW-Authenticate" not in answer.headers
    assert (await client.call()).status_code == 403


async def test_a_token_that_was_revoked_since_is_refused_at_once(
    client: Client, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await client.get("/jmcp/v1/sessions")).is_success
    platform.refuses = True
    monkeypatch.setattr(platform, "_hub", refuse)
    answer = await client.get("/jmcp/v1/sessions")
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


async def test_an_agent_reads_that_it_is_too_fast(platform: Platform, tmp_path: Path) -> None:
    async with client_of(platform, tmp_path, calls_per_second=0.1) as client:
        assert (await client.call()).is_success
        answer = await client.call()
        assert (answer.status_code, "Retry-After" in answer.headers) == (200, True)
        result = answer.json()["result"]
        assert result["isError"] is True
        assert "requests a second" in result["content"][0]["text"]
        assert result["_meta"]["jmcp/error"]["code"] == "rate_limited"
        listed = await client.message("tools/list", {})
        assert (listed.status_code, listed.json()["id"]) == (429, 1)
        told = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        headers = {"Authorization": "Bearer alice-1"}
        noted = await client.http.post(f"{PREFIX}/mcp", json=told, headers=headers)
        assert (noted.status_code, noted.json()["code"]) == (429, "rate_limited")


async def test_an_agent_reads_that_the_hub_is_away(client: Client, platform: Platform) -> None:
    platform.hub_away = True
    (answer,) = messages(await client.call())
    assert answer["result"]["_meta"]["jmcp/error"]["code"] == "hub_unreachable"


async def test_a_client_that_leaves_while_it_sends_gets_no_answer(client: Client) -> None:
    sent = await passed(client, CALL[:20], more=True)
    assert sent == []


async def test_a_stream_of_a_dead_server_ends_with_an_answer(
    client: Client, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.streams = True
    monkeypatch.setattr(passing, "WATCH_SECONDS", 0.01)
    monkeypatch.setattr(exchange, "QUIET_STREAM_SECONDS", 0.05)
    calling = asyncio.create_task(client.call("read_cell"))
    async with asyncio.timeout(BOUND_SECONDS):
        await platform.probed.wait()
        assert not calling.done(), "it ended although its server lives"
        platform.state["alice"] = DEAD
        (answer,) = messages(await calling)
    assert answer["id"] == 1
    assert "stopped answering" in answer["result"]["content"][0]["text"]


async def test_a_stream_ends_when_its_token_is_revoked(
    client: Client, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.streams = True
    monkeypatch.setattr(passing, "WATCH_SECONDS", 0.01)
    monkeypatch.setattr(exchange, "STREAM_TOKEN_SECONDS", 0.0)
    monkeypatch.setattr(users, "KNOWN_SECONDS", 0.0)
    calling = asyncio.create_task(client.call())
    listening = asyncio.create_task(client.get("/mcp"))
    async with asyncio.timeout(BOUND_SECONDS):
        await platform.asked_often.wait()
        assert not calling.done()
        assert not listening.done()
        monkeypatch.setattr(platform, "_hub", refuse)
        (answer,) = messages(await calling)
        assert "revoked" in answer["result"]["content"][0]["text"]
        assert (await listening).text == ": one\n\n\n"


@pytest.mark.parametrize("streams", [True, False], ids=["in its stream", "before its answer"])
async def test_a_gateway_that_stops_answers_what_is_open(
    client: Client, platform: Platform, streams: bool
) -> None:
    platform.streams, platform.silent = streams, not streams
    calling = asyncio.create_task(client.call())
    async with asyncio.timeout(BOUND_SECONDS):
        await platform.came.wait()
        client.gateway.passing.end(listening=True)
        await asyncio.sleep(0)
        assert not calling.done()
        client.gateway.passing.end()
        (answer,) = messages(await calling)
    assert answer["result"]["_meta"]["jmcp/error"]["code"] == "gateway_stopped"
    assert client.gateway.limits.open == 0


async def test_an_answer_that_nobody_takes_any_more_gives_its_connection_back(
    client: Client, platform: Platform
) -> None:
    request = Forwarded(
        method=b"GET", user="alice", token="alice-1", target=b"/mcp/x", headers=[], body=b""
    )
    forwarding = client.gateway.forwarding
    obtaining = asyncio.create_task(forwarding.send(request))
    await asyncio.wait([obtaining])
    assert not forwarding._pool.connections[0].is_idle()
    await discarded(obtaining)
    assert all(one.is_idle() for one in forwarding._pool.connections)


async def passed(client: Client, body: bytes, *, more: bool) -> list[Message]:
    """What a client is sent that sends this and leaves."""
    sent: list[Message] = []
    parts: list[Message] = [{"type": "http.request", "body": body, "more_body": more}]

    async def receive() -> Message:
        return parts.pop() if parts else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": f"{PREFIX}/mcp",
        "raw_path": f"{PREFIX}/mcp".encode(),
        "query_string": b"",
        "headers": [(b"authorization", b"Bearer alice-1")],
    }
    await client.gateway.pass_on(scope, receive, send)
    return sent


def refuse(method: str, path: str, headers: object, writer: asyncio.StreamWriter) -> bool:
    writer.write(b"HTTP/1.1 403 x\r\ncontent-length: 0\r\n\r\n")
    return True
