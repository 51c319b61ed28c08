"""Documents on real servers, in both modes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat as untyped_nbformat
import pytest
from jupyter_server.serverapp import ServerApp

from jmcp.core.errors import NotebookMissing
from jmcp.core.ports import Documents
from jmcp_jupyter.documents.local.documents import LocalDocuments
from jmcp_jupyter.documents.remote.documents import RemoteDocuments
from jmcp_jupyter.http_api import JupyterApi
from tests.document_access import reading
from tests.jupyter_process import TOKEN, StartJupyter
from tests.notebooks import write_notebook
from tests.ports.documents.tab import BOUND_SECONDS

nbformat: Any = untyped_nbformat


@dataclass(kw_only=True)
class DocumentServer:
    """A running server, its root, and documents on it."""

    app: ServerApp
    documents: Documents
    remote: bool
    root: Path = field(init=False)

    def __post_init__(self) -> None:
        self.root = Path(self.app.root_dir)

    def write(self, path: str, *sources: str, minor: int = 5, **metadata: Any) -> None:
        """A notebook of code cells, with ids c0, c1 ... from nbformat 4.5 on."""
        write_notebook(self.root / path, *sources, minor=minor, **metadata)

    def file(self, path: str) -> Any:
        """The notebook as the file has it now."""
        return nbformat.read(self.root / path, as_version=4)

    def sources(self, path: str) -> list[str]:
        return [cell.source for cell in self.file(path).cells]

    @property
    def contents(self) -> Any:
        return self.app.contents_manager

    @property
    def extension(self) -> Any:
        """The collaboration extension."""
        (extension,) = self.app.extension_manager.extension_apps["jupyter_server_ydoc"]
        return extension

    @property
    def rooms(self) -> dict[str, Any]:
        rooms: dict[str, Any] = self.extension.ywebsocket_server.rooms
        return rooms

    async def noticed(self, key: str, path: str | None) -> None:
        """Wait until the documents know of a rename or a deletion: at once in Jupyter itself."""
        async with asyncio.timeout(BOUND_SECONDS):
            while self.remote and await self._path(key) != path:  # noqa: ASYNC110 # no event tells
                await asyncio.sleep(0.005)

    async def _path(self, key: str) -> str | None:
        try:
            return (await self.documents.current(key)).path
        except NotebookMissing:
            return None

    async def texts(self, path: str) -> list[str]:
        """The sources as `documents` reads them."""
        async with reading(self.documents, await self.documents.identify(path)) as cells:
            return [cells.get(index).source for index in range(len(cells))]


def api_of(app: ServerApp) -> JupyterApi:
    return JupyterApi(f"http://127.0.0.1:{app.port}{app.base_url}", TOKEN)


local_only = pytest.mark.parametrize("start_server", ["local"], indirect=True)
"""For what only the server's own process can know or do."""
remote_only = pytest.mark.parametrize("start_server", ["remote"], indirect=True)


@pytest.fixture(params=["local", "remote"])
async def start_server(
    request: pytest.FixtureRequest, jupyter: StartJupyter
) -> AsyncIterator[Callable[..., Any]]:
    """Start a server with documents: `await start_server(live=True, options={...}, **jupyter_config)`.

    The documents are the server's own, or remote ones.
    """
    servers: list[DocumentServer] = []
    apis: list[JupyterApi] = []

    async def start(
        *,
        live: bool = True,
        options: dict[str, Any] | None = None,
        **jupyter_options: Any,
    ) -> DocumentServer:
        app = await jupyter(collaboration=live, **jupyter_options)
        given = {"flush_seconds": 0.05, **(options or {})}
        remote = request.param == "remote"
        documents: Documents
        if remote:
            apis.append(api_of(app))
            documents = RemoteDocuments(apis[-1], **given)
        else:
            documents = LocalDocuments(app, **given)
        servers.append(DocumentServer(app=app, documents=documents, remote=remote))
        return servers[-1]

    yield start
    for one in servers:
        await one.documents.close()
    for api in apis:
        await api.close()


@pytest.fixture(params=["live", "file"])
async def any_server(
    request: pytest.FixtureRequest, start_server: Callable[..., Any]
) -> DocumentServer:
    """Documents in either mode, local and remote: what must be the same in all of them."""
    started: DocumentServer = await start_server(live=request.param == "live")
    return started
