"""Saves of whole files by others than jmcp: what they threw away of agents' edits comes back, or is told.

A browser page that works on the file alone makes such a save when a person answers "File Changed" with
Overwrite: it never had what was done here.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from jmcp.core.errors import ENDS_TASK, BackendError, StateUnavailable, WriteRefused
from jmcp.core.journal.document_recovery import DocumentRecovery, best_effort
from jmcp.core.journal.entries import MADE, Entry, Journal
from jmcp.core.journal.notices import RecoveryNotices
from jmcp.core.journal.overwritten import LOOKED_BACK_SECONDS, Overwrites
from jmcp.core.journal.thrown_away import TEXT_CHANGES, ThrownAway, put_back, thrown_away
from jmcp.core.ports import Document, Documents, FileSave, NotebookRef

ATTEMPTS = 3
"""Somebody may save the file again while edits are put back."""
CLOSE_SECONDS = 5.0
"""Seconds that work under way may still take when the server stops."""

log = logging.getLogger("jmcp")


class OtherSaves:
    """`ports.FileSaves` for a journal. `claim` makes this process the one that edits a notebook, and
    raises WriteRefused."""

    def __init__(
        self,
        documents: Documents,
        journal: Journal,
        notices: RecoveryNotices,
        overwrites: Overwrites,
        recovery: DocumentRecovery,
        *,
        claim: Callable[[NotebookRef], None],
        clock: Callable[[], float],
    ) -> None:
        self._documents = documents
        self._journal = journal
        self._notices = notices
        self._overwrites = overwrites
        self._recovery = recovery
        self._claim = claim
        self._clock = clock
        self._under_way: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        overwrites.waits = self._under_way.__contains__

    def begin(self, key: str) -> bool:
        try:
            if not any(entry.change in TEXT_CHANGES for entry in self._entries(key)):
                return False
            # What the file has now, whoever saved may have had: it was lost to no reload.
            self._recovery.follower.settle(key)
        except StateUnavailable as error:
            log.warning("Cannot see whether edits of a file are overwritten: %s", error)
            return False
        self._under_way[key] += 1
        return True

    def end(self, key: str, save: FileSave | None) -> asyncio.Task[None] | None:
        if save is None:
            self._ended(key)
            return None
        task = asyncio.create_task(self._followed(key, save), name="jmcp-other-save")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def settled(self) -> None:
        """Return when each save that was made so far was looked at."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def close(self) -> None:
        """Let work under way end, within CLOSE_SECONDS."""
        if self._tasks:
            _, left = await asyncio.wait(self._tasks, timeout=CLOSE_SECONDS)
            for task in left:
                task.cancel()

    def _entries(self, key: str) -> Sequence[Entry]:
        return self._journal.entries(key, self._clock() - LOOKED_BACK_SECONDS, states=MADE)

    def _ended(self, key: str) -> None:
        self._under_way[key] -= 1
        if self._under_way[key] <= 0:
            del self._under_way[key]

    async def _followed(self, key: str, save: FileSave) -> None:
        try:
            await self._follow(key, save)
        except BackendError as error:
            log.warning("Cannot put back what a save of %s overwrote: %s", save.path, error)
        except ENDS_TASK:
            raise
        except BaseException:
            log.exception("Cannot put back what a save of %s overwrote.", save.path)
        finally:
            self._ended(key)

    async def _follow(self, key: str, save: FileSave) -> None:
        document = await self._documents.open(await self._documents.current(key))
        try:
            found = await self._put_back(document, save)
            if document.mode == "live":
                # A reload of the file that was under way meanwhile takes it away once more. And the
                # file lacks what was put back until it is saved.
                await self._save(document)
                if (await self._put_back(document, save)).lost:
                    await self._save(document)
        finally:
            document.close()
        self._tell(document.ref, found)

    async def _save(self, document: Document) -> None:
        with suppress(BackendError):  # it is tried again, as after every edit
            await self._documents.save(document.ref)

    async def _put_back(self, document: Document, save: FileSave) -> ThrownAway:
        """What the save threw away, with what can be put back in the document by then."""
        for _ in range(ATTEMPTS - 1):
            with suppress(WriteRefused):
                return await self._compared(document, save)
        return await self._compared(document, save)

    async def _compared(self, document: Document, save: FileSave) -> ThrownAway:
        self._claim(document.ref)
        session = await self._documents.server_session()
        async with document.edit() as cells:
            found = thrown_away(save, self._entries(document.ref.key), cells)
            put_back(cells, save.before, found)
            life = (session, cells.loaded)
        if document.mode == "file":
            self._overwrites.knows(cells)
        elif found.lost:
            self._recovery.note_again(cells, life, [one for chain in found.lost for one in chain])
        return found

    def _tell(self, ref: NotebookRef, found: ThrownAway) -> None:
        """Record what is gone in the journal, and have sessions told; the last edit of each cell has
        what is to be told."""
        gone = [*found.replaced, *found.doubtful]
        if gone:
            with best_effort():
                lost = [replace(one, state="conflicted") for chain in gone for one in chain]
                self._journal.settle(lost)
                self._journal.delivered([one.number for chain in gone for one in chain[:-1]])
        self._notices.overwritten(
            ref.key,
            replaced=[chain[-1] for chain in found.replaced],
            undone=[chain[-1] for chain in found.doubtful],
        )
        back = [chain[-1] for chain in (*found.kept, *found.lost)]
        self._notices.put_back(ref, [*back, *found.moves])
