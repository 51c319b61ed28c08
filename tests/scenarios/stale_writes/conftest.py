"""Sessions of several agents on the notebooks of one real server, wherever jmcp is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from jupyter_server.serverapp import ServerApp

from jmcp.compose_local import local_dispatcher
from jmcp.compose_remote import remote_dispatcher
from jmcp.core.calls.call import Caller
from jmcp.core.calls.dispatcher import Dispatcher
from jmcp.options.settings import Settings
from jmcp_jupyter.http_api import JupyterApi
from tests.jupyter_process import TOKEN, StartJupyter
from tests.notebooks import write_notebook

Place = Literal["live", "file", "outside live", "outside file"]
PLACES: tuple[Place, ...] = ("live", "file", "outside live", "outside file")
CALLER = Caller(owner="somebody", authenticated=True)
OPEN = Settings(calls_per_second=0, owner_calls_per_second=0)


@dataclass(kw_only=True)
class Agent:
    """One session, on one notebook."""

    world: World
    session_id: str

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The result of a call that has to succeed."""
        return await self.world.call(tool, session_id=self.session_id, **arguments)

    async def fail(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The error of a call that has to fail."""
        arguments["session_id"] = self.session_id
        outcome = await self.world.dispatcher.call(tool, arguments, CALLER)
        assert outcome.error is not None, outcome.text
        return outcome.error.payload()

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

    async def told(self) -> list[str]:
        """What a call that has nothing to do with cells' sources says of others."""
        return changes(await self.call("read_notebook"))


def changes(*results: dict[str, Any]) -> list[str]:
    """The messages of what others changed."""
    notices = [notice for result in results for notice in result["notices"]]
    return [notice["message"] for notice in notices if notice["code"] == "cells_changed"]


@dataclass(kw_only=True)
class World:
    """A server with a jmcp, which may be started again."""

    app: ServerApp
    place: Place
    apis: list[JupyterApi]
    root: Path = field(init=False)
    dispatcher: Dispatcher = field(init=False)

    def __post_init__(self) -> None:
        self.root = Path(self.app.root_dir)

    async def start(self) -> None:
        if self.place.startswith("outside"):
            self.apis.append(
                JupyterApi(f"http://127.0.0.1:{self.app.port}{self.app.base_url}", TOKEN)
            )
            self.dispatcher = remote_dispatcher(self.apis[-1], self.apis[-1], OPEN)
        else:
            self.dispatcher = local_dispatcher(self.app, OPEN)
        await self.dispatcher.start()

    async def restart(self) -> None:
        await self.dispatcher.close()
        await self.start()

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        outcome = await self.dispatcher.call(tool, arguments, CALLER)
        assert outcome.result is not None, outcome.text
        return outcome.result

    async def agent(self, path: str = "a.ipynb") -> Agent:
        opened = await self.call("use_notebook", notebook_path=path)
        return Agent(world=self, session_id=opened["session_id"])

    def write(
        self,
        sources: Sequence[str],
        path: str = "a.ipynb",
        *,
        minor: int = 5,
    ) -> None:
        """The notebook as another program writes it."""
        write_notebook(self.root / path, *sources, minor=minor)


StartWorld = Callable[..., Awaitable[World]]


@pytest.fixture
async def start_world(jupyter: StartJupyter) -> AsyncIterator[StartWorld]:
    """`await start_world("live")`: a server and a jmcp there, with the notebook a.ipynb."""
    worlds: list[World] = []

    async def start(place: Place = "live") -> World:
        app = await jupyter(collaboration=place.endswith("live"))
        world = World(app=app, place=place, apis=[])
        # Two lines each: a listing shows a cell of one line whole, and so it is read.
        world.write(["x = 1\ny = 2", "two = 2\ntwo", "three = 3\nthree"])
        await world.start()
        worlds.append(world)
        return world

    yield start
    for world in worlds:
        await world.dispatcher.close()
        for api in world.apis:
            await api.close()


@pytest.fixture(params=PLACES)
async def world(request: pytest.FixtureRequest, start_world: StartWorld) -> World:
    """Everywhere: what must be the same inside of Jupyter and outside, live and in files."""
    return await start_world(request.param)
