"""An agent at work: the official MCP client with one session, against a served folder."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2
import nbformat as untyped_nbformat
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, ImageContent, Implementation, ResourceLink, TextContent

from tests.notebooks import write_notebook
from tests.served import Served
from tests.typed import filled

nbformat: Any = untyped_nbformat
CALL_SECONDS = 180
WAIT_SECONDS = 120
POLL_SECONDS = 0.05
RUNS = {"execute_cell", "insert_execute_code_cell"}
"""Tools that answer `running` after their `wait`, which on a busy machine is soon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a model gets: `result` is None where `error` says why, `images` are decoded."""

    result: dict[str, Any] | None
    error: str | None
    text: str
    images: tuple[bytes, ...]


class Agent:
    """Calls tools over one connection and keeps the session's id, as its model was told to."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.session_id: str | None = None

    async def ask(self, tool: str, **arguments: Any) -> Answer:
        """Whatever comes back of a call."""
        if self.session_id is not None:
            arguments.setdefault("session_id", self.session_id)
        if tool in RUNS:
            arguments.setdefault("wait", WAIT_SECONDS)
        # Pings keep a connection alive whose answer never comes: the client would wait for ever.
        async with asyncio.timeout(CALL_SECONDS):
            answer = _answer(await self._client.call_tool(tool, arguments))
        if answer.result is None:
            return answer
        return replace(answer, result=filled(tool, answer.result, arguments))

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The result of a call that has to succeed."""
        answer = await self.ask(tool, **arguments)
        assert answer.result is not None, f"{tool}: {answer.text}"
        return answer.result

    async def refused(self, tool: str, **arguments: Any) -> str:
        """The error code of a call that has to fail."""
        answer = await self.ask(tool, **arguments)
        assert answer.error is not None, f"{tool}: {answer.text}"
        return answer.error

    async def open(self, notebook_path: str, **arguments: Any) -> dict[str, Any]:
        opened = await self.call("use_notebook", notebook_path=notebook_path, **arguments)
        self.session_id = opened["session_id"]
        return opened

    async def run(self, code: str, **arguments: Any) -> dict[str, Any]:
        """The result of running code in a new cell at the end."""
        return await self.call(
            "insert_execute_code_cell", cell_index=-1, cell_source=code, **arguments
        )

    async def close(self) -> None:
        """Release everything with its kernel."""
        while self.session_id is not None:
            released = await self.call("unuse_notebook", kernel="stop")
            if released["session_ended"]:
                self.session_id = None


@asynccontextmanager
async def connected_agent(served: Served, name: str | None = None) -> AsyncIterator[Agent]:
    """A connected agent, whose notebooks and kernels are released at the end. `name` is what its
    program calls itself.

    The client lives in a task of its own: it has to be left by the task that entered it, and a
    fixture is not always that.
    """
    connected: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
    done = asyncio.Event()
    info = None if name is None else Implementation(name=name, version="1")

    async def live() -> None:
        try:
            async with httpx2.AsyncClient(headers=served.headers, timeout=CALL_SECONDS) as http:
                transport = streamable_http_client(served.mcp_url, http_client=http)
                async with Client(transport, client_info=info) as client:
                    connected.set_result(client)
                    await done.wait()
        except BaseException as error:
            if connected.done():
                raise
            connected.set_exception(error)

    living = asyncio.create_task(live())
    agent = Agent(await connected)
    try:
        yield agent
    finally:
        try:
            await agent.close()
        finally:
            done.set()
            await living


def _answer(result: CallToolResult) -> Answer:
    """Checks on the way what holds for every result: text first, and no image in the data."""
    first, *others = result.content
    assert isinstance(first, TextContent)
    images = []
    for content in others:
        if isinstance(content, ResourceLink):  # where the whole of an output is
            continue
        assert isinstance(content, ImageContent)
        assert content.data not in json.dumps(result.structured_content)
        images.append(base64.b64decode(content.data))
    error = None
    if result.is_error:
        assert result.meta is not None
        error = result.meta["jmcp/error"]["code"]
    else:
        assert isinstance(result.structured_content, dict)
    return Answer(
        result=None if result.is_error else result.structured_content,
        error=error,
        text=first.text,
        images=tuple(images),
    )


def notices(result: dict[str, Any]) -> list[str]:
    """The codes of a result's notices."""
    return [notice["code"] for notice in result["notices"]]


def texts(result: dict[str, Any]) -> list[str | None]:
    """The texts of a result's outputs."""
    return [output.get("text") for output in result["outputs"]]


def is_run(cell: Any) -> bool:
    """Whether the cell on disk is one that was run; its outputs may still be growing."""
    return cell.get("execution_count") is not None and bool(cell.outputs)


async def eventually(condition: Callable[[], Awaitable[Any]], what: str) -> Any:
    """Wait, within a bound, for a condition that no event tells of; returns what it returned."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        began = time.monotonic()
        if found := await condition():
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"after {WAIT_SECONDS} s still not: {what}")
        # Asking must not be what keeps the server busy.
        await asyncio.sleep(max(POLL_SECONDS, time.monotonic() - began))


async def saved(served: Served, path: str, condition: Callable[[Any], Any], what: str) -> Any:
    """The notebook on disk once the condition holds there. It is valid, whatever it holds."""

    async def holds() -> Any:
        try:
            found = nbformat.read(served.root / path, as_version=nbformat.NO_CONVERT)
        except nbformat.reader.NotJSONError:  # read in the midst of being written
            return None
        return found if condition(found) else None

    notebook = await eventually(holds, what)
    nbformat.validate(notebook)
    return notebook


def write(served: Served, path: str, *sources: str, minor: int = 5, **metadata: Any) -> Any:
    """A notebook file of code cells, with ids c0, c1 ... from nbformat 4.5 on."""
    return write_notebook(served.root / path, *sources, minor=minor, **metadata)


def source_of(path: Path) -> Any:
    """A notebook file as it is, without upgrading its format."""
    return nbformat.read(path, as_version=nbformat.NO_CONVERT)
