"""The ways of jupyter-mcp-server through real processes: the configuration of its README, `/api/connect`,
`/api/stop` and `/api/healthz`, and the commands that ask a server."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import httpx2 as httpx
import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters
from mcp_types import ImageContent, TextContent

from jmcp.cli.main import main
from tests.notebooks import notebook_text
from tests.served import Served, environment, free_port, jupyter_server, standalone
from tests.stdio import client
from tests.thorough import thorough

SECONDS = 60

PLOT = (
    "from IPython.display import Image\n"
    "import base64\n"
    "Image(base64.b64decode('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNg+M/wHwAEAQH/"
    "7yMK/gAAAABJRU5ErkJggg=='))"
)


@pytest.fixture(scope="module")
def jupyters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, Served]]:
    """Two Jupyter Servers on folders of their own, each with notebook.ipynb."""
    base = tmp_path_factory.mktemp("jupyters")
    with (
        jupyter_server(base / "home1", base / "root1", collaboration=False) as first,
        jupyter_server(base / "home2", base / "root2", collaboration=False, token="t2") as second,
    ):
        for server in (first, second):
            (server.root / "notebook.ipynb").write_text(notebook_text(f"where = {server.url!r}"))
            (server.root / "other.ipynb").write_text(notebook_text("other = 1"))
        yield first, second


@pytest.fixture(scope="module")
def served(
    tmp_path_factory: pytest.TempPathFactory, jupyters: tuple[Served, Served]
) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("jmcp")
    with standalone(home, jupyters[0], "--single-session") as server:
        yield server


@pytest.fixture
def http(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url, headers=served.headers, timeout=SECONDS) as client:
        yield client


def connected(http: httpx.Client, **fields: Any) -> dict[str, Any]:
    answer = http.put("api/connect", json=fields)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def called(http: httpx.Client, tool: str, **arguments: Any) -> dict[str, Any]:
    answer = http.post("mcp/tools/call", json={"tool_name": tool, "arguments": arguments}).json()
    assert answer["success"], answer
    result: dict[str, Any] = answer["result"]
    return result


def kernel_status(http: httpx.Client) -> str:
    return str(http.get("api/healthz").json()["kernel_status"])


@dataclass(frozen=True, slots=True)
class Ended:
    status: int
    stdout: str
    stderr: str


class Run(Protocol):
    """Runs a command line with these variables and no other of jmcp's."""

    def __call__(self, *given: str, **variables: str) -> Ended: ...


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def ran(*given: str, **variables: str) -> Ended:
        for name in os.environ:
            if name.startswith(("JMCP", "JUPYTER", "MCP_")):
                monkeypatch.delenv(name)
        for name, value in (variables | {"XDG_CONFIG_HOME": str(tmp_path)}).items():
            monkeypatch.setenv(name, value)
        status = main(given)
        return Ended(status, *capsys.readouterr())

    return ran


def test_connect_opens_a_notebook_on_the_same_server_and_stop_releases_it(
    http: httpx.Client, jupyters: tuple[Served, Served]
) -> None:
    http.delete("api/stop")
    assert kernel_status(http) == "not_initialized"
    answer = connected(http, document_id="notebook.ipynb", provider="jupyter", room_token="None")
    assert (answer["success"], answer["document_id"]) == (True, "notebook.ipynb")
    assert answer["document_url"] == jupyters[0].url
    assert kernel_status(http) == "alive"  # as there, a kernel is started at once
    ran = called(http, "execute_code", code="print(6 * 7)")
    assert ran["outputs"][0]["text"] == "42\n"
    stopped = http.delete("api/stop").json()
    assert stopped == {"success": True, "released": "notebook.ipynb", "kernel": "stopped"}
    assert kernel_status(http) == "not_initialized"
    again = http.delete("api/stop")
    assert (again.status_code, again.json()["released"]) == (200, None)


@thorough
def test_kernel_status_says_that_a_kernel_died(http: httpx.Client) -> None:
    connected(http, document_id="other.ipynb")
    ran = called(http, "execute_code", code="import os; print(os.getpid())")
    os.kill(int(ran["outputs"][0]["text"]), signal.SIGKILL)
    # Jupyter starts it again by itself a moment later, and says until then that it is there.
    assert kernel_status(http) in ("dead", "alive")
    http.delete("api/stop")


