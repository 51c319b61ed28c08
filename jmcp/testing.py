"""Runs the examples of a toolset in the test suite of its package, on a real server.

In a test module of the package, where pytest finds it:

    from jmcp.testing import example_tests

    test_example = example_tests("review")

That is a test for each example of the toolset's spec: what its fixture says is made, the tool is
called, and what comes is compared with what the example says. The package has to be installed, and
`jmcp[lab]` beside it. One server is started for all examples, when the first one runs.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import nbformat as untyped_nbformat
import pytest

from jmcp.core.calls.tool import Tool
from jmcp.plugins.loading import LoadedToolset, loaded_toolsets

nbformat: Any = untyped_nbformat

READY_SECONDS = 60.0
STOP_SECONDS = 30.0
CALL_SECONDS = 60.0
EXAMPLES_FILE = "examples.json"
TOKEN = "jmcp-testing"
URL = re.compile(r"(http://\S+/)mcp\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a call came to: its result with all fields, or the code of an error. `text` is what a
    model reads."""

    result: dict[str, Any] | None
    error: str | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One example of a spec, and what is there before its call."""

    tool: Tool
    name: str
    fixture: Mapping[str, Any]
    call: Mapping[str, Any]
    returns: Mapping[str, Any] | None = None
    raises: str | None = None
    also: str | None = None

    def __str__(self) -> str:
        return f"{self.tool.name}-{self.name.replace(' ', '-')}"


@dataclass(slots=True)
class Server:
    """A server with all toolsets. `root` is its folder."""

    url: str
    root: Path
    token: str = TOKEN
    tools: Mapping[str, Tool] = field(default_factory=dict)

    def call(self, tool: str, **arguments: Any) -> Answer:
        """Call any tool."""
        body = {"tool_name": tool, "arguments": arguments}
        data = json.loads(self.request("POST", "/mcp/tools/call", json.dumps(body)))
        if not data["success"]:
            return Answer(result=None, error=data["code"], text=data["detail"])
        result = data["result"]
        if tool in self.tools:
            result = typed(self.tools[tool], result)
        return Answer(result=result, error=None, text=data["text"])

    def do(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool that has to succeed. Raises AssertionError."""
        answer = self.call(tool, **arguments)
        if answer.result is None:
            raise AssertionError(f"{tool}: {answer.text}")
        return answer.result

    def write(self, path: str, text: str) -> None:
        """Write a file into the folder."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def delete(self, path: str) -> None:
        """Delete a file as a person would, so that no document of it stays open."""
        self.request("DELETE", f"/api/contents/{quote(path)}")

    def request(self, method: str, path: str, body: str | None = None) -> bytes:
        """The body of what the server answers."""
        parts = urlsplit(self.url)
        connection = HTTPConnection(parts.hostname or "", parts.port, timeout=CALL_SECONDS)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        try:
            connection.request(method, path, body=body, headers=headers)
            return connection.getresponse().read()
        finally:
            connection.close()


def example_tests(toolset: str) -> Callable[..., None]:
    """A test for each example of that toolset. Raises LookupError for one that is not usable here."""
    examples = examples_of(usable(toolset))

    @pytest.mark.parametrize("example", examples, ids=str)
    def test_example(example: Example, pytestconfig: pytest.Config) -> None:
        check(_shared_server(pytestconfig), example)

    return test_example


def usable(toolset: str) -> LoadedToolset:
    """An installed toolset, all of it. Raises LookupError, which says what is wrong with it."""
    loaded = loaded_toolsets()
    faults = [str(one) for one in loaded.faults if one.name == toolset]
    if faults:
        raise LookupError(" ".join(faults))
    for one in loaded.toolsets:
        if one.toolset.name == toolset:
            return one
    raise LookupError(
        f"No toolset {toolset} is installed in {sys.prefix}. Install its package there "
        "(pip install -e .), with an entry point of that name in the group jmcp.toolsets."
    )


def examples_of(one: LoadedToolset) -> Sequence[Example]:
    """The examples of a toolset, in the order of its spec."""
    text = (one.toolset.folder / EXAMPLES_FILE).read_text(encoding="utf-8")
    document = json.loads(text)
    return [
        Example(
            tool=one.tools[raw["tool"]],
            name=raw["name"],
            fixture=document["fixtures"][raw["given"]],
            call=raw["call"],
            returns=raw.get("returns"),
            raises=raw.get("raises"),
            also=raw.get("also"),
        )
        for raw in document["examples"]
    ]


def check(server: Server, example: Example) -> None:
    """Run an example on a server. Raises AssertionError for what is not as it says."""
    tool = example.tool
    server.tools = {**server.tools, tool.name: tool}
    paths = [*filter(None, (example.fixture.get("notebook"), example.also))]
    session_id = ""
    try:
        session_id = prepare(server, example)
        arguments = {key: _filled(value, session_id) for key, value in example.call.items()}
        if session_id and tool.session != "none" and example.also is None:
            arguments.setdefault("session_id", session_id)
        answer = server.call(tool.name, **arguments)
    finally:
        if session_id:
            server.call("unuse_notebook", session_id=session_id, kernel="stop", confirm=True)
        for path in paths:
            server.delete(path)
    if answer.error != example.raises:
        expected = example.raises or "a result"
        raise AssertionError(f"{example}: {expected} was expected, and this came: {answer.text}")
    if example.returns is not None and (found := difference(example.returns, answer.result)):
        raise AssertionError(f"{example}: {found}. The whole result: {answer.result}")


def prepare(server: Server, example: Example) -> str:
    """Make what the example's fixture says. Returns the id of the session; empty without one."""
    fixture = example.fixture
    cells = fixture.get("cells", ())
    for path in filter(None, (fixture.get("notebook"), example.also)):
        server.write(path, _notebook(cells))
    if not fixture.get("open"):
        return ""
    opened = server.do("use_notebook", notebook_path=fixture["notebook"])
    session_id: str = opened["session_id"]
    if fixture.get("changed"):
        _change(server, example, session_id)
    for cell_id in fixture.get("run", ()):
        server.do("execute_cell", session_id=session_id, cell_id=cell_id)
    for cell_id in fixture.get("running", ()):
        server.do("execute_cell", session_id=session_id, cell_id=cell_id, wait=0)
    return session_id


