"""An agent at work: the official MCP client with one session, against a served folder."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
import nbformat

from tests.contract.surfaces import Mcp
from tests.served import Served

WAIT_SECONDS = 20
POLL_SECONDS = 0.05


class Agent:
    """Calls tools and keeps the session's id, as a model that reads the instructions does."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self._mcp = Mcp(served, "auto")
        self.session_id: str | None = None

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The result of a call that has to succeed."""
        if self.session_id is not None:
            arguments.setdefault("session_id", self.session_id)
        answer = await self._mcp.call(tool, arguments)
        assert answer.result is not None, f"{tool}: {answer.text}"
        return answer.result

    async def open(self, notebook_path: str, **arguments: Any) -> dict[str, Any]:
        opened = await self.call("use_notebook", notebook_path=notebook_path, **arguments)
        self.session_id = opened["session_id"]
        return opened

    async def close(self) -> None:
        """Release everything with its kernel."""
        while self.session_id is not None:
            released = await self.call("unuse_notebook", kernel="stop")
            if released["session_ended"]:
                self.session_id = None


async def eventually(condition: Callable[[], Awaitable[bool]], what: str) -> None:
    """Wait until a condition that no event tells of holds, within a bound."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not await condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"after {WAIT_SECONDS} s still not: {what}")
        await asyncio.sleep(POLL_SECONDS)


async def stored(served: Served, path: str) -> nbformat.NotebookNode:
    """The notebook as Jupyter's contents API has it on disk."""
    async with httpx2.AsyncClient(headers=served.headers, timeout=WAIT_SECONDS) as http:
        response = await http.get(f"{served.url}api/contents/{path}")
        response.raise_for_status()
    return nbformat.from_dict(response.json()["content"])


async def saved(
    served: Served, path: str, condition: Callable[[nbformat.NotebookNode], bool], what: str
) -> nbformat.NotebookNode:
    """The notebook on disk once the condition holds there."""

    async def holds() -> bool:
        return condition(await stored(served, path))

    await eventually(holds, what)
    return await stored(served, path)


def source_of(path: Path) -> nbformat.NotebookNode:
    """A notebook file as it is, without upgrading its format."""
    return nbformat.read(path, as_version=nbformat.NO_CONVERT)
