"""The change journal in this process."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace

from jmcp.core.journal.entries import Entry, State
from jmcp.core.stores.journal_limits import KEPT_ENTRIES, pruning_order


class MemoryJournal:
    """`Journal` without recovery: it is gone with the process, which is when that is needed."""

    def __init__(self, *, kept_entries: int = KEPT_ENTRIES) -> None:
        self._kept_entries = kept_entries
        self._number = 0
        self._entries: defaultdict[str, dict[int, Entry]] = defaultdict(dict)
        self._delivered: set[int] = set()

    def append(self, entries: Sequence[Entry]) -> int:
        for entry in entries:
            self._number += 1
            kept = self._entries[entry.key]
            kept[self._number] = replace(entry, number=self._number)
            while len(kept) > self._kept_entries:
                del kept[min(kept, key=lambda number: pruning_order(kept[number].state, number))]
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
        return [entry for entry in found if entry.number not in self._delivered]

    def delivered(self, numbers: Collection[int]) -> None:
        self._delivered.update(numbers)

    def forget(self, key: str) -> None:
        self._entries.pop(key, None)

    def pending(self) -> int:
        return sum(
            entry.state == "pending" for kept in self._entries.values() for entry in kept.values()
        )

    def close(self) -> None:
        self._entries.clear()
