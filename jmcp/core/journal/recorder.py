"""Documents whose edits outlive a crash: each is in the change journal before it is acknowledged."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from functools import partial

from jmcp.core.editing.journaled_cells import JournaledCells, ToldCells
from jmcp.core.errors import BackendError, NotebookMissing, WriteRefused
from jmcp.core.journal.entries import AUTHOR, Entry, Journal
from jmcp.core.journal.notices import News
from jmcp.core.journal.recovery import Recovered, recover
from jmcp.core.journal.saves import Saves
from jmcp.core.ports import Cell, Cells, Documents, FileEntry, NotebookRef, OutputSink, SaveState
from jmcp.core.stores.state_file import StateUnavailable

log = logging.getLogger("jmcp")

LOOK_SECONDS = 0.5
"""How often to look whether a dirty notebook was saved, which costs microseconds in process."""
LONGEST_LOOK_SECONDS = 10.0
CLOSE_SECONDS = 5.0
SETTLE_SECONDS = 5.0
"""A file that is younger than an edit by less than this was written without it: its content was
captured before the edit. By then the journal knows what was saved, and hardly anybody undoes
an edit and has that saved as fast."""

UNJOURNALED = (
    "The edit is in the live document, but neither in the file nor in the change journal yet "
    "({reason}): a crash before the next save would lose it."
)

Life = tuple[str, str]
"""A server session and a loading of a document in it: what makes up a document's life."""


