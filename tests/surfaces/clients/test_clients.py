"""Other people's MCP clients, each in a process of its own, through a session on a real server."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.node_tools import FOLDER, NodeTools
from tests.served import Served, environment
from tests.thorough import fast_only, thorough

SECONDS = 120
TOOL_FAILED = 5
"""The status with which the Inspector ends where a result is an error."""
OTHERS = Path(__file__).parent / "others"
ROOT = Path(__file__).parents[3]
TYPESCRIPT = [
    "sdk_v2 http auto",
    "sdk_v2 http legacy",
    "sdk_v2 stdio auto",
    "sdk_v1 http legacy",
    "sdk_v1 stdio legacy",
]
SCRIPTS = {"mcp1": "mcp1.py", "fastmcp": "fastmcp_client.py"}


def given(served: Served, notebook: str, transport: str, **more: str) -> str:
    """What a client is told, as JSON: over stdio it starts `jmcp connect`, which finds the server."""
    home = served.root.parent / "home"
    command = {"command": sys.executable, "args": ["-P", "-m", "jmcp", "connect"]}
    server = command | {"env": environment(home), "cwd": str(served.root)}
    told: dict[str, Any] = {"url": served.mcp_url, "headers": served.headers, "server": server}
    return json.dumps(told | {"transport": transport, "notebook": notebook, **more})


def report_of(command: list[str], env: Mapping[str, str]) -> dict[str, Any]:
    done = subprocess.run(
        command, env=env, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return report


def check(report: dict[str, Any]) -> None:
    assert report["server"] == "jmcp"
    assert {"use_notebook", "read_cell", "get_execution"} <= set(report["tools"])
    assert report["printed"] == "0\n1\n"
    assert report["progress"] == sorted(report["progress"])
    assert report["progress"]
    assert report["images"] == ["image/png"]
    assert report["error"] == [True, "cell_not_found"]
    assert (report["resource"], report["templates"], report["prompt"]) == (True, 4, True)
    assert report["cancelled"] == "rejected"
    assert report["after"] == "42"


@pytest.mark.parametrize("client", fast_only(TYPESCRIPT, "sdk_v2 http auto"))
def test_typescript_sdk(served: Served, node_tools: NodeTools, client: str) -> None:
    sdk, transport, era = client.split()
    told = given(served, f"{sdk}-{transport}-{era}.ipynb", transport, era=era)
    script = str(FOLDER / "clients" / f"{sdk}.mjs")
    report = report_of([str(node_tools.node), script, told], node_tools.environment())
    check(report)
    if sdk == "sdk_v2":
        assert report["version"] == ("2026-07-28" if era == "auto" else "2025-11-25")


@thorough
@pytest.mark.parametrize("transport", ["http", "stdio"])
@pytest.mark.parametrize("client", SCRIPTS)
def test_python_client(served: Served, client: str, transport: str) -> None:
    """Each has an environment of its own: they need other versions of what jmcp needs."""
    python = ROOT / f".venv-{client}" / "bin" / "python"
    if not python.is_file():
        pytest.skip(f"no {python.parents[1].name}: make {python.parents[1].name}/.all")
    told = given(served, f"{client}-{transport}.ipynb", transport)
    home = environment(served.root.parent / f"home-{client}")
    check(report_of([str(python), "-P", str(OTHERS / SCRIPTS[client]), told], home))


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspector:
    """The Inspector's command line, which connects anew for each request."""

    start: list[str]
    env: Mapping[str, str]

    def answer(self, method: str, *options: str, status: int = 0) -> Any:
        command = [*self.start, "--method", method, *options, "--format", "json", "--quiet"]
        done = subprocess.run(
            command, env=self.env, capture_output=True, text=True, timeout=SECONDS, check=False
        )
        assert done.returncode == status, done.stdout + done.stderr
        return json.loads(done.stdout)["result"]

    def call(self, tool: str, arguments: dict[str, Any], status: int = 0) -> Any:
        told = ("--tool-name", tool, "--tool-args-json", json.dumps(arguments))
        return self.answer("tools/call", *told, status=status)


@thorough
@pytest.mark.parametrize("reached", ["http legacy", "http auto", "stdio legacy", "stdio auto"])
def test_inspector(served: Served, node_tools: NodeTools, reached: str, tmp_path: Path) -> None:
    transport, era = reached.split()
    start = [*node_tools.command("mcp-inspector"), "--cli"]
    env = node_tools.environment()
    if transport == "http":
        authorization = f"Authorization: Bearer {served.token}"
        start += [served.mcp_url, "--transport", "http", "--header", authorization]
    else:
        home = environment(served.root.parent / "home")
        env |= home | {"PATH": env["PATH"]}
        start += [sys.executable, "-P", "-m", "jmcp", "connect"]
    inspector = Inspector(
        start=[*start, "--protocol-era", era],
        env=env | {"MCP_CATALOG_PATH": str(tmp_path / "catalog.json")},
    )

    listed = inspector.answer("tools/list", "--strict")
    assert "use_notebook" in {tool["name"] for tool in listed["tools"]}
    notebook = f"inspector-{transport}-{era}.ipynb"
    opened = inspector.call("use_notebook", {"notebook_path": notebook, "mode": "create"})
    session = {"session_id": opened["structuredContent"]["session_id"]}
    source = {"cell_index": -1, "cell_source": "print(6 * 7)"}
    ran = inspector.call("insert_execute_code_cell", session | source)
    assert ran["structuredContent"]["outputs"][0]["text"] == "42\n"
    failed = inspector.call("read_cell", session | {"cell_index": 99}, status=TOOL_FAILED)
    assert failed["_meta"]["jmcp/error"]["code"] == "cell_not_found"
    read = inspector.answer("resources/read", "--uri", f"notebook://{notebook}")
    assert "print(6 * 7)" in read["contents"][0]["text"]
    arguments = ("prompt=Why?", "cell_indices=0", f"notebook_name={notebook}")
    told = ("--prompt-name", "jupyter_cite", "--prompt-args", *arguments)
    prompted = inspector.answer("prompts/get", *told)
    assert "Why?" in prompted["messages"][0]["content"]["text"]
    inspector.call("unuse_notebook", session | {"kernel": "stop"})
