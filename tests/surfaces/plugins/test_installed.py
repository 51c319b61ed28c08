"""The example package installed as a user would, on every surface, beside packages that are broken."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import httpx2
import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from openapi_spec_validator import OpenAPIV31SpecValidator

from jmcp import testing
from jmcp.plugins.loading import LoadedToolset
from jmcp_example_review import TOOLSET as REVIEW
from tests import served, stdio
from tests.surfaces.contract.surfaces import TLS
from tests.thorough import thorough

EXAMPLE = Path(__file__).parents[3] / "examples" / "plugin"
HEADERS = {"Authorization": f"Bearer {testing.TOKEN}"}
LOADED = LoadedToolset(toolset=REVIEW, package="", tools=REVIEW.tools)
EXAMPLES = testing.examples_of(LOADED)
BROKEN = {
    "lost": "",
    "twice": "from dataclasses import replace\n"
    "from jmcp_example_review import TOOLSET as REVIEW\n"
    "TOOLSET = replace(REVIEW, name='twice', notices={})\n",
    "raising": "from dataclasses import replace\n"
    "from types import SimpleNamespace\n"
    "from jmcp_example_review import TOOLSET as REVIEW\n"
    "async def boom(*_):\n"
    "    raise SystemExit('boom')\n"
    "TOOL = replace(REVIEW.tools['find_todos'], name='boom', handler='boom', toolset='raising')\n"
    "TOOLSET = replace(REVIEW, name='raising', notices={}, routes=(), tools={'boom': TOOL},\n"
    "    handlers=SimpleNamespace(boom=boom))\n",
}
"""Modules of packages that are installed beside it, by the names of their toolsets."""


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of installed packages, which processes have on their path."""
    folder = tmp_path_factory.mktemp("packages")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--no-compile", "--target", str(folder), str(EXAMPLE)]
    subprocess.run(command, check=True)
    for name, source in BROKEN.items():
        if source:
            (folder / f"jmcp_{name}.py").write_text(source)
        metadata = folder / f"jmcp_{name}-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: jmcp-{name}\nVersion: 1.0\n"
        )
        (metadata / "entry_points.txt").write_text(
            f"[jmcp.toolsets]\n{name} = jmcp_{name}:TOOLSET\n"
        )
    return folder


