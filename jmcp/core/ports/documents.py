"""Notebooks as documents, and the files beside them."""

from __future__ import annotations

from asyncio import Future
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from jmcp.core.pages.pages import Way
from jmcp.core.ports.cells import (
    Cell,
    Cells,
    DocumentMode,
    EntryType,
    NotebookRef,
    OutputSink,
    SaveState,
    StoredCell,
)
from jmcp.core.ports.kernels import Kernelspec


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry:
    """One row of a listing. `size` in bytes (None for a directory); `last_modified` ISO 8601 UTC."""

    path: str
    type: EntryType
    size: int | None
    last_modified: str
    created: str
    writable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """One of Jupyter's checkpoints of a notebook. `last_modified` ISO 8601 UTC."""

    checkpoint_id: str
    last_modified: str


class Document(Protocol):
    """One notebook, held open: nothing takes it away between `open` and `close`."""

    ref: NotebookRef
    mode: DocumentMode

    async def read(self) -> Cells:
        """The cells as they are now, for reading until the caller next awaits anything."""

    def edit(self) -> AbstractAsyncContextManager[Cells]:
        """The cells for editing, one editor of a notebook at a time; on exit the document has it all.

        Leaving with an exception undoes nothing that a reader may have seen: callers check first,
        then change. Raises WriteRefused when the document did not take the edit.
        """

    async def outputs(self, cell: Cell) -> OutputSink:
        """A sink for a run of that cell, bound to the cell itself and not to its index. It holds
        the document by itself."""

    def close(self) -> None:
        """Hold it no more. Idempotent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """How a Jupyter Server has notebooks: the mode of one that is opened now, the extension that
    shares them (None: nobody does), how pages of JupyterLab have theirs, the server's version,
    None where it does not say, and whether jmcp runs in it."""

    mode: DocumentMode
    provider: str | None
    way: Way
    version: str | None
    jmcp: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSave:
    """A save of a notebook's whole file, through Jupyter, by somebody else than jmcp.

    `before` is the notebook as it was, `written` as they saved it, and `base` as they had loaded or
    saved it last, at `since`, in seconds since the epoch. Where the base is not known (None), nothing
    that is younger than `since` was in it, if that is known; of what is older nobody knows.
    """

    path: str
    before: Cells
    written: Cells
    base: Cells | None = None
    since: float | None = None


class FileSaves(Protocol):
    """Who wants to know of such saves."""

    def begin(self, key: str) -> bool:
        """Whether a save of that notebook, which is about to be made, matters. Then `end` follows."""

    def end(self, key: str, save: FileSave | None) -> Future[None] | None:
        """The save was made; None: it was not. Looks at it in the background: until the task that is
        returned is done."""


class Documents(Protocol):
    """Notebooks and files under one root."""

    inside: bool
    """Whether this process is the Jupyter Server."""
    file_saves: FileSaves | None
    """Is told of saves by others, where these can be seen."""

    @property
    def url(self) -> str:
        """The server's address, without credentials."""

    async def sharing(self) -> Sharing:
        """Asked of the server now. Raises JupyterUnreachable, JupyterRefused, WriteRefused."""

    async def server_session(self) -> str:
        """Changes whenever Jupyter Server was started anew: live documents were loaded again.

        Asked with each reading and each edit, so it costs nothing while the connection stands.
        """

    async def identify(self, path: str) -> NotebookRef:
        """The one identity of the notebook at `path`. Raises PathRefused, NotebookMissing."""

    async def current(self, key: str) -> NotebookRef:
        """The same notebook after renames. Raises NotebookMissing when it was deleted."""

    async def create(
        self,
        path: str,
        kernelspec: Kernelspec | None = None,
        *,
        cells: Sequence[StoredCell] = (),
    ) -> NotebookRef:
        """A new notebook (nbformat 4.5) with these cells, or one empty code cell without any, for
        that kernel if given. Cells without an id get one.

        It is made with all of them or not at all. Raises NotebookExists, DirectoryMissing,
        PathRefused.
        """

    async def create_directory(self, path: str) -> None:
        """Make a folder, unless it is there; the one that it is to be in must be. Raises PathRefused,
        WriteRefused."""

    async def open(self, ref: NotebookRef) -> Document:
        """The notebook, held open until the caller closes it. `ref` is what `current` says now.

        Raises NotebookMissing, NotebookBroken, NotebookTooLarge, PathRefused.
        """

    async def glance(self, ref: NotebookRef) -> Cells:
        """The cells as they are now, for reading until the caller next awaits anything: those of
        the live document where one is open, else those of the file. Opens and holds nothing.

        Raises as `open`.
        """

    def opened_beside(self, key: str) -> bool:
        """Whether a page has opened the notebook's file by itself, and not its live document, as far
        as that can be seen; it may have closed it since."""

    def save_state(self, key: str) -> SaveState: ...
    async def save(self, ref: NotebookRef) -> SaveState:
        """Force a save and verify it by the file's hash."""

    async def on_disk(self, ref: NotebookRef) -> Mapping[str, Any]:
        """What the notebook's file has now. Raises as `open`."""

    async def checkpoints(self, ref: NotebookRef) -> Sequence[Checkpoint]:
        """Jupyter's checkpoints of the notebook, the latest first. Raises NotebookMissing."""

    async def create_checkpoint(self, ref: NotebookRef) -> Checkpoint:
        """Have Jupyter keep the notebook's file as it is. Raises WriteRefused."""

    async def checkpoint(self, ref: NotebookRef, checkpoint_id: str) -> Mapping[str, Any] | None:
        """The content of one of its checkpoints; None where Jupyter shows it only by restoring it.

        Raises NotebookBroken."""

    async def restored(
        self, ref: NotebookRef, checkpoint_id: str
    ) -> tuple[Mapping[str, Any], bool]:
        """The content of one of its checkpoints, to be put into the document within this `edit`, and
        whether the file has it by now: where Jupyter shows it in no other way.

        Raises NotebookBroken, WriteRefused."""

    def saved_version(self, key: str) -> int | None:
        """The newest version of the live document that its file is known to have, and that no older
        save can follow. None where nothing is known: no live document, or it was not saved yet."""

    @property
    def opened(self) -> int:
        """How many live documents it has to do with just now."""

    async def check_file(self, path: str, *, overwrite: bool) -> str:
        """The one spelling of the path of a file that is no notebook, where one can be written now.

        Raises FileExists unless it is to be replaced, DirectoryMissing, PathRefused.
        """

    async def write_file(self, path: str, data: bytes, *, overwrite: bool) -> None:
        """Write a file that is no notebook, whole or not at all. Raises as `check_file`, and
        WriteRefused."""

    async def list_directory(self, path: str) -> Sequence[FileEntry]:
        """The entries of one directory. Raises DirectoryMissing, PathRefused."""

    async def close(self) -> None: ...
