"""How far a run is, and callers who leave: over MCP in both eras, and over REST.

Once inside Jupyter through the bridge, and once in uvicorn.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
import uvicorn
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client

from jmcp.compose import API
from jmcp.core.calls.dispatcher import Dispatcher
from jmcp.transport.middleware.host_origin import HostOriginPolicy
from jmcp.transport.site import site
from jmcp_handlers import HANDLERS
from jmcp_jupyter.documents.local.documents import LocalDocuments
from jmcp_jupyter.kernels.local.kernels import LocalKernels
from tests.jupyter_process import StartJupyter
from tests.surfaces.conftest import HEADERS, root_url
from tests.surfaces.mcp.test_mcp import ERAS, Era
from tests.thorough import fast_only
from tests.typed import rows_of

BOUND_SECONDS = 60
STARTED = "import os, time\nopen('started', 'w').close()\n"
UNTIL_GO = "while not os.path.exists('go'): time.sleep(0.01)\n"
UNTIL_INTERRUPTED = """import time
try:
    open('started', 'w').close()
    print('one', flush=True)
    while True: time.sleep(0.01)
except KeyboardInterrupt:
    open('interrupted', 'w').close()
"""
STREAM = {"Accept": "text/event-stream"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    """A server with its folder. `url` has no slash at its end."""

    url: str
    root: Path

    def http(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=f"{self.url}/jmcp/v1", headers=HEADERS, timeout=BOUND_SECONDS
        )

    @contextlib.asynccontextmanager
    async def mcp(self, era: Era) -> AsyncIterator[Client]:
        async with (
            httpx.AsyncClient(headers=HEADERS, timeout=BOUND_SECONDS) as http,
            Client(streamable_http_client(f"{self.url}/mcp", http_client=http), mode=era) as client,
        ):
            yield client

    async def session(self, *sources: str) -> str:
        """A session on a new notebook with those cells and a running kernel."""
        async with self.http() as http:
            path = {"notebook_path": "a.ipynb", "mode": "create"}
            session = str((await http.post("/sessions", json=path)).json()["session_id"])
            cells = [{"cell_index": -1, "cell_type": "code", "cell_source": s} for s in sources]
            for cell in cells:
                assert (await http.post(f"/sessions/{session}/cells", json=cell)).status_code == 201
            assert (
                await http.delete(f"/sessions/{session}/cells?cell_indices=0")
            ).status_code == 200
            ran = (await http.post(f"/sessions/{session}/code", json={"code": "1"})).json()
            assert ran.get("status", "ok") == "ok"
        return session

    async def appears(self, name: str) -> None:
        async with asyncio.timeout(BOUND_SECONDS):
            while True:
                if await asyncio.to_thread((self.root / name).exists):
                    return
                await asyncio.sleep(0.01)

    def go(self) -> None:
        """Let the run that waits for it end."""
        (self.root / "go").touch()

    async def latest(self, session: str, **wait: float) -> dict[str, Any]:
        """The latest run of the session, or the one that runs, after waiting for it."""
        async with self.http() as http:
            listed = (await http.get(f"/sessions/{session}/executions")).json()
            rows = rows_of(listed["executions"])
            path = f"/sessions/{session}/executions/{rows[0]['execution_id']}"
            result: dict[str, Any] = (await http.get(path, params=wait)).json()
        return result


@pytest.fixture(params=fast_only(["jupyter", "uvicorn"], "jupyter"))
async def web(request: pytest.FixtureRequest, jupyter: StartJupyter) -> AsyncIterator[Web]:
    extension = request.param == "jupyter"
    serverapp = await jupyter(collaboration=False, extensions=["jmcp"] if extension else [])
    root = Path(serverapp.root_dir)
    if extension:
        yield Web(url=root_url(serverapp), root=root)
        return
    dispatcher = Dispatcher(
        api=API,
        handlers=HANDLERS,
        documents=LocalDocuments(serverapp),
        kernels=LocalKernels(serverapp),
        strict=True,
    )
    made = site(dispatcher, version="1.2.3", host_origin=HostOriginPolicy())
    config = uvicorn.Config(made, port=0, log_config=None, lifespan="on")
    server = uvicorn.Server(config)
    listener = config.bind_socket()
    listener.listen()
    # Not `serve`, which takes the signals of the process.
    serving = asyncio.create_task(server._serve([listener]))
    yield Web(url=f"http://127.0.0.1:{listener.getsockname()[1]}", root=root)
    server.should_exit = True
    await serving


BOTH = pytest.mark.parametrize("web", ["jupyter", "uvicorn"], indirect=True)
"""For what the two servers have each their own way of noticing: a client that is gone."""


@pytest.fixture
async def cancelled() -> AsyncIterator[list[asyncio.Task[Any]]]:
    """Tasks that end with the test."""
    tasks: list[asyncio.Task[Any]] = []
    yield tasks
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


# -- MCP progress ------------------------------------------------------------------------------


@pytest.mark.parametrize("era", ERAS)
async def test_a_client_with_a_token_sees_how_far_a_cell_is(web: Web, era: Era) -> None:
    session = await web.session(f"{STARTED}print('half way')\n{UNTIL_GO}")
    told: list[tuple[float, float | None, str | None]] = []

    async def on_progress(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, total, message))
        if message == "running: half way":
            web.go()

    async with web.mcp(era) as client:
        answer = await client.call_tool(
            "execute_cell", {"session_id": session, "cell_index": 0}, progress_callback=on_progress
        )
    assert answer.structured_content is not None
    assert answer.structured_content.get("status", "ok") == "ok"
    seconds = [progress for progress, _, _ in told]
    assert seconds == sorted(set(seconds))
    assert {total for _, total, _ in told} == {None}
    assert told[-1][2] == "running: half way"


@pytest.mark.parametrize("era", ERAS)
async def test_progress_of_a_batch_counts_its_cells(web: Web, era: Era) -> None:
    session = await web.session("import os, time", f"print('now')\n{UNTIL_GO}", "3")
    told: list[tuple[float, float | None, str | None]] = []

    async def on_progress(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, total, message))
        if message == "running: 1 of 3 cells, cell 1: now":
            web.go()

    async with web.mcp(era) as client:
        answer = await client.call_tool(
            "run_cells", {"session_id": session}, progress_callback=on_progress
        )
    assert answer.structured_content is not None
    assert answer.structured_content["batch"]["done"] == 3
    done = [progress for progress, _, _ in told]
    assert done == sorted(set(done))
    assert {total for _, total, _ in told} == {3}
    assert any(1 <= step < 2 for step in done)


# -- callers who leave -------------------------------------------------------------------------


@pytest.mark.parametrize("era", ERAS)
async def test_a_cancelled_call_leaves_a_cell_running(
    web: Web, era: Era, cancelled: list[asyncio.Task[Any]]
) -> None:
    session = await web.session(f"{STARTED}{UNTIL_GO}print('whole')")
    async with web.mcp(era) as client:
        arguments = {"session_id": session, "cell_index": 0}
        call = asyncio.create_task(client.call_tool("execute_cell", arguments))
        cancelled.append(call)
        await web.appears("started")
        call.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await call
        # The same connection goes on.
        await client.call_tool("read_cell", arguments)
    assert (await web.latest(session, wait=0))["status"] == "running"
    web.go()
    ended = await web.latest(session)
    assert "status" not in ended, "ok is the default"
    assert ended["outputs"][0]["text"] == "whole\n"


@pytest.mark.parametrize("era", ERAS)
async def test_a_cancelled_call_interrupts_code(
    web: Web, era: Era, cancelled: list[asyncio.Task[Any]]
) -> None:
    session = await web.session("1")
    async with web.mcp(era) as client:
        arguments = {"session_id": session, "code": UNTIL_INTERRUPTED}
        call = asyncio.create_task(client.call_tool("execute_code", arguments))
        cancelled.append(call)
        await web.appears("started")
        call.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await call
        await web.appears("interrupted")


@BOTH
async def test_a_closed_stream_of_the_handshake_era_interrupts_code(
    web: Web, cancelled: list[asyncio.Task[Any]]
) -> None:
    """The SDK's client says that it cancels; one that dies only closes its connection."""
    session = await web.session("1")
    headers = {**HEADERS, "Accept": "application/json, text/event-stream"}
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}}
    hello["clientInfo"] = {"name": "raw", "version": "0"}
    arguments = {"session_id": session, "code": UNTIL_INTERRUPTED}
    async with httpx.AsyncClient(headers=headers, timeout=BOUND_SECONDS) as http:

        def message(method: str, **rest: Any) -> dict[str, Any]:
            return {"jsonrpc": "2.0", "method": method, **rest}

        opened = await http.post(f"{web.url}/mcp", json=message("initialize", id=1, params=hello))
        http.headers["Mcp-Session-Id"] = opened.headers["mcp-session-id"]
        http.headers["MCP-Protocol-Version"] = "2025-06-18"
        await http.post(f"{web.url}/mcp", json=message("notifications/initialized"))
        params = {"name": "execute_code", "arguments": arguments}
        call = asyncio.create_task(
            http.post(f"{web.url}/mcp", json=message("tools/call", id=2, params=params))
        )
        cancelled.append(call)
        await web.appears("started")
        call.cancel()
        await web.appears("interrupted")


