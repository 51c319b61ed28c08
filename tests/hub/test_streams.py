"""Streams through the Hub's proxy, which passes the head of an answer on with its first byte."""

from __future__ import annotations

import asyncio

import pytest

from tests.hub.hub_user import hub_user
from tests.hub.running_hub import RunningHub

pytestmark = pytest.mark.asyncio(loop_scope="session")

SOON_SECONDS = 5
"""Less than the time after which a silent stream says that it lives, which is 10 s."""


async def test_a_stream_of_notifications_begins_at_once(hub: RunningHub) -> None:
    """Some clients send nothing else until they have the head of its answer."""
    user = await hub_user(hub, "ada")
    await user.session("streams.ipynb")  # so that the server runs
    began = await user.rest(
        "POST",
        "/mcp",
        headers={"Accept": "application/json, text/event-stream"},
        json={
            "jsonrpc": "2.0",
            "id": 1,
            "method": "initialize",
            "params": {
                "protocolVersion": "2025-11-25",
                "capabilities": {},
                "clientInfo": {"name": "test", "version": "1"},
            },
        },
    )
    headers = user.headers | {
        "Accept": "text/event-stream",
        "Mcp-Session-Id": began.headers["mcp-session-id"],
        "Mcp-Protocol-Version": "2025-11-25",
    }
    async with asyncio.timeout(SOON_SECONDS):
        async with hub.http.stream("GET", f"{hub.gateway}/mcp", headers=headers) as answer:
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/event-stream")
