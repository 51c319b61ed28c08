"""The change journal in memory and in the state file."""

from __future__ import annotations

import json
import logging
import time
from collections import defaultdict
from collections.abc import Collection, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

from jmcp.core.journal.entries import Author, Entry, Journal, State
from jmcp.core.stores.state_file import StateFile

log = logging.getLogger("jmcp")

ENTRIES = 1000
BYTES = 8 * 2**20
"""Of one notebook's entries, which is some hundred edits of large cells."""
TOTAL_BYTES = 128 * 2**20
DAYS = 30
SECONDS_PER_DAY = 86_400
ROOM = 0.9
"""Down to this part of a limit is pruned, so that not every edit has to prune."""
WORTH = ("saved", "failed", "conflicted", "pending")
"""The first of these give way first."""


class MemoryJournal:
    """`Journal` in this process. It promises no recovery: it is gone when that is needed."""

    def __init__(self, *, entries: int = ENTRIES) -> None:
        self._limit = entries
        self._number = 0
        self._entries: defaultdict[str, dict[int, Entry]] = defaultdict(dict)
        self._told: set[int] = set()

    def append(self, entries: Sequence[Entry]) -> int:
        for entry in entries:
            self._number += 1
            kept = self._entries[entry.key]
            kept[self._number] = replace(entry, number=self._number)
            while len(kept) > self._limit:
                del kept[min(kept, key=lambda number: (WORTH.index(kept[number].state), number))]
        return self._number

    def entries(
        self, key: str, since: float = 0.0, states: Collection[State] = ()
    ) -> Sequence[Entry]:
        return [
            entry
            for entry in self._entries.get(key, {}).values()
            if entry.at >= since and (not states or entry.state in states)
        ]

    def saved(self, key: str, upto: int) -> None:
        kept = self._entries.get(key, {})
        for number, entry in kept.items():
            if entry.state == "pending" and number <= upto:
                kept[number] = replace(entry, state="saved")

    def settle(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            if entry.number in self._entries[entry.key]:
                self._entries[entry.key][entry.number] = entry

    def undelivered(self, key: str) -> Sequence[Entry]:
        found = self.entries(key, states={"conflicted"})
        return [entry for entry in found if entry.number not in self._told]

    def delivered(self, numbers: Collection[int]) -> None:
        self._told.update(numbers)

    def forget(self, key: str) -> None:
        self._entries.pop(key, None)

    def pending(self) -> int:
        return sum(
            entry.state == "pending" for kept in self._entries.values() for entry in kept.values()
        )

    def close(self) -> None:
        self._entries.clear()


@dataclass(slots=True)
class _Size:
    """What a notebook's entries come to, as far as this process knows."""

    entries: int
    size: int


class SqliteJournal:
    """`Journal` in a state file, which it does not own."""

    def __init__(
        self,
        state: StateFile,
        *,
        entries: int = ENTRIES,
        size: int = BYTES,
        total: int = TOTAL_BYTES,
    ) -> None:
        self._state = state
        self._limit = _Size(entries, size)
        self._sizes: dict[str, _Size] = {}
        self._prune_all(total)

    def append(self, entries: Sequence[Entry]) -> int:
        rows = [(entry, _dump(entry)) for entry in entries]
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
        return _entries(rows)

    def saved(self, key: str, upto: int) -> None:
        self._state.change(
            "UPDATE changes SET state = 'saved' "
            "WHERE notebook = ? AND state = 'pending' AND number <= ?",
            key,
            upto,
        )

    def settle(self, entries: Sequence[Entry]) -> None:
        with self._state.transaction():
            for entry in entries:
                self._state.change(
                    "UPDATE changes SET state = ?, data = ? WHERE number = ?",
                    entry.state,
                    _dump(entry),
                    entry.number,
                )

    def undelivered(self, key: str) -> Sequence[Entry]:
        rows = self._state.all(
            "SELECT number, notebook, state, at, data FROM changes "
            "WHERE notebook = ? AND state = 'conflicted' AND told = 0 ORDER BY number",
            key,
        )
        return _entries(rows)

    def delivered(self, numbers: Collection[int]) -> None:
        marks = ", ".join("?" * len(numbers))
        self._state.change(f"UPDATE changes SET told = 1 WHERE number IN ({marks})", *numbers)

    def forget(self, key: str) -> None:
        self._state.change("DELETE FROM changes WHERE notebook = ?", key)
        self._sizes.pop(key, None)

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
        if known.entries > self._limit.entries or known.size > self._limit.size:
            self._prune(key)

    def _measured(self, key: str) -> _Size:
        row = self._state.one(
            "SELECT COUNT(*), COALESCE(SUM(size), 0) FROM changes WHERE notebook = ?", key
        )
        return _Size(*(row or (0, 0)))

    def _prune(self, key: str) -> None:
        """Let the notebook's least valuable entries go, the oldest first; never its last one."""
        rows = self._state.all(
            "SELECT number, state, size FROM changes WHERE notebook = ? ORDER BY number", key
        )
        left = _Size(len(rows), sum(size for _, _, size in rows))
        doomed, lost = [], 0
        for number, state, size in sorted(rows[:-1], key=lambda row: (WORTH.index(row[1]), row[0])):
            if left.entries <= self._limit.entries * ROOM and left.size <= self._limit.size * ROOM:
                break
            doomed.append(number)
            lost += state == "pending"
            left.entries -= 1
            left.size -= size
        with self._state.transaction():
            for number in doomed:
                self._state.change("DELETE FROM changes WHERE number = ?", number)
        self._sizes[key] = self._measured(key)
        if lost:
            log.warning(
                "The change journal of a notebook is full: its %d oldest unsaved edits would not "
                "be made again after a crash.",
                lost,
            )

    def _prune_all(self, total: int) -> None:
        """At the start: what is old goes, and of the settled entries what is too much."""
        self._state.change("DELETE FROM changes WHERE at < ?", time.time() - DAYS * SECONDS_PER_DAY)
        ((size,),) = self._state.all("SELECT COALESCE(SUM(size), 0) FROM changes")
        while size > total * ROOM:
            gone = self._state.all(
                "DELETE FROM changes WHERE number IN (SELECT number FROM changes "
                "WHERE state IN ('saved', 'failed') ORDER BY number LIMIT 100) RETURNING size"
            )
            if not gone:
                return
            size -= sum(row[0] for row in gone)


def _dump(entry: Entry) -> str:
    return json.dumps(
        {
            "v": 1,
            "path": entry.path,
            "change": entry.change,
            "cell_id": entry.cell_id,
            "cell_type": entry.cell_type,
            "index": entry.index,
            "to": entry.to,
            "count": entry.count,
            "before": entry.before,
            "after": entry.after,
            "was": entry.was,
            "now": entry.now,
            "author": [entry.author.owner, entry.author.session],
            "server_session": entry.server_session,
            "loaded": entry.loaded,
            "process": entry.process,
        },
        separators=(",", ":"),
    )


def _entries(rows: Sequence[tuple[Any, ...]]) -> list[Entry]:
    found = []
    for number, key, state, at, text in rows:
        try:
            found.append(_load(number, key, state, at, json.loads(text)))
        except (ValueError, KeyError, TypeError) as error:
            log.warning(
                "An entry of the change journal cannot be read (%s): skipped.", type(error).__name__
            )
    return found


def _load(number: int, key: str, state: State, at: float, data: dict[str, Any]) -> Entry:
    owner, session = data["author"]
    return Entry(
        number=number,
        key=key,
        path=data["path"],
        change=data["change"],
        state=state,
        cell_id=data.get("cell_id"),
        cell_type=data.get("cell_type"),
        index=data["index"],
        to=data.get("to"),
        count=data["count"],
        before=data.get("before"),
        after=data.get("after"),
        was=_pair(data["was"]),
        now=_pair(data["now"]),
        author=Author(owner=owner, session=session),
        at=at,
        server_session=data["server_session"],
        loaded=data["loaded"],
        process=data["process"],
    )


def _pair(value: Sequence[str | None]) -> tuple[str | None, str | None]:
    first, second = value
    return first, second


def _conforms(memory: MemoryJournal, sqlite: SqliteJournal) -> tuple[Journal, Journal]:
    return memory, sqlite