class JournaledDocuments:
    """`backend.Documents` that note every edit, and make again what a crash or a reload took.

    An entry is appended when the document has the edit, before `edit` returns: what is acknowledged
    is in the journal, and what is in the journal was made. `look_seconds` is how often a notebook
    with unsaved edits is looked at.
    """

    def __init__(
        self,
        documents: Documents,
        journal: Journal,
        *,
        clock: Callable[[], float] = time.time,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self.journal = journal
        self._documents = documents
        self._clock = clock
        self._look = look_seconds
        self._process = uuid.uuid4().hex
        self._news = News(journal, clock)
        # The life of the document that all pending entries of a notebook were made in.
        self._life: dict[str, Life] = {}
        self._saves = Saves()
        self._followers: dict[str, asyncio.Task[None]] = {}

    # -- reading and editing -------------------------------------------------------------------

    @asynccontextmanager
    async def read(self, ref: NotebookRef) -> AsyncIterator[Cells]:
        session = await self._documents.server_session()
        async with self._documents.read(ref) as cells:
            if not self._behind(cells, session):
                async with self._telling(cells) as told:
                    yield told
                return
        await self._catch_up(ref)
        async with self._documents.read(ref) as cells, self._telling(cells) as told:
            yield told

    @asynccontextmanager
    async def edit(self, ref: NotebookRef) -> AsyncIterator[Cells]:
        session = await self._documents.server_session()
        recorded: JournaledCells | None = None
        done = False
        try:
            async with self._current(ref, session) as cells:
                recorded = JournaledCells(cells, self._entries_of(ref, session))
                yield recorded
                done = True
        except BaseException:
            self._failed(recorded, done=done)
            raise
        if recorded.entries:
            await self._keep(ref, recorded)
        news = self._news.of(ref.key)
        recorded.note(*(item.text for item in news))
        self._news.told(news)

    @asynccontextmanager
    async def _current(self, ref: NotebookRef, session: str) -> AsyncIterator[Cells]:
        """The cells for editing, with every earlier edit that can be there."""
        async with self._documents.edit(ref) as cells:
            if not self._behind(cells, session):
                yield cells
                return
        await self._catch_up(ref)
        async with self._documents.edit(ref) as cells:
            yield cells

    @asynccontextmanager
    async def _telling(self, cells: Cells) -> AsyncIterator[Cells]:
        """Cells for reading that tell the news there is for whoever reads."""
        news = self._news.of(cells.ref.key)
        if not news:
            yield cells
            return
        told = ToldCells(cells)
        told.note(*(item.text for item in news))
        yield told
        self._news.told(news)

    def _entries_of(self, ref: NotebookRef, session: str) -> Callable[..., Entry]:
        return partial(
            Entry,
            key=ref.key,
            path=ref.path,
            author=AUTHOR.get(),
            at=self._clock(),
            server_session=session,
            process=self._process,
        )

    async def _keep(self, ref: NotebookRef, recorded: JournaledCells) -> None:
        """Append what was changed. Where that cannot be, the edit is saved instead, at once."""
        try:
            if recorded.mode == "file":
                self.journal.append([replace(entry, state="saved") for entry in recorded.entries])
                return
            self._note(recorded, self.journal.append(recorded.entries))
        except StateUnavailable as error:
            log.warning("The change journal cannot be written: %s", error)
            with suppress(BackendError):
                if await self._documents.save(ref) == "saved":
                    return
            recorded.note(UNJOURNALED.format(reason=error.message))
            return
        self._follow(ref)

    def _note(self, recorded: JournaledCells, number: int) -> None:
        """Remember when these were made, the last one with that number."""
        key, last = recorded.ref.key, recorded.entries[-1]
        self._saves.note(key, recorded.version, number)
        if self._life.get(key) != (last.server_session, last.loaded):
            self._life.pop(key, None)  # the document was replaced meanwhile: look what it has

    def _failed(self, recorded: JournaledCells | None, *, done: bool) -> None:
        """Note what was changed in an edit that ended with an error.

        Whoever edits a live document changes it at once: an error afterwards takes nothing back.
        """
        if recorded is None or not recorded.entries or (recorded.mode == "file" and not done):
            return
        with self._best_effort():
            if done:
                self.journal.append([replace(one, state="failed") for one in recorded.entries])
            else:
                self._note(recorded, self.journal.append(recorded.entries))
                self._follow(recorded.ref)

    @contextmanager
    def _best_effort(self) -> Iterator[None]:
        """What a notebook can do without: its journal."""
        try:
            yield
        except StateUnavailable as error:
            log.warning("The change journal cannot be used: %s", error)

    # -- recovery ------------------------------------------------------------------------------

    def _behind(self, cells: Cells, session: str) -> bool:
        """Whether there are pending entries of another life of this document."""
        key, life = cells.ref.key, (session, cells.loaded)
        known = self._life.get(key)
        if known == life:
            return False
        with self._best_effort():
            if known is None:
                self._news.remember(key)
            pending = self.journal.entries(key, states={"pending"})
            if any(self._is_foreign(entry, life) for entry in pending):
                return True
            self._live(cells, life, pending)
        self._life[key] = life  # also where the journal cannot be read: once is enough to say so
        return False

    def _live(self, cells: Cells, life: Life, pending: Sequence[Entry]) -> None:
        """All pending entries of the notebook are of this life of its document, which has them."""
        key = cells.ref.key
        self._life[key] = life
        self._saves.forget(key)
        if pending:
            # Whatever the file had before: only a save from now on tells.
            self._saves.note(key, cells.version, pending[-1].number)
            self._follow(cells.ref)

    def _is_foreign(self, entry: Entry, life: Life) -> bool:
        return (entry.server_session, entry.loaded) != life or entry.process != self._process

    async def _catch_up(self, ref: NotebookRef) -> None:
        """Recover what there is to recover, if the document can be written."""
        session = await self._documents.server_session()
        with suppress(WriteRefused):
            async with self._documents.edit(ref) as cells:
                if not self._behind(cells, session):
                    return
                life = (session, cells.loaded)
                pending = self.journal.entries(ref.key, states={"pending"})
                foreign = [entry for entry in pending if self._is_foreign(entry, life)]
                recovered = recover(cells, foreign, await self._lost(ref, foreign, session))
            self._settle(cells, recovered, life)

    async def _lost(
        self, ref: NotebookRef, entries: Sequence[Entry], session: str
    ) -> Callable[[Entry], bool]:
        """Whether an entry can be one that was never saved: then its going was nobody's wish."""
        outlived = all(entry.server_session == session for entry in entries)
        modified = float("inf") if outlived else await self._modified(ref)

        def lost(entry: Entry) -> bool:
            if entry.server_session == session:
                # Of this process, it is pending because no save had it. Of an earlier one, Jupyter
                # has had it all along, and whoever undid it wished to.
                return entry.process == self._process
            return modified <= entry.at + SETTLE_SECONDS

        return lost

    def _settle(self, cells: Cells, recovered: Recovered, life: Life) -> None:
        """Put down what became of the entries."""
        key, session = cells.ref.key, life[0]
        file = cells.mode == "file"
        # Nobody was asked to undo these, and Jupyter did not lose them.
        undone = [one for one in recovered.conflicted if one.server_session == session]
        undone = [one for one in undone if one.process != self._process]
        there = [*recovered.repeated, *recovered.present, *undone]
        kept = [
            replace(
                entry,
                state="saved" if file else "pending",
                server_session=session,
                loaded=life[1],
                process=self._process,
            )
            for entry in there
        ]
        lost = [
            replace(one, state="conflicted") for one in recovered.conflicted if one not in undone
        ]
        self.journal.settle([*kept, *lost])
        self._live(cells, life, self.journal.entries(key, states={"pending"}))
        self._news.recovered(key, recovered.repeated)
        self._news.add(key, cells.notes())
        self._news.remember(key)

    async def _modified(self, ref: NotebookRef) -> float:
        """When the file was last written, in seconds since the epoch; never, if nobody knows."""
        folder = ref.path.rpartition("/")[0]
        with suppress(BackendError):
            for row in await self._documents.list_directory(folder):
                if row.path == ref.path:
                    return datetime.fromisoformat(row.last_modified).timestamp()
        return float("inf")

    # -- pruning -------------------------------------------------------------------------------

    def _follow(self, ref: NotebookRef) -> None:
        """Look after a notebook with unsaved edits until they are saved."""
        follower = self._followers.get(ref.key)
        if follower is None or follower.done():
            task = asyncio.create_task(self._until_saved(ref), name="jmcp-journal")
            self._followers[ref.key] = task

    async def _until_saved(self, ref: NotebookRef) -> None:
        wait = self._look
        while True:
            await asyncio.sleep(wait)
            wait = min(wait * 1.2, LONGEST_LOOK_SECONDS)
            try:
                if await self._saved(ref):
                    wait = self._look
            except NotebookMissing:
                return  # deleted: if it comes back, so do its edits
            except BackendError as error:
                log.debug("Cannot see whether a notebook was saved: %s", error)
            if not self._saves.left(ref.key):
                return

    async def _saved(self, ref: NotebookRef) -> bool:
        """Settle what the file has, whether that was anything; make again what a reload took."""
        key = ref.key
        version = await self._documents.saved_version(ref)
        if self._saves.upto(key, version) is None and (
            await self._documents.save_state(ref) == "pending"
        ):
            return False  # it is about to be saved
        session = await self._documents.server_session()
        async with self._documents.read(ref) as cells:
            life = (session, cells.loaded)
            if life == self._life.get(key):
                settled = await self._settle_saved(ref, cells, life)
                if self._saves.left(key) and await self._documents.save_state(ref) == "saved":
                    # What an earlier process left unsaved: nobody else is about to save that.
                    await self._documents.save(ref)
                    settled = await self._settle_saved(ref, cells, life) or settled
                return settled
        await self._catch_up(ref)
        return False

    async def _settle_saved(self, ref: NotebookRef, cells: Cells, life: Life) -> bool:
        """Settle what the file has of this life of the document; whether that was anything."""
        upto = self._saves.upto(ref.key, await self._documents.saved_version(ref))
        if upto is None or cells.loaded != life[1]:
            return False
        self.journal.saved(ref.key, upto)
        self._saves.settled(ref.key, upto)
        return True

    # -- everything else -----------------------------------------------------------------------

    def entries(self, key: str, since: float = 0.0) -> Sequence[Entry]:
        """Who changed what in a notebook from that moment on, oldest first."""
        return self.journal.entries(key, since)

    async def saved_version(self, ref: NotebookRef) -> int | None:
        return await self._documents.saved_version(ref)

    async def server_session(self) -> str:
        return await self._documents.server_session()

    async def identify(self, path: str) -> NotebookRef:
        return await self._documents.identify(path)

    async def current(self, key: str) -> NotebookRef:
        return await self._documents.current(key)

    async def create(self, path: str) -> NotebookRef:
        ref = await self._documents.create(path)
        # Where keys are paths, this one may have been that of a notebook which was deleted.
        with self._best_effort():
            self.journal.forget(ref.key)
        return ref

    async def outputs(self, ref: NotebookRef, cell: Cell) -> OutputSink:
        return await self._documents.outputs(ref, cell)

    async def save_state(self, ref: NotebookRef) -> SaveState:
        return await self._documents.save_state(ref)

    async def save(self, ref: NotebookRef) -> SaveState:
        return await self._documents.save(ref)

    @property
    def opened(self) -> int:
        return self._documents.opened

    async def list_directory(self, path: str) -> Sequence[FileEntry]:
        return await self._documents.list_directory(path)

    async def close(self) -> None:
        await self._last_look()
        await self._documents.close()
        self.journal.close()

    async def _last_look(self) -> None:
        """Save what is unsaved, so that whoever starts next has nothing to wonder about."""
        dirty = [key for key, task in self._followers.items() if not task.done()]
        for task in self._followers.values():
            task.cancel()
        await asyncio.gather(*self._followers.values(), return_exceptions=True)
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                for key in dirty:
                    with suppress(BackendError):
                        ref = await self._documents.current(key)
                        if await self._documents.save(ref) == "saved":
                            await self._saved(ref)


def _conforms(documents: JournaledDocuments) -> Documents:
    return documents
