"""The journal's side of every edit: recorded before it is acknowledged, made again after a crash."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from datetime import datetime

from jmcp.core.editing.owners import Instance, Owners
from jmcp.core.errors import BackendError, StateUnavailable, WriteRefused
from jmcp.core.journal.entries import Author, Entry, Journal
from jmcp.core.journal.notices import RecoveryNotices
from jmcp.core.journal.overwritten import Overwrites
from jmcp.core.journal.recording import Recording
from jmcp.core.journal.recovery import Recovered, recover
from jmcp.core.journal.save_follower import SaveFollower
from jmcp.core.notices import EditNotRecorded
from jmcp.core.ports import Cells, Document, Documents, NotebookRef
from jmcp.core.sentences import EditPhrases

log = logging.getLogger("jmcp")

LOOK_SECONDS = 0.5
"""How often to look whether a dirty notebook was saved, which costs microseconds in process."""
RELEASE_INTERVAL_SECONDS = 1.0
SETTLE_SECONDS = 5.0
"""A file that is younger than an edit by less than this was written without it: its content was
captured before the edit. By then the journal knows what was saved, and hardly anybody undoes
an edit and has that saved as fast."""


KEPT_LIVES = 512
"""Documents of which it is known that all their pending entries are theirs."""
LIVES_DROPPED = 64
"""At once, for it takes a look at all of them."""

Life = tuple[str, str]
"""A server session and a loading of a document in it: what makes up a document's life."""


