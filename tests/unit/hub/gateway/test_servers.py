"""Servers that do not run, die, or do not start: what the caller is told, and what is sent twice."""

from __future__ import annotations

import asyncio

import pytest
from starlette.types import Message

from jmcp.hub.gateway import servers, user_server
from tests.unit.hub.gateway.platform import (
    DEAD,
    PREFIX,
    STOPPED,
    Client,
    Platform,
    messages,
)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "PAUSE_SECONDS", 0.01)


async def test_a_stopped_server_is_started_with_progress(
    client: Client, platform: Platform
) -> None:
    platform.state["alice"] = STOPPED
    response = await client.call()
    *reports, last = [one.get("params", one) for one in messages(response)]
    assert [one["progressToken"] for one in reports] == [3, 3]
    assert reports[0]["progress"] < reports[1]["progress"]
    assert "Server ready" in reports[1]["message"]
    assert last == {"jsonrpc": "2.0", "id": 1, "result": {}}
    assert len(platform.delivered) == 1


async def test_a_handshake_waits_for_the_session_id_in_its_head(
    client: Client, platform: Platform
) -> None:
    platform.state["alice"] = STOPPED
    platform.headers = {"mcp-session-id": "given-by-the-server"}
    response = await client.message("initialize", {})
    assert response.headers["mcp-session-id"] == "given-by-the-server"
    assert messages(response) == [{"jsonrpc": "2.0", "id": 1, "result": {}}]


async def test_many_who_wait_for_one_server_start_it_once(
    client: Client, platform: Platform
) -> None:
    platform.state["alice"] = STOPPED
    answers = await asyncio.gather(*(client.call() for _ in range(10)))
    assert all(messages(answer)[-1]["result"] == {} for answer in answers)
    assert platform.starts() == 1
    assert len(platform.delivered) == 10


async def test_a_client_without_streams_waits_as_well(client: Client, platform: Platform) -> None:
    platform.state["alice"] = STOPPED
    response = await client.get("/jmcp/v1/sessions")
    assert (response.status_code, platform.starts()) == (200, 1)


async def test_it_does_not_wait_for_ever(
    client: Client, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.state["alice"] = STOPPED
    monkeypatch.setattr(user_server, "PLAIN_START_SECONDS", 0.0)
    response = await client.get("/jmcp/v1/sessions")
    assert (response.status_code, response.json()["code"]) == (503, "server_starting")
    assert "Retry-After" in response.headers


@pytest.mark.parametrize("streams", [True, False], ids=["events", "json"])
async def test_a_refused_start_is_an_error_that_an_agent_reads(
    client: Client, platform: Platform, streams: bool
) -> None:
    platform.state["alice"] = STOPPED
    platform.fail = (503, "Capacity: 100 MiB free. Try again later.")
    accept = {} if streams else {"Accept": "application/json"}
    (answer,) = messages(await client.call(**accept))
    assert answer["result"]["isError"] is True
    assert "Capacity: 100 MiB free" in answer["result"]["content"][0]["text"]
    error = answer["result"]["_meta"]["jmcp/error"]
    assert (error["code"], error["retry"]) == ("server_not_started", "later")
    platform.fail = (503, "Capacity: 100 MiB free. Try again later.")
    rest = await client.get("/jmcp/v1/sessions")
    assert (rest.status_code, rest.json()["code"]) == (503, "server_not_started")
    page = client.gateway.measures.page("")[0].decode()
    assert 'server_starts_total{outcome="capacity"} 2.0' in page


async def test_a_start_that_fails_is_told(client: Client, platform: Platform) -> None:
    platform.state["alice"] = STOPPED
    platform.progress_fails = "Spawn failed: no image"
    answer = messages(await client.call())[-1]
    assert "no image" in answer["result"]["content"][0]["text"]
    assert client.gateway.measures.failures_of_an_hour == 1


async def test_a_full_queue_is_waited_for(client: Client, platform: Platform) -> None:
    platform.state["alice"] = STOPPED
    platform.fail = (429, "Too many starts")
    answer = messages(await client.call())
    assert servers.IN_LINE in answer[0]["params"]["message"]
    assert answer[-1]["result"] == {}


async def test_a_dead_server_is_waited_for_and_the_call_made_once(
    client: Client, platform: Platform
) -> None:
    platform.state["alice"] = DEAD
    platform.believed = 3
    answer = messages(await client.call())
    assert any(servers.GONE in one.get("params", {}).get("message", "") for one in answer)
    assert answer[-1]["result"] == {}
    calls = [one for one in platform.delivered if one[0] == "POST"]
    assert (len(calls), platform.starts()) == (1, 1)


@pytest.mark.parametrize(
    ("tool", "again"), [("insert_cell", False), ("read_cell", True)], ids=["changes", "reads"]
)
async def test_only_what_changes_nothing_is_sent_again(
    client: Client, platform: Platform, tool: str, again: bool
) -> None:
    assert (await client.call()).is_success  # so that the server was heard of just now
    platform.state["alice"] = DEAD
    answer = messages(await client.call(tool))[-1]
    if again:
        assert answer["result"] == {}
    else:
        text = answer["result"]["content"][0]["text"]
        assert "may have been carried out or not" in text
    assert len([one for one in platform.delivered if one[0] == "POST"]) == 1 + again


async def test_a_stream_that_breaks_off_ends_with_an_answer(
    client: Client, platform: Platform
) -> None:
    platform.dies_in = {"/user/alice/mcp"}
    (answer,) = messages(await client.call())
    assert answer["id"] == 1
    assert "stopped answering" in answer["result"]["content"][0]["text"]


async def test_what_is_not_jmcp_is_named(client: Client, platform: Platform) -> None:
    platform.jupyter_alone = True
    answer = messages(await client.call())[-1]
    assert "what answers there is not jmcp" in answer["result"]["content"][0]["text"]


async def test_other_requests_fail_with_a_status(client: Client, platform: Platform) -> None:
    platform.state["alice"] = STOPPED
    platform.fail = (403, "alice may not start servers")
    response = await client.message("tools/list", {}, Accept="application/json")
    assert response.status_code == 403
    assert response.json()["error"]["data"]["code"] == "server_not_started"


async def test_a_client_that_leaves_ends_its_request(client: Client, platform: Platform) -> None:
    platform.silent = True
    sent: list[object] = []
    body = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read_cell"}}'
    parts: list[Message] = [{"type": "http.request", "body": body}]

    async def receive() -> Message:
        if parts:
            return parts.pop()
        await platform.came.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": f"{PREFIX}/mcp",
        "raw_path": f"{PREFIX}/mcp".encode(),
        "query_string": b"",
        "headers": [
            (b"authorization", b"Bearer alice-1"),
            (b"accept", b"application/json, text/event-stream"),
        ],
    }
    async with asyncio.timeout(10):
        await client.gateway.pass_on(scope, receive, send)
    assert sent == []
    assert client.gateway.limits.open == 0
