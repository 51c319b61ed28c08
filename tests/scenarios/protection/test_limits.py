"""What is refused before it does anything, the same on every surface, and told to the audit log."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client

from jmcp.options.settings import MIB, Settings
from jmcp.transport.mcp import stdio
from jmcp.transport.mcp.stdio_fds import StdioFds
from tests.jupyter_process import TOKEN, StartJupyter
from tests.notebooks import write_notebook
from tests.running_jmcp import Mode
from tests.scenarios.protection.conftest import FencedJmcp, StartJmcp
from tests.surfaces.conftest import RecordingDispatcher

SECONDS = 60
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
SLOW = 0.01
"""Calls a second: its bucket holds one call, and the next comes in a hundred seconds."""


class ServedJmcp:
    """jmcp inside of a Jupyter Server, over HTTP."""

    def __init__(self, url: str, root: Path, http: httpx.AsyncClient) -> None:
        self.url = url
        self.root = root
        self.http = http

    async def rest(self, method: str, path: str, **given: Any) -> httpx.Response:
        return await self.http.request(method, f"{self.url}/jmcp/v1{path}", **given)

    async def tool(self, name: str, **arguments: Any) -> httpx.Response:
        body = {"tool_name": name, "arguments": arguments}
        return await self.http.post(f"{self.url}/mcp/tools/call", json=body)

    async def opened(self) -> str:
        answer = await self.rest("POST", "/sessions", json={"notebook_path": "a.ipynb"})
        session: str = answer.json()["session_id"]
        return session


@asynccontextmanager
async def serving(jupyter: StartJupyter, **settings: Any) -> AsyncIterator[ServedJmcp]:
    app = await jupyter(collaboration=False, extensions=["jmcp"], JmcpExtension=settings)
    write_notebook(Path(app.root_dir) / "a.ipynb", "print('from the cell')")
    async with httpx.AsyncClient(headers=HEADERS, timeout=SECONDS) as http:
        yield ServedJmcp(f"http://127.0.0.1:{app.port}", Path(app.root_dir), http)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


async def test_every_surface_says_when_to_come_back(jupyter: StartJupyter) -> None:
    async with serving(jupyter, calls_per_second=SLOW, owner_calls_per_second=0) as server:
        session = await server.opened()
        # Opening took the session's only token.
        rest = await server.rest("GET", f"/sessions/{session}/notebook")
        facade = await server.tool("read_notebook", session_id=session)
        for answer in (rest, facade):
            assert answer.status_code == 429
            problem = answer.json()
            assert (problem["code"], problem["retry"]) == ("rate_limited", "later")
            assert 0 < problem["details"]["retry_after"] <= 100.001
            assert 1 <= int(answer.headers["retry-after"]) <= 101
            assert int(answer.headers["retry-after"]) >= problem["details"]["retry_after"] - 1
        for mode in ("auto", "legacy"):
            transport = streamable_http_client(f"{server.url}/mcp", http_client=server.http)
            async with Client(transport, mode=mode) as client:
                for _ in range(3):
                    await client.list_tools()
                result = await client.call_tool("read_notebook", {"session_id": session})
            assert result.is_error
            assert result.meta is not None
            error = result.meta["jmcp/error"]
            assert error["code"] == "rate_limited"
            assert 0 < error["details"]["retry_after"] <= 100.001
            assert "call again in" in result.content[0].text  # type: ignore[union-attr]
        stream = await server.rest(
            "POST",
            f"/sessions/{session}/code",
            json={"code": "1"},
            headers={"Accept": "text/event-stream"},
        )
        assert stream.status_code == 429
        assert "retry-after" in stream.headers
        # Another session is not slowed down, nor what belongs to none.
        assert (
            await server.rest("GET", f"/sessions/{await server.opened()}/notebook")
        ).status_code == 429
        assert (await server.rest("GET", "/kernels")).status_code == 200


async def test_health_metrics_and_listings_are_not_counted(jupyter: StartJupyter) -> None:
    async with serving(jupyter, owner_calls_per_second=SLOW) as server:
        for _ in range(5):
            for path in ("/mcp/healthz", "/mcp/tools/list", "/jmcp/metrics", "/jmcp/openapi.json"):
                assert (await server.http.get(f"{server.url}{path}")).status_code == 200
        assert (await server.rest("GET", "/kernels")).status_code == 200
        assert (await server.rest("GET", "/kernels")).status_code == 429


async def test_waiting_for_a_run_is_one_call(start_jmcp: StartJmcp) -> None:
    server = await start_jmcp(
        "local file", Settings(calls_per_second=0.3, owner_calls_per_second=0)
    )
    write_notebook(server.root / "a.ipynb", "import time; time.sleep(1)")
    session = (await server.call("use_notebook", notebook_path="a.ipynb"))["session_id"]
    # The bucket holds three, and waiting for the run must not take the third.
    run = await server.call("execute_cell", session_id=session, cell_index=0, wait=60)
    assert run["status"] == "ok"
    execution = run["execution_id"]
    ended = await server.call("get_execution", session_id=session, execution_id=execution)
    assert ended["status"] == "ok"


async def test_the_audit_log_has_every_call_and_every_refusal(
    jupyter: StartJupyter, tmp_path: Path
) -> None:
    path = tmp_path / "audit.jsonl"
    limits = {"calls_per_second": 0.6, "owner_calls_per_second": 0, "deny_tools": ["delete_cell"]}
    async with serving(jupyter, audit_log=str(path), **limits) as server:
        session = await server.opened()
        secret = "cell_source_that_nobody_asked_for"
        await server.tool(
            "insert_cell",
            session_id=session,
            cell_index=0,
            cell_type="code",
            cell_source=secret,
        )
        await server.tool("read_cell", session_id=session, cell_id="c0")
        await server.tool("read_cell", session_id=session, cell_id="none")
        await server.tool("delete_cell", session_id=session, cell_ids=["c0"])
        await server.tool("read_cell", session_id=session, cell_id=7)
        await server.tool("read_cell", session_id="unknown-one", cell_id="c0")
        for _ in range(1000):
            answer = await server.tool("read_notebook", session_id=session)
            if answer.status_code == 429:
                break
        found = [line for line in lines(path) if line["event"] == "call"]
        text = path.read_text()
    assert secret not in text
    assert "from the cell" not in text
    assert session not in text
    assert "unknown-one" not in text
    assert TOKEN not in text
    outcomes = [(line["tool"], line["outcome"]) for line in found]
    assert outcomes[:7] == [
        ("use_notebook", "ok"),
        ("insert_cell", "ok"),
        ("read_cell", "ok"),
        ("read_cell", "cell_not_found"),
        ("delete_cell", "not_permitted"),
        ("read_cell", "invalid_arguments"),
        ("read_cell", "session_not_found"),
    ]
    assert outcomes[-1] == ("read_notebook", "rate_limited")
    masked = f"{session[:2]}***"
    for line in found:
        assert line["principal"]
        assert len(line["request_id"]) >= 8
        assert line["seconds"] >= 0
        assert line["session"] == ("un***" if line["outcome"] == "session_not_found" else masked)
    assert found[1]["notebook"] == "a.ipynb"
    assert found[1]["cells"]
    assert [line["cells"] for line in found[2:5]] == [["c0"], ["none"], ["c0"]]
    # What failed on a session says on which notebook.
    assert found[3]["notebook"] == "a.ipynb"


async def test_a_call_never_fails_for_the_audit_log(jupyter: StartJupyter, tmp_path: Path) -> None:
    path = tmp_path / "folder" / "audit.jsonl"
    async with serving(jupyter, audit_log=str(path)) as server:
        session = await server.opened()
        path.parent.mkdir()
        assert (await server.rest("GET", f"/sessions/{session}/notebook")).status_code == 200
    found = [line["event"] for line in lines(path)]
    assert found[0] == "lines_lost"
    assert "call" in found


async def test_bodies_above_the_limit_are_refused(jupyter: StartJupyter) -> None:
    async with serving(jupyter, max_request_mib=1) as server:
        session = await server.opened()
        source = "x" * MIB
        cell = {"cell_index": 0, "cell_type": "code", "cell_source": source}
        message = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {"name": "insert_cell", "arguments": cell | {"session_id": session}},
        }
        for answer in (
            await server.rest("POST", f"/sessions/{session}/cells", json=cell),
            await server.tool("insert_cell", session_id=session, **cell),
            await server.http.post(f"{server.url}/mcp", json=message),
            await server.http.post(f"{server.url}/mcp", content=chunks(source), headers=JSON),
        ):
            too_large(answer)
        # Two bytes each in JSON: of a cell that many characters would be too many.
        cell["cell_source"] = "\\" * (MIB // 2 - 500)
        fits = await server.rest("POST", f"/sessions/{session}/cells", json=cell)
        assert fits.status_code == 201


JSON = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}


def too_large(answer: httpx.Response) -> None:
    assert answer.status_code == 413, answer.text
    problem = answer.json()
    assert problem["code"] == "body_too_large"
    assert f"{MIB:,}" in problem["detail"]


async def chunks(text: str) -> AsyncIterator[bytes]:
    """A body of no stated length."""
    yield b'{"tool_name": "'
    for start in range(0, len(text), 2**16):
        yield text[start : start + 2**16].encode()
    yield b'"}'


async def test_jupyters_own_limit_holds_before_ours(jupyter: StartJupyter) -> None:
    """Tornado has a whole body in memory before any handler sees it, so its limit is that of memory."""
    app = await jupyter(
        collaboration=False,
        extensions=["jmcp"],
        ServerApp={"max_body_size": MIB, "max_buffer_size": 2 * MIB},
    )
    app.http_server.conn_params.max_body_size = MIB  # as its own server would have it
    async with httpx.AsyncClient(headers=HEADERS, timeout=SECONDS) as http:
        url = f"http://127.0.0.1:{app.port}/mcp/tools/call"
        body = {"tool_name": "list_kernels", "arguments": {"x": "x" * 2 * MIB}}
        try:
            answer = await http.post(url, json=body)
        except httpx.TransportError:
            pass  # closed while it still sends, which is all that Tornado does
        else:
            assert answer.status_code in (400, 413)
        assert (await http.post(url, json={"tool_name": "list_kernels"})).status_code == 200


@contextmanager
def pipes() -> Iterator[tuple[StdioFds, int, int]]:
    stdin, sending = os.pipe()
    receiving, stdout = os.pipe()
    try:
        yield StdioFds(stdin=stdin, stdout=stdout), sending, receiving
    finally:
        for descriptor in (receiving, stdin, stdout):
            os.close(descriptor)


async def test_a_line_above_the_limit_is_answered_and_passed_over() -> None:
    recording = RecordingDispatcher()
    limit = 10_000
    ping = {"jsonrpc": "2.0", "id": "p", "method": "ping"}

    def call(number: Any, size: int) -> dict[str, Any]:
        arguments = {"code": "x" * size, "id": 99}
        params = {"name": "execute_code", "arguments": arguments}
        return {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}

    late = call(5, limit)
    late["id"] = late.pop("id")  # after its params: nobody looks for it that far
    sent = [call(3, limit), call("four", 300_000), late, ping]
    with pipes() as (wire, sending, receiving):
        serving = asyncio.create_task(
            stdio.serve(
                recording,
                wire,
                stdio.PendingAnswers(),
                peer=stdio.client(),
                version="1",
                toolsets=("core",),
                max_line_bytes=limit,
            )
        )
        data = b"".join(json.dumps(message).encode() + b"\n" for message in sent)
        writing = asyncio.create_task(asyncio.to_thread(write_all, sending, data))
        answers: list[dict[str, Any]] = []
        async with asyncio.timeout(SECONDS):
            async for line in read_lines(receiving):
                answers.append(json.loads(line))
                if len(answers) == len(sent):
                    break
            await writing
            os.close(sending)
            await serving
    refused = [answer for answer in answers if answer.get("id") != "p"]
    assert [answer["id"] for answer in refused] == [3, "four", None]
    for answer in refused:
        assert answer["error"]["code"] == -32600
        assert f"{limit:,}" in answer["error"]["message"]
    assert [answer["id"] for answer in answers if answer.get("id") == "p"] == ["p"]
    assert recording.calls == []


def write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


async def read_lines(descriptor: int) -> AsyncIterator[bytes]:
    rest = b""
    while True:
        rest += await asyncio.to_thread(os.read, descriptor, 2**16)
        *whole, rest = rest.split(b"\n")
        for line in whole:
            yield line


@pytest.mark.parametrize("mode", ["local live", "local file", "remote live", "remote file"])
async def test_a_notebook_above_the_limit_is_not_opened(start_jmcp: StartJmcp, mode: Mode) -> None:
    settings = Settings(max_notebook_mib=1, calls_per_second=0, owner_calls_per_second=0)
    server = await start_jmcp(mode, settings)
    write_notebook(server.root / "large.ipynb", "x" * MIB)
    write_notebook(server.root / "fits.ipynb", "x" * (MIB - 2000))
    code = await server.refused("use_notebook", notebook_path="large.ipynb")
    assert code == "notebook_too_large"
    assert (await server.call("use_notebook", notebook_path="fits.ipynb"))["cell_count"] == 1


async def test_nor_one_that_a_browser_has_open(start_jmcp: StartJmcp) -> None:
    settings = Settings(max_notebook_mib=1, calls_per_second=0, owner_calls_per_second=0)
    server: FencedJmcp = await start_jmcp("local live", settings)
    write_notebook(server.root / "large.ipynb", "x" * MIB)
    (extension,) = server.app.extension_manager.extension_apps["jupyter_server_ydoc"]
    file_id = server.app.web_app.settings["file_id_manager"].index("large.ipynb")
    room = f"json:notebook:{file_id}"
    await extension.get_document(room_id=room, copy=False, create=True)
    code = await server.refused("use_notebook", notebook_path="large.ipynb")
    assert code == "notebook_too_large"
