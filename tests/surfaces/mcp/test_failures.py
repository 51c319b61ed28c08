"""What fails inside of one request is answered there, and every other client goes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, NoReturn

import httpx2 as httpx
import pytest
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.applications import Starlette
from starlette.routing import Mount

from jmcp.core import background
from jmcp.core.calls.call import Caller, Outcome
from jmcp.transport.mcp import streamable_http
from jmcp.transport.mcp.result_form import ResultForm
from jmcp.transport.mcp.server import mcp_server
from jmcp.transport.mcp.streamable_http import StreamableHttp
from jmcp.transport.mcp.tool_list import ToolList
from jmcp.transport.problems import Problem
from jmcp.transport.site import on_problem, site
from tests.surfaces.conftest import Client, RecordingDispatcher, client_of_site
from tests.surfaces.mcp.test_direct_calls import (
    ACCEPT,
    HANDSHAKE,
    PLAIN_TOOL,
    RUNNING_TOOL,
    Era,
    message,
    opened,
)

SECONDS = 10
SECRET = "secret of the native library"


class Panic(BaseException):
    """As PyO3's PanicException, which pycrdt and pydantic raise when their own code fails."""


class PanickingDispatcher(RecordingDispatcher):
    """Its calls of a cell with index 13 panic."""

    async def call(self, name: str, arguments: dict[str, Any], caller: Caller) -> Outcome:
        outcome = await super().call(name, arguments, caller)
        if arguments.get("cell_index") == 13:
            raise Panic(SECRET)
        return outcome


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with client_of_site(site(PanickingDispatcher(), version="1.2.3")) as client:
        yield client


@pytest.mark.parametrize("tool", [PLAIN_TOOL, RUNNING_TOOL])
@pytest.mark.parametrize("meta", [{}, {"progressToken": 1}], ids=["plain", "with progress"])
async def test_a_panic_in_a_session_leaves_the_others(
    client: Client, tool: str, meta: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    panicking, other = Era(client, await opened(client)), Era(client, await opened(client))
    async with asyncio.timeout(SECONDS):
        answer = await panicking.post(message(tool, arguments={"cell_index": 13}, _meta=meta))
        assert (answer.status_code, SECRET in answer.text) == (200, False)
        assert '"code":-32603' in answer.text
        for era in (panicking, other):
            answer = await era.post(message(tool, arguments={"cell_index": 1}, _meta=meta))
            assert '"isError":false' in answer.text
    assert SECRET in caplog.text


async def test_a_panic_without_a_session(client: Client) -> None:
    era = Era(client, None)
    answer = await era.post(message(arguments={"cell_index": 13}))
    assert answer.json()["error"] == {"code": -32603, "message": "Internal server error"}


async def test_a_panic_over_rest_is_a_problem(client: Client) -> None:
    answer = await client.post(
        "/mcp/tools/call", json={"tool_name": PLAIN_TOOL, "arguments": {"cell_index": 13}}
    )
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert SECRET not in answer.text


# -- the SDK's manager ------------------------------------------------------------------------------


@pytest.fixture
def failing_manager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "FIRST_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(background, "failures", type(background.failures)())


@asynccontextmanager
async def served(streamable: StreamableHttp) -> AsyncIterator[Client]:
    """A client of nothing but the SDK's protocol."""
    app = Starlette(routes=[Mount("/mcp", streamable)], exception_handlers={Problem: on_problem})
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://localhost", follow_redirects=True
    ) as client:
        yield client


def streamable(started: Callable[[], None] = lambda: None) -> StreamableHttp:
    """`started` is called whenever a manager is made to be run."""
    dispatcher = RecordingDispatcher()
    form = ResultForm("always", ())
    server = mcp_server(dispatcher, ToolList(dispatcher.api, ("core",)), "1.2.3", form=form)

    def made() -> StreamableHTTPSessionManager:
        started()
        return StreamableHTTPSessionManager(server)

    return StreamableHttp(made)


async def panic() -> NoReturn:
    raise Panic(SECRET)


async def initialized(client: Client) -> tuple[int, dict[str, str]]:
    """The status and the session of a new client."""
    params = {
        "protocolVersion": HANDSHAKE,
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    }
    first = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}
    answer = await client.post("/mcp/", json=first, headers=ACCEPT)
    session = answer.headers.get("Mcp-Session-Id", "")
    return answer.status_code, {"Mcp-Session-Id": session}


@pytest.mark.usefixtures("failing_manager")
async def test_a_manager_that_fails_is_started_again(caplog: pytest.LogCaptureFixture) -> None:
    again = asyncio.Event()
    made = streamable(again.set)
    async with made.running(), served(made) as client, asyncio.timeout(SECONDS):
        status, session = await initialized(client)
        assert status == 200
        first = made.manager
        assert first._task_group is not None
        again.clear()
        first._task_group.start_soon(panic)
        await again.wait()
        ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
        # Its session is gone, which tells a client to open another one.
        gone = await client.post("/mcp/", json=ping, headers=ACCEPT | session)
        assert gone.status_code == 404
        status, session = await initialized(client)
        assert status == 200
        assert (await client.post("/mcp/", json=ping, headers=ACCEPT | session)).status_code == 200
    assert background.failures["mcp-sessions"] == 1
    assert SECRET in caplog.text


async def test_a_request_while_no_manager_runs_is_told_when_to_come_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(streamable_http, "RESTART_SECONDS", 0.01)
    async with served(streamable()) as client, asyncio.timeout(SECONDS):
        answer = await client.post("/mcp/", json={}, headers=ACCEPT)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert answer.json()["code"] == "not_ready"


async def test_requests_wait_for_a_manager_that_is_being_started() -> None:
    made = streamable()
    async with served(made) as client, asyncio.timeout(SECONDS):
        asking = asyncio.create_task(initialized(client))
        await asyncio.sleep(0)
        async with made.running():
            assert (await asking)[0] == 200
