"""What keeps a Jupyter Server alive for whatever ends idle ones, as a JupyterHub's culler does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any

import pytest

from jmcp.hosting.activity import API_ACTIVITY, HUB_INTERVAL, ActivityNotes, look_seconds
from jmcp.hosting.extension import JmcpExtension
from tests.jupyter_process import StartJupyter
from tests.surfaces.conftest import ExtensionServer, client_of

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
LIMIT = 60
INITIALIZE = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "idle", "version": "1"},
}


@pytest.mark.parametrize(
    ("variables", "seconds"),
    [
        ({}, 30),
        ({HUB_INTERVAL: "300"}, 30),
        ({HUB_INTERVAL: "10"}, 5),
        ({HUB_INTERVAL: "0"}, 30),
        ({HUB_INTERVAL: "soon"}, 30),
        ({HUB_INTERVAL: "nan"}, 30),
    ],
)
def test_each_report_to_a_hub_has_a_look_of_its_own(
    variables: dict[str, str], seconds: float
) -> None:
    assert look_seconds(variables) == seconds


class Watched:
    """A server, and whether it looks used from one look to the next."""

    def __init__(self, server: ExtensionServer) -> None:
        self.server = server
        [found] = server.serverapp.extension_manager.extension_apps["jmcp"]
        assert isinstance(found, JmcpExtension)
        notes = found.hosted.notes
        assert notes is not None
        self.notes: ActivityNotes = notes
        self.settings = server.serverapp.web_app.settings

    def in_use(self) -> bool:
        self.settings[API_ACTIVITY] = LONG_AGO
        self.notes.look()
        return bool(self.settings[API_ACTIVITY] != LONG_AGO)

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        body = {"tool_name": tool, "arguments": arguments}
        response = await self.server.client.post("/mcp/tools/call", json=body)
        assert response.is_success, response.text
        result: dict[str, Any] = response.json()["result"]
        return result

    async def rpc(self, method: str, headers: dict[str, str], **params: Any) -> Any:
        message: dict[str, Any] = {"jsonrpc": "2.0", "method": method, "params": params}
        if not method.startswith("notifications/"):
            message["id"] = 1
        accepted = {"Accept": "application/json, text/event-stream", **headers}
        response = await self.server.client.post("/mcp", json=message, headers=accepted)
        assert response.is_success, response.text
        return response


async def watching(server: ExtensionServer) -> Watched:
    assert (await server.client.get("/mcp/healthz")).is_success  # jmcp has started by then
    return Watched(server)


async def until(condition: Callable[[], Awaitable[bool] | bool]) -> None:
    async with asyncio.timeout(LIMIT):
        while True:
            found = condition()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.01)


async def test_calls_and_code_that_runs_keep_a_server_alive_and_open_streams_do_not(
    extension: ExtensionServer,
) -> None:
    watched, client = await watching(extension), extension.client
    async with AsyncExitStack() as streams:
        # An agent that is connected and does nothing, and a tab with the workbench that is forgotten.
        opened = await watched.rpc("initialize", {}, **INITIALIZE)
        session = {"Mcp-Session-Id": opened.headers["mcp-session-id"]}
        await watched.rpc("notifications/initialized", session)
        idle = {**session, "Accept": "text/event-stream"}
        events = {"Accept": "text/event-stream"}
        await streams.enter_async_context(client.stream("GET", "/mcp", headers=idle))
        looking_on = client.stream("GET", "/jmcp/v1/activity", headers=events)
        activity = await streams.enter_async_context(looking_on)
        assert activity.headers["content-type"].startswith("text/event-stream")
        assert watched.in_use() is False

        # What clients, probes and Prometheus ask again and again, whether anybody works or not.
        await watched.rpc("ping", session)
        await watched.rpc("tools/list", session)
        await watched.call("list_activity")
        for path in ("/mcp/healthz", "/jmcp/metrics", "/jmcp/v1/activity", "/jmcp/workbench"):
            assert (await client.get(path)).is_success
        async with client_of(extension.serverapp, **{"X-None": ""}) as stranger:
            assert (await stranger.get("/jmcp/v1/kernels")).status_code == 401
            await stranger.post("/jmcp/v1/tickets/redemption", json={"ticket": "none"})
        assert watched.in_use() is False

        # A call that ended, once.
        assert (await client.get("/jmcp/v1/kernels")).is_success
        assert [watched.in_use(), watched.in_use()] == [True, False]

        # A cell that computes and prints nothing, for which no call waits.
        made = await watched.call("use_notebook", notebook_path="a.ipynb", mode="create")
        named = {"session_id": made["session_id"]}
        source = "import time; print('begun', flush=True); time.sleep(3600)"
        run = {**named, "cell_index": -1, "cell_source": source}
        begun = await watched.call("insert_execute_code_cell", wait=1, **run)
        assert begun["status"] == "running"
        assert [watched.in_use(), watched.in_use(), watched.in_use()] == [True] * 3

        # The call that waits for it, of which nothing has ended yet.
        which = {**named, "execution_id": begun["execution_id"]}
        waiting = asyncio.create_task(watched.call("get_execution", wait=60, **which))

        async def waits() -> bool:
            return "jmcp_calls_in_progress 1.0" in (await client.get("/jmcp/metrics")).text

        await until(waits)
        assert watched.in_use()
        await watched.call("interrupt_kernel", **named)
        await waiting
        assert [watched.in_use(), watched.in_use()] == [True, False]


async def test_code_of_others_that_computes_keeps_a_server_alive(jupyter: StartJupyter) -> None:
    app = await jupyter(collaboration=False, extensions=["jmcp"])
    manager: Any = app.kernel_manager
    async with client_of(app) as client:
        watched = await watching(ExtensionServer(app, client))
        kernel_id = await manager.start_kernel()
        kernel = manager.get_kernel(kernel_id)
        asked = kernel.client()
        asked.start_channels()
        try:
            await asked.wait_for_ready(timeout=LIMIT)
            assert watched.in_use() is False
            asked.execute("import time; time.sleep(3600)")
            await until(lambda: kernel.execution_state == "busy")
            assert [watched.in_use(), watched.in_use()] == [True, True]
        finally:
            asked.stop_channels()
            await manager.shutdown_kernel(kernel_id, now=True)
        assert watched.in_use() is False


async def test_a_server_looks_by_itself(
    jupyter: StartJupyter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(HUB_INTERVAL, "0.1")
    app = await jupyter(collaboration=False, extensions=["jmcp"])
    async with client_of(app) as client:
        assert API_ACTIVITY not in app.web_app.settings
        assert (await client.get("/jmcp/v1/kernels")).is_success
        await until(lambda: API_ACTIVITY in app.web_app.settings)
        assert app.web_app.last_activity() == app.web_app.settings[API_ACTIVITY]
