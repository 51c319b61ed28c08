"""A stream of notifications ends once its token was removed, in both eras."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from jmcp.core.calls.principal import Principal
from jmcp.transport.mcp import open_streams
from jmcp.transport.site import site
from tests.surfaces.conftest import RecordingDispatcher, client_of_site
from tests.surfaces.mcp.test_direct_calls import ACCEPT, META, MODERN, SECONDS, opened

LISTEN = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "subscriptions/listen",
    "params": {"notifications": {"toolsListChanged": True}, "_meta": META},
}


@pytest.mark.parametrize("handshake", [True, False], ids=["handshake", "modern"])
async def test_it_ends(handshake: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_streams, "CHECK_SECONDS", 0.01)
    named = {"jmcp_reader": Principal(name="token:reader")}
    asked = asyncio.Semaphore(0)

    def principal(token: str) -> Principal | None:
        asked.release()
        return named.get(token)

    made = site(RecordingDispatcher(), version="1", token="own", named=principal)
    async with asyncio.timeout(SECONDS), client_of_site(made) as client:
        client.headers["Authorization"] = "Bearer jmcp_reader"
        if handshake:
            session = await opened(client)
            listening: Any = client.get("/mcp", headers=ACCEPT | session)
        else:
            own = {"MCP-Protocol-Version": MODERN, "Mcp-Method": "subscriptions/listen"}
            listening = client.post("/mcp", json=LISTEN, headers=ACCEPT | own)
        while not asked.locked():  # what was asked until now
            await asked.acquire()
        stream = asyncio.ensure_future(listening)
        for _ in ("the request", "its stream", "its stream again"):
            await asked.acquire()
        assert not stream.done()
        del named["jmcp_reader"]
        response = await stream
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/event-stream")
