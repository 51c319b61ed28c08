"""Edits that a crash or a reload took out of a document, found in the journal and made again."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime

from jmcp.core.errors import BackendError, StateUnavailable, WriteRefused
from jmcp.core.journal.entries import Entry, Journal
from jmcp.core.journal.notices import RecoveryNotices
from jmcp.core.journal.recovery import Recovered, recover
from jmcp.core.journal.save_follower import SaveFollower
from jmcp.core.ports import Cells, Document, Documents, NotebookRef

log = logging.getLogger("jmcp")

SETTLE_SECONDS = 5.0
"""A file that is younger than an edit by less than this many seconds is taken to have been written
without it: its content was captured before the edit. Later than that the journal knows what was
saved, and hardly anybody undoes an edit and saves that so fast."""

KEPT_LIVES = 512
"""Documents of which it is remembered in which life their pending entries were made."""
LIVES_DROPPED = 64
"""Documents that are forgotten at once when there are more than KEPT_LIVES: finding the oldest
means looking at all of them."""

Life = tuple[str, str]
"""Identifies one life of a document: the server session, and the loading of the document in it."""


@contextmanager
def best_effort() -> Iterator[None]:
    """Log a warning instead of failing when the journal is out of reach: a notebook works without
    it."""
    try:
        yield
    except StateUnavailable as error:
        log.warning("The change journal cannot be used: %s", error)


class DocumentRecovery:
    """Knows in which life of its document the pending entries of each notebook were made, and makes
    those of another life again.

    `claim` makes this process the one that edits a notebook, and raises WriteRefused. `follower`
    looks after notebooks with unsaved edits, every `look_seconds`.
    """

    def __init__(
        self,
        documents: Documents,
        journal: Journal,
        notices: RecoveryNotices,
        *,
        claim: Callable[[NotebookRef], None],
        look_seconds: float,
    ) -> None:
        self._documents = documents
        self._journal = journal
        self._notices = notices
        self._claim = claim
        self._process = journal.process
        self.lives: OrderedDict[str, Life] = OrderedDict()
        """The life of the document that all pending entries of a notebook were made in."""
        self._doubtful: set[str] = set()
        """Notebooks which other processes may have edited since this one looked into the journal."""
        self.follower = SaveFollower(
            documents, journal, self.lives, self.catch_up, look_seconds=look_seconds
        )

    def doubt(self, key: str) -> None:
        """Another process may have edited that notebook: look into the journal at its next use."""
        self._doubtful.add(key)

    def doubt_all(self) -> None:
        """As `doubt`, for every notebook."""
        self._doubtful.update(self.lives)

    def note_life(self, key: str, life: Life) -> None:
        """An edit was made in that life of the document. If it was replaced meanwhile, its next use
        looks what it has."""
        if self.lives.get(key) != life:
            self.lives.pop(key, None)

    def note_again(self, cells: Cells, life: Life, entries: Sequence[Entry]) -> None:
        """These edits were made once more in that life of the document, whose file may lack them."""
        key = cells.ref.key
        with best_effort():
            again = [
                replace(
                    entry,
                    state="pending",
                    server_session=life[0],
                    loaded=life[1],
                    process=self._process,
                )
                for entry in entries
            ]
            self._journal.settle(again)
            number = max(entry.number for entry in entries)
            self.follower.saves.note(key, cells.version, number)
            self.note_life(key, life)
            self.follower.follow(cells.ref)

    def is_behind(self, cells: Cells, session: str) -> bool:
        """Whether there are pending entries of another life of this document."""
        key, life = cells.ref.key, (session, cells.loaded)
        known = self.lives.get(key)
        if known == life and key not in self._doubtful:
            return False
        with best_effort():
            if known is None:
                self._notices.remember(key)
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
        pending = self._journal.entries(key, states={"pending"})
        living = {one for one in {entry.process for entry in pending} if self._lives(one)}
        if living:
            self._doubtful.add(key)  # once those are dead, somebody has to see to their entries
        return [entry for entry in pending if entry.process not in living]

    def _lives(self, process: str) -> bool:
        return process != self._process and self._journal.alive(process)

    def _live(self, cells: Cells, life: Life, pending: Sequence[Entry]) -> None:
        """Note that all pending entries of the notebook were made in this life of its document."""
        key = cells.ref.key
        self._remember(key, life)
        self.follower.saves.forget(key)
        if pending:
            # Whatever the file had before: only a save from now on tells.
            self.follower.saves.note(key, cells.version, pending[-1].number)
            self.follower.follow(cells.ref)

    def _remember(self, key: str, life: Life) -> None:
        """Remember the life of a document. If that are too many, those are dropped that nobody used
        for longest and that have no unsaved edits."""
        self.lives[key] = life
        self.lives.move_to_end(key)
        if len(self.lives) > KEPT_LIVES:
            saves = self.follower.saves
            for oldest in [one for one in self.lives if not saves.left(one)][:LIVES_DROPPED]:
                del self.lives[oldest]
                self._doubtful.discard(oldest)

    def _is_foreign(self, entry: Entry, life: Life) -> bool:
        return (entry.server_session, entry.loaded) != life or entry.process != self._process

    async def catch_up(self, document: Document, session: str) -> None:
        """Recover what there is to recover, if the document can be written."""
        with suppress(WriteRefused), best_effort():
            self._claim(document.ref)
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
        """A predicate for entries: whether it can be that the edit was never saved. If it was saved
        and is not there, somebody undid it on purpose."""
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
        """Record in the journal what became of the entries."""
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
        self._journal.settle([*kept, *lost])
        self._doubtful.discard(key)
        self._live(cells, life, self._pending(key))
        self._notices.recovered(key, recovered.repeated)
        self._notices.add(key, [notice for notice in cells.notices() if notice.once])
        self._notices.remember(key)

    async def _modified(self, ref: NotebookRef) -> float:
        """When the file was last written, in seconds since the epoch; infinity if that is not
        known."""
        folder = ref.path.rpartition("/")[0]
        with suppress(BackendError):
            for row in await self._documents.list_directory(folder):
                if row.path == ref.path:
                    return datetime.fromisoformat(row.last_modified).timestamp()
        return float("inf")
