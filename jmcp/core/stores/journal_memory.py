"""The change journal in this process."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from uuid import uuid4

from jmcp.core.journal.entries import Entry, Room, State
from jmcp.core.stores.journal_limits import KEPT_ENTRIES, UNSAVED_TIMES, may_go, pruning_order


class MemoryJournal:
    """`Journal` without recovery: it is gone with the process, which is when that is needed."""

    def __init__(self, *, kept_entries: int = KEPT_ENTRIES) -> None:
        self.process = uuid4().hex
        self._kept_entries = kept_entries
        self._number = 0
        self._entries: defaultdict[str, dict[int, Entry]] = defaultdict(dict)
        self._delivered: set[int] = set()
        # Notebooks of which nothing could be pruned when that was last tried.
        self._crowded: set[str] = set()

    def alive(self, process: str) -> bool:
        return process == self.process

    def append(self, entries: Sequence[Entry]) -> int:
        for entry in entries:
            self._number += 1
            kept = self._entries[entry.key]
            kept[self._number] = replace(entry, number=self._number)
            if len(kept) > self._kept_entries and entry.key not in self._crowded:
                self._prune(entry.key)
        return self._number

    def _prune(self, key: str) -> None:
        kept = self._entries[key]
        may = [(pruning_order(one.state, at), at) for at, one in kept.items() if may_go(one.state)]
        for _, number in sorted(may)[: len(kept) - self._kept_entries]:
            del kept[number]
        if len(kept) > self._kept_entries:
            self._crowded.add(key)

    def room(self, key: str) -> Room:
        if key not in self._crowded:
            return "free"
        most = self._kept_entries * UNSAVED_TIMES
        return "low" if len(self._entries[key]) < most else "none"

    def entries(
        self, key: str, since: float = 0.0, states: Collection[State] = ()
    ) -> Sequence[Entry]:
        return [
            entry
            for entry in self._entries.get(key, {}).values()
            if entry.at >= since and (not states or entry.state in states)
        ]

    def saved(self, key: str, upto: int) -> None:
        self._crowded.discard(key)
        kept = self._entries.get(key, {})
        for number, entry in kept.items():
            if entry.state == "pending" and number <= upto:
                kept[number] = replace(entry, state="saved")

    def settle(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            self._crowded.discard(entry.key)
            if entry.number in self._entries[entry.key]:
                self._entries[entry.key][entry.number] = entry

    def undelivered(self, key: str) -> Sequence[Entry]:
        found = self.entries(key, states={"conflicted"})
        return [entry for entry in found if entry.number not in self._delivered]

    def delivered(self, numbers: Collection[int]) -> None:
        self._delivered.update(numbers)

    def forget(self, key: str) -> None:
        self._entries.pop(key, None)
        self._crowded.discard(key)

    def pending(self) -> int:
        return sum(
            entry.state == "pending" for kept in self._entries.values() for entry in kept.values()
        )

    def close(self) -> None:
        self._entries.clear()
