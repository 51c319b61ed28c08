"""What sessions are told of edits that were lost: each session once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from jmcp.core.journal.entries import AUTHOR, Author, Entry, Journal
from jmcp.core.stores.state_file import StateUnavailable

NEWS_SECONDS = 3600.0
"""A session that comes later than this reads the notebook as it is anyway."""
KEPT = 16
NAMED = 5
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
    """One sentence or two for the agents on a notebook."""

    text: str
    at: float
    number: int | None = None
    told: set[Author] = field(default_factory=set)


class News:
    """The news of all notebooks, kept until they are old."""

    def __init__(self, journal: Journal, clock: Callable[[], float]) -> None:
        self._journal = journal
        self._clock = clock
        self._items: defaultdict[str, list[Item]] = defaultdict(list)

    def of(self, key: str) -> Sequence[Item]:
        """What the caller of now has not been told yet."""
        if key not in self._items:
            return ()
        now, author = self._clock(), AUTHOR.get()
        fresh = [item for item in self._items[key] if item.at > now - NEWS_SECONDS][-KEPT:]
        if fresh:
            self._items[key] = fresh
        else:
            del self._items[key]
        return [item for item in fresh if author not in item.told]

    def told(self, items: Sequence[Item]) -> None:
        """The caller of now has these."""
        author = AUTHOR.get()
        for item in items:
            item.told.add(author)
        numbers = [item.number for item in items if item.number is not None]
        if numbers:
            with suppress(StateUnavailable):
                self._journal.told(numbers)

    def add(self, key: str, texts: Sequence[str]) -> None:
        """What else everybody on a notebook should know."""
        self._items[key].extend(Item(text=text, at=self._clock()) for text in texts)

    def recovered(self, key: str, entries: Sequence[Entry]) -> None:
        """These edits were made again."""
        if not entries:
            return
        edits = "1 edit" if len(entries) == 1 else f"{len(entries)} edits"
        named = [f"{_subject(entry)} {VERBS[entry.change]}" for entry in entries[:NAMED]]
        more = f" and {len(entries) - NAMED} more" if len(entries) > NAMED else ""
        text = (
            f"Recovered {edits} that Jupyter had not saved when it stopped or reloaded the file: "
            f"{', '.join(named)}{more}."
        )
        self._items[key].append(Item(text=text, at=self._clock()))

    def remember(self, key: str) -> None:
        """Take up what the journal has that nobody was told of."""
        known = {item.number for item in self._items.get(key, ())}
        for entry in self._journal.untold(key):
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
