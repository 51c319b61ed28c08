"""A call that takes long is answered as a stream, on which something comes all the time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from jmcp.transport.mcp import late_answers
from jmcp.transport.site import site
from tests.surfaces.conftest import Client, client_of_site
from tests.surfaces.mcp.test_direct_calls import (
    SECONDS,
    Era,
    WaitingDispatcher,
    answered,
    message,
    opened,
)


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> WaitingDispatcher:
    monkeypatch.setattr(late_answers, "HEARTBEAT_SECONDS", 0.02)
    return WaitingDispatcher()


@pytest.fixture
async def client(waiting: WaitingDispatcher) -> AsyncIterator[Client]:
    async with client_of_site(site(waiting, version="1.2.3")) as made:
        yield made


@pytest.mark.parametrize("handshake", [True, False], ids=["handshake", "modern"])
async def test_comments_come_until_the_answer_does(
    client: Client,
    waiting: WaitingDispatcher,
    handshake: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    era = Era(client, await opened(client) if handshake else None)
    beats = 0
    beat = late_answers.LateAnswer._beat

    async def watched(self: late_answers.LateAnswer) -> None:
        send = self._send

        async def counted(part: object) -> None:
            nonlocal beats
            beats += 1
            if beats > 3:  # the head, and two comments
                waiting.released.set()
            await send(part)  # type: ignore[arg-type]

        self._send = counted
        await beat(self)

    monkeypatch.setattr(late_answers.LateAnswer, "_beat", watched)
    async with asyncio.timeout(SECONDS):
        response = await era.post(message())
    status, body = answered(response)
    assert (status, body["id"]) == (200, 7)
    assert body["result"]["content"]
    assert response.headers["Content-Type"] == "text/event-stream"
    assert ("Mcp-Session-Id" in response.headers) == handshake
    assert response.text.count(late_answers.COMMENT.decode()) >= 3
    assert [line for line in response.text.splitlines() if line.startswith("data:")] == [
        "data: " + json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    ]


async def test_a_call_that_is_cancelled_ends_its_stream(
    client: Client, waiting: WaitingDispatcher
) -> None:
    session = await opened(client)
    calling = asyncio.create_task(Era(client, session).post(message()))
    await asyncio.wait_for(waiting.begun.wait(), SECONDS)
    cancel = {
        "jsonrpc": "2.0",
        "method": "notifications/cancelled",
        "params": {"requestId": 7},
    }
    accept = {"Accept": "application/json, text/event-stream"}
    await client.post("/mcp", json=cancel, headers=accept | session)
    async with asyncio.timeout(SECONDS):
        response = await calling
    assert waiting.cancelled == 1
    assert "data:" not in response.text
