"""Documents on real servers, in both modes, and the fake that stands for them in unit tests."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
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
from tests.fakes.documents import FakeDocuments
from tests.jupyter_process import TOKEN, StartJupyter
from tests.notebooks import write_notebook
from tests.ports.documents.tab import BOUND_SECONDS

nbformat: Any = untyped_nbformat


class DocumentSetup(ABC):
    """Documents, and what others do to their files: people, programs, Jupyter's own clients."""

    documents: Documents

    @abstractmethod
    def write(self, path: str, *sources: str, minor: int = 5, **metadata: Any) -> None:
        """A notebook of code cells, with ids c0, c1 ... from nbformat 4.5 on."""

    @abstractmethod
    def put_text(self, path: str, text: str) -> None: ...
    @abstractmethod
    def text(self, path: str) -> str | None:
        """What the file holds now; None when there is none."""

    @abstractmethod
    def remove(self, path: str) -> None:
        """Delete the file behind Jupyter's back."""

    @abstractmethod
    def make_directory(self, path: str) -> None: ...
    @abstractmethod
    async def rename(self, path: str, to: str) -> None:
        """As a person does in JupyterLab; the documents know of it when this ends."""

    @abstractmethod
    async def delete(self, path: str) -> None:
        """The same for a deletion."""

    def file(self, path: str) -> Any:
        """The notebook as the file has it now."""
        return nbformat.reads(self.text(path), as_version=4)

    def sources(self, path: str) -> list[str]:
        return [cell.source for cell in self.file(path).cells]

    async def texts(self, path: str) -> list[str]:
        """The sources as `documents` reads them."""
        async with reading(self.documents, await self.documents.identify(path)) as cells:
            return [cells.get(index).source for index in range(len(cells))]


@dataclass(kw_only=True)
class DocumentServer(DocumentSetup):
    """A running server, its root, and documents on it."""

    app: ServerApp
    documents: Documents
    remote: bool
    root: Path = field(init=False)

    def __post_init__(self) -> None:
        self.root = Path(self.app.root_dir)

    def write(self, path: str, *sources: str, minor: int = 5, **metadata: Any) -> None:
        write_notebook(self.root / path, *sources, minor=minor, **metadata)

    def put_text(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def text(self, path: str) -> str | None:
        file = self.root / path
        return file.read_text() if file.exists() else None

    def remove(self, path: str) -> None:
        (self.root / path).unlink()

    def make_directory(self, path: str) -> None:
        (self.root / path).mkdir(parents=True)

    async def rename(self, path: str, to: str) -> None:
        ref = await self.documents.identify(path)
        await self.contents.rename(path, to)
        await self.noticed(ref.key, to)

    async def delete(self, path: str) -> None:
        ref = await self.documents.identify(path)
        await self.contents.delete(path)
        await self.noticed(ref.key, None)

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


@dataclass(kw_only=True)
class FakeSetup(DocumentSetup):
    """The fake that unit tests use, with its files in memory."""

    documents: FakeDocuments

    def write(self, path: str, *sources: str, minor: int = 5, **metadata: Any) -> None:
        self.documents.write(path, *sources, minor=minor, **metadata)

    def put_text(self, path: str, text: str) -> None:
        self.documents.put_text(path, text)

    def text(self, path: str) -> str | None:
        return self.documents.text(path)

    def remove(self, path: str) -> None:
        self.documents.delete(path)

    def make_directory(self, path: str) -> None:
        self.documents.make_directory(path)

    async def rename(self, path: str, to: str) -> None:
        self.documents.rename(path, to)

    async def delete(self, path: str) -> None:
        self.documents.delete(path)


def api_of(app: ServerApp) -> JupyterApi:
    return JupyterApi(f"http://127.0.0.1:{app.port}{app.base_url}", TOKEN)


local_only = pytest.mark.parametrize("start_server", ["local"], indirect=True)
"""For what only the server's own process can know or do."""
remote_only = pytest.mark.parametrize("start_server", ["remote"], indirect=True)


StartServer = Callable[..., Awaitable[DocumentServer]]


@pytest.fixture
async def document_servers(jupyter: StartJupyter) -> AsyncIterator[StartServer]:
    """Start servers with documents, the server's own or remote ones."""
    servers: list[DocumentServer] = []
    apis: list[JupyterApi] = []

    async def start(
        *,
        remote: bool,
        live: bool = True,
        options: dict[str, Any] | None = None,
        **jupyter_options: Any,
    ) -> DocumentServer:
        app = await jupyter(collaboration=live, **jupyter_options)
        given = {"flush_seconds": 0.05, **(options or {})}
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


@pytest.fixture(params=["local", "remote"])
def start_server(request: pytest.FixtureRequest, document_servers: StartServer) -> StartServer:
    """`await start_server(live=True, options={...}, **jupyter_config)`, for both adapters."""
    return partial(document_servers, remote=request.param == "remote")


@pytest.fixture(
    params=["local live", "local file", "remote live", "remote file", "fake live", "fake file"]
)
async def any_server(
    request: pytest.FixtureRequest, document_servers: StartServer
) -> DocumentSetup:
    """Each adapter in either mode, and the fake: what `ports.Documents` promises of them all."""
    where, mode = request.param.split()
    if where == "fake":
        return FakeSetup(documents=FakeDocuments(mode))
    return await document_servers(remote=where == "remote", live=mode == "live")


@pytest.fixture
def any_mode(request: pytest.FixtureRequest, any_server: DocumentSetup) -> str:
    """The mode that `any_server` is in."""
    return str(request.node.callspec.params["any_server"]).split()[1]
