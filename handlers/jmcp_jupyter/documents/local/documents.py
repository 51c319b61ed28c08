"""The documents of the Jupyter Server that this process is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol
from uuid import uuid4

from jupyter_server.utils import ensure_async

from jmcp.core.errors import DirectoryMissing, NotebookExists, WriteRefused
from jmcp.core.ports import Cell, Cells, Documents, FileEntry, NotebookRef, OutputSink, SaveState
from jmcp_jupyter.documents.common import nbformat_cells
from jmcp_jupyter.documents.common.listing import list_directory
from jmcp_jupyter.documents.common.models import DEFAULT_MAX_BYTES
from jmcp_jupyter.documents.file.notebooks import FileNotebooks
from jmcp_jupyter.documents.file.output_sink import FLUSH_SECONDS
from jmcp_jupyter.documents.local import collaboration
from jmcp_jupyter.documents.local.contents import Contents
from jmcp_jupyter.documents.local.identity import Identity

SERVER_SESSION = str(uuid4())
"""Of this process, which is Jupyter Server itself."""
OTHER_PROVIDER = "jupyter_server_documents"


class Notebooks(Protocol):
    """One mode of documents: live, or file."""

    def read(self, ref: NotebookRef) -> AbstractAsyncContextManager[Cells]: ...
    def edit(self, ref: NotebookRef) -> AbstractAsyncContextManager[Cells]: ...
    async def outputs(self, ref: NotebookRef, cell: Cell) -> OutputSink: ...
    async def save_state(self, ref: NotebookRef) -> SaveState: ...
    async def save(self, ref: NotebookRef) -> SaveState: ...
    async def saved_version(self, ref: NotebookRef) -> int | None: ...
    async def close(self) -> None: ...


class LocalDocuments:
    """`backend.Documents` in process: live where collaboration runs, else through the contents
    manager.

    `max_bytes` limits a notebook's file; `allow_hidden` lets hidden ones be opened where Jupyter
    does too; `save_after` is how old, in seconds, an edit of a live
    notebook gets before it is saved; `trust_outputs` marks cells that jmcp runs as trusted.
    """

    def __init__(
        self,
        serverapp: Any,
        *,
        max_bytes: int = DEFAULT_MAX_BYTES,
        allow_hidden: bool = False,
        save_after: float = 2.0,
        flush_seconds: float = FLUSH_SECONDS,
        trust_outputs: bool = False,
    ) -> None:
        self._app = serverapp
        settings = serverapp.web_app.settings
        self._identity = Identity(settings, allow_hidden=allow_hidden)
        self._contents = Contents(settings, max_bytes)
        self._save_after = save_after
        self._trust = trust_outputs
        self._files = FileNotebooks(
            self._contents, flush_seconds=flush_seconds, trust=trust_outputs
        )
        self._live: Any | None = None
        self._creating = asyncio.Lock()

    async def server_session(self) -> str:
        return SERVER_SESSION

    async def identify(self, path: str) -> NotebookRef:
        return await self._identity.identify(path)

    async def current(self, key: str) -> NotebookRef:
        return await self._identity.current(key)

    async def create(self, path: str) -> NotebookRef:
        self._check_provider()
        target = await self._identity.target(path)
        manager = self._contents.manager
        parent = target.rpartition("/")[0]
        async with self._creating:
            if not await ensure_async(manager.dir_exists(parent)):
                raise DirectoryMissing(f"There is no directory at {parent!r}.", path=parent)
            if await ensure_async(manager.file_exists(target)):
                raise NotebookExists(f"There is already a file at {target!r}.", path=target)
            await self._contents.save(target, nbformat_cells.new_notebook())
        return await self._identity.identify(target)

    @asynccontextmanager
    async def read(self, ref: NotebookRef) -> AsyncIterator[Cells]:
        now = await self.current(ref.key)
        async with self._mode(now.key).read(now) as cells:
            yield cells

    @asynccontextmanager
    async def edit(self, ref: NotebookRef) -> AsyncIterator[Cells]:
        now = await self.current(ref.key)
        async with self._mode(now.key).edit(now) as cells:
            yield cells

    async def outputs(self, ref: NotebookRef, cell: Cell) -> OutputSink:
        now = await self.current(ref.key)
        return await self._mode(now.key).outputs(now, cell)

    async def save_state(self, ref: NotebookRef) -> SaveState:
        return await self._mode(ref.key).save_state(ref)

    async def save(self, ref: NotebookRef) -> SaveState:
        now = await self.current(ref.key)
        return await self._mode(now.key).save(now)

    async def saved_version(self, ref: NotebookRef) -> int | None:
        return await self._mode(ref.key).saved_version(ref)

    @property
    def opened(self) -> int:
        return self._live.opened if self._live is not None else 0

    async def list_directory(self, path: str) -> Sequence[FileEntry]:
        directory = await self._identity.directory(path)
        entries = await list_directory(self._contents.manager, directory)
        return [entry for entry in entries if self._identity.shows(entry.path)]

    async def close(self) -> None:
        if self._live is not None:
            await self._live.close()
        await self._files.close()

    def _mode(self, key: str) -> Notebooks:
        self._check_provider()
        # Looked up late: it may load after jmcp.
        extension = collaboration.extension_of(self._app)
        if extension is None:
            return self._files
        if self._live is None:
            # pycrdt and jupyter_server_ydoc are there only where collaboration is installed.
            from jmcp_jupyter.documents.live.notebooks import LiveNotebooks
            from jmcp_jupyter.documents.local.room_manager import LocalRooms

            rooms = LocalRooms(extension, self._contents, self._save_after, self._app.log)
            self._live = LiveNotebooks(rooms, trust=self._trust)
        live: Notebooks = self._live
        if extension.disable_rtc and not self._live.has_room(key):
            # JupyterLab then saves files; but never write a file whose room is open.
            return self._files
        return live

    def _check_provider(self) -> None:
        other = self._app.extension_manager.extensions.get(OTHER_PROVIDER)
        if other is not None and other.enabled:
            raise WriteRefused(
                f"This Jupyter Server shares notebooks through {OTHER_PROVIDER}, which jmcp does "
                "not support: it would overwrite live edits. Disable that extension, or install "
                "jupyter-collaboration instead."
            )


def _conforms(documents: LocalDocuments) -> Documents:
    return documents
