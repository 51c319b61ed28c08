"""Which notebooks have edits that their file may lack: looked after until each is saved."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from functools import partial

from jmcp.core.background import supervised
from jmcp.core.errors import BackendError, NotebookMissing
from jmcp.core.journal.entries import Journal
from jmcp.core.journal.saves import Saves
from jmcp.core.ports import Document, Documents, NotebookRef

log = logging.getLogger("jmcp")

LONGEST_LOOK_SECONDS = 10.0
CLOSE_SECONDS = 5.0
"""Seconds that all saves together may take when the server stops."""


class SaveFollower:
    """One task a notebook with unsaved edits, which settles the journal as its file gets them.

    `lives` has the life of each document that all its pending entries were made in; `catch_up`
    recovers the edits of another life.
    """

    def __init__(
        self,
        documents: Documents,
        journal: Journal,
        lives: MutableMapping[str, tuple[str, str]],
        catch_up: Callable[[Document, str], Awaitable[None]],
        *,
        look_seconds: float,
    ) -> None:
        self.saves = Saves()
        self._documents = documents
        self._journal = journal
        self._lives = lives
        self._catch_up = catch_up
        self._look_seconds = look_seconds
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def follow(self, ref: NotebookRef) -> None:
        """Look after a notebook with unsaved edits until they are saved."""
        task = self._tasks.get(ref.key)
        if task is None or task.done():
            task = supervised(partial(self._until_saved, ref), "journal")
            self._tasks[ref.key] = task
            task.add_done_callback(partial(self._ended, ref.key))

    def _ended(self, key: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(key) is task:
            del self._tasks[key]

    def settle(self, key: str) -> None:
        """Settle what the notebook's file is known to have by now, before anything else becomes of
        it. Raises StateUnavailable."""
        self._settle(key, same_life=True)

    async def save_now(self, ref: NotebookRef) -> bool:
        """Save the notebook and settle what its file has then; whether the save succeeded."""
        with suppress(BackendError):
            if await self._documents.save(ref) == "saved":
                await self._saved(ref)
                return True
        return False

    async def last_look(self) -> None:
        """Save what is unsaved, and end all tasks. Takes at most CLOSE_SECONDS."""
        tasks = dict(self._tasks)
        dirty = [key for key, task in tasks.items() if not task.done()]
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                for key in dirty:
                    with suppress(BackendError):
                        await self.save_now(await self._documents.current(key))

    async def _until_saved(self, ref: NotebookRef) -> None:
        wait = self._look_seconds
        while True:
            await asyncio.sleep(wait)
            wait = min(wait * 1.2, LONGEST_LOOK_SECONDS)
            try:
                if await self._saved(ref):
                    wait = self._look_seconds
            except NotebookMissing:
                # Deleted: if it comes back, so do its edits.
                self.saves.forget(ref.key)
                self._lives.pop(ref.key, None)
                return
            except BackendError as error:
                log.debug("Cannot see whether a notebook was saved: %s", error)
            if not self.saves.left(ref.key):
                return

    async def _saved(self, ref: NotebookRef) -> bool:
        """Settle what the file has, whether that was anything; make again what a reload took."""
        key, documents = ref.key, self._documents
        version = documents.saved_version(key)
        if self.saves.upto(key, version) is None and documents.save_state(key) != "saved":
            return False  # it is about to be saved
        session = await documents.server_session()
        document = await documents.open(await documents.current(key))
        try:
            cells = await document.read()
            life = (session, cells.loaded)
            if life != self._lives.get(key):
                await self._catch_up(document, session)
                return False
            settled = self._settle(key, same_life=cells.loaded == life[1])
            if self.saves.left(key) and documents.save_state(key) == "saved":
                # What an earlier process left unsaved: nobody else is about to save that.
                await documents.save(document.ref)
                settled = self._settle(key, same_life=cells.loaded == life[1]) or settled
            return settled
        finally:
            document.close()

    def _settle(self, key: str, *, same_life: bool) -> bool:
        """Settle what the file has of this life of the document; whether that was anything."""
        upto = self.saves.upto(key, self._documents.saved_version(key))
        if upto is None or not same_life:
            return False
        self._journal.saved(key, upto)
        self.saves.settled(key, upto)
        return True
