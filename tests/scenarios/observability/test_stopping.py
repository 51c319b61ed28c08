"""A server that is asked to stop while code runs: every call is answered, and told what is true."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client

from tests.scenarios.observability.logged_server import (
    LoggedServer,
    debug_command,
    jmcp,
    logged_server,
)
from tests.served import (
    STOP_SECONDS,
    TOKEN,
    Served,
    environment,
    free_port,
    jupyter_server,
    standalone_variables,
)
from tests.stdio import Era
from tests.surfaces.contract.surfaces import (
    CALL_SECONDS,
    Answer,
    Mcp,
    Rest,
    Surface,
    ToolsCall,
    answer_of,
)
from tests.thorough import fast_only, thorough

FOREVER = "import time\nprint('begun', flush=True)\ntime.sleep(3600)"
UNTIL = "import os, time\nwhile not os.path.exists('go'):\n    time.sleep(0.1)\nprint('done')"
"""Ends when somebody says so."""
GOES_ON = "run_goes_on"
ENDS = "run_ends"


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    base = tmp_path_factory.mktemp("jupyter")
    with jupyter_server(base / "home", base / "root") as served:
        yield served


class Last(Mcp):
    """Over MCP, until the server is gone: then the client cannot say goodbye."""

    async def call(self, tool: str, arguments: dict[str, Any]) -> Answer:
        answer: Answer | None = None
        try:
            async with httpx2.AsyncClient(
                headers=self._served.headers, timeout=CALL_SECONDS
            ) as http:
                transport = streamable_http_client(self._served.mcp_url, http_client=http)
                async with Client(transport, mode=self._mode) as client:
                    # Else the client asks for them once it has the result, to check that.
                    await client.list_tools()
                    answer = answer_of(await client.call_tool(tool, arguments), tool, arguments)
        except* httpx2.TransportError:
            pass
        assert answer is not None, f"{tool} was not answered"
        return answer


async def insert(surface: Surface, notebook_path: str, *sources: str) -> dict[str, Any]:
    """Arguments with a new session that has one cell for each of the sources, from index 1 on."""
    opened = await surface.call("use_notebook", {"notebook_path": notebook_path, "mode": "create"})
    assert opened.result is not None, opened.text
    session = {"session_id": opened.result["session_id"]}
    for source in sources:
        cell = {"cell_index": -1, "cell_type": "code", "cell_source": source}
        done = await surface.call("insert_cell", {**session, **cell})
        assert done.error is None, done.text
    return session


async def running(
    surface: Surface, session: dict[str, Any], runs: int = 1, queued: int = 0
) -> None:
    """Returns when the session has so many runs under way, and so many waiting."""
    async with asyncio.timeout(CALL_SECONDS):
        while True:
            listed = await surface.call("list_executions", session)
            assert listed.result is not None, listed.text
            states = [row["status"] for row in listed.result["executions"]]
            if (states.count("running"), states.count("queued")) == (runs, queued):
                return
            await asyncio.sleep(0.1)


def notices(result: dict[str, Any]) -> set[str]:
    return {notice["code"] for notice in result["notices"]} - {"kernel_started"}


async def ended(server: LoggedServer) -> None:
    if server.hangs:
        await asyncio.to_thread(server.stop)
        return
    assert await asyncio.to_thread(server.process.wait, STOP_SECONDS) == 0, server.logged()


async def streamed(
    server: LoggedServer, session: dict[str, Any], cell_index: int
) -> dict[str, Any]:
    """The result that ends the stream of events of a run."""
    path = f"jmcp/v1/sessions/{session['session_id']}/cells/at/{cell_index}/execution"
    headers = {**server.headers, "Accept": "text/event-stream"}
    async with httpx2.AsyncClient(base_url=server.url, timeout=CALL_SECONDS) as http:
        response = await http.post(path, headers=headers, json={})
    assert response.headers["content-type"].startswith("text/event-stream")
    kind, data = response.text.strip().split("\n\n")[-1].split("\n")
    assert kind == "event: result"
    result: dict[str, Any] = json.loads(data.removeprefix("data: "))
    return result


async def test_remote_runs_go_on_and_are_taken_up_again(tmp_path: Path, jupyter: Served) -> None:
    home, root = tmp_path / "home", jupyter.root
    variables = {"JMCP_TOKEN": TOKEN, **standalone_variables(jupyter)}
    (root / "go").unlink(missing_ok=True)
    command = jmcp("--port", "0", "--log-format", "json", "--verbose")
    with logged_server(command, home, root, variables=variables) as server:
        surfaces: list[Surface] = [Last(server, "auto"), Last(server, "legacy")]
        surfaces += [Rest(server), ToolsCall(server)]
        sessions = [
            await insert(surface, f"n{at}.ipynb", UNTIL) for at, surface in enumerate(surfaces)
        ]
        sessions.append(await insert(surfaces[-1], "events.ipynb", UNTIL))
        run = {"cell_index": 1, "wait": 3600}
        async with asyncio.TaskGroup() as tasks:
            calls = [
                tasks.create_task(surface.call("execute_cell", {**session, **run}))
                for surface, session in zip(surfaces, sessions, strict=False)
            ]
            stream = tasks.create_task(streamed(server, sessions[-1], 1))
            for session in sessions:
                await running(surfaces[-1], session)
            behind = tasks.create_task(surfaces[-1].call("execute_cell", {**sessions[0], **run}))
            await running(surfaces[-1], sessions[0], 1, 1)
            async with httpx2.AsyncClient(headers=server.headers, timeout=CALL_SECONDS) as http:
                server.process.send_signal(signal.SIGTERM)
                await refused(http, server, sessions[0])
            await ended(server)
        results = [call.result().result or {} for call in calls] + [stream.result()]
        for result in results:
            assert (result["status"], notices(result)) == ("running", {GOES_ON})
        # What was not begun is not said to go on.
        waiting = behind.result().result
        assert waiting is not None
        assert waiting["status"] == "aborted"
        assert '"message": "stopping: 5 runs go on in their kernels"' in server.logged()
    (root / "go").touch()
    with logged_server(command, home, root, variables=variables) as server:
        for session, result in zip(sessions, results, strict=True):
            asked = {**session, "execution_id": result["execution_id"], "wait": CALL_SECONDS}
            taken = await ToolsCall(server).call("get_execution", asked)
            assert taken.result is not None, taken.text
            assert taken.result["status"] == "ok"
            assert [output["text"] for output in taken.result["outputs"]] == ["done\n"]


async def refused(http: httpx2.AsyncClient, server: LoggedServer, session: dict[str, Any]) -> None:
    """While the server stops, calls are told so, and probes too."""
    body = {"tool_name": "read_notebook", "arguments": session}
    async with asyncio.timeout(CALL_SECONDS):
        answer = await http.post(f"{server.url}mcp/tools/call", json=body)
        while answer.is_success:
            answer = await http.post(f"{server.url}mcp/tools/call", json=body)
    assert (answer.status_code, answer.json()["code"]) == (503, "server_stopping")
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json()["retry"] == "later"
    health = await http.get(f"{server.url}mcp/healthz")
    assert (health.status_code, health.json()["status"]) == (503, "stopping")
    assert "jmcp_ready 0.0" in (await http.get(f"{server.url}jmcp/metrics")).text


@thorough
@pytest.mark.parametrize("program", fast_only(["jmcp", "lab"], "jmcp"))
async def test_inside_of_jupyter_runs_end_with_their_kernels(tmp_path: Path, program: str) -> None:
    home, root = tmp_path / "home", tmp_path / "root"
    command, variables = jmcp("--port", "0", "--no-browser"), {"JMCP_TOKEN": TOKEN}
    ready = r"MCP\s+(http://\S+/)mcp\b"
    if program == "lab":
        command = debug_command(
            "lab", "--no-browser", "--allow-root", f"--ServerApp.port={free_port()}"
        )
        variables, ready = {"JUPYTER_TOKEN": TOKEN}, r"(http://127\.\S+/)lab"
    hangs = program == "lab"
    with logged_server(
        command, home, root, ready=ready, variables=variables, hangs=hangs
    ) as server:
        surfaces: list[Surface] = [Last(server, "auto"), Last(server, "legacy"), Rest(server)]
        run = {"cell_index": 1, "wait": 3600}
        sessions = [
            await insert(surface, f"n{at}.ipynb", FOREVER) for at, surface in enumerate(surfaces)
        ]
        short = await insert(surfaces[0], "short.ipynb", UNTIL)
        async with asyncio.TaskGroup() as tasks:
            calls = [
                tasks.create_task(surface.call("execute_cell", {**session, **run}))
                for surface, session in zip(surfaces, sessions, strict=True)
            ]
            in_time = tasks.create_task(surfaces[0].call("execute_cell", {**short, **run}))
            for session in (*sessions, short):
                await running(ToolsCall(server), session)
            async with httpx2.AsyncClient(headers=server.headers, timeout=CALL_SECONDS) as http:
                await http.get(f"{server.url}mcp/healthz")  # Jupyter takes no new connections
                server.process.send_signal(signal.SIGTERM)
                (root / "go").touch()
                await refused(http, server, sessions[0])
        await ended(server)
        # What ends by itself in the time that there is ends as ever.
        result = in_time.result().result
        assert result is not None, in_time.result().text
        assert (result["status"], notices(result)) == ("ok", set())
        for call in calls:
            result = call.result().result
            assert result is not None, call.result().text
            assert (result["status"], notices(result)) == ("running", {ENDS})
    # What it had printed by then is in the file.
    for at in range(len(surfaces)):
        stored = json.loads((root / f"n{at}.ipynb").read_text())
        assert stored["cells"][1]["outputs"][0]["text"] == ["begun\n"]


# -- stdio -----------------------------------------------------------------------------------------


class OverStdio:
    """A surface: a process of its own, which the SDK's client has started."""

    def __init__(self, client: Client, pid: Callable[[], int]) -> None:
        self._client = client
        self.pid = pid

    async def call(self, tool: str, arguments: dict[str, Any]) -> Answer:
        return answer_of(await self._client.call_tool(tool, arguments), tool, arguments)