@BOTH
async def test_a_dropped_rest_call_leaves_a_cell_running_and_interrupts_code(
    web: Web, cancelled: list[asyncio.Task[Any]]
) -> None:
    session = await web.session(f"{STARTED}{UNTIL_GO}print('whole')")
    async with web.http() as http:
        call = asyncio.create_task(http.post(f"/sessions/{session}/cells/at/0/execution"))
        cancelled.append(call)
        await web.appears("started")
        call.cancel()
    assert (await web.latest(session, wait=0))["status"] == "running"
    web.go()
    assert (await web.latest(session))["outputs"][0]["text"] == "whole\n"
    (web.root / "started").unlink()
    async with web.http() as http:
        code = {"code": UNTIL_INTERRUPTED}
        call = asyncio.create_task(http.post(f"/sessions/{session}/code", json=code))
        cancelled.append(call)
        await web.appears("started")
        call.cancel()
        await web.appears("interrupted")


async def test_a_dropped_call_of_the_facade_interrupts_code(
    web: Web, cancelled: list[asyncio.Task[Any]]
) -> None:
    session = await web.session("1")
    code = {"session_id": session, "code": UNTIL_INTERRUPTED}
    async with web.http() as http:
        url = f"{web.url}/mcp/tools/call"
        body = {"tool_name": "execute_code", "arguments": code}
        call = asyncio.create_task(http.post(url, json=body))
        cancelled.append(call)
        await web.appears("started")
        call.cancel()
        await web.appears("interrupted")