def _change(server: Server, example: Example, session_id: str) -> None:
    """The session reads the cells, then another one overwrites some of them."""
    server.do("read_notebook", session_id=session_id, response_format="detailed")
    other = server.do("use_notebook", notebook_path=example.fixture["notebook"])["session_id"]
    source = "by = 'another session'"
    for cell_id in example.fixture["changed"]:
        server.do("overwrite_cell_source", session_id=other, cell_id=cell_id, cell_source=source)
    server.do("unuse_notebook", session_id=other)


def difference(expected: Any, actual: Any, path: str = "result") -> str | None:
    """The first place where `actual` lacks what is expected: objects may have more, lists not."""
    if isinstance(expected, Mapping):
        if not isinstance(actual, Mapping):
            return f"{path} is {actual!r}, not an object"
        for key, value in expected.items():
            if found := difference(value, actual.get(key), f"{path}.{key}"):
                return found
        return None
    if isinstance(expected, list):
        if not isinstance(actual, list) or len(actual) != len(expected):
            return f"{path} is {actual!r}, not a list of {len(expected)}"
        for index, value in enumerate(expected):
            if found := difference(value, actual[index], f"{path}[{index}]"):
                return found
        return None
    return None if expected == actual else f"{path} is {actual!r}, not {expected!r}"


def typed(tool: Tool, data: Mapping[str, Any]) -> dict[str, Any]:
    """A result as the tool's spec has it: tables as lists, and all fields with their defaults."""
    copied: dict[str, Any] = json.loads(json.dumps(data))
    for table in tool.tables:
        inner = copied
        for name in table.path[:-1]:
            inner = inner.get(name) or {}
        if (found := inner.get(table.path[-1])) is not None:
            rows = (dict(zip(found["columns"], row, strict=True)) for row in found["rows"])
            inner[table.path[-1]] = [{**table.columns, **row} for row in rows]
    own = {name: value for name, value in copied.items() if name in tool.result.model_fields}
    beside = {name: value for name, value in copied.items() if name not in own}
    return tool.result.model_validate(own).model_dump(mode="json") | beside


@contextmanager
def running_server(folder: Path, *options: str) -> Iterator[Server]:
    """A server of its own in that folder, with all toolsets and nothing of the user's configuration.

    An error that a tool does not declare is a bug there. Raises RuntimeError when it does not start.
    """
    root = folder / "root"
    root.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "jmcp", "serve", "--root-dir", str(root), "--port", "0"]
    command += ["--token", TOKEN, "--toolset", "all", "--no-browser", *options]
    log = folder / "server.log"
    with log.open("w", encoding="utf-8") as written:
        process = subprocess.Popen(
            command, env=_environment(folder), cwd=root, stdout=written, stderr=written
        )
    try:
        yield Server(url=_url(process, log), root=root)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _environment(folder: Path) -> dict[str, str]:
    own = ("JUPYTER", "JMCP", "XDG", "IPYTHON")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    return kept | {"HOME": str(folder / "home"), "JMCP_STRICT": "1"}


def _url(process: subprocess.Popen[bytes], log: Path) -> str:
    """The URL that the server prints when it answers."""
    end = time.monotonic() + READY_SECONDS
    while time.monotonic() < end:
        text = log.read_text(encoding="utf-8")
        if found := URL.search(text):
            return found[1]
        if process.poll() is not None:
            raise RuntimeError(f"jmcp serve ended with status {process.returncode}:\n{text}")
        time.sleep(0.05)
    raise RuntimeError(f"jmcp serve was not ready within {READY_SECONDS:g} s:\n{text}")


_SERVER = pytest.StashKey[Server]()


def _shared_server(config: pytest.Config) -> Server:
    """The server of this test run, started by the first who asks, ended with the run."""
    server = config.stash.get(_SERVER, None)
    if server is None:
        resources = ExitStack()
        config.add_cleanup(resources.close)
        folder = resources.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        server = config.stash[_SERVER] = resources.enter_context(running_server(Path(folder)))
    return server


def _notebook(cells: Sequence[Mapping[str, str]]) -> str:
    notebook = nbformat.v4.new_notebook()
    for cell in cells:
        make = getattr(nbformat.v4, f"new_{cell['cell_type']}_cell")
        notebook.cells.append(make(cell["source"], id=cell["id"]))
    text: str = nbformat.writes(notebook)
    return text


def _filled(value: Any, session_id: str) -> Any:
    with suppress(AttributeError):
        return value.replace("{session_id}", session_id)
    return value