def test_connect_to_another_server_ends_calls_in_order_and_loses_nothing_acknowledged(
    http: httpx.Client, jupyters: tuple[Served, Served]
) -> None:
    first, second = jupyters
    connected(http, document_id="notebook.ipynb")
    added = called(
        http, "insert_cell", cell_index=-1, cell_type="code", cell_source="kept = 'edit'"
    )
    assert added["change"] == "inserted"
    slow = "import time\nprint('begun', flush=True)\ntime.sleep(4)\nprint('done')"
    submitted = called(http, "insert_execute_code_cell", cell_index=-1, cell_source=slow, wait=0)
    assert submitted["status"] in ("queued", "running")
    answer = connected(
        http,
        room_url=second.url,
        room_token=second.token,
        room_id="notebook.ipynb",
        runtime_url=second.url,
        runtime_token=second.token,
    )
    assert answer["document_url"] == second.url
    # What comes now goes to the other server, in the notebook that was named.
    assert second.url in str(called(http, "read_notebook", response_format="detailed"))
    assert called(http, "execute_cell", cell_index=0).get("status", "ok") == "ok"
    assert "kept = 'edit'" in (first.root / "notebook.ipynb").read_text()
    # And back: the run went on in its kernel meanwhile, and its cell gets the outputs.
    answer = connected(
        http,
        document_url=first.url,
        document_token=first.token,
        runtime_url=first.url,
        runtime_token=first.token,
    )
    found = called(http, "get_execution", execution_id=submitted["execution_id"], wait=30)
    assert found.get("status", "ok") == "ok"
    assert "done" in str(found["outputs"])
    http.delete("api/stop")


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"provider": "datalayer"}, 400, "Jupyter Server"),
        ({"provider": "nobody"}, 400, "provider"),
        ({"room_url": "no url at all"}, 400, "room_url"),
        ({"document_url": "ftp://h/"}, 400, "document_url"),
        ({"document_id": "notes.txt"}, 400, "notes.txt"),
        ({"document_id": 3}, 400, "document_id"),
        ({"document": "a.ipynb"}, 400, "document_id"),
        ({"document_id": "missing.ipynb"}, 409, "missing.ipynb"),
        ({"document_id": "notebook.ipynb", "runtime_id": "no-such-kernel"}, 409, "no-such-kernel"),
        ({"document_url": "http://a:1", "room_url": "http://b:1"}, 400, "room_url"),
    ],
)
def test_what_connect_cannot_do_is_refused_and_changes_nothing(
    body: dict[str, Any], status: int, says: str, http: httpx.Client
) -> None:
    before = called(http, "debug_connection_status")["jupyter_url"]
    answer = http.put("api/connect", json=body)
    assert answer.status_code == status, answer.text
    assert answer.json()["success"] is False
    assert says in answer.json()["error"]
    assert called(http, "debug_connection_status")["jupyter_url"] == before


def test_connect_to_a_server_that_is_not_there_leaves_the_one_that_is(http: httpx.Client) -> None:
    called(http, "use_notebook", notebook_path="other.ipynb")
    answer = http.put("api/connect", json={"document_url": f"http://127.0.0.1:{free_port()}"})
    assert answer.status_code == 503
    assert "No Jupyter Server answers" in answer.json()["error"]
    assert called(http, "read_notebook")["cell_count"] == 1
    http.delete("api/stop")


def test_a_token_that_is_known_goes_to_its_own_server_alone(
    http: httpx.Client, jupyters: tuple[Served, Served]
) -> None:
    answer = http.put(
        "api/connect", json={"document_url": jupyters[1].url, "runtime_url": jupyters[1].url}
    )
    assert answer.json()["code"] == "jupyter_refused"
    assert "token" in answer.json()["error"]


async def test_without_a_token_connect_and_stop_are_refused_and_health_tells_no_kernel(
    served: Served,
) -> None:
    async with httpx.AsyncClient(base_url=served.url, timeout=SECONDS) as nobody:
        for answer in await asyncio.gather(
            nobody.put("api/connect", json={}), nobody.delete("api/stop")
        ):
            assert answer.status_code == 401
            assert "Authorization: Bearer" in answer.json()["detail"]
        health = (await nobody.get("api/healthz")).json()
        assert (health["success"], health["status"]) == (True, "healthy")
        assert health["kernel_status"] == "unknown"
        assert "token" in health["message"]
        assert "sessions" not in health


def test_jmcp_connect_with_an_older_option_connects_a_running_server_and_says_so(
    served: Served, http: httpx.Client, run: Run
) -> None:
    url = served.url.rstrip("/")
    done = run(
        *("connect", "--document-id", "notebook.ipynb"),
        JUPYTER_MCP_SERVER_URL=url,
        MCP_TOKEN=served.token,
    )
    assert done.status == 0, done.stderr
    assert "notebook.ipynb is open" in done.stdout
    assert "without one, jmcp connect is an MCP server over stdio" in done.stderr
    assert called(http, "read_notebook")["notebook_path"] == "notebook.ipynb"
    stopped = run("stop", "--jupyter-mcp-server-url", url, JMCP_TOKEN=served.token)
    assert stopped.status == 0, stopped.stderr
    assert "Released notebook.ipynb" in stopped.stdout
    assert "goes on" in stopped.stdout


