"""A client that was written for an older server: it opens a notebook once and passes no session_id."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import httpx2
import nbformat as untyped_nbformat
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client

from jmcp.core.calls.call import Caller
from tests.calls import ALICE
from tests.fakes.jmcp import FakeJmcp
from tests.served import Served

nbformat: Any = untyped_nbformat
CALL_SECONDS = 120
CELLS = [("markdown", "# Title"), ("code", "x = 1"), ("code", "x + 1")]
"""What the notebooks of checks start from, with the ids c0, c1, c2."""


def notebook_text(cells: Sequence[tuple[str, str]] = CELLS) -> str:
    make = {"code": nbformat.v4.new_code_cell, "markdown": nbformat.v4.new_markdown_cell}
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [make[kind](source, id=f"c{i}") for i, (kind, source) in enumerate(cells)]
    return str(nbformat.writes(notebook))


class OldClient(Protocol):
    """One connection with one session. Results are as they are on the wire."""

    told: list[str]
    """The messages of the progress notifications of the last call."""

    def put(self, path: str, text: str) -> None:
        """Write a file into the server's folder."""

    async def answer(self, tool: str, arguments: dict[str, Any]) -> tuple[dict[str, Any], str]:
        """The result and "", or nothing and the code of the error."""


async def call(old: OldClient, tool: str, **arguments: Any) -> dict[str, Any]:
    """The result of a call that has to succeed."""
    result, code = await old.answer(tool, arguments)
    assert not code, (tool, arguments, code)
    return result


async def refused(old: OldClient, tool: str, **arguments: Any) -> str:
    """The error code of a call that has to fail."""
    result, code = await old.answer(tool, arguments)
    assert code, (tool, arguments, result)
    return code


async def cells(old: OldClient) -> list[dict[str, Any]]:
    """All cells of the current notebook."""
    found, start = [], 0
    while True:
        page = await call(old, "read_all_cells", start_index=start, full_output=True)
        found += page["result"]
        if "more" not in page:
            return found
        start = page["more"]["start_index"]


async def contents(old: OldClient) -> list[str]:
    return [cell["content"] for cell in await cells(old)]


class FakeOldClient:
    """One on the fakes."""

    def __init__(self, jmcp: FakeJmcp, connection: str = "an old client") -> None:
        self.jmcp = jmcp
        self.told: list[str] = []
        self.caller: Caller = replace(ALICE, connection=connection)

    def put(self, path: str, text: str) -> None:
        self.jmcp.documents.put_text(path, text)

    async def answer(self, tool: str, arguments: dict[str, Any]) -> tuple[dict[str, Any], str]:
        outcome = await self.jmcp.dispatcher.call(tool, arguments, self.caller)
        if outcome.error is not None:
            return {}, outcome.error.code
        assert outcome.result is not None
        return outcome.result, ""


class RealOldClient:
    """One over MCP with a handshake, whose connection stands for its session."""

    def __init__(self, client: Client, root: Path) -> None:
        self._client = client
        self._root = root
        self.told: list[str] = []

    def put(self, path: str, text: str) -> None:
        (self._root / path).write_text(text)

    async def answer(self, tool: str, arguments: dict[str, Any]) -> tuple[dict[str, Any], str]:
        told = self.told = []

        async def on_progress(progress: float, total: float | None, message: str | None) -> None:
            told.append(message or "")

        async with asyncio.timeout(CALL_SECONDS):
            result = await self._client.call_tool(tool, arguments, progress_callback=on_progress)
        if result.is_error:
            assert result.meta is not None
            return {}, str(result.meta["jmcp/error"]["code"])
        assert isinstance(result.structured_content, dict)
        return result.structured_content, ""


@asynccontextmanager
async def connected(served: Served) -> AsyncIterator[RealOldClient]:
    async with httpx2.AsyncClient(headers=served.headers, timeout=CALL_SECONDS) as http:
        transport = streamable_http_client(served.mcp_url, http_client=http)
        async with Client(transport, mode="legacy") as client:
            yield RealOldClient(client, served.root)
