"""The change journal in the state file."""

from __future__ import annotations

import sys
import time
from collections.abc import Collection, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from uuid import uuid4

from jmcp.core.errors import StateUnavailable
from jmcp.core.journal.entries import Entry, Room, State
from jmcp.core.stores.instance_lock import InstanceLock
from jmcp.core.stores.journal.encoding import decode_entries, encode_entry
from jmcp.core.stores.journal.limits import (
    KEPT_BYTES,
    KEPT_DAYS,
    KEPT_ENTRIES,
    KEPT_TOTAL_BYTES,
    LOOK_BACK_ENTRIES,
    PRUNED_SHARE,
    UNSAVED_TIMES,
    may_go,
    pruning_order,
)
from jmcp.core.stores.state_file import StateFile

SECONDS_PER_DAY = 86_400
PRUNED_AT_ONCE = 100
PRUNING_ROUNDS = 2
"""Rounds of PRUNED_AT_ONCE entries that are pruned beside one edit: more than edits bring."""
KEPT_SIZES = 1000
"""Notebooks whose size is known without measuring it."""


@dataclass(slots=True)
class _Size:
    """How many entries, and how many bytes they take."""

    entries: int
    size: int


class SqliteJournal:
    """`Journal` in a state file, which it does not own, like `lock`, the process's own."""

    def __init__(
        self,
        state: StateFile,
        lock: InstanceLock | None = None,
        *,
        kept_entries: int = KEPT_ENTRIES,
        kept_bytes: int = KEPT_BYTES,
        kept_total_bytes: int = KEPT_TOTAL_BYTES,
    ) -> None:
        self.process = uuid4().hex if lock is None else lock.process
        self._lock = lock
        self._state = state
        self._kept = _Size(kept_entries, kept_bytes)
        self._kept_total = kept_total_bytes
        self._sizes: dict[str, _Size] = {}
        # As this process knows it: others write and prune too.
        ((self._total,),) = state.all("SELECT COALESCE(SUM(size), 0) FROM changes")
        self._unlooked = 0
        # Notebooks of which too little could be pruned when that was last tried.
        self._crowded: set[str] = set()
        self._prune_all(sys.maxsize)

    def alive(self, process: str) -> bool:
        if self._lock is None or process == self.process:
            return process == self.process
        return self._lock.alive(process)

    def append(self, entries: Sequence[Entry]) -> int:
        rows = [(entry, encode_entry(entry)) for entry in entries]
        number = 0
        # One statement is a transaction of its own.
        with self._state.transaction() if len(rows) > 1 else nullcontext():
            for entry, text in rows:
                number = self._state.insert(
                    "INSERT INTO changes (notebook, state, at, size, data) VALUES (?, ?, ?, ?, ?)",
                    entry.key,
                    entry.state,
                    entry.at,
                    len(text),
                    text,
                )
        # The entries are kept by now, whatever becomes of this.
        with suppress(StateUnavailable):
            for entry, text in rows:
                self._count(entry.key, len(text))
        return number

    def room(self, key: str) -> Room:
        if key not in self._crowded:
            return "free"
        known, most = self._size(key), self._kept
        few = known.entries < most.entries * UNSAVED_TIMES
        return "low" if few and known.size < most.size * UNSAVED_TIMES else "none"

    def entries(
        self, key: str, since: float = 0.0, states: Collection[State] = ()
    ) -> Sequence[Entry]:
        among = f" AND state IN ({', '.join('?' * len(states))})" if states else ""
        rows = self._state.all(
            f"SELECT number, notebook, state, at, data FROM changes "
            f"WHERE notebook = ? AND at >= ?{among} ORDER BY number",
            key,
            since,
            *states,
        )
        return decode_entries(rows)

    def saved(self, key: str, upto: int) -> None:
        self._state.change(
            "UPDATE changes SET state = 'saved' "
            "WHERE notebook = ? AND state = 'pending' AND number <= ?",
            key,
            upto,
        )
        self._crowded.discard(key)

    def settle(self, entries: Sequence[Entry]) -> None:
        with self._state.transaction():
            for entry in entries:
                self._state.change(
                    "UPDATE changes SET state = ?, data = ? WHERE number = ?",
                    entry.state,
                    encode_entry(entry),
                    entry.number,
                )
                self._crowded.discard(entry.key)

    def accept(self, entries: Sequence[Entry], acceptance: str | None) -> None:
        # Not the state: another process may settle these entries at the same moment.
        with self._state.transaction():
            for entry in entries:
                self._state.change(
                    "UPDATE changes SET data = ? WHERE number = ?",
                    encode_entry(replace(entry, accepted=acceptance)),
                    entry.number,
                )

    def undelivered(self, key: str) -> Sequence[Entry]:
        rows = self._state.all(
            "SELECT number, notebook, state, at, data FROM changes "
            "WHERE notebook = ? AND state = 'conflicted' AND told = 0 ORDER BY number",
            key,
        )
        return decode_entries(rows)

    def delivered(self, numbers: Collection[int]) -> None:
        marks = ", ".join("?" * len(numbers))
        self._state.change(f"UPDATE changes SET told = 1 WHERE number IN ({marks})", *numbers)

    def forget(self, key: str) -> None:
        self._state.change("DELETE FROM changes WHERE notebook = ?", key)
        size = self._sizes.pop(key, None)
        self._total -= size.size if size is not None else 0
        self._crowded.discard(key)

    def pending(self) -> int:
        row = self._state.one("SELECT COUNT(*) FROM changes WHERE state = 'pending'")
        return int(row[0]) if row is not None else 0

    def close(self) -> None:
        """Does nothing: the state file's owner closes it."""

    # -- limits --------------------------------------------------------------------------------

    def _count(self, key: str, size: int) -> None:
        known = self._sizes.get(key)
        if known is None:
            known = self._size(key)
        else:
            known.entries += 1
            known.size += size
        self._total += size
        much = known.entries > self._kept.entries or known.size > self._kept.size
        if much and key not in self._crowded:
            self._prune(key)
        self._unlooked += 1
        if self._unlooked >= LOOK_BACK_ENTRIES:
            self._prune_all(PRUNING_ROUNDS)

    def _size(self, key: str) -> _Size:
        """What the notebook's entries take, measured if that is not known."""
        known = self._sizes.get(key)
        if known is None:
            if len(self._sizes) >= KEPT_SIZES:
                self._sizes.clear()
            row = self._state.one(
                "SELECT COUNT(*), COALESCE(SUM(size), 0) FROM changes WHERE notebook = ?", key
            )
            known = self._sizes[key] = _Size(*(row or (0, 0)))
        return known

    def _prune(self, key: str) -> None:
        """Delete those of the notebook's entries that may go in their order, never its last one."""
        rows = self._state.all(
            "SELECT number, state, size FROM changes WHERE notebook = ? ORDER BY number", key
        )
        left = _Size(len(rows), sum(size for _, _, size in rows))
        most = _Size(int(self._kept.entries * PRUNED_SHARE), int(self._kept.size * PRUNED_SHARE))
        may = [row for row in rows[:-1] if may_go(row[1])]
        doomed = []
        for number, _, size in sorted(may, key=lambda row: pruning_order(row[1], row[0])):
            if left.entries <= most.entries and left.size <= most.size:
                break
            doomed.append(number)
            left.entries -= 1
            left.size -= size
        with self._state.transaction():
            for number in doomed:
                self._state.change("DELETE FROM changes WHERE number = ?", number)
        self._sizes[key] = left
        self._total -= sum(size for _, _, size in rows) - left.size
        if left.entries > most.entries or left.size > most.size:
            self._crowded.add(key)

    def _prune_all(self, rounds: int) -> None:
        """Prune over all notebooks, in a bounded number of steps: entries that are too old, and
        while all together are too much, the oldest ones that may go. The oldest have the lowest
        numbers, so they are found at once."""
        self._unlooked = 0
        oldest = time.time() - KEPT_DAYS * SECONDS_PER_DAY
        first = "SELECT number, at FROM changes ORDER BY number LIMIT ?"
        settled = (
            "SELECT number FROM changes WHERE state IN ('saved', 'failed') ORDER BY number LIMIT ?"
        )
        for _ in range(rounds):
            if not self._pruned(f"SELECT number FROM ({first}) WHERE at < {oldest:.0f}"):
                break
        if self._total <= self._kept_total:
            return
        for _ in range(rounds):
            if self._total <= self._kept_total * PRUNED_SHARE or not self._pruned(settled):
                return

    def _pruned(self, which: str) -> bool:
        """Delete some of the entries with these numbers; whether there were any."""
        gone = self._state.all(
            f"DELETE FROM changes WHERE number IN ({which}) RETURNING notebook, size",
            PRUNED_AT_ONCE,
        )
        for key, size in gone:
            self._total -= size
            self._sizes.pop(key, None)
        return bool(gone)
