"""Pages that work on a notebook's file alone, beside agents on the same notebook."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPRequest

from tests.jupyter_process import TOKEN, StartJupyter
from tests.notebooks import write_notebook
from tests.running_jmcp import UNLIMITED, Mode, RunningJmcp, is_live

BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0"
PATH = "a.ipynb"
PATIENCE_SECONDS = 30.0


@dataclass(kw_only=True)
class Page:
    """What a page of JupyterLab without live documents does over Jupyter's contents API. `content` is
    what it shows."""

    jmcp: RunningJmcp
    program: str = BROWSER
    path: str = PATH
    content: dict[str, Any] = field(default_factory=dict)

    async def load(self) -> None:
        """Open the notebook, or "Revert"."""
        self.content = (await self._ask("GET", "?type=notebook&content=1&hash=1"))["content"]

    async def save(self) -> None:
        """Save it, or "Overwrite"."""
        body = {"type": "notebook", "format": "json", "content": self.content}
        await self._ask("PUT", "", deepcopy(body))

    async def rename(self, path: str) -> None:
        await self._ask("PATCH", "", {"path": path})
        self.path = path

    def cell(self, cell_id: str) -> dict[str, Any]:
        found: dict[str, Any] = next(one for one in self.content["cells"] if one["id"] == cell_id)
        return found

    @property
    def sources(self) -> list[str]:
        return [cell["source"] for cell in self.content["cells"]]

    async def _ask(self, method: str, query: str, body: Any = None) -> dict[str, Any]:
        app = self.jmcp.app
        url = f"http://127.0.0.1:{app.port}{app.base_url}api/contents/{self.path}{query}"
        request = HTTPRequest(
            url,
            method=method,
            headers={"Authorization": f"token {TOKEN}", "User-Agent": self.program},
            body=None if body is None else json.dumps(body),
        )
        answered: dict[str, Any] = json.loads((await AsyncHTTPClient().fetch(request)).body)
        return answered


@dataclass(kw_only=True)
class Beside(RunningJmcp):
    """A server with a notebook of three cells, an agent's session on it, and pages."""

    session: str = ""
    path: str = PATH

    def page(self, program: str = BROWSER) -> Page:
        return Page(jmcp=self, program=program)

    async def ask(self, tool: str, **arguments: Any) -> dict[str, Any]:
        return await self.call(tool, session_id=self.session, **arguments)

    async def insert(self, source: str, at: int) -> str:
        kind = {"cell_index": at, "cell_type": "code", "cell_source": source}
        inserted: str = (await self.ask("insert_cell", **kind))["cell_id"]
        return inserted

    async def settled(self) -> None:
        """Return when the saves that were made were looked at, and the file has what that put back."""
        leases = self.dispatcher.leases
        assert leases.recorder is not None
        await leases.recorder.other_saves.settled()
        ref = await leases.documents.identify(self.path)
        async with asyncio.timeout(PATIENCE_SECONDS):
            # A save that meets a change of the file has that taken over first.
            while await leases.documents.save(ref) != "saved":
                pass

    async def seen(self) -> list[str]:
        """What the agent sees, which has to be what the file has."""
        cells = [await self.ask("read_cell", cell_index=at) for at in range(await self._count())]
        sources = [cell["source"] for cell in cells]
        # Reading may have brought back what the journal had.
        await self.settled()
        file = json.loads((self.root / PATH).read_text())
        assert ["".join(cell["source"]) for cell in file["cells"]] == sources
        return sources

    async def _count(self) -> int:
        count: int = (await self.ask("read_notebook"))["cell_count"]
        return count


@asynccontextmanager
async def beside(jupyter: StartJupyter, mode: Mode) -> AsyncIterator[Beside]:
    app = await jupyter(collaboration=is_live(mode))
    server = Beside(app=app, mode=mode, settings=UNLIMITED)
    write_notebook(server.root / PATH, "x = 1", "y = 2", "z = 3")
    async with server.running():
        server.session = await server.open(PATH)
        yield server


@pytest.fixture(params=["local live", "local file"])
async def server(request: pytest.FixtureRequest, jupyter: StartJupyter) -> AsyncIterator[Beside]:
    async with beside(jupyter, request.param) as made:
        yield made
