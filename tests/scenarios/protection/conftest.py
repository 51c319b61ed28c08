"""A whole jmcp on a Jupyter Server of this process, as its documents are reached in each place."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import nbformat as untyped_nbformat
import pytest
from jupyter_server.serverapp import ServerApp

from jmcp.compose_local import local_dispatcher
from jmcp.compose_remote import remote_dispatcher
from jmcp.core.calls.call import Caller, Outcome
from jmcp.core.calls.dispatcher import Dispatcher
from jmcp.options.settings import Settings
from jmcp_jupyter.http_api import JupyterApi
from tests.jupyter_process import TOKEN, StartJupyter

nbformat: Any = untyped_nbformat

Place = Literal["live", "file", "outside live", "outside file"]
PLACES: tuple[Place, ...] = ("live", "file", "outside live", "outside file")
OPEN = Settings(calls_per_second=0, owner_calls_per_second=0)
"""Without limits that a test of something else could meet."""


@dataclass(kw_only=True)
class Desk:
    """`outside` is a folder beside the root, which nothing may reach."""

    app: ServerApp
    dispatcher: Dispatcher
    place: Place
    root: Path = field(init=False)
    outside: Path = field(init=False)

    def __post_init__(self) -> None:
        self.root = Path(self.app.root_dir)
        self.outside = self.root.parent / "outside"
        self.outside.mkdir(exist_ok=True)

    @property
    def elsewhere(self) -> bool:
        return self.place.startswith("outside")

    async def call(self, tool: str, owner: str = "somebody", **arguments: Any) -> Outcome:
        return await self.dispatcher.call(tool, arguments, Caller(owner=owner, authenticated=True))

    async def result(self, tool: str, **arguments: Any) -> dict[str, Any]:
        outcome = await self.call(tool, **arguments)
        assert outcome.error is None, outcome.text
        assert outcome.result is not None
        return outcome.result

    async def refused(self, tool: str, **arguments: Any) -> str:
        """The code of the error that the call has to end with."""
        outcome = await self.call(tool, **arguments)
        assert outcome.error is not None, (tool, arguments, outcome.text)
        return outcome.error.code


def write_notebook(path: Path, *sources: str) -> None:
    """A notebook with one code cell for each source, whose ids are c0, c1 ..."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = nbformat.v4.new_notebook()
    for index, source in enumerate(sources):
        cell = nbformat.v4.new_code_cell(source)
        cell["id"] = f"c{index}"
        made.cells.append(cell)
    nbformat.write(made, path)


StartDesk = Callable[..., Awaitable[Desk]]


@pytest.fixture
async def desk(jupyter: StartJupyter) -> AsyncIterator[StartDesk]:
    """`await desk("live", settings=..., **jupyter_config)`."""
    started: list[Desk] = []
    apis: list[JupyterApi] = []

    async def start(place: Place, settings: Settings = OPEN, **config: Any) -> Desk:
        app = await jupyter(collaboration=place.endswith("live"), **config)
        if place.startswith("outside"):
            api = JupyterApi(f"http://127.0.0.1:{app.port}{app.base_url}", TOKEN)
            apis.append(api)
            dispatcher = remote_dispatcher(api, api, settings)
        else:
            dispatcher = local_dispatcher(app, settings)
        await dispatcher.start()
        started.append(Desk(app=app, dispatcher=dispatcher, place=place))
        return started[-1]

    yield start
    for one in started:
        await one.dispatcher.close()
    for api in apis:
        await api.close()
