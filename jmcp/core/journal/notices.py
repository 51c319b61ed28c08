"""What sessions are told of edits that were lost: each session once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from jmcp.core.errors import StateUnavailable
from jmcp.core.journal.entries import Author, Entry, Journal
from jmcp.core.notices import (
    EditNotRecovered,
    EditOverwritten,
    EditsPutBack,
    EditsRecovered,
    Notice,
    TextNotRecovered,
    TextOverwritten,
    TextReplaced,
)
from jmcp.core.ports import FILE, EditKind, NotebookRef
from jmcp.core.sentences import EditPhrases

NOTICE_SECONDS = 3600.0
"""Seconds after which a notice is dropped: a session that comes later reads the notebook as it is.
"""
KEPT_NOTICES = 16
"""Notices that are kept for one notebook."""
TEXT_CHARACTERS = 2000
"""Characters of a lost text that its notice quotes; the journal has the whole text."""


@dataclass(slots=True, kw_only=True)
class Item:
    """A notice for the agents on a notebook, and which of them have it."""

    notice: Notice
    at: float
    number: int | None = None
    delivered_to: set[Author] = field(default_factory=set)


class RecoveryNotices:
    """What sessions are told of edits that were recovered or lost, until it is old."""

    def __init__(self, journal: Journal, clock: Callable[[], float], phrases: EditPhrases) -> None:
        self._journal = journal
        self._phrases = phrases
        self._verbs: Mapping[EditKind, Callable[[], str]] = {
            "insert": phrases.inserted,
            "set_source": phrases.edited,
            "delete": phrases.deleted,
            "move": phrases.moved,
            "set_kernelspec": phrases.given_another_kernel,
            "clear_outputs": phrases.cleared,
            "put_outputs": phrases.given_outputs,
        }
        self._clock = clock
        self._items: dict[str, list[Item]] = {}

    def pending(self, key: str, author: Author) -> list[Item]:
        """What that author has not been told yet of a notebook."""
        if key not in self._items:
            return []
        oldest = self._clock() - NOTICE_SECONDS
        fresh = [item for item in self._items[key] if item.at > oldest][-KEPT_NOTICES:]
        if fresh:
            self._items[key] = fresh
        else:
            del self._items[key]
        return [item for item in fresh if author not in item.delivered_to]

    def delivered(self, items: Sequence[Item], author: Author) -> None:
        """A result for that author has these notices."""
        for item in items:
            item.delivered_to.add(author)
        numbers = [item.number for item in items if item.number is not None]
        if numbers:
            with suppress(StateUnavailable):
                self._journal.delivered(numbers)

    def add(self, key: str, notices: Sequence[Notice]) -> None:
        """Add notices for every session that holds the notebook."""
        self._put(key, [Item(notice=notice, at=self._clock()) for notice in notices])

    def _put(self, key: str, items: Sequence[Item]) -> None:
        if not items:
            return
        oldest = self._clock() - NOTICE_SECONDS
        for other in [one for one, known in self._items.items() if known[-1].at <= oldest]:
            del self._items[other]
        self._items[key] = [*self._items.get(key, ()), *items][-KEPT_NOTICES:]

    def recovered(self, key: str, entries: Sequence[Entry]) -> None:
        """These edits were made again."""
        if entries:
            edits = self._edits(entries)
            self.add(key, [EditsRecovered(count=len(edits), edits=edits)])

    def put_back(self, ref: NotebookRef, entries: Sequence[Entry]) -> None:
        """Somebody saved the file without these edits, and the notebook has them all the same."""
        if entries:
            edits = self._edits(entries)
            self.add(ref.key, [EditsPutBack(path=ref.path, count=len(edits), edits=edits)])

    def overwritten(self, key: str, *, replaced: Sequence[Entry], undone: Sequence[Entry]) -> None:
        """Somebody saved the file without these edits, and the notebook lacks them; what was
        `replaced` they had changed themselves."""
        lost = [self._lost(entry, EditOverwritten, TextReplaced) for entry in replaced]
        lost += [self._lost(entry, EditOverwritten, TextOverwritten) for entry in undone]
        numbers, now = [entry.number for entry in (*replaced, *undone)], self._clock()
        items = zip(lost, numbers, strict=True)
        self._put(key, [Item(notice=one, at=now, number=number) for one, number in items])

    def _edits(self, entries: Sequence[Entry]) -> list[str]:
        return [
            self._phrases.edit(subject=self._subject(entry), verb=self._verbs[entry.change]())
            for entry in entries
        ]

    def remember(self, key: str) -> None:
        """Load the notices of lost edits that the journal has and no session was told of."""
        known = {item.number for item in self._items.get(key, ())}
        for entry in self._journal.undelivered(key):
            if entry.number not in known:
                notice = self._conflict(entry)
                self._put(key, [Item(notice=notice, at=self._clock(), number=entry.number)])

    def _conflict(self, entry: Entry) -> Notice:
        # A file has an edit at once, so that none is lost but by being overwritten.
        if entry.loaded == FILE:
            return self._lost(entry, EditOverwritten, TextOverwritten)
        return self._lost(entry, EditNotRecovered, TextNotRecovered)

    def _lost(
        self, entry: Entry, edit: Callable[..., Notice], with_text: Callable[..., Notice]
    ) -> Notice:
        """The notice of a lost edit: `with_text` if it left a text."""
        time = datetime.fromtimestamp(entry.at, UTC).isoformat(timespec="seconds")
        subject, verb = self._subject(entry), self._verbs[entry.change]()
        text = entry.after if entry.change in ("insert", "set_source") else None
        if text is None:
            return edit(subject=subject, verb=verb, time=time, number=entry.number)
        if len(text) > TEXT_CHARACTERS:
            text = f"{text[:TEXT_CHARACTERS]}..."
        return with_text(subject=subject, verb=verb, time=time, number=entry.number, text=text)

    def _subject(self, entry: Entry) -> str:
        if entry.change == "set_kernelspec":
            return self._phrases.the_notebook()
        if entry.cell_id:
            return self._phrases.cell_by_id(cell_id=entry.cell_id)
        return self._phrases.cell_by_index(index=entry.index)
