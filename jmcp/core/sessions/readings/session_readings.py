"""The readings of all sessions on a server, and the texts that were read."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections import OrderedDict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from sys import getsizeof
from weakref import WeakValueDictionary

from jmcp.core.errors import StateUnavailable
from jmcp.core.journal.entries import Author, Entry, Journal
from jmcp.core.ports import Cells
from jmcp.core.sessions.readings.digests import digest
from jmcp.core.sessions.readings.opened import OpenedNotebook, OpenedNotebooks
from jmcp.core.sessions.readings.places import id_mark
from jmcp.core.sessions.readings.read_cells import PAIR_BYTES, Reading
from jmcp.core.sessions.records import SessionRecord

KEPT_READINGS = 512
"""Readings kept in memory, 32 KB each at most; others are loaded again from their records."""
TEXT_BYTES = 16 * 2**20
"""Bytes in memory of all sources together that are kept for diffs."""
LONGEST_TEXT_BYTES = 2**20
OPENED_CELLS = 2000
"""Cells of a notebook up to which it is kept as it was when it was opened: reading as many from a live
document takes 50 milliseconds."""


class Readings:
    """The readings of all sessions on this server.

    What is in here is true at once for all calls of a session; a record is what a call that is
    over has stored. `journal` has sources that are no longer at hand.
    """

    def __init__(self, journal: Journal | None = None) -> None:
        self._journal = journal
        # One for each session and notebook while any call has it, whatever the limit.
        self._readings: WeakValueDictionary[tuple[object, ...], Reading] = WeakValueDictionary()
        self._recent: OrderedDict[tuple[object, ...], Reading] = OrderedDict()
        self._texts: OrderedDict[bytes, str] = OrderedDict()
        self._text_bytes = 0
        self._opened = OpenedNotebooks()

    def of(self, record: SessionRecord, key: str) -> Reading:
        """What that session has read of the notebook with that key."""
        name = _name(record, key)
        reading = self._readings.get(name)
        if reading is None:
            reading = self._readings[name] = self._loaded(record, key)
        self._recent[name] = reading
        self._recent.move_to_end(name)
        if len(self._recent) > KEPT_READINGS:
            self._recent.popitem(last=False)
        return reading

    def _loaded(self, record: SessionRecord, key: str) -> Reading:
        """What the record has, and what the session wrote since that was stored: a crash may have
        come in between, but the journal has every edit that was acknowledged."""
        held = record.notebooks.get(key)
        if held is None:
            return Reading()
        reading = Reading(_unpacked(held.seen), b64decode(held.places))
        if self._journal is not None:
            author = Author.of(record.owner, record.session_id)
            with suppress(StateUnavailable):
                for entry in self._journal.entries(key, since=record.last_accessed):
                    if entry.author == author and entry.cell_id is not None:
                        _note_own_edit(reading, entry.cell_id, entry)
        return reading

    def forget(self, record: SessionRecord, key: str) -> None:
        """The session lets go of that notebook."""
        self._readings.pop(_name(record, key), None)
        self._recent.pop(_name(record, key), None)
        self._opened.forget(_name(record, key))

    def keep_opened(self, record: SessionRecord, key: str, cells: Cells, recorded: int) -> None:
        """The session opens the notebook as it is now, with so many entries recorded so far."""
        if len(cells) > OPENED_CELLS:
            self._opened.forget(_name(record, key))
            return
        found = tuple(cells.get(index) for index in range(len(cells)))
        opened = OpenedNotebook(cells=found, recorded=recorded)
        self._opened.keep(_name(record, key), opened)

    def opened(self, record: SessionRecord, key: str) -> OpenedNotebook | None:
        """The notebook as it was when the session opened it, where that is still known."""
        return self._opened.of(_name(record, key))

    def keep(self, sources: Iterable[str]) -> None:
        """Keep a source that was read, for diffs."""
        for source in sources:
            if getsizeof(source) > LONGEST_TEXT_BYTES:
                continue
            key = digest(source)
            if key not in self._texts:
                self._text_bytes += getsizeof(source)
            self._texts[key] = source
            self._texts.move_to_end(key)
        while self._text_bytes > TEXT_BYTES:
            _, gone = self._texts.popitem(last=False)
            self._text_bytes -= getsizeof(gone)

    def text(self, wanted: bytes, key: str, cell_id: str) -> str | None:
        """The source with that digest, from this process or from the journal of that cell; None if
        neither has it."""
        text = self._texts.get(wanted)
        if text is not None or self._journal is None:
            return text
        with suppress(StateUnavailable):
            for entry in reversed(self._journal.entries(key)):
                if entry.cell_id != cell_id:
                    continue
                for source in (entry.after, entry.before):
                    if source is not None and digest(source) == wanted:
                        return source
        return None


def with_reading(key: str, reading: Reading, record: SessionRecord) -> SessionRecord:
    """The record with all that was read by now, unless the notebook was released."""
    held = record.notebooks.get(key)
    if held is None:
        return record
    seen = b64encode(reading.packed).decode()
    places = b64encode(reading.places.packed).decode()
    held = replace(held, seen=seen, places=places)
    return replace(record, notebooks={**record.notebooks, key: held})


def _note_own_edit(reading: Reading, cell_id: str, entry: Entry) -> None:
    if entry.change in ("insert", "set_source") and entry.after is not None:
        reading.record_read({cell_id: entry.after})
    elif entry.change == "delete":
        reading.forget([cell_id])
    mark, places = id_mark(cell_id), reading.places
    # What was stored may have an insertion already.
    if entry.change in ("delete", "move"):
        places.remove(entry.index, mark)
    if entry.change == "move" or (entry.change == "insert" and places.find(mark) is None):
        above, below = (None if one is None else id_mark(one) for one in entry.now)
        places.insert(entry.index if entry.to is None else entry.to, mark, above, below)


def _name(record: SessionRecord, key: str) -> tuple[object, ...]:
    # A session that is opened anew under an old id has read nothing.
    return record.owner, record.session_id, record.created, key


def _unpacked(seen: str) -> bytes:
    packed = b64decode(seen)
    return packed[: len(packed) // PAIR_BYTES * PAIR_BYTES]