@asynccontextmanager
async def over_stdio(
    tmp_path: Path, root: Path, era: Era, variables: dict[str, str], *options: str
) -> AsyncIterator[OverStdio]:
    pid = tmp_path / "pid"
    command = jmcp("--transport", "stdio", *options)
    server = StdioServerParameters(
        command="sh",
        args=["-c", 'echo $$ > "$0"; exec "$@"', str(pid), *command],
        env=environment(tmp_path / "home") | variables,
        cwd=root,
    )
    (tmp_path / "home").mkdir(exist_ok=True)
    async with Client(stdio_client(server, errlog=sys.stderr), mode=era) as client:
        yield OverStdio(client, lambda: int(pid.read_text()))


ERAS: tuple[Era, ...] = ("auto", "legacy")


@thorough
@pytest.mark.parametrize("era", fast_only(ERAS, "auto"))
async def test_over_stdio_remote_runs_go_on(tmp_path: Path, jupyter: Served, era: Era) -> None:
    root, variables = jupyter.root, standalone_variables(jupyter)
    (root / "go").unlink(missing_ok=True)
    async with over_stdio(tmp_path, root, era, variables) as surface:
        session = await insert(surface, f"{era}.ipynb", UNTIL)
        result = await stopped(surface, session)
        assert (result["status"], notices(result)) == ("running", {GOES_ON})
    (root / "go").touch()
    async with over_stdio(tmp_path, root, era, variables) as surface:
        asked = {**session, "execution_id": result["execution_id"], "wait": CALL_SECONDS}
        taken = await surface.call("get_execution", asked)
        assert taken.result is not None, taken.text
        assert taken.result["status"] == "ok"


