"""Documents on real servers, in both modes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat as untyped_nbformat
import pytest
from jupyter_server.serverapp import ServerApp

from jmcp_handlers.documents.local import LocalDocuments
from tests.jupyter_process import StartJupyter

nbformat: Any = untyped_nbformat


@dataclass(kw_only=True)
class Place:
    """A running server, its root, and documents on it."""

    app: ServerApp
    documents: LocalDocuments
    root: Path = field(init=False)

    def __post_init__(self) -> None:
        self.root = Path(self.app.root_dir)

    def write(self, path: str, *sources: str, minor: int = 5, **metadata: Any) -> None:
        """A notebook of code cells, with ids c0, c1 ... from nbformat 4.5 on."""
        cells: list[dict[str, Any]] = [
            {
                "cell_type": "code",
                "source": source,
                "metadata": {},
                "outputs": [],
                "execution_count": None,
                **({"id": f"c{index}"} if minor >= 5 else {}),
            }
            for index, source in enumerate(sources)
        ]
        notebook = {"nbformat": 4, "nbformat_minor": minor, "metadata": metadata, "cells": cells}
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(nbformat.from_dict(notebook), self.root / path)

    def file(self, path: str) -> Any:
        """The notebook as the file has it now."""
        return nbformat.read(self.root / path, as_version=4)

    def sources(self, path: str) -> list[str]:
        return [cell.source for cell in self.file(path).cells]

    @property
    def contents(self) -> Any:
        return self.app.contents_manager

    @property
    def rooms(self) -> dict[str, Any]:
        (extension,) = self.app.extension_manager.extension_apps["jupyter_server_ydoc"]
        rooms: dict[str, Any] = extension.ywebsocket_server.rooms
        return rooms

    async def texts(self, path: str) -> list[str]:
        """The sources as `documents` reads them."""
        async with self.documents.read(await self.documents.identify(path)) as cells:
            return [cells.get(index).source for index in range(len(cells))]


@pytest.fixture
async def place(jupyter: StartJupyter) -> AsyncIterator[Callable[..., Any]]:
    """Start a server with documents: `await place(live=True, options={...}, **jupyter_config)`."""
    places: list[Place] = []

    async def start(
        *,
        live: bool = True,
        options: dict[str, Any] | None = None,
        **jupyter_options: Any,
    ) -> Place:
        app = await jupyter(collaboration=live, **jupyter_options)
        documents = LocalDocuments(app, **{"flush_seconds": 0.05, **(options or {})})
        places.append(Place(app=app, documents=documents))
        return places[-1]

    yield start
    for one in places:
        await one.documents.close()


@pytest.fixture(params=["live", "file"])
async def anywhere(request: pytest.FixtureRequest, place: Callable[..., Any]) -> Place:
    """Documents in either mode: what must be the same in both."""
    started: Place = await place(live=request.param == "live")
    return started
