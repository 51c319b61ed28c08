"""Saving a live notebook: within seconds of an edit, and believed only when the file proves it."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from logging import Logger
from typing import Protocol

from jmcp.core.background import supervised
from jmcp.core.errors import ENDS_TASK
from jmcp.core.ports import SaveState
from jmcp_api import phrases

LONGEST_BACKOFF_SECONDS = 60.0
MISSES_BEFORE_GIVING_UP = 3
"""A checkout may take a file away for a moment."""


class HoldableRoom(Protocol):
    """A room that must not be cleaned between `hold` and `release`."""

    def hold(self) -> None: ...
    def release(self) -> None: ...


class SaveSupervisor(ABC):
    """Saves what jmcp wrote into one room when the oldest unsaved edit is `after` seconds old.

    The room's own save is debounced, may be switched off by a person, is cancelled by the next
    edit, and reports success for a file that it could not write.
    """

    def __init__(self, held: HoldableRoom, after: float, log: Logger) -> None:
        self.problem: str | None = None
        """Why the file cannot be written, for people; None while all is well."""
        self.proven: int | None = None
        """The newest version that the file is known to have, and that no older save can follow."""
        self._written: int | None = None
        """The version of the last save that was verified."""
        self._held = held
        self._after = after
        self._log = log
        self._saved_version = self._edited_version = self._version
        self._oldest: float | None = None
        self._lock = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._misses = 0
        self._verified = self._failures = 0
        """Count saves that were verified, and that failed."""

    @property
    @abstractmethod
    def _version(self) -> int:
        """The document's version: a count of all changes, by anyone."""

    @abstractmethod
    async def _write(self) -> bool:
        """Write what the document holds now; whether the file proves it."""

    @property
    def state(self) -> SaveState:
        if not self._pending:
            return "saved"
        return "pending" if self.problem is None else "failed"

    @property
    def _pending(self) -> bool:
        return self._edited_version > self._saved_version

    def edited(self) -> None:
        """The document has an edit of jmcp's: save it in time."""
        self._edited_version = self._version
        if not self._pending:
            return
        if self._oldest is None:
            self._oldest = _now()
        if self._task is None or self._task.done():
            self._held.hold()
            self._task = supervised(self._supervise, "save")
            self._task.add_done_callback(lambda _: self._held.release())

    async def save(self) -> SaveState:
        """Save now and verify, whoever made the edits."""
        async with self._lock:
            return await self._save()

    async def _save(self) -> SaveState:
        try:
            written = await self._write()
        except ENDS_TASK:
            raise
        except BaseException as error:  # noqa: BLE001  it is told, and the next try comes in time
            self._log.exception("Saving a live notebook failed")
            self._failed(phrases.save_raised(error=type(error).__name__))
            return "failed"
        if written and not self._pending:
            return "saved"
        return "pending" if self.problem is None else "failed"

    async def prove(self) -> SaveState:
        """Save now. "saved": the file then had all that the document had when this was called;
        "failed": `problem` says why not; "pending": something came in between, so try again."""
        async with self._lock:
            version, verified, failures = self._version, self._verified, self._failures
            await self._save()
            if self._verified > verified and self._saved_version >= version:
                return "saved"
            return "failed" if self._failures > failures else "pending"

    @property
    def behind(self) -> bool:
        """Whether the document has changes, by anyone, that the file is not known to have."""
        return self._version > self._saved_version

    async def close(self) -> None:
        """One last save of what is pending, then stop."""
        try:
            if self._pending:
                await self.save()
        finally:
            if self._task is not None:
                self._task.cancel()
                await asyncio.gather(self._task, return_exceptions=True)

    async def _supervise(self) -> None:
        wait = self._after
        while self._pending:
            due = (self._oldest if self._oldest is not None else _now()) + wait
            await asyncio.sleep(max(0.0, due - _now()))
            async with self._lock:
                if self._pending:
                    await self._save()
            failed = self.problem is not None
            wait = min(wait * 2, LONGEST_BACKOFF_SECONDS) if failed else self._after

    def _abandon(self, reason: str) -> None:
        self._log.warning("Unsaved edits of a live notebook are gone: %s.", reason)
        self._edited_version = self._saved_version

    def _saved(self, version: int) -> None:
        self._saved_version = version
        self._verified += 1
        # Where changes came meanwhile, the room may write once more what it had taken before. By
        # the next save it has, so edits without a pause are proven by the save after theirs.
        proven = version if self._version == version else self._written
        if proven is not None:
            self._prove(proven)
        self._written = version
        if self.problem is not None:
            self._log.info("A live notebook is saved again.")
            self.problem = None

    def _prove(self, version: int) -> None:
        self.proven = version if self.proven is None else max(version, self.proven)

    def _again(self) -> None:
        """Have what is pending saved once more, `after` seconds from now."""
        if self._oldest is None:
            self._oldest = _now()

    def _failed(self, reason: str) -> None:
        self._failures += 1
        self._again()
        if self.problem is None:
            self._log.warning("Cannot save a live notebook (%s); retrying.", reason)
        self.problem = reason


def _now() -> float:
    return asyncio.get_running_loop().time()