@pytest.fixture(scope="module")
def on_path(packages: Path) -> Iterator[None]:
    """Processes that are started find the packages."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(packages))
        yield


@pytest.fixture(scope="module")
def server(on_path: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[testing.Server]:
    """JupyterLab with jmcp inside, and with these packages."""
    with testing.running_server(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def todos(server: testing.Server) -> Iterator[str]:
    """The id of a session on a notebook with notes."""
    example = next(one for one in EXAMPLES if one.tool.name == "find_todos")
    yield testing.prepare(server, example)
    server.delete("example.ipynb")


def test_what_is_broken_is_named_in_the_log(server: testing.Server) -> None:
    server.do("list_files")  # which waits until jmcp runs
    log = (server.root.parent / "server.log").read_text()
    assert "The toolset lost (jmcp-lost 1.0) is left out: jmcp_lost:TOOLSET cannot be imp" in log
    assert "find_todos of toolset twice (jmcp-twice 1.0) is left out: jmcp-example-review 0" in log
    assert "The toolset twice (jmcp-twice 1.0) is left out: none of its tools can be used" in log


# With a kernel: one that has pandas, which takes a second to import.
@pytest.mark.parametrize("example", [EXAMPLES[0], EXAMPLES[-3], EXAMPLES[-1]], ids=str)
def test_its_examples(server: testing.Server, example: testing.Example) -> None:
    testing.check(server, example)


def test_an_example_that_is_wrong_fails_with_what_differs(server: testing.Server) -> None:
    wrong = replace(EXAMPLES[-3], returns={"todos": [{"mark": "fixme"}, {"mark": "fixme"}]})
    with pytest.raises(AssertionError, match=r"result\.todos\[0\]\.mark is 'todo', not 'fixme'"):
        testing.check(server, wrong)
    with pytest.raises(AssertionError, match="kernel_busy was expected, and this came: 2 notes"):
        testing.check(server, replace(wrong, returns=None, raises="kernel_busy"))


@pytest.mark.parametrize("era", ["auto", "legacy"])
async def test_over_mcp(server: testing.Server, todos: str, era: Literal["auto", "legacy"]) -> None:
    async with httpx2.AsyncClient(headers=HEADERS, verify=TLS) as http:
        transport = streamable_http_client(f"{server.url}mcp", http_client=http)
        async with Client(transport, mode=era) as client:
            listed = [tool.name for tool in (await client.list_tools()).tools]
            assert {"read_cell", "find_todos", "profile_dataframe"} <= {*listed}
            assert listed.count("find_todos") == 1
            result = await client.call_tool("find_todos", {"session_id": todos})
            assert result.structured_content is not None
            assert len(result.structured_content["todos"]["rows"]) == 2


def test_over_rest_as_the_served_document_says(server: testing.Server, todos: str) -> None:
    document = json.loads(server.request("GET", "/jmcp/openapi.json"))
    OpenAPIV31SpecValidator(document).validate()
    path = "/jmcp/v1/toolsets/review/sessions/{session_id}/todos"
    operation = document["paths"][path]["get"]
    assert operation["operationId"] == "find_todos"
    assert {"name": "review", "description": REVIEW.doc} in document["tags"]
    opening = document["paths"]["/jmcp/v1/sessions"]["post"]["responses"]["201"]["links"]
    assert opening["find_todos"]["operationId"] == "find_todos"
    answer = json.loads(server.request("GET", path.format(session_id=todos) + "?mark=fixme"))
    assert answer["todos"]["rows"][0][-1] == "the unit"
    refused = json.loads(server.request("GET", path.format(session_id="nosuchone")))
    assert (refused["status"], refused["code"]) == (404, "session_not_found")
    refused = json.loads(server.request("DELETE", path.format(session_id=todos)))
    assert refused["status"] == 405


def test_a_handler_that_ends_the_process_does_not(server: testing.Server, todos: str) -> None:
    failed = server.call("boom", session_id=todos)
    assert failed.error == "internal_error"
    assert "a bug in jmcp-raising 1.0, which brings this tool" in failed.text
    assert server.call("find_todos", session_id=todos).error is None


def run(*arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    """A command of jmcp, on a machine that nobody has configured."""
    return subprocess.run(
        [sys.executable, "-m", "jmcp", *arguments],
        env={**os.environ, "HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )


@thorough
def test_the_command_line_says_what_comes_from_where(on_path: None, tmp_path: Path) -> None:
    listed = run("tools", home=tmp_path)
    assert "review (jmcp-example-review 0.1.0)\n  profile_dataframe " in listed.stdout
    assert "The toolset lost (jmcp-lost 1.0) is left out" in listed.stderr


@thorough
def test_the_package_s_own_tests(packages: Path, tmp_path: Path) -> None:
    """All examples, as its authors run them."""
    command = [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "--rootdir", str(tmp_path)]
    command += ["-p", "no:cacheprovider", str(EXAMPLE / "tests")]
    environment = {**os.environ, "PYTHONPATH": str(packages)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert f"{len(EXAMPLES)} passed" in done.stdout, done.stdout


@thorough
@pytest.mark.parametrize("toolset", ["core", "core,review", "core,lost"])
async def test_over_stdio(on_path: None, tmp_path: Path, toolset: str) -> None:
    (tmp_path / "root").mkdir()
    command = ["-m", "jmcp", "serve", "--transport", "stdio", "--toolset", toolset]
    server = StdioServerParameters(
        command=sys.executable,
        args=command,
        env={**os.environ, "HOME": str(tmp_path)},
        cwd=tmp_path / "root",
    )
    async with stdio.client(server) as client:
        names = [tool.name for tool in (await client.list_tools()).tools]
    assert "use_notebook" in names
    assert ("find_todos" in names) == ("review" in toolset)


@thorough
def test_outside_of_jupyter(on_path: None, tmp_path: Path) -> None:
    example = next(one for one in EXAMPLES if one.tool.name == "find_todos")
    jupyter = served.jupyter_server(tmp_path / "jupyter", tmp_path / "root")
    with jupyter as inside, served.standalone(tmp_path / "home", inside) as outside:
        server = testing.Server(url=outside.url, root=inside.root, token=outside.token)
        session = testing.prepare(server, example)
        found = server.do("find_todos", session_id=session, mark="fixme")
        assert [row[-1] for row in found["todos"]["rows"]] == ["the unit"]
