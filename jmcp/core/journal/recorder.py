"""The journal's side of every edit: recorded before it is acknowledged, made again after a crash."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from datetime import datetime

from jmcp.core.errors import BackendError, StateUnavailable, WriteRefused
from jmcp.core.journal.entries import Author, Entry, Journal
from jmcp.core.journal.notices import RecoveryNotices
from jmcp.core.journal.recording import Recording
from jmcp.core.journal.recovery import Recovered, recover
from jmcp.core.journal.save_follower import SaveFollower
from jmcp.core.notices import EditNotRecorded
from jmcp.core.ports import Cells, Document, Documents, NotebookRef
from jmcp.core.sentences import EditPhrases

log = logging.getLogger("jmcp")

LOOK_SECONDS = 0.5
"""How often to look whether a dirty notebook was saved, which costs microseconds in process."""
SETTLE_SECONDS = 5.0
"""A file that is younger than an edit by less than this was written without it: its content was
captured before the edit. By then the journal knows what was saved, and hardly anybody undoes
an edit and has that saved as fast."""


Life = tuple[str, str]
"""A server session and a loading of a document in it: what makes up a document's life."""


class JournalRecorder:
    """Records every edit of a server's notebooks, and makes again what a crash or a reload took.

    An entry is appended when the document has the edit, before `recording` ends: what is
    acknowledged is in the journal, and what is in the journal was made. `look_seconds` is how often
    a notebook with unsaved edits is looked at.
    """

    def __init__(
        self,
        documents: Documents,
        journal: Journal,
        *,
        phrases: EditPhrases,
        clock: Callable[[], float] = time.time,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self.journal = journal
        self.notices = RecoveryNotices(journal, clock, phrases)
        self._documents = documents
        self._phrases = phrases
        self._clock = clock
        self._process = uuid.uuid4().hex
        # The life of the document that all pending entries of a notebook were made in.
        self._life: dict[str, Life] = {}
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

    @asynccontextmanager
    async def _current(self, document: Document, session: str) -> AsyncIterator[Cells]:
        async with document.edit() as cells:
            if not self.is_behind(cells, session):
                yield cells
                return
        await self.catch_up(document, session)
        async with document.edit() as cells:
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
        if known == life:
            return False
        with self._best_effort():
            if known is None:
                self.notices.remember(key)
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
        self._follower.saves.forget(key)
        if pending:
            # Whatever the file had before: only a save from now on tells.
            self._follower.saves.note(key, cells.version, pending[-1].number)
            self._follower.follow(cells.ref)

    def _is_foreign(self, entry: Entry, life: Life) -> bool:
        return (entry.server_session, entry.loaded) != life or entry.process != self._process

    async def catch_up(self, document: Document, session: str) -> None:
        """Recover what there is to recover, if the document can be written."""
        with suppress(WriteRefused):
            async with document.edit() as cells:
                if not self.is_behind(cells, session):
                    return
                life = (session, cells.loaded)
                pending = self.journal.entries(cells.ref.key, states={"pending"})
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
        self._live(cells, life, self.journal.entries(key, states={"pending"}))
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

    async def last_look(self) -> None:
        """Save what is unsaved, so that whoever starts next has nothing to recover."""
        await self._follower.last_look()

    def close(self) -> None:
        self.journal.close()
