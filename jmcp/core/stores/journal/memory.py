"""The change journal in the memory of this process."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import replace
from uuid import uuid4

from jmcp.core.journal.entries import Entry, Room, State
from jmcp.core.stores.journal.limits import (
    KEPT_BYTES,
    KEPT_ENTRIES,
    KEPT_MEMORY_BYTES,
    PRUNED_SHARE,
    UNSAVED_TIMES,
    may_go,
    pruning_order,
)

ENTRY_BYTES = 1000
"""Bytes of an entry beside its texts."""


class _Kept:
    """The entries of one notebook by number, oldest first, and how many bytes they take.

    `crowded`: too little could be pruned when that was last tried.
    """

    def __init__(self) -> None:
        self.entries: dict[int, Entry] = {}
        self.size = 0
        self.crowded = False

    def put(self, entry: Entry) -> None:
        """Add an entry, or put another one in its place."""
        known = self.entries.get(entry.number)
        self.size += _size(entry) - (_size(known) if known is not None else 0)
        self.entries[entry.number] = entry

    def prune(self, entries: float, size: float) -> set[int]:
        """Drop what may go, in its order and never the last entry, until there are at most so many
        of at most that size together; returns their numbers."""
        last = next(reversed(self.entries), 0)
        may = [one for one in self.entries.values() if may_go(one.state) and one.number != last]
        may.sort(key=lambda one: pruning_order(one.state, one.number))
        dropped: set[int] = set()
        for entry in may:
            if len(self.entries) <= entries and self.size <= size:
                break
            del self.entries[entry.number]
            self.size -= _size(entry)
            dropped.add(entry.number)
        return dropped


class MemoryJournal:
    """A `Journal` without recovery: it is lost with the process."""

    def __init__(
        self,
        *,
        kept_entries: int = KEPT_ENTRIES,
        kept_bytes: int = KEPT_BYTES,
        kept_total_bytes: int = KEPT_MEMORY_BYTES,
    ) -> None:
        self.process = uuid4().hex
        self._kept_entries = kept_entries
        self._kept_bytes = kept_bytes
        self._kept_total = kept_total_bytes
        self._number = 0
        # The notebook that was edited last is the last one.
        self._notebooks: OrderedDict[str, _Kept] = OrderedDict()
        self._delivered: set[int] = set()
        self._total = 0

    def alive(self, process: str) -> bool:
        return process == self.process

    def append(self, entries: Sequence[Entry]) -> int:
        for entry in entries:
            self._number += 1
            kept = self._notebooks.setdefault(entry.key, _Kept())
            self._notebooks.move_to_end(entry.key)
            self._total -= kept.size
            kept.put(replace(entry, number=self._number))
            much = len(kept.entries) > self._kept_entries or kept.size > self._kept_bytes
            if much and not kept.crowded:
                self._delivered -= kept.prune(self._kept_entries, self._kept_bytes)
                kept.crowded = (
                    len(kept.entries) > self._kept_entries or kept.size > self._kept_bytes
                )
            self._total += kept.size
        if self._total > self._kept_total:
            self._prune_all()
        return self._number

    def room(self, key: str) -> Room:
        kept = self._notebooks.get(key)
        if kept is None or not kept.crowded:
            return "free"
        few = len(kept.entries) < self._kept_entries * UNSAVED_TIMES
        return "low" if few and kept.size < self._kept_bytes * UNSAVED_TIMES else "none"

    def entries(
        self, key: str, since: float = 0.0, states: Collection[State] = ()
    ) -> Sequence[Entry]:
        kept = self._notebooks.get(key)
        return [
            entry
            for entry in (kept.entries.values() if kept is not None else ())
            if entry.at >= since and (not states or entry.state in states)
        ]

    def saved(self, key: str, upto: int) -> None:
        pending = self.entries(key, states={"pending"})
        self.settle([replace(one, state="saved") for one in pending if one.number <= upto])

    def settle(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            kept = self._notebooks.get(entry.key)
            if kept is not None and entry.number in kept.entries:
                self._total -= kept.size
                kept.put(entry)
                self._total += kept.size
                kept.crowded = False

    def accept(self, entries: Sequence[Entry], acceptance: str | None) -> None:
        for entry in entries:
            kept = self._notebooks.get(entry.key)
            known = kept.entries.get(entry.number) if kept is not None else None
            if kept is not None and known is not None:
                kept.put(replace(known, accepted=acceptance))

    def undelivered(self, key: str) -> Sequence[Entry]:
        found = self.entries(key, states={"conflicted"})
        return [entry for entry in found if entry.number not in self._delivered]

    def delivered(self, numbers: Collection[int]) -> None:
        self._delivered.update(numbers)

    def forget(self, key: str) -> None:
        kept = self._notebooks.pop(key, None)
        if kept is not None:
            self._delivered -= kept.entries.keys()
            self._total -= kept.size

    def pending(self) -> int:
        found = (one for kept in self._notebooks.values() for one in kept.entries.values())
        return sum(entry.state == "pending" for entry in found)

    def close(self) -> None:
        self._notebooks.clear()
        self._delivered.clear()

    def _prune_all(self) -> None:
        """Drop entries that may go, of the notebooks that were edited longest ago, except the last
        entry of each; that goes too where a notebook has nothing else."""
        for key, kept in list(self._notebooks.items())[:-1]:
            if self._total <= self._kept_total * PRUNED_SHARE:
                return
            self._total -= kept.size
            self._delivered -= kept.prune(0, 0)
            self._total += kept.size
            if all(may_go(one.state) for one in kept.entries.values()):
                self.forget(key)


def _size(entry: Entry) -> int:
    """Bytes, about: a character of most texts is one."""
    texts = (entry.before, entry.after, entry.rest)
    return ENTRY_BYTES + sum(len(text) for text in texts if text is not None)