@thorough
async def test_over_stdio_runs_end_with_jupyter(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    async with over_stdio(tmp_path, root, "auto", {"JMCP_TOKEN": TOKEN}) as surface:
        session = await insert(surface, "n.ipynb", FOREVER)
        result = await stopped(surface, session)
        assert (result["status"], notices(result)) == ("running", {ENDS})


async def stopped(surface: OverStdio, session: dict[str, Any]) -> dict[str, Any]:
    """What a call is answered whose server is asked to stop, and several others are too."""
    run = {**session, "cell_index": 1, "wait": 3600}
    async with asyncio.TaskGroup() as tasks:
        call = tasks.create_task(surface.call("execute_cell", run))
        await running(surface, session)
        execution = (await surface.call("list_executions", session)).result
        assert execution is not None
        asked = {
            **session,
            "execution_id": execution["executions"][0]["execution_id"],
            "wait": CALL_SECONDS,
        }
        more = [tasks.create_task(surface.call("get_execution", asked)) for _ in range(20)]
        # The first of them is waiting when this one is answered.
        await surface.call("list_executions", session)
        os.kill(surface.pid(), signal.SIGTERM)
    # What comes in with the signal may be too late, and is told so.
    for other in more:
        answer = other.result()
        assert answer.result is not None or answer.error == "server_stopping", answer.text
    result = call.result().result
    assert result is not None
    return result
