"""However loud the log is: no token in it and no whole id of a session, whoever wrote the line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal

import httpx2
import pytest
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client

from tests.scenarios.observability.logged_server import LoggedServer, debug_command, logged_server
from tests.served import JUPYTER_TOKEN, TOKEN, free_port, jupyter_server, standalone_variables
from tests.surfaces.contract.surfaces import CALL_SECONDS, Mcp, Rest, Surface, ToolsCall
from tests.thorough import fast_only

WRONG = "wrong-token-of-somebody"
UNKNOWN = "unknown-session-of-mine"
BANNER = ("JupyterLab  http", '"Authorization": "Bearer')
"""What is printed for the person who started it, and no log."""


@pytest.fixture(
    params=fast_only(
        ["jmcp on a remote Jupyter", "jupyter lab --debug"], "jmcp on a remote Jupyter"
    )
)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LoggedServer]:
    home, root = tmp_path / "home", tmp_path / "root"
    variables = {"JMCP_TOKEN": TOKEN}
    ready = r"MCP\s+(http://\S+/)mcp\b"
    plain = request.param == "jupyter lab --debug"
    with ExitStack() as stack:
        if plain:
            command = debug_command("lab", "--debug", "--no-browser", "--allow-root")
            command.append("--JmcpExtension.toolsets=all")
            command += [f"--ServerApp.port={free_port()}"]
            variables = {"JUPYTER_TOKEN": TOKEN}
            ready = r"(http://127\.\S+/)lab"
        else:
            jupyter = stack.enter_context(jupyter_server(tmp_path / "jupyter", root))
            command = debug_command("jmcp", "serve", "--port", "0", "--verbose")
            variables |= standalone_variables(jupyter)
        yield stack.enter_context(
            logged_server(command, home, root, ready=ready, variables=variables, hangs=plain)
        )


async def worked(surface: Surface, notebook_path: str) -> str:
    """The id of a session that has done a bit of everything, and some of it wrong."""
    opened = await surface.call("use_notebook", {"notebook_path": notebook_path, "mode": "create"})
    assert opened.result is not None, opened.text
    session = {"session_id": opened.result["session_id"]}
    cell = {"cell_index": 1, "cell_type": "code", "cell_source": "1 + 1"}
    run = {"cell_index": 1, "wait": CALL_SECONDS}
    for tool, arguments in (
        ("insert_cell", session | cell),
        ("execute_cell", session | run),
        ("list_kernels", {}),
    ):
        done = await surface.call(tool, arguments)
        assert done.error is None, done.text
    status = await surface.call("debug_connection_status", session)
    assert status.result is not None, status.text
    assert (status.result["answers"], status.result["problems"]) == (True, [])
    for secret in (TOKEN, JUPYTER_TOKEN):
        assert secret[-8:] not in status.text + str(status.result)
    for tool, arguments in (
        ("read_cell", session | {"cell_index": 99}),
        ("read_notebook", {"session_id": UNKNOWN}),
        ("read_notebook", {}),
    ):
        await surface.call(tool, arguments)
    found: str = session["session_id"]
    return found


async def handshake(server: LoggedServer) -> str:
    """The id of a session of MCP's own, of the era that had them."""
    ids: list[str] = []

    async def note(response: httpx2.Response) -> None:
        ids.extend(filter(None, [response.headers.get("mcp-session-id")]))

    hooks: dict[str, list[Any]] = {"response": [note]}
    async with httpx2.AsyncClient(headers=server.headers, event_hooks=hooks) as http:
        transport = streamable_http_client(server.mcp_url, http_client=http)
        async with Client(transport, mode="legacy") as client:
            await client.list_tools()
    return ids[0]


async def test_no_secret_is_logged(server: LoggedServer) -> None:
    eras: tuple[Literal["auto", "legacy"], ...] = ("auto", "legacy")
    surfaces: list[Surface] = [Mcp(server, era) for era in eras]
    surfaces += [Rest(server), ToolsCall(server)]
    ids = [await worked(surface, f"n{at}.ipynb") for at, surface in enumerate(surfaces)]
    ids.append(await handshake(server))
    async with httpx2.AsyncClient(base_url=server.url, timeout=CALL_SECONDS) as http:
        events = {**server.headers, "Accept": "text/event-stream"}
        path = f"jmcp/v1/sessions/{ids[0]}/cells/at/1/execution"
        assert (await http.post(path, headers=events, json={})).status_code == 200
        for query in ({"session_id": ids[0]}, {"token": server.token}):
            await http.get("mcp/healthz", params=query)
            await http.get(f"jmcp/v1/sessions/{ids[0]}/none", params=query, headers=server.headers)
        wrong = {"Authorization": f"Bearer {WRONG}"}
        await http.post("mcp/tools/call", json={"tool_name": "list_kernels"}, headers=wrong)
        assert (await http.get("jmcp/metrics", headers=server.headers)).status_code == 200
    command = server.command_line()
    server.stop()
    logged = [line for line in server.logged().splitlines() if not line.strip().startswith(BANNER)]
    # It was loud, and its lines can be followed.
    assert any(line.startswith("DEBUG") for line in logged)
    assert f"session={ids[0][:2]}***" in "\n".join(logged)
    for secret in (*ids, TOKEN, JUPYTER_TOKEN, WRONG, UNKNOWN):
        assert [line for line in logged if secret in line] == []
        assert secret not in command