# -- events ------------------------------------------------------------------------------------

Event = tuple[str, dict[str, Any]]


async def events(response: httpx.Response) -> AsyncIterator[Event]:
    """The events of a stream as (kind, data)."""
    assert response.headers["content-type"].startswith("text/event-stream")
    kind = ""
    async for line in response.aiter_lines():
        if line.startswith("event: "):
            kind = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield kind, json.loads(line.removeprefix("data: "))


def shown(seen: list[Event]) -> list[dict[str, Any]]:
    """The outputs that a reader of the events ends up with."""
    outputs: list[dict[str, Any]] = []
    for kind, data in seen:
        if kind == "clear":
            outputs = []
        elif kind == "output" and data["append"]:
            before = outputs[data["index"]]
            outputs[data["index"]] = before | {"text": before["text"] + data["output"]["text"]}
        elif kind == "output":
            outputs[data["index"] :] = [data["output"]]
    return outputs


async def test_a_run_is_a_stream_of_events_that_ends_with_its_result(web: Web) -> None:
    session = await web.session(f"{STARTED}print('one')\n{UNTIL_GO}print('two')\n'three'")
    seen: list[Event] = []
    async with (
        web.http() as http,
        http.stream(
            "POST", f"/sessions/{session}/cells/at/0/execution", headers=STREAM
        ) as response,
    ):
        async for event in events(response):
            seen.append(event)
            if event[0] == "output":
                web.go()
    assert [kind for kind, _ in seen if kind == "progress"]
    assert seen[-1][0] == "result"
    assert seen[-1][1].get("status", "ok") == "ok"
    stream, result = shown(seen)
    assert (stream["name"], stream["text"]) == ("stdout", "one\ntwo\n")
    assert result["data"] == {"text/plain": "'three'"}
    assert [data["append"] for kind, data in seen if kind == "output"][:2] == [False, True]


async def test_a_reader_who_leaves_stops_nothing_and_can_come_back(web: Web) -> None:
    session = await web.session(f"{STARTED}print('one')\n{UNTIL_GO}print('two')")
    async with (
        web.http() as http,
        http.stream(
            "POST", f"/sessions/{session}/cells/at/0/execution", headers=STREAM
        ) as response,
    ):
        async for kind, _ in events(response):
            if kind == "output":
                break
    running = await web.latest(session, wait=0)
    assert running["status"] == "running"
    seen: list[Event] = []
    path = f"/sessions/{session}/executions/{running['execution_id']}"
    async with web.http() as http, http.stream("GET", path, headers=STREAM) as response:
        async for event in events(response):
            seen.append(event)
            if event[0] == "output":
                web.go()
    assert seen[-1][1].get("status", "ok") == "ok"
    assert shown(seen)[0]["text"] == "one\ntwo\n"


async def test_a_reader_who_leaves_interrupts_code(web: Web) -> None:
    session = await web.session("1")
    code = {"code": UNTIL_INTERRUPTED}
    async with (
        web.http() as http,
        http.stream("POST", f"/sessions/{session}/code", json=code, headers=STREAM) as response,
    ):
        async for kind, _ in events(response):
            if kind == "output":
                break
    await web.appears("interrupted")


async def test_what_fails_at_once_is_a_problem_and_no_stream(web: Web) -> None:
    session = await web.session("1")
    async with web.http() as http:
        for path, status in (
            (f"/sessions/{session}/executions/nope", 404),
            ("/sessions/nosuchid/executions/a", 404),
        ):
            refused = await http.get(path, headers=STREAM)
            assert refused.status_code == status
            assert refused.headers["content-type"] == "application/problem+json"


async def test_a_client_that_takes_both_gets_what_it_names_first(web: Web) -> None:
    session = await web.session("1")
    path = f"/sessions/{session}/cells/at/0/execution"
    async with web.http() as http:
        for accept, kind in (
            ("text/event-stream, application/json", "text/event-stream"),
            ("application/json, text/event-stream", "application/json"),
            ("*/*", "application/json"),
        ):
            answer = await http.post(path, headers={"Accept": accept})
            assert answer.headers["content-type"].startswith(kind)


async def test_a_batch_is_a_stream_too(web: Web) -> None:
    session = await web.session("1", "2")
    async with (
        web.http() as http,
        http.stream("POST", f"/sessions/{session}/batches", headers=STREAM) as response,
    ):
        seen = [event async for event in events(response)]
    assert (seen[-1][0], seen[-1][1]["batch"]["done"]) == ("result", 2)
