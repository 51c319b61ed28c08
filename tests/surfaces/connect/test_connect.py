"""`jmcp connect` as an MCP client starts it, and the server that it finds or starts."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp.client.stdio import StdioServerParameters

from jmcp.state.running_servers import RunningServer, published
from tests.served import Served, environment, serve, standalone
from tests.stdio import Era, client
from tests.thorough import thorough

SECONDS = 90
LIST_SECONDS = 1.5
"""From the start of the process to the list of tools, on a machine with nothing else to do."""
ERAS: tuple[Era, ...] = ("auto", "legacy")


def home_of(served: Served) -> Path:
    """The home of a server, once that can be found: it prints its address a moment before."""
    home = served.root.parent / "home"
    deadline = time.monotonic() + SECONDS
    while not files_of(home):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return home


def connect(home: Path, folder: Path, *options: str) -> StdioServerParameters:
    home.mkdir(parents=True, exist_ok=True)
    command = ["-P", "-m", "jmcp", "connect", *options]
    return StdioServerParameters(
        command=sys.executable, args=command, env=environment(home), cwd=folder
    )


def ended(home: Path, folder: Path, *options: str, stdin: str = "") -> tuple[int, str, str]:
    """The status, stdout and stderr of a process whose client says no more than this."""
    done = subprocess.run(
        [sys.executable, "-m", "jmcp", "connect", *options],
        env=environment(home),
        cwd=folder,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def files_of(home: Path) -> list[dict[str, Any]]:
    """What the runtime folder of a home says of its servers."""
    folder = home / ".config" / "jmcp" / "run"
    return [json.loads(file.read_text()) for file in folder.glob("*.json")]


def text_of(result: Any) -> str:
    text: str = result.content[0].text
    return text


@pytest.mark.parametrize("era", ERAS)
async def test_it_speaks_for_the_server_that_runs(served: Served, era: Era) -> None:
    reported: list[str | None] = []

    async def report(progress: float, total: float | None, message: str | None) -> None:
        reported.append(message)

    name = f"connected-{era}.ipynb"
    try:
        async with client(connect(home_of(served), served.root), era) as one:
            assert len((await one.list_tools()).tools) > 1
            await one.call_tool("use_notebook", {"notebook_path": name, "mode": "create"})
            # Without a session_id: as over stdio, the process is one connection.
            source = "import time\nfor i in range(8):\n    print(i)\n    time.sleep(0.2)"
            added = {"cell_index": 0, "cell_type": "code", "cell_source": source}
            await one.call_tool("insert_cell", added)
            ran = await one.call_tool("execute_cell", {"cell_index": 0}, progress_callback=report)
            assert "7" in text_of(ran)
            assert reported
    finally:
        (served.root / name).unlink(missing_ok=True)


@asynccontextmanager
async def started(home: Path, folder: Path) -> AsyncIterator[None]:
    """Ends the servers that clients of that home have started meanwhile."""
    try:
        yield
    finally:
        for file in files_of(home):
            os.kill(file["pid"], signal.SIGTERM)
        deadline = time.monotonic() + SECONDS
        while files_of(home):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)


@thorough
@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
async def test_it_starts_a_server_and_follows_it(tmp_path: Path) -> None:
    home, folder = tmp_path / "home", tmp_path / "project"
    folder.mkdir()
    # Not what the server means when it imports starlette.
    (folder / "starlette.py").write_text("raise RuntimeError('a module of the project')")
    async with started(home, folder), client(connect(home, folder), "legacy") as one:
        [file] = files_of(home)
        assert file["root_dir"] == str(folder)
        await one.call_tool("use_notebook", {"notebook_path": "a.ipynb", "mode": "create"})
        marker = folder / "ran"
        source = f"open({str(marker)!r}, 'a').write('x')\nimport time; time.sleep(1000)"
        added = {"cell_index": 0, "cell_type": "code", "cell_source": source}
        await one.call_tool("insert_cell", added)
        running = asyncio.create_task(one.call_tool("execute_cell", {"cell_index": 0}))
        deadline = time.monotonic() + SECONDS
        while not marker.exists():
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
        os.kill(file["pid"], signal.SIGKILL)
        lost = await asyncio.wait_for(running, SECONDS)
        assert lost.is_error
        assert "execute_cell was under way" in text_of(lost)
        # The session is the one of this connection, as before.
        read = await asyncio.wait_for(one.call_tool("read_notebook", {}), SECONDS)
        assert not read.is_error, text_of(read)
        assert "time.sleep(1000)" in text_of(read) or "ran" in text_of(read)
        assert marker.read_text() == "x"
        [again] = files_of(home)
        assert again["pid"] != file["pid"]
        assert again["root_dir"] == str(folder)


def test_none_is_started_when_none_is_to_be(tmp_path: Path) -> None:
    asked = json.dumps({"jsonrpc": "2.0", "id": 7, "method": "initialize", "params": {}})
    status, out, told = ended(tmp_path, tmp_path, "--no-start", stdin=f"{asked}\n")
    assert status == 1
    assert "no jmcp runs; start it with jmcp serve" in told
    answer = json.loads(out)
    assert answer["id"] == 7
    assert "no jmcp runs" in answer["error"]["message"]


def test_several_are_listed_and_one_is_named(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = home_of(served)
    [first] = files_of(home)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    with published(RunningServer(**first | {"root_dir": "/elsewhere"})):
        status, _, told = ended(home, tmp_path)
        assert status == 1
        assert "2 jmcp servers run on this machine; name one with --root-dir or --url" in told
        assert f"{first['url']}  {served.root} (process {first['pid']})" in told
        status, _, told = ended(home, tmp_path, "--root-dir", str(served.root))
        assert status == 0, told
        status, _, told = ended(home, served.root)
        assert status == 0, told
    assert f"connected to jmcp {first['version']} at {first['url']}, on {served.root}" in told


def test_a_home_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / ".config").write_text("no folder")
    status, _, told = ended(tmp_path, tmp_path)
    assert status == 1
    assert "cannot be read" in told or "cannot be written" in told
    assert "Traceback" not in told


def test_an_address_that_nobody_answers_at_is_told(tmp_path: Path) -> None:
    status, _, told = ended(tmp_path, tmp_path, "--url", "http://127.0.0.1:9/mcp")
    assert status == 1
    assert "no jmcp answers at http://127.0.0.1:9;" in told


def test_another_address_takes_the_token_of_a_variable(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = served.url.rstrip("/")
    status, _, told = ended(tmp_path, tmp_path, "--url", url)
    assert (status, "refuses the token" in told or "JMCP_TOKEN" in told) == (1, True)


def test_it_imports_nothing_that_takes_long() -> None:
    slow = (
        "{'mcp', 'mcp_types', 'pydantic', 'jupyter_core', 'jupyter_server', 'starlette', 'jinja2'}"
    )
    code = f"import sys, jmcp.cli.main; print({slow} & sys.modules.keys() or 'none')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "none"


@thorough
async def test_of_several_clients_one_starts_the_server(tmp_path: Path) -> None:
    home, folder = tmp_path / "home", tmp_path / "project"
    folder.mkdir()

    async def listed() -> int:
        async with client(connect(home, folder)) as one:
            return len((await one.list_tools()).tools)

    async with started(home, folder):
        counts = await asyncio.gather(listed(), listed(), listed())
        assert min(counts) > 1
        assert len(files_of(home)) == 1


@thorough
async def test_tools_are_listed_in_time(served: Served) -> None:
    taken = []
    for _ in range(5):
        begun = time.monotonic()
        async with client(connect(home_of(served), served.root)) as one:
            await one.list_tools()
            taken.append(time.monotonic() - begun)
    assert min(taken) < LIST_SECONDS


@thorough
async def test_it_follows_a_server_that_a_person_starts_again(tmp_path: Path) -> None:
    home, root = tmp_path / "home", tmp_path / "root"
    with serve(home, root) as first:
        context = client(connect(home, root, "--no-start"))
        one = await context.__aenter__()
        await one.call_tool("use_notebook", {"notebook_path": "a.ipynb", "mode": "create"})
    with serve(home, root) as second:
        assert first.url != second.url
        read = await asyncio.wait_for(one.call_tool("read_notebook", {}), SECONDS)
        assert not read.is_error, text_of(read)
        await context.__aexit__(None, None, None)


@thorough
async def test_it_speaks_for_a_standalone_server(served: Served, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with standalone(home, served) as alone:
        [file] = files_of(home)
        assert file["jupyter_url"] == served.url
        assert file["url"] == alone.url.rstrip("/")
        async with client(connect(home, tmp_path, "--no-start")) as one:
            listed = await one.call_tool("list_files", {})
            assert not listed.is_error, text_of(listed)
    assert files_of(home) == []
