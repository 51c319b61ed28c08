"""Sessions of several agents on the notebooks of one real server, in every mode of jmcp."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from tests.jupyter_process import StartJupyter
from tests.notebooks import write_notebook
from tests.running_jmcp import MODES, UNLIMITED, Mode, RunningJmcp, is_live


@dataclass(kw_only=True)
class Agent:
    """One session, on one notebook."""

    server: SharedServer
    session_id: str

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The result of a call that has to succeed."""
        return await self.server.call(tool, session_id=self.session_id, **arguments)

    async def fail(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The error of a call that has to fail."""
        return await self.server.fail(tool, session_id=self.session_id, **arguments)

    async def read(self, *cell_ids: str) -> None:
        for cell_id in cell_ids:
            await self.call("read_cell", cell_id=cell_id)

    async def write(self, cell_id: str, source: str, **arguments: Any) -> dict[str, Any]:
        return await self.call(
            "overwrite_cell_source", cell_id=cell_id, cell_source=source, **arguments
        )

    async def refused(self, cell_id: str, source: str = "mine = True") -> dict[str, Any]:
        """The details of how an overwriting is refused."""
        error = await self.fail("overwrite_cell_source", cell_id=cell_id, cell_source=source)
        assert error["code"] == "cell_changed", error
        details: dict[str, Any] = error["details"]
        return details

    async def told_changes(self) -> list[str]:
        """What a call that has nothing to do with cells' sources says of others."""
        return changes(await self.call("read_notebook"))


def changes(*results: dict[str, Any]) -> list[str]:
    """The notices of what others changed, each as its code and its cells."""
    notices = [notice for result in results for notice in result["notices"]]
    return [
        f"{notice['code']}: {' '.join(notice['details']['cells'])}"
        for notice in notices
        if notice["code"].startswith(("cells_", "source_")) and "cells" in notice["details"]
    ]


@dataclass(kw_only=True)
class SharedServer(RunningJmcp):
    """A server on which several agents work."""

    async def agent(self, path: str = "a.ipynb") -> Agent:
        return Agent(server=self, session_id=await self.open(path))

    def write(self, sources: Sequence[str], path: str = "a.ipynb", *, minor: int = 5) -> None:
        """The notebook as another program writes it."""
        write_notebook(self.root / path, *sources, minor=minor)


StartServer = Callable[..., Awaitable[SharedServer]]


@pytest.fixture
async def start_server(jupyter: StartJupyter) -> AsyncIterator[StartServer]:
    """`await start_server("local live")`: a server and a jmcp on it, with the notebook a.ipynb."""
    async with AsyncExitStack() as stack:

        async def start(mode: Mode = "local live") -> SharedServer:
            app = await jupyter(collaboration=is_live(mode))
            server = SharedServer(app=app, mode=mode, settings=UNLIMITED)
            # Two lines each: a listing shows a cell of one line whole, and so it is read.
            server.write(["x = 1\ny = 2", "two = 2\ntwo", "three = 3\nthree"])
            return await stack.enter_async_context(server.running())

        yield start


@pytest.fixture(params=MODES)
async def server(request: pytest.FixtureRequest, start_server: StartServer) -> SharedServer:
    """In every mode: what must be the same inside of Jupyter and remote, live and in files."""
    return await start_server(request.param)
