"""Who edits which notebook, in a file that all processes of one user on this machine share."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from jmcp.core.editing.owners import Instance
from jmcp.core.errors import StateUnavailable, WriteRefused
from jmcp.core.ports import NotebookRef
from jmcp.core.stores.instance_lock import InstanceLock
from jmcp.core.stores.schema import OWNER_MIGRATIONS
from jmcp.core.stores.state_file import StateFile

RELEASED_SECONDS = 10
"""Seconds after the last edit, once its file has it, after which another process may edit the
notebook: so long that an agent at work is not interrupted by another, so short that others can wait
for it."""

log = logging.getLogger("jmcp")


class Owned(Protocol):
    """Makes the error for a notebook that another process edits."""

    def __call__(self, *, path: str, address: str, pid: int, seconds: int) -> WriteRefused: ...


@dataclass(slots=True)
class _Claim:
    """A file that this process edits, and when it last began an edit (seconds of `clock`)."""

    file: str
    used: float


class OwnerFile:
    """`Owners` in a state file of its own, in `folder`. `here` is this process.

    Files are told apart by their absolute paths, so that root directories may lie in each other.
    Raises StateUnavailable where the folder cannot be written.
    """

    def __init__(
        self,
        folder: Path,
        here: Instance,
        *,
        owned: Owned,
        unavailable: type[StateUnavailable] = StateUnavailable,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._here = here
        self._owned = owned
        self._clock = clock
        self._claims: dict[NotebookRef, _Claim] = {}
        self._known: dict[str, Instance] = {}
        self._state = StateFile(
            folder / "owners.db", migrations=OWNER_MIGRATIONS, unavailable=unavailable
        )
        try:
            self._lock = InstanceLock(folder, unavailable=unavailable)
            self._forget_dead()
            self._state.change(
                "INSERT INTO instances (process, root, address, pid) VALUES (?, ?, ?, ?)",
                self._lock.process,
                str(Path(here.root).resolve()),
                here.address,
                here.pid,
            )
        except BaseException:
            self._state.close()
            raise

    def claim(self, ref: NotebookRef) -> bool:
        known = self._claims.get(ref)
        if known is not None:
            known.used = self._clock()
            return False
        file = str(Path(self._here.root, ref.path).resolve())
        try:
            self._take(file, ref.path)
        except StateUnavailable as error:
            log.warning("Cannot tell other processes that %r is edited here: %s", ref.path, error)
            return False  # the next edit tries again
        self._claims[ref] = _Claim(file, self._clock())
        return True

    def release_unused(self, in_use: Callable[[str], bool]) -> None:
        oldest = self._clock() - RELEASED_SECONDS
        for ref, claim in list(self._claims.items()):
            if claim.used <= oldest and not in_use(ref.key):
                del self._claims[ref]
                self._state.change(
                    "DELETE FROM owners WHERE file = ? AND process = ?",
                    claim.file,
                    self._lock.process,
                )

    def others(self) -> Sequence[Instance]:
        return [*self._living().values()]

    def ended(self) -> bool:
        known, self._known = self._known, self._living()
        return not known.keys() <= self._known.keys()

    def _living(self) -> dict[str, Instance]:
        here = Path(self._here.root).resolve()
        rows = self._state.all(
            "SELECT process, root, address, pid FROM instances WHERE process <> ?",
            self._lock.process,
        )
        return {
            process: Instance(root=root, address=address, pid=pid)
            for process, root, address, pid in rows
            if (here.is_relative_to(root) or Path(root).is_relative_to(here))
            and self._lock.alive(process)
        }

    def close(self) -> None:
        """Let others have everything at once. Idempotent."""
        try:
            for table in ("owners", "instances"):
                self._state.change(f"DELETE FROM {table} WHERE process = ?", self._lock.process)
        except StateUnavailable as error:
            log.debug("The next process finds out by itself that this one ended: %s", error)
        finally:
            self._claims.clear()
            self._state.close()
            self._lock.close()

    def _take(self, file: str, path: str) -> None:
        with self._state.transaction():
            row = self._state.one(
                "SELECT process, address, pid FROM owners JOIN instances USING (process) "
                "WHERE file = ?",
                file,
            )
            if row is not None and row[0] != self._lock.process and self._lock.alive(row[0]):
                _, address, pid = row
                raise self._owned(path=path, address=address, pid=pid, seconds=RELEASED_SECONDS)
            self._state.change(
                "INSERT OR REPLACE INTO owners (file, process) VALUES (?, ?)",
                file,
                self._lock.process,
            )

    def _forget_dead(self) -> None:
        with self._state.transaction():
            for (process,) in self._state.all("SELECT process FROM instances"):
                if not self._lock.alive(process):
                    for table in ("owners", "instances"):
                        self._state.change(f"DELETE FROM {table} WHERE process = ?", process)
