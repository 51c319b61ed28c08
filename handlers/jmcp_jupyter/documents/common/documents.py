"""Documents of one Jupyter Server, wherever it is: which mode a notebook is in, and by whom."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from jmcp.core.ports import (
    Cells,
    Checkpoint,
    Document,
    FileEntry,
    FileSaves,
    Kernelspec,
    NotebookRef,
    SaveState,
    Sharing,
    StoredCell,
)
from jmcp_jupyter.documents.common import nbformat_cells
from jmcp_jupyter.documents.common.checkpoints import CheckpointStore
from jmcp_jupyter.documents.common.models import complete
from jmcp_jupyter.documents.file.notebooks import FileNotebooks, Files


class Notebooks(Protocol):
    """One mode of documents: live, or file."""

    async def open(self, ref: NotebookRef) -> Document: ...
    def save_state(self, key: str) -> SaveState: ...
    async def save(self, ref: NotebookRef) -> SaveState: ...
    def saved_version(self, key: str) -> int | None: ...
    async def close(self) -> None: ...


class LiveMode(Notebooks, Protocol):
    """Live notebooks."""

    def has_room(self, key: str) -> bool:
        """Whether the notebook's room is open, whoever opened it."""

    @property
    def opened(self) -> int: ...


class Contents(Files, CheckpointStore, Protocol):
    """The contents manager of the server."""


class JupyterDocuments(ABC):
    """What `ports.Documents` has in common in this process and over HTTP.

    A subclass says who a notebook is, how a file is created and listed, and whether the server
    shares notebooks live.
    """

    inside: bool

    def __init__(self, contents: Contents, *, flush_seconds: float, trust_outputs: bool) -> None:
        self._files = FileNotebooks(
            contents, self.current, flush_seconds=flush_seconds, trust=trust_outputs
        )
        self._checkpoints = contents
        self._live: LiveMode | None = None
        self._creating = asyncio.Lock()
        self.file_saves: FileSaves | None = None

    @property
    @abstractmethod
    def url(self) -> str: ...
    @abstractmethod
    async def sharing(self) -> Sharing: ...
    @abstractmethod
    async def server_session(self) -> str: ...
    @abstractmethod
    async def identify(self, path: str) -> NotebookRef: ...
    @abstractmethod
    async def current(self, key: str) -> NotebookRef: ...
    @abstractmethod
    async def list_directory(self, path: str) -> Sequence[FileEntry]: ...
    @abstractmethod
    async def check_file(self, path: str, *, overwrite: bool) -> str: ...
    @abstractmethod
    async def write_file(self, path: str, data: bytes, *, overwrite: bool) -> None: ...
    @abstractmethod
    async def _mode(self, key: str) -> Notebooks:
        """The mode that the notebook is in now. Never a file whose room is open."""

    @abstractmethod
    def _known_mode(self, key: str) -> Notebooks:
        """The same as far as it is known without asking anybody."""

    @abstractmethod
    async def _target(self, path: str) -> str:
        """The one spelling of the path of a new notebook. Raises PathRefused, WriteRefused."""

    @abstractmethod
    async def _check_free(self, target: str) -> None:
        """Raises NotebookExists, DirectoryMissing, PathRefused."""

    @abstractmethod
    async def _write_new(self, target: str, content: dict[str, Any]) -> None: ...
    @abstractmethod
    async def create_directory(self, path: str) -> None: ...
    async def create(
        self,
        path: str,
        kernelspec: Kernelspec | None = None,
        *,
        cells: Sequence[StoredCell] = (),
    ) -> NotebookRef:
        target = await self._target(path)
        async with self._creating:
            await self._check_free(target)
            await self._write_new(target, nbformat_cells.new_notebook(kernelspec, cells))
        return await self.identify(target)

    async def open(self, ref: NotebookRef) -> Document:
        return await (await self._mode(ref.key)).open(ref)

    async def glance(self, ref: NotebookRef) -> Cells:
        self._known_mode(ref.key)  # which knows live documents that others have opened
        if self._live is None or not self._live.has_room(ref.key):
            return await self._files.glance(ref)
        document = await self._live.open(ref)
        try:
            return await document.read()
        finally:
            document.close()

    def opened_beside(self, key: str) -> bool:
        return False

    def save_state(self, key: str) -> SaveState:
        return self._known_mode(key).save_state(key)

    async def save(self, ref: NotebookRef) -> SaveState:
        now = await self.current(ref.key)
        return await (await self._mode(now.key)).save(now)

    async def on_disk(self, ref: NotebookRef) -> Mapping[str, Any]:
        content, _ = await self._checkpoints.load(ref.path)
        complete(content)
        return content

    async def checkpoints(self, ref: NotebookRef) -> Sequence[Checkpoint]:
        return await self._checkpoints.checkpoints(ref.path)

    async def create_checkpoint(self, ref: NotebookRef) -> Checkpoint:
        return await self._checkpoints.create_checkpoint(ref.path)

    async def checkpoint(self, ref: NotebookRef, checkpoint_id: str) -> Mapping[str, Any] | None:
        return await self._checkpoints.checkpoint(ref.path, checkpoint_id)

    async def restored(
        self, ref: NotebookRef, checkpoint_id: str
    ) -> tuple[Mapping[str, Any], bool]:
        content = await self.checkpoint(ref, checkpoint_id)
        if content is not None:
            return content, False
        await self._checkpoints.restore_checkpoint(ref.path, checkpoint_id)
        loaded, stamp = await self._checkpoints.load(ref.path)
        complete(loaded)
        self._files.expect(ref, stamp)
        return loaded, True

    def saved_version(self, key: str) -> int | None:
        return self._known_mode(key).saved_version(key)

    @property
    def opened(self) -> int:
        return self._live.opened if self._live is not None else 0

    async def close(self) -> None:
        try:
            if self._live is not None:
                await self._live.close()
        finally:
            await self._files.close()
