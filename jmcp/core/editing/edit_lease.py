"""One notebook as one call holds it: opened once, for reading, editing and the outputs of a run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from types import TracebackType
from typing import Protocol

from jmcp.core.background import run_each
from jmcp.core.errors import BackendError
from jmcp.core.journal.entries import NOBODY, Author, Entry
from jmcp.core.journal.notices import Item
from jmcp.core.journal.recorder import JournalRecorder
from jmcp.core.notices import Notice
from jmcp.core.ports import (
    Cell,
    Cells,
    Document,
    DocumentMode,
    Documents,
    EditSubscriber,
    Kernelspec,
    NotebookRef,
    OutputSink,
    StoredCell,
)

OnNotice = Callable[[Notice], None]
"""Gets what the caller of a lease should be told of the document."""


class Watch(Protocol):
    """Wants to know who changes a notebook."""

    def edits_of(self, author: Author, client: str | None) -> EditSubscriber:
        """Is told of the edits of that author, which are that client's."""


class EditLease:
    """Opens its notebook on first use and holds it until `close`.

    Each edit is published once: to `subscribers`, and to the journal, which has it before `edit`
    returns. `author` is who edits. Notices go to `on_notice`, and count as delivered once
    `acknowledge` is called; a lease without it (background work) leaves them for the next reader.
    After `close` the lease still works, and opens the document anew for each use.
    """

    def __init__(
        self,
        ref: NotebookRef,
        documents: Documents,
        recorder: JournalRecorder | None,
        *,
        author: Author = NOBODY,
        subscribers: Sequence[EditSubscriber] = (),
        on_notice: OnNotice | None = None,
    ) -> None:
        self.ref = ref
        self.mode: DocumentMode | None = None
        self._documents = documents
        self._recorder = recorder
        self.author = author
        self._subscribers = tuple(subscribers)
        self._on_notice = on_notice
        self._document: Document | None = None
        self._closed = False
        self.change_id: str | None = None
        """Of the last edit; None where it changed nothing, or nothing that was recorded."""
        self._items: list[Item] = []

    async def read(self) -> Cells:
        """The cells as they are now, for reading until the caller next awaits anything.

        Never waits for a running cell. Raises as `Documents.open`.
        """
        document = await self._opened()
        recorder = self._recorder
        try:
            cells = await document.read()
            if recorder is not None:
                session = await self._documents.server_session()
                if recorder.recovery.is_behind(cells, session):
                    await recorder.recovery.catch_up(document, session)
                    cells = await document.read()
                recorder.overwrites.look(cells)
        finally:
            self._release_if_closed()
        self._tell(cells)
        return cells

    @asynccontextmanager
    async def edit(
        self,
        *,
        undoes: str | None = None,
        reverts: Mapping[str | None, Sequence[int]] | None = None,
    ) -> AsyncIterator[Cells]:
        """The cells for editing, one editor at a time; on exit the document and the journal have
        the edit, and `change_id` names it. `undoes` is the change that it takes back, `reverts` the
        numbers of entries of others that it takes back, by cell: known before a cell is edited.

        Raises as `Documents.open`, and WriteRefused."""
        document = await self._opened()
        try:
            async with self._recorded(document, undoes, reverts) as cells:
                yield cells
        finally:
            self._release_if_closed()
        self._tell(cells)

    @asynccontextmanager
    async def _recorded(
        self,
        document: Document,
        undoes: str | None,
        reverts: Mapping[str | None, Sequence[int]] | None,
    ) -> AsyncIterator[Cells]:
        recorder = self._recorder
        self.change_id = None
        if recorder is None:
            async with document.edit() as cells:
                cells.subscribers = self._subscribers
                yield cells
            return
        session = await self._documents.server_session()
        async with recorder.recording(document, session, self.author, undoes, reverts) as recording:
            recording.cells.subscribers = (recording, *self._subscribers)
            yield recording.cells
        self.change_id = recording.change_id
        for notice in recording.notices:
            self._notify(notice)

    def history(self) -> Sequence[Entry]:
        """What was changed in the notebook as far as the journal has it, oldest first, by anyone
        who edits through jmcp. Raises StateUnavailable."""
        return () if self._recorder is None else self._recorder.entries(self.ref.key)

    def accept(self, entries: Sequence[Entry], acceptance: str | None) -> None:
        """Note in the journal what accepted these of its entries. Raises StateUnavailable."""
        if self._recorder is not None:
            self._recorder.accept(entries, acceptance)

    def recorded(self) -> int:
        """How many entries of the notebook this process has added to the journal."""
        return 0 if self._recorder is None else self._recorder.recorded(self.ref.key)

    def claim(self) -> None:
        """This process edits the notebook from now on. Raises WriteRefused when another one does."""
        if self._recorder is not None:
            self._recorder.claim(self.ref)

    async def outputs(self, cell: Cell) -> OutputSink:
        """A sink for a run of that cell, which holds the document by itself.

        Raises as `Documents.open`, and WriteRefused when another process edits the notebook.
        """
        self.claim()
        document = await self._opened()
        try:
            return await document.outputs(cell)
        finally:
            self._release_if_closed()

    async def follow(self) -> None:
        """Take note of a rename. Raises NotebookMissing."""
        self.ref = await self._documents.current(self.ref.key)

    def detached(self) -> EditLease:
        """Another lease of the notebook, for work that outlives the call."""
        return EditLease(self.ref, self._documents, self._recorder)

    def close(self) -> None:
        """Hold the notebook no more. Idempotent."""
        self._closed = True
        self._release()

    async def __aenter__(self) -> EditLease:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    async def _opened(self) -> Document:
        if self._document is not None:
            return self._document
        if self._closed:
            await self.follow()
        document = await self._documents.open(self.ref)
        if self._document is None:
            self._document, self.mode = document, document.mode
        else:  # somebody else opened it meanwhile
            document.close()
        return self._document

    def _release_if_closed(self) -> None:
        if self._closed:
            self._release()

    def _release(self) -> None:
        if self._document is not None:
            self._document.close()
            self._document = None

    def acknowledge(self) -> None:
        """The author has a result with all notices of this lease."""
        items, self._items = self._items, []
        if items and self._recorder is not None:
            self._recorder.notices.delivered(items, self.author)

    def _tell(self, cells: Cells) -> None:
        if self._on_notice is None:
            return
        for notice in cells.notices():
            self._on_notice(notice)
        if self._recorder is not None:
            items = self._recorder.notices.pending(cells.ref.key, self.author)
            self._items.extend(items)
            for item in items:
                self._on_notice(item.notice)

    def _notify(self, notice: Notice) -> None:
        if self._on_notice is not None:
            self._on_notice(notice)


