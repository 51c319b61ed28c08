"""MCP sessions of the handshake era: how many there may be, and for how long nobody may use one."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from typing import Any

from jmcp.core.calls.principal import Principal
from jmcp.transport.mcp.session_limits import SessionLimits
from jmcp.transport.site import site
from tests.surfaces.conftest import Client, RecordingDispatcher, client_of_site
from tests.surfaces.mcp.test_direct_calls import (
    ACCEPT,
    HANDSHAKE,
    Era,
    WaitingDispatcher,
    message,
    opened,
)

SECONDS = 10
INITIALIZE: dict[str, Any] = {
    "jsonrpc": "2.0",
    "id": 0,
    "method": "initialize",
    "params": {
        "protocolVersion": HANDSHAKE,
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}


def limited(dispatcher: RecordingDispatcher | None = None, **limits: Any) -> Any:
    made = site(
        dispatcher or RecordingDispatcher(), version="1.2.3", mcp_sessions=SessionLimits(**limits)
    )
    return client_of_site(made)


async def statuses(client: Client, *sessions: dict[str, str]) -> list[int]:
    return [(await Era(client, session).post(message())).status_code for session in sessions]


async def test_one_more_ends_the_one_that_was_unused_for_longest() -> None:
    async with limited(count=3) as client:
        first, second, third = [await opened(client) for _ in range(3)]
        assert await statuses(client, first) == [200]
        fourth = await opened(client)
        assert await statuses(client, second, first, third, fourth) == [404, 200, 200, 200]


async def test_a_session_in_use_is_not_ended() -> None:
    waiting = WaitingDispatcher()
    async with limited(waiting, count=1) as client, asyncio.timeout(SECONDS):
        session = await opened(client)
        calling = asyncio.create_task(Era(client, session).post(message()))
        await waiting.begun.wait()
        refused = await client.post("/mcp", json=INITIALIZE, headers=ACCEPT)
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
        assert "max_mcp_sessions" in refused.json()["detail"]
        waiting.released.set()
        assert (await calling).status_code == 200
        other = await opened(client)
        assert await statuses(client, session, other) == [404, 200]


async def test_whoever_opens_many_takes_none_of_others() -> None:
    made = site(
        RecordingDispatcher(),
        version="1.2.3",
        token="quiet",
        named=lambda token: Principal(name=token) if token == "busy" else None,
        mcp_sessions=SessionLimits(count=3),
    )
    async with client_of_site(made) as client:
        client.headers["Authorization"] = "Bearer quiet"
        quiet = await opened(client)
        client.headers["Authorization"] = "Bearer busy"
        busy = [await opened(client) for _ in range(6)]
        assert await statuses(client, *busy) == [404, 404, 404, 404, 200, 200]
        client.headers["Authorization"] = "Bearer quiet"
        assert await statuses(client, quiet) == [200]


async def test_a_session_that_nobody_uses_ends() -> None:
    async with limited(idle_seconds=0.01) as client:
        session = await opened(client)
        await asyncio.sleep(0.1)
        assert await statuses(client, session) == [404]


async def test_clients_that_vanish_leave_nothing() -> None:
    async with limited(count=20) as client:

        async def vanish(number: int) -> int:
            for _ in range(number):
                await client.post("/mcp", json=INITIALIZE, headers=ACCEPT)
            gc.collect()
            return tracemalloc.get_traced_memory()[0]

        tracemalloc.start()
        try:
            before = await vanish(60)
            after = await vanish(200)
        finally:
            tracemalloc.stop()
    assert after - before < 200 * 1000, "1 kB for each client that is gone"
