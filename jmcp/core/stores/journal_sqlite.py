"""The change journal in the state file."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from uuid import uuid4

from jmcp.core.journal.entries import Entry, Room, State
from jmcp.core.stores.instance_lock import InstanceLock
from jmcp.core.stores.journal_encoding import decode_entries, encode_entry
from jmcp.core.stores.journal_limits import (
    KEPT_BYTES,
    KEPT_DAYS,
    KEPT_ENTRIES,
    KEPT_TOTAL_BYTES,
    PRUNED_SHARE,
    UNSAVED_TIMES,
    may_go,
    pruning_order,
)
from jmcp.core.stores.state_file import StateFile

SECONDS_PER_DAY = 86_400


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
        self._sizes: dict[str, _Size] = {}
        # Notebooks of which too little could be pruned when that was last tried.
        self._crowded: set[str] = set()
        self._prune_all(kept_total_bytes)

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
        for entry, text in rows:
            self._count(entry.key, len(text))
        return number

    def room(self, key: str) -> Room:
        if key not in self._crowded:
            return "free"
        known, most = self._sizes[key], self._kept
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
        self._sizes.pop(key, None)
        self._crowded.discard(key)

    def pending(self) -> int:
        row = self._state.one("SELECT COUNT(*) FROM changes WHERE state = 'pending'")
        return int(row[0]) if row is not None else 0

    def close(self) -> None:
        """The state file is its owner's to close."""

    # -- limits --------------------------------------------------------------------------------

    def _count(self, key: str, size: int) -> None:
        known = self._sizes.get(key)
        if known is None:
            known = self._sizes[key] = self._measured(key)
        else:
            known.entries += 1
            known.size += size
        much = known.entries > self._kept.entries or known.size > self._kept.size
        if much and key not in self._crowded:
            self._prune(key)

    def _measured(self, key: str) -> _Size:
        row = self._state.one(
            "SELECT COUNT(*), COALESCE(SUM(size), 0) FROM changes WHERE notebook = ?", key
        )
        return _Size(*(row or (0, 0)))

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
        self._sizes[key] = self._measured(key)
        if left.entries > most.entries or left.size > most.size:
            self._crowded.add(key)

    def _prune_all(self, total: int) -> None:
        """At the start: what is old goes, and of the settled entries what is too much."""
        oldest = time.time() - KEPT_DAYS * SECONDS_PER_DAY
        self._state.change("DELETE FROM changes WHERE at < ?", oldest)
        ((size,),) = self._state.all("SELECT COALESCE(SUM(size), 0) FROM changes")
        while size > total * PRUNED_SHARE:
            gone = self._state.all(
                "DELETE FROM changes WHERE number IN (SELECT number FROM changes "
                "WHERE state IN ('saved', 'failed') ORDER BY number LIMIT 100) RETURNING size"
            )
            if not gone:
                return
            size -= sum(row[0] for row in gone)
