"""Journaled documents on a real Jupyter Server that can be lost like in a crash."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import pytest
from jupyter_server.serverapp import ServerApp

from jmcp.core.journal.entries import Entry
from jmcp.core.ports import NotebookRef
from jmcp.core.stores.journal.sqlite import SqliteJournal
from jmcp.core.stores.state_file import StateFile
from jmcp_jupyter.documents.local import documents
from jmcp_jupyter.documents.local.documents import LocalDocuments
from tests.journaled_notebooks import JournaledNotebooks
from tests.jupyter_process import StartJupyter, stop
from tests.notebooks import write_notebook
from tests.sentences import said

BOUND_SECONDS = 60.0
NEVER = 3600.0
"""No save by itself within a test."""


@dataclass(kw_only=True)
class JournaledServer:
    """Jupyter and journaled documents on it, one after the other over one root."""

    jupyter: StartJupyter
    monkeypatch: pytest.MonkeyPatch
    folder: Path
    live: bool
    app: ServerApp = field(init=False)
    inner: LocalDocuments = field(init=False)
    documents: JournaledNotebooks = field(init=False)
    state: StateFile = field(init=False)

    async def start(
        self, *, save_after: float = NEVER, look_seconds: float = 0.02, poll_seconds: float = 0.05
    ) -> None:
        # A module lives as long as its process, which here outlives the servers in it.
        self.monkeypatch.setattr(documents, "SERVER_SESSION", str(uuid4()))
        self.app = await self.jupyter(
            collaboration=self.live,
            root=self.root,
            YDocExtension={"document_save_delay": NEVER, "file_poll_interval": poll_seconds},
            BaseFileIdManager={"db_path": str(self.folder / "file_ids.db")},
        )
        self.inner = LocalDocuments(self.app, save_after=save_after)
        self.state = StateFile(self.folder / "state.db")
        self.documents = JournaledNotebooks(
            self.inner, SqliteJournal(self.state), look_seconds=look_seconds
        )

    async def crash(self, **options: Any) -> None:
        """Lose everything that is in no file, and start again."""
        await self.forget()
        await stop(self.app)
        self.state.close()
        await self.start(**options)

    async def forget(self) -> None:
        """End what the process does in the background, and forget what it was to save."""
        if self.inner._live is not None:
            for room in cast("Any", self.inner._live)._rooms._opened.values():
                room.saver._edited_version = room.saver._saved_version
        tasks = list(self.documents.recorder._follower._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def end(self) -> None:
        await self.documents.close()
        self.state.close()

    @property
    def root(self) -> Path:
        return self.folder / "root"

    def write(self, path: str, *sources: str, minor: int = 5) -> None:
        write_notebook(self.root / path, *sources, minor=minor)

    def sources(self, path: str) -> list[str]:
        try:
            found = json.loads((self.root / path).read_text())
        except ValueError:  # Jupyter is writing it
            return []
        return ["".join(cell["source"]) for cell in found["cells"]]

    async def ref(self, path: str = "a.ipynb") -> NotebookRef:
        return await self.inner.identify(path)

    async def texts(self, path: str = "a.ipynb") -> list[str]:
        async with self.documents.read(await self.ref(path)) as cells:
            return [cells.get(index).source for index in range(len(cells))]

    async def told(self, path: str = "a.ipynb") -> str:
        async with self.documents.read(await self.ref(path)) as cells:
            return "\n".join(said(cells.notices()))

    async def entries(self, path: str = "a.ipynb") -> list[Entry]:
        return list(self.documents.entries((await self.ref(path)).key))

    async def states(self, path: str = "a.ipynb") -> list[str]:
        return [entry.state for entry in await self.entries(path)]

    async def until(self, holds: Callable[[], Awaitable[Any]]) -> None:
        """Wait, within a bound, until `holds()` is true."""
        deadline = asyncio.get_running_loop().time() + BOUND_SECONDS
        while not await holds():
            assert asyncio.get_running_loop().time() < deadline
            await asyncio.sleep(0.01)


@pytest.fixture
async def server(
    jupyter: StartJupyter,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> AsyncIterator[JournaledServer]:
    """Live documents; with the parameter "file", files."""
    live = getattr(request, "param", "live") == "live"
    server = JournaledServer(jupyter=jupyter, monkeypatch=monkeypatch, folder=tmp_path, live=live)
    server.write("a.ipynb", "0", "1", "2")
    await server.start()
    yield server
    await server.end()