class JournalRecorder:
    """Records every edit of a server's notebooks, and makes again what a crash or a reload took.

    An entry is appended when the document has the edit, before `recording` ends: what is
    acknowledged is in the journal, and what is in the journal was made. `look_seconds` is how often
    a notebook with unsaved edits is looked at. `owners` knows who edits a notebook, where other
    processes have documents of the same files.
    """

    def __init__(
        self,
        documents: Documents,
        journal: Journal,
        *,
        phrases: EditPhrases,
        clock: Callable[[], float] = time.time,
        look_seconds: float = LOOK_SECONDS,
        owners: Owners | None = None,
    ) -> None:
        self.journal = journal
        self.notices = RecoveryNotices(journal, clock, phrases)
        self.overwrites = Overwrites(journal, self.notices, clock)
        self._documents = documents
        self._phrases = phrases
        self._clock = clock
        self._process = journal.process
        self._owners = owners
        # The life of the document that all pending entries of a notebook were made in.
        self._life: OrderedDict[str, Life] = OrderedDict()
        # Notebooks which other processes may have edited since this one looked into the journal.
        self._doubtful: set[str] = set()
        self._follower = SaveFollower(
            documents, journal, self._life, self.catch_up, look_seconds=look_seconds
        )

    @asynccontextmanager
    async def recording(
        self, document: Document, session: str, author: Author
    ) -> AsyncIterator[Recording]:
        """The cells of a document for editing, with every earlier edit that can be there; what is
        changed in them is in the journal when this ends.

        `session` is the server session. Raises as `Document.edit`.
        """
        self.claim(document.ref)
        recording: Recording | None = None
        done = False
        try:
            async with self._current(document, session) as cells:
                recording = Recording(cells, self._blank(document.ref, session, author))
                yield recording
                done = True
        except BaseException:
            self._failed(recording, done=done)
            raise
        if recording.entries:
            await self._keep(document.ref, recording)

    def claim(self, ref: NotebookRef) -> None:
        """This process edits the notebook from now on. Raises WriteRefused when another one does."""
        if self._owners is not None and self._owners.claim(ref):
            self._doubtful.add(ref.key)

    @asynccontextmanager
    async def _current(self, document: Document, session: str) -> AsyncIterator[Cells]:
        async with document.edit() as cells:
            if not self.is_behind(cells, session):
                self.overwrites.look(cells)
                yield cells
                return
        await self.catch_up(document, session)
        async with document.edit() as cells:
            self.overwrites.look(cells)
            yield cells

    def _blank(self, ref: NotebookRef, session: str, author: Author) -> Entry:
        return Entry(
            key=ref.key,
            path=ref.path,
            change="set_source",
            author=author,
            at=self._clock(),
            server_session=session,
            loaded="",
            process=self._process,
        )

    async def _keep(self, ref: NotebookRef, recording: Recording) -> None:
        """Append what was changed. Where that cannot be, the edit is saved instead, at once.

        Unsaved edits stay in the journal: where they take all its room, all are saved at once.
        """
        try:
            if recording.cells.mode == "file":
                self.journal.append([replace(one, state="saved") for one in recording.entries])
                self.overwrites.knows(recording.cells)
                return
            if (room := self.journal.room(ref.key)) == "none":
                reason = self._phrases.journal_full()
            else:
                self._note(recording, self.journal.append(recording.entries))
                self._follower.follow(ref)
                reason = None
        except StateUnavailable as error:
            log.warning("The change journal cannot be written: %s", error)
            room, reason = "none", error.message
        if room != "free" and not await self._follower.save_now(ref) and reason is not None:
            recording.notices.append(EditNotRecorded(reason=reason))

    def _note(self, recording: Recording, number: int) -> None:
        """Remember when these were made, the last one with that number."""
        key, last = recording.cells.ref.key, recording.entries[-1]
        self._follower.saves.note(key, recording.cells.version, number)
        if self._life.get(key) != (last.server_session, last.loaded):
            self._life.pop(key, None)  # the document was replaced meanwhile: look what it has

    def _failed(self, recording: Recording | None, *, done: bool) -> None:
        """Note what was changed in an edit that ended with an error.

        Whoever edits a live document changes it at once: an error afterwards takes nothing back.
        """
        if recording is None or not recording.entries:
            return
        if recording.cells.mode == "file" and not done:
            return
        with self._best_effort():
            if done:
                self.journal.append([replace(one, state="failed") for one in recording.entries])
            else:
                self._note(recording, self.journal.append(recording.entries))
                self._follower.follow(recording.cells.ref)

    @contextmanager
    def _best_effort(self) -> Iterator[None]:
        """What a notebook can do without: its journal."""
        try:
            yield
        except StateUnavailable as error:
            log.warning("The change journal cannot be used: %s", error)

    # -- recovery ------------------------------------------------------------------------------

    def is_behind(self, cells: Cells, session: str) -> bool:
        """Whether there are pending entries of another life of this document."""
        key, life = cells.ref.key, (session, cells.loaded)
        known = self._life.get(key)
        if known == life and key not in self._doubtful:
            return False
        with self._best_effort():
            if known is None:
                self.notices.remember(key)
            self._doubtful.discard(key)
            pending = self._pending(key)
            if any(self._is_foreign(entry, life) for entry in pending):
                self._doubtful.add(key)  # until they are recovered
                return True
            if known != life:
                self._live(cells, life, pending)
        # Also where the journal cannot be read: once is enough to say so.
        self._remember(key, life)
        return False

    def _pending(self, key: str) -> Sequence[Entry]:
        """The notebook's entries that this process settles: its own, and those of dead ones."""
        pending = self.journal.entries(key, states={"pending"})
        living = {one for one in {entry.process for entry in pending} if self._lives(one)}
        if living:
            self._doubtful.add(key)  # once those are dead, somebody has to see to their entries
        return [entry for entry in pending if entry.process not in living]

    def _lives(self, process: str) -> bool:
        return process != self._process and self.journal.alive(process)

    def _live(self, cells: Cells, life: Life, pending: Sequence[Entry]) -> None:
        """All pending entries of the notebook are of this life of its document, which has them."""
        key = cells.ref.key
        self._remember(key, life)
        self._follower.saves.forget(key)
        if pending:
            # Whatever the file had before: only a save from now on tells.
            self._follower.saves.note(key, cells.version, pending[-1].number)
            self._follower.follow(cells.ref)

    def _remember(self, key: str, life: Life) -> None:
        """Keep the life of a document, and no longer those of others that nobody looked at since:
        of a notebook without unsaved edits the journal has nothing that matters."""
        self._life[key] = life
        self._life.move_to_end(key)
        if len(self._life) > KEPT_LIVES:
            saves = self._follower.saves
            for oldest in [one for one in self._life if not saves.left(one)][:LIVES_DROPPED]:
                del self._life[oldest]
                self._doubtful.discard(oldest)

    def _is_foreign(self, entry: Entry, life: Life) -> bool:
        return (entry.server_session, entry.loaded) != life or entry.process != self._process

    async def catch_up(self, document: Document, session: str) -> None:
        """Recover what there is to recover, if the document can be written."""
        with suppress(WriteRefused), self._best_effort():
            self.claim(document.ref)
            async with document.edit() as cells:
                if not self.is_behind(cells, session):
                    return
                life = (session, cells.loaded)
                pending = self._pending(cells.ref.key)
                foreign = [entry for entry in pending if self._is_foreign(entry, life)]
                lost = await self._lost(document.ref, foreign, session)
                recovered = recover(cells, foreign, lost)
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
        self._doubtful.discard(key)
        self._live(cells, life, self._pending(key))
        self.notices.recovered(key, recovered.repeated)
        self.notices.add(key, [notice for notice in cells.notices() if notice.once])
        self.notices.remember(key)

    async def _modified(self, ref: NotebookRef) -> float:
        """When the file was last written, in seconds since the epoch; never, if nobody knows."""
        folder = ref.path.rpartition("/")[0]
        with suppress(BackendError):
            for row in await self._documents.list_directory(folder):
                if row.path == ref.path:
                    return datetime.fromisoformat(row.last_modified).timestamp()
        return float("inf")

    # -- the server as a whole -----------------------------------------------------------------

    def entries(self, key: str, since: float = 0.0) -> Sequence[Entry]:
        """Who changed what in a notebook from that moment on, oldest first."""
        return self.journal.entries(key, since)

    def forget(self, key: str) -> None:
        """The key is that of another notebook from now on."""
        with self._best_effort():
            self.journal.forget(key)

    def others(self) -> Sequence[Instance]:
        """Other processes that may edit the same notebooks."""
        return self._owners.others() if self._owners is not None else ()

    async def release_unused(self, runs_in: Callable[[str], bool]) -> None:
        """Let other processes edit what is not edited here any more, now and then, for ever.

        `runs_in` says whether code runs whose cell is in the notebook with that key.
        """

        def in_use(key: str) -> bool:
            unsaved = self._follower.saves.left(key) or self._documents.save_state(key) != "saved"
            return unsaved or runs_in(key)

        while self._owners is not None:
            self._owners.release_unused(in_use)
            if self._owners.ended():
                self._doubtful.update(self._life)
            await asyncio.sleep(RELEASE_INTERVAL_SECONDS)

    async def last_look(self) -> None:
        """Save what is unsaved, so that whoever starts next has nothing to recover."""
        await self._follower.last_look()

    def close(self) -> None:
        self.journal.close()
        if self._owners is not None:
            self._owners.close()
