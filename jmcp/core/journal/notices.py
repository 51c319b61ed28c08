"""What sessions are told of edits that were lost: each session once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from jmcp.core.errors import StateUnavailable
from jmcp.core.journal.entries import Author, Entry, Journal

NOTICE_SECONDS = 3600.0
"""A session that comes later than this reads the notebook as it is anyway."""
KEPT_NOTICES = 16
"""Of one notebook."""
NAMED_EDITS = 5
TEXT_CHARACTERS = 2000
"""Of a text that was not written again: enough to write it, whole in the journal."""

VERBS = {
    "insert": "inserted",
    "set_source": "edited",
    "delete": "deleted",
    "move": "moved",
    "set_kernelspec": "given another kernel",
}


@dataclass(slots=True, kw_only=True)
class Item:
    """One sentence or two for the agents on a notebook, and which of them have it."""

    text: str
    at: float
    number: int | None = None
    delivered_to: set[Author] = field(default_factory=set)


class RecoveryNotices:
    """What sessions are told of edits that were recovered or lost, until it is old."""

    def __init__(self, journal: Journal, clock: Callable[[], float]) -> None:
        self._journal = journal
        self._clock = clock
        self._items: defaultdict[str, list[Item]] = defaultdict(list)

    def deliver(self, key: str, author: Author) -> list[str]:
        """What that author has not been told yet of a notebook; from now on it has."""
        if key not in self._items:
            return []
        oldest = self._clock() - NOTICE_SECONDS
        fresh = [item for item in self._items[key] if item.at > oldest][-KEPT_NOTICES:]
        if fresh:
            self._items[key] = fresh
        else:
            del self._items[key]
        items = [item for item in fresh if author not in item.delivered_to]
        for item in items:
            item.delivered_to.add(author)
        numbers = [item.number for item in items if item.number is not None]
        if numbers:
            with suppress(StateUnavailable):
                self._journal.delivered(numbers)
        return [item.text for item in items]

    def add(self, key: str, texts: Sequence[str]) -> None:
        """What else every session on a notebook should know."""
        self._items[key].extend(Item(text=text, at=self._clock()) for text in texts)

    def recovered(self, key: str, entries: Sequence[Entry]) -> None:
        """These edits were made again."""
        if not entries:
            return
        edits = "1 edit" if len(entries) == 1 else f"{len(entries)} edits"
        named = [f"{_subject(entry)} {VERBS[entry.change]}" for entry in entries[:NAMED_EDITS]]
        more = f" and {len(entries) - NAMED_EDITS} more" if len(entries) > NAMED_EDITS else ""
        text = (
            f"Recovered {edits} that Jupyter had not saved when it stopped or reloaded the file: "
            f"{', '.join(named)}{more}."
        )
        self._items[key].append(Item(text=text, at=self._clock()))

    def remember(self, key: str) -> None:
        """Take up what the journal has that no session was told of."""
        known = {item.number for item in self._items.get(key, ())}
        for entry in self._journal.undelivered(key):
            if entry.number not in known:
                item = Item(text=_conflict(entry), at=self._clock(), number=entry.number)
                self._items[key].append(item)


def _conflict(entry: Entry) -> str:
    when = datetime.fromtimestamp(entry.at, UTC).isoformat(timespec="seconds")
    text = (
        f"An edit that Jupyter had not saved was not made again, because the notebook has changed "
        f"there since: {_subject(entry)} had been {VERBS[entry.change]} at {when} "
        f"(change {entry.number})."
    )
    lost = entry.after if entry.change in ("insert", "set_source") else None
    if lost is None:
        return text
    whole = lost if len(lost) <= TEXT_CHARACTERS else f"{lost[:TEXT_CHARACTERS]}..."
    return f"{text} Its text was:\n{whole}"


def _subject(entry: Entry) -> str:
    if entry.change == "set_kernelspec":
        return "the notebook"
    return f"cell {entry.cell_id}" if entry.cell_id else f"the cell at index {entry.index}"