class Leases:
    """Gives out leases of one server's notebooks, with one journal behind all of them."""

    def __init__(self, documents: Documents, recorder: JournalRecorder | None = None) -> None:
        self.documents = documents
        self.recorder = recorder
        self.watched: dict[str, Watch] = {}
        """By key, the notebooks of whose changes somebody wants to be told."""

    def lease(
        self,
        ref: NotebookRef,
        *,
        author: Author = NOBODY,
        subscribers: Sequence[EditSubscriber] = (),
        on_notice: OnNotice | None = None,
        client: str | None = None,
    ) -> EditLease:
        """A lease of the notebook, opened on first use. `client` tells the author's client from
        others of the same owner."""
        if (watch := self.watched.get(ref.key)) is not None and author is not NOBODY:
            subscribers = (*subscribers, watch.edits_of(author, client))
        return EditLease(
            ref,
            self.documents,
            self.recorder,
            author=author,
            subscribers=subscribers,
            on_notice=on_notice,
        )

    async def create(
        self,
        path: str,
        kernelspec: Kernelspec | None = None,
        *,
        cells: Sequence[StoredCell] = (),
    ) -> NotebookRef:
        """A new notebook. Raises as `Documents.create`."""
        ref = await self.documents.create(path, kernelspec, cells=cells)
        if self.recorder is not None:
            # Where keys are paths, this one may have been that of a notebook which was deleted.
            self.recorder.forget(ref.key)
        return ref

    async def close(self) -> None:
        """Save what is unsaved, then close documents and journal."""
        await run_each(self._last_look, self.documents.close, self._close_recorder)

    async def _last_look(self) -> None:
        if self.recorder is not None:
            with suppress(BackendError):
                await self.recorder.last_look()

    async def _close_recorder(self) -> None:
        if self.recorder is not None:
            self.recorder.close()