@pytest.mark.parametrize("command", [("stop",), ("connect", "--document-id", "a.ipynb")])
def test_a_server_that_is_not_there_is_said_with_what_starts_one(
    command: tuple[str, ...], run: Run
) -> None:
    nowhere = f"http://localhost:{free_port()}"
    done = run(*command, "--jupyter-mcp-server-url", nowhere)
    assert done.status == 1
    assert nowhere in done.stderr
    assert "jmcp start" in done.stderr


def test_a_wrong_token_and_a_url_that_is_none_are_said(served: Served, run: Run) -> None:
    refused = run("stop", JUPYTER_MCP_SERVER_URL=served.url, MCP_TOKEN="wrong")
    assert refused.status == 1
    assert "MCP_TOKEN" in refused.stderr
    wrong = run("stop", JUPYTER_MCP_SERVER_URL="localhost")
    assert wrong.status == 1
    assert "JUPYTER_MCP_SERVER_URL" in wrong.stderr


def configured(home: Path, jupyter: Served, **variables: str) -> StdioServerParameters:
    """`"command": "uvx", "args": ["jmcp"], "env": {...}`: the command alone, all else in variables."""
    home.mkdir(parents=True, exist_ok=True)
    own = {name: value for name, value in environment(home).items() if name != "JMCP_TOOLSET"}
    given = {"JUPYTER_URL": jupyter.url.rstrip("/"), "JUPYTER_TOKEN": jupyter.token, **variables}
    return StdioServerParameters(
        command=sys.executable, args=["-m", "jmcp"], env=own | given, cwd=home
    )


async def model_reads(connected: Client, tool: str, **arguments: Any) -> tuple[str, bool]:
    """What a model reads of a call, and whether it has an image."""
    result = await connected.call_tool(tool, arguments)
    assert not result.is_error, result.content
    texts = [part.text for part in result.content if isinstance(part, TextContent)]
    return "\n".join(texts), any(isinstance(part, ImageContent) for part in result.content)


async def test_the_readmes_configuration_runs_a_cell_over_stdio(
    tmp_path: Path, jupyters: tuple[Served, Served]
) -> None:
    server = configured(tmp_path / "home", jupyters[0], ALLOW_IMG_OUTPUT="true")
    async with client(server, "legacy") as connected:
        names = {tool.name for tool in (await connected.list_tools()).tools}
        assert {"use_notebook", "insert_execute_code_cell", "read_notebook"} <= names
        # As a prompt for that server calls: a name for the notebook, and no session.
        opened, _ = await model_reads(
            connected,
            "use_notebook",
            notebook_name="mine",
            notebook_path="new.ipynb",
            mode="create",
        )
        assert "new.ipynb" in opened
        ran, _ = await model_reads(
            connected, "insert_execute_code_cell", cell_index=0, cell_source="print(6 * 7)"
        )
        assert "42" in ran
        _, image = await model_reads(connected, "execute_code", code=PLOT)
        assert image
        read, _ = await model_reads(connected, "read_notebook", notebook_name="mine")
        assert "print(6 * 7)" in read
        await model_reads(connected, "unuse_notebook", notebook_name="mine")
    cells = json.loads((jupyters[0].root / "new.ipynb").read_text())["cells"]
    assert any("42" in json.dumps(cell.get("outputs")) for cell in cells)


@thorough
async def test_a_document_id_needs_no_use_notebook_and_images_can_be_off(
    tmp_path: Path, jupyters: tuple[Served, Served]
) -> None:
    variables = {"DOCUMENT_ID": "notebook.ipynb", "ALLOW_IMG_OUTPUT": "False"}
    server = configured(tmp_path / "home", jupyters[0], **variables)
    async with client(server) as connected:
        await model_reads(connected, "execute_cell", cell_index=0)
        ran, _ = await model_reads(connected, "execute_code", code="answer")
        assert "42" in ran
        _, image = await model_reads(connected, "execute_code", code=PLOT)
        assert not image
        # Another use_notebook goes on in the same session, so that no call has to say which.
        await model_reads(connected, "use_notebook", notebook_path="second.ipynb", mode="create")
        added, _ = await model_reads(
            connected, "insert_cell", cell_index=-1, cell_type="code", cell_source="x = 1"
        )
        assert "x = 1" in added
        await model_reads(connected, "unuse_notebook", kernel="stop")
