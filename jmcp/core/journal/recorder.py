"""The journal's side of every edit: recorded before it is acknowledged."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from jmcp.core.editing.owners import Instance, Owners
from jmcp.core.errors import StateUnavailable
from jmcp.core.journal.document_recovery import DocumentRecovery, best_effort
from jmcp.core.journal.entries import Author, Entry, Journal, new_change_id
from jmcp.core.journal.notices import RecoveryNotices
from jmcp.core.journal.other_saves import OtherSaves
from jmcp.core.journal.overwritten import Overwrites
from jmcp.core.journal.recording import Recording
from jmcp.core.notices import EditNotRecorded, OutputsBeyondUndo
from jmcp.core.ports import Cells, Document, Documents, NotebookRef
from jmcp.core.sentences import EditPhrases

log = logging.getLogger("jmcp")

LOOK_SECONDS = 0.5
"""How often to look whether a dirty notebook was saved, which costs microseconds in process."""
RELEASE_INTERVAL_SECONDS = 1.0


class JournalRecorder:
    """Records every edit of a server's notebooks; `recovery` makes again what a crash or a reload took.

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
        self._recorded: Counter[str] = Counter()
        self.recovery = DocumentRecovery(
            documents, journal, self.notices, claim=self.claim, look_seconds=look_seconds
        )
        self._follower = self.recovery.follower
        self.other_saves = OtherSaves(
            documents,
            journal,
            self.notices,
            self.overwrites,
            self.recovery,
            claim=self.claim,
            clock=clock,
        )
        documents.file_saves = self.other_saves

    @asynccontextmanager
    async def recording(
        self,
        document: Document,
        session: str,
        author: Author,
        undoes: str | None = None,
        reverts: Mapping[str | None, Sequence[int]] | None = None,
    ) -> AsyncIterator[Recording]:
        """The cells of a document for editing, with every earlier edit that can be there; what is
        changed in them is in the journal when this ends.

        `session` is the server session, `undoes` the change that is taken back, `reverts` what is
        taken back of others, as `Recording` has it. Raises as `Document.edit`.
        """
        self.claim(document.ref)
        recording: Recording | None = None
        done = False
        try:
            async with self._current(document, session) as cells:
                blank = self._blank(document.ref, session, author)
                if undoes:
                    blank = replace(blank, undoes=undoes)
                recording = Recording(cells, blank, reverts)
                yield recording
                recording.finish()
                done = True
        except BaseException:
            self._failed(recording, done=done)
            raise
        if recording.entries:
            self._recorded[document.ref.key] += len(recording.entries)
            await self._keep(document.ref, recording)
        if recording.beyond_undo:
            recording.notices.append(OutputsBeyondUndo(cells=recording.beyond_undo))

    def claim(self, ref: NotebookRef) -> None:
        """This process edits the notebook from now on. Raises WriteRefused when another one does."""
        if self._owners is not None and self._owners.claim(ref):
            self.recovery.doubt(ref.key)

    @asynccontextmanager
    async def _current(self, document: Document, session: str) -> AsyncIterator[Cells]:
        async with document.edit() as cells:
            if not self.recovery.is_behind(cells, session):
                self.overwrites.look(cells)
                yield cells
                return
        await self.recovery.catch_up(document, session)
        async with document.edit() as cells:
            self.overwrites.look(cells)
            yield cells

    def _blank(self, ref: NotebookRef, session: str, author: Author) -> Entry:
        return Entry(
            key=ref.key,
            path=ref.path,
            change="set_source",
            change_id=new_change_id(),
            author=author,
            at=self._clock(),
            server_session=session,
            loaded="",
            process=self._process,
        )

    async def _keep(self, ref: NotebookRef, recording: Recording) -> None:
        """Append the entries to the journal. If that is not possible, save the notebook at once
        instead.

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
        self.recovery.note_life(key, (last.server_session, last.loaded))

    def _failed(self, recording: Recording | None, *, done: bool) -> None:
        """Note what was changed in an edit that ended with an error.

        Whoever edits a live document changes it at once: an error afterwards takes nothing back.
        """
        if recording is None or not recording.entries:
            return
        if recording.cells.mode == "file" and not done:
            return
        with best_effort():
            if done:
                self.journal.append([replace(one, state="failed") for one in recording.entries])
            else:
                self._note(recording, self.journal.append(recording.entries))
                self._follower.follow(recording.cells.ref)

    def recorded(self, key: str) -> int:
        """How many entries of a notebook this process has added."""
        return self._recorded[key]

    def entries(self, key: str, since: float = 0.0) -> Sequence[Entry]:
        """Who changed what in a notebook from that moment on, oldest first."""
        return self.journal.entries(key, since)

    def accept(self, entries: Sequence[Entry], acceptance: str | None) -> None:
        """Note what accepted these entries; None: nothing (any more). Raises StateUnavailable."""
        self.journal.accept(entries, acceptance)

    def forget(self, key: str) -> None:
        """Drop all entries of the key: it belongs to another notebook from now on."""
        with best_effort():
            self.journal.forget(key)

    def others(self) -> Sequence[Instance]:
        """Other processes that may edit the same notebooks."""
        return self._owners.others() if self._owners is not None else ()

    async def release_unused(self, runs_in: Callable[[str], bool]) -> None:
        """Give up the claim on each notebook that is not edited here any more. Looks every
        RELEASE_INTERVAL_SECONDS, and never returns.

        `runs_in` says whether code runs whose cell is in the notebook with that key.
        """

        def in_use(key: str) -> bool:
            unsaved = self._follower.saves.left(key) or self._documents.save_state(key) != "saved"
            return unsaved or runs_in(key)

        while self._owners is not None:
            self._owners.release_unused(in_use)
            if self._owners.ended():
                self.recovery.doubt_all()
            await asyncio.sleep(RELEASE_INTERVAL_SECONDS)

    async def last_look(self) -> None:
        """Save what is unsaved, so that whoever starts next has nothing to recover."""
        await self.other_saves.close()
        await self._follower.last_look()

    def close(self) -> None:
        self.journal.close()
        if self._owners is not None:
            self._owners.close()
