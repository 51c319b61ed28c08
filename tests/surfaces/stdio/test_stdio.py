"""jmcp over stdio: what it writes, what it knows of its client, and above all how it ends."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from mcp_types import TextContent, TextResourceContents

from tests.network import network
from tests.served import (
    Served,
    environment,
    free_port,
    jupyter_server,
    standalone_command,
    standalone_variables,
)
from tests.stdio import Era, client, parameters
from tests.surfaces.mcp.connections import Inbox, told
from tests.thorough import amount, fast_only, thorough

SECONDS = 60
"""For what takes a second on a machine with nothing else to do."""

WRITTEN = ("type", "format", "content")
"""What is written of a file by Jupyter's contents API."""
INITIALIZE = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "test", "version": "1"},
}
MEET = """
import pathlib, time
pathlib.Path("started").touch()
while not pathlib.Path("go").exists():
    time.sleep(0.05)
pathlib.Path("done").touch()
"""


class Started:
    """The process, spoken to line by line: nothing helps it to end."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self._ids = iter(range(1, 1000))

    async def send(self, method: str, params: dict[str, Any] | None = None) -> int:
        """Send a request and return its id."""
        number = next(self._ids)
        await self.write({"jsonrpc": "2.0", "id": number, "method": method, "params": params or {}})
        return number

    async def write(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        await self.process.stdin.drain()

    async def ask(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send a request and read on to its answer; every line is JSON-RPC."""
        number = await self.send(method, params)
        assert self.process.stdout is not None
        while True:
            line = await asyncio.wait_for(self.process.stdout.readline(), SECONDS)
            assert line, "stdout ended before the answer"
            message: dict[str, Any] = json.loads(line)
            assert message["jsonrpc"] == "2.0"
            if message.get("id") == number:
                return message

    async def handshake(self) -> None:
        assert "result" in await self.ask("initialize", INITIALIZE)
        await self.write({"jsonrpc": "2.0", "method": "notifications/initialized"})

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        answer = await self.ask("tools/call", {"name": tool, "arguments": arguments})
        result: dict[str, Any] = answer["result"]
        return result

    def hang_up(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()

    async def ended(self) -> tuple[int, str]:
        """Its status and stderr, once it has ended; what was left on stdout is JSON-RPC."""
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        out, told, status = await asyncio.wait_for(
            asyncio.gather(
                self.process.stdout.read(), self.process.stderr.read(), self.process.wait()
            ),
            SECONDS,
        )
        for line in out.splitlines():
            assert json.loads(line)["jsonrpc"] == "2.0"
        return status, told.decode()


@asynccontextmanager
async def started(home: Path, variables: dict[str, str], *options: str) -> AsyncIterator[Started]:
    process = await asyncio.create_subprocess_exec(
        *standalone_command("--transport", "stdio", *options),
        env=environment(home) | variables,
        cwd=home,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        limit=2**24,
    )
    try:
        yield Started(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A Jupyter Server with collaboration and without jmcp, below a base_url."""
    base = tmp_path_factory.mktemp("remote")
    with jupyter_server(base / "home", base / "root", base_url="/user/ada/") as server:
        yield server


SECRET = "qzxv0192-distinctive"


def nowhere() -> dict[str, str]:
    return {"JMCP_JUPYTER_URL": f"http://127.0.0.1:{free_port()}/", "JMCP_JUPYTER_TOKEN": SECRET}


async def until(path: Path) -> None:
    """Wait until a kernel has made that file."""

    def wait() -> None:
        ends = time.monotonic() + SECONDS
        while not path.exists():
            assert time.monotonic() < ends, path
            time.sleep(0.05)

    await asyncio.to_thread(wait)


async def test_tools_are_listed_without_any_jupyter_and_calls_say_why(tmp_path: Path) -> None:
    async with started(tmp_path, nowhere()) as process:
        await process.handshake()
        listed = await process.ask("tools/list")
        assert "use_notebook" in {tool["name"] for tool in listed["result"]["tools"]}
        failed = await process.call("list_kernels")
        assert failed["isError"]
        assert failed["_meta"]["jmcp/error"]["code"] == "jupyter_unreachable"
        assert "connection refused" in failed["content"][0]["text"]
        answer = await process.call("debug_connection_status")
        found = answer["structuredContent"]
        assert (found["place"], found["answers"]) == ("remote", False)
        assert [one["code"] for one in found["problems"]] == ["jupyter_unreachable"]
        assert SECRET[:4] not in json.dumps(answer)
        process.hang_up()
        status, told = await process.ended()
    assert status == 0
    # Once, however often it was tried.
    assert told.count("connection refused") == 1


@pytest.mark.parametrize(
    ("number", "reachable"),
    [
        (signal.SIGTERM, True),
        (signal.SIGINT, False),
        pytest.param(signal.SIGTERM, False, marks=thorough),
        pytest.param(signal.SIGINT, True, marks=thorough),
    ],
)
async def test_a_signal_ends_it_cleanly(
    tmp_path: Path, remote: Served, number: signal.Signals, reachable: bool
) -> None:
    variables = standalone_variables(remote) if reachable else nowhere()
    async with started(tmp_path, variables) as process:
        await process.handshake()
        assert (await process.call("list_kernels"))["isError"] is not reachable
        process.process.send_signal(number)
        assert (await process.ended())[0] == 0


async def test_one_connection_is_one_client(tmp_path: Path, remote: Served) -> None:
    """What it opened is what its calls without a session_id mean; in another process it is not."""
    async with started(tmp_path, standalone_variables(remote)) as process:
        await process.handshake()
        opened = await process.call("use_notebook", notebook_path="one.ipynb", mode="create")
        session = opened["structuredContent"]["session_id"]
        assert len(session) == 8
        changed = await process.call("insert_cell", cell_index=-1, cell_type="code", cell_source="")
        assert changed["structuredContent"]["session_id"] == session
        process.hang_up()
        assert (await process.ended())[0] == 0
    async with started(tmp_path, standalone_variables(remote)) as process:
        await process.handshake()
        refused = await process.call("insert_cell", cell_index=-1, cell_type="code", cell_source="")
        assert refused["_meta"]["jmcp/error"]["code"] == "session_required"
        process.hang_up()
        assert (await process.ended())[0] == 0


@pytest.mark.parametrize("end", fast_only(["stdin", "signal"], "stdin"))
async def test_a_run_goes_on_in_the_kernel_when_the_client_leaves(
    tmp_path: Path, remote: Served, end: str
) -> None:
    for name in ("started", "go", "done"):
        (remote.root / name).unlink(missing_ok=True)
    async with started(tmp_path, standalone_variables(remote)) as process:
        await process.handshake()
        await process.call("use_notebook", notebook_path=f"{end}.ipynb", mode="create")
        run = {"cell_index": 0, "cell_source": MEET}
        await process.send("tools/call", {"name": "insert_execute_code_cell", "arguments": run})
        await until(remote.root / "started")
        if end == "stdin":
            process.hang_up()
        else:
            process.process.send_signal(signal.SIGTERM)
        assert (await process.ended())[0] == 0
    assert not (remote.root / "done").exists()
    (remote.root / "go").touch()
    await until(remote.root / "done")


@thorough
@pytest.mark.parametrize("end", fast_only(["stdin", "signal"], "stdin"))
async def test_it_ends_when_jupyter_does_not_answer_any_more(
    tmp_path: Path, remote: Served, end: str
) -> None:
    there = remote.url.split("/")[2]
    async with network(int(there.partition(":")[2])) as proxy:
        variables = standalone_variables(remote)
        variables["JMCP_JUPYTER_URL"] = remote.url.replace(there, f"127.0.0.1:{proxy.port}")
        async with started(tmp_path, variables) as process:
            await process.handshake()
            name = f"stalled-{end}.ipynb"
            await process.call("use_notebook", notebook_path=name, mode="create")
            ran = await process.call("insert_execute_code_cell", cell_index=0, cell_source="1")
            assert not ran["isError"]
            proxy.stall()
            edit = {"cell_index": 0, "cell_source": "x"}
            await process.send("tools/call", {"name": "overwrite_cell_source", "arguments": edit})
            assert "result" in await process.ask("tools/list")
            if end == "stdin":
                process.hang_up()
            else:
                process.process.send_signal(signal.SIGTERM)
            status, told = await process.ended()
            assert status == 0, told


async def test_it_works_once_jupyter_is_there_and_says_so(tmp_path: Path, remote: Served) -> None:
    there = remote.url.split("/")[2]
    async with network(int(there.partition(":")[2])) as proxy:
        proxy.cut()
        variables = standalone_variables(remote)
        variables["JMCP_JUPYTER_URL"] = remote.url.replace(there, f"127.0.0.1:{proxy.port}")
        async with started(tmp_path, variables) as process:
            await process.handshake()
            assert (await process.call("list_kernels"))["isError"]
            proxy.mend()
            # No waiting for the next attempt: the call makes one.
            assert not (await process.call("list_kernels"))["isError"]
            process.hang_up()
            _, told = await process.ended()
    assert "working on the Jupyter Server at" in told
    assert variables["JMCP_JUPYTER_TOKEN"] not in told


async def test_another_jmcp_on_the_same_jupyter_is_said(tmp_path: Path, remote: Served) -> None:
    """Once two are there, and not before: a process that ended is none."""
    for _ in range(amount(fast=1, all=2)):
        async with started(tmp_path, standalone_variables(remote)) as first:
            await first.handshake()
            assert not (await first.call("list_kernels"))["isError"]
            async with started(tmp_path, standalone_variables(remote)) as second:
                await second.handshake()
                assert not (await second.call("list_kernels"))["isError"]
                second.hang_up()
                assert "another jmcp works on" in (await second.ended())[1]
            first.hang_up()
            assert "another jmcp" not in (await first.ended())[1]


@pytest.mark.parametrize("wrong", fast_only(["url", "token", "path"], "token"))
async def test_asked_to_exit_it_says_in_one_line_why(
    tmp_path: Path, remote: Served, wrong: str
) -> None:
    variables = standalone_variables(remote)
    expected = {"url": "connection refused", "token": "refused the token", "path": "not a Jupyter"}
    if wrong == "url":
        variables = nowhere()
    elif wrong == "token":
        variables["JMCP_JUPYTER_TOKEN"] = "not-this-one"
    else:
        variables["JMCP_JUPYTER_URL"] = remote.url.removesuffix("user/ada/")
    async with started(tmp_path, variables, "--if-unavailable", "exit") as process:
        status, told = await process.ended()
    assert (status, told.count("\n"), expected[wrong] in told) == (1, 1, True), told
    assert told.startswith("jmcp: ")
    assert variables["JMCP_JUPYTER_TOKEN"] not in told


async def test_lines_that_are_no_messages_do_no_harm(tmp_path: Path) -> None:
    async with started(tmp_path, nowhere()) as process:
        assert process.process.stdin is not None
        process.process.stdin.write(b"\nnot json\n{}\n\xff\xfe\n" + b"[" * 200_000 + b"\n")
        await process.handshake()
        assert "result" in await process.ask("tools/list")
        # A line in pieces, and much longer than a pipe holds.
        long = await process.call("read_cell", cell_index=0, notebook_path="x" * 3_000_000)
        assert long["isError"]
        process.hang_up()
        assert (await process.ended())[0] == 0


async def test_a_client_that_reads_no_more_is_one_that_left(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    process = await asyncio.create_subprocess_exec(
        *standalone_command("--transport", "stdio"),
        env=environment(tmp_path) | nowhere(),
        stdin=subprocess.PIPE,
        stdout=writing,
        stderr=subprocess.PIPE,
    )
    os.close(writing)
    os.close(reading)
    try:
        await Started(process).send("initialize", INITIALIZE)
        assert process.stderr is not None
        told, status = await asyncio.wait_for(
            asyncio.gather(process.stderr.read(), process.wait()), SECONDS
        )
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert (status, b"Traceback" in told) == (0, False), told


@pytest.mark.parametrize("mode", fast_only(["auto", "legacy"], "auto"))
async def test_the_official_client_in_either_era(tmp_path: Path, remote: Served, mode: Any) -> None:
    async with client(parameters(tmp_path, remote), mode) as connected:
        assert len((await connected.list_tools()).tools) > 10
        result = await connected.call_tool("list_kernels", {})
        assert not result.is_error


@pytest.mark.parametrize("end", fast_only(["stdin", "signal"], "stdin"))
async def test_jupyterlab_in_the_same_process(tmp_path: Path, end: str) -> None:
    """Without a URL. Nothing that it or a kernel prints reaches the client."""
    root = str(tmp_path)
    async with started(tmp_path, {}, "--root-dir", root) as process:
        await process.handshake()
        assert "result" in await process.ask("tools/list")
        opened = await process.call("use_notebook", notebook_path="a.ipynb", mode="create")
        assert "document" not in opened["structuredContent"], "live is the default"
        code = "import os; os.system('echo from a child of the kernel'); print(6 * 7)"
        ran = await process.call("insert_execute_code_cell", cell_index=0, cell_source=code)
        assert "42" in json.dumps(ran["structuredContent"]["outputs"])
        if end == "stdin":
            process.hang_up()
        else:
            process.process.send_signal(signal.SIGTERM)
        status, told = await process.ended()
    assert status == 0, told
    assert "JupyterLab is at http://127.0.0.1:" in told
    assert (tmp_path / ".config" / "jmcp" / "token").read_text() not in told
    assert "42" in (tmp_path / "a.ipynb").read_text()


def test_nothing_else_reaches_stdout(tmp_path: Path) -> None:
    code = """
import os, subprocess
from jmcp.transport.mcp.stdio_fds import StdioFds
wire = StdioFds.claim()
print("a stray print", flush=True)
os.write(1, b"a stray write\\n")
subprocess.run(["echo", "a stray child"], check=True)
read = os.read(0, 10)
os.write(wire.stdout, os.read(wire.stdin, 10) + read)
"""
    ended = subprocess.run(
        [sys.executable, "-c", code], input=b"wire", capture_output=True, check=True, cwd=tmp_path
    )
    assert ended.stdout == b"wire"
    assert ended.stderr.count(b"a stray") == 3


@pytest.mark.parametrize("mode", fast_only(["legacy", "auto"], "legacy"))
async def test_prompts_resources_and_changes_over_stdio(
    tmp_path: Path, remote: Served, mode: Era
) -> None:
    path = f"told {mode}.ipynb"
    uri = f"notebook://{quote(path)}"
    inbox = Inbox(mode)
    async with client(parameters(tmp_path, remote), mode, inbox.receive) as connected:
        made = {"notebook_path": path, "mode": "create"}
        opened = (await connected.call_tool("use_notebook", made)).structured_content
        assert opened is not None
        new = {"cell_index": -1, "cell_type": "markdown", "cell_source": "# Heading"}
        new["session_id"] = opened["session_id"]
        assert not (await connected.call_tool("insert_cell", new)).is_error
        (contents,) = (await connected.read_resource(uri)).contents
        assert isinstance(contents, TextResourceContents)
        assert "# Heading" in contents.text
        cite = {"prompt": "Why?", "cell_indices": "0-", "notebook_name": path}
        cited = (await connected.get_prompt("jupyter_cite", cite)).messages[0].content
        assert isinstance(cited, TextContent)
        assert "# Heading" in cited.text
        async with (
            told(connected, mode, inbox, uri),
            httpx2.AsyncClient(base_url=remote.url, headers=remote.headers) as http,
        ):
            there = f"api/contents/{quote(path)}"
            model = (await http.get(there)).json()
            model["content"]["cells"] = []
            put = await http.put(there, json={key: model[key] for key in WRITTEN})
            assert put.status_code == 200, put.text
            assert await inbox.next() == uri
