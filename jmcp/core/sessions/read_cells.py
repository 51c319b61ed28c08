"""What sessions have read of notebooks' cells, so that they learn what others changed since.

A cell is read when a session got its whole source. What is kept of that is a digest, 16 bytes a
cell: enough to know that a source is another one now, and in the session's record it outlives the
process. The texts themselves are at hand while this process has room for them.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from itertools import chain
from struct import iter_unpack
from sys import getsizeof
from typing import Literal, NamedTuple
from weakref import WeakValueDictionary

from jmcp.core.editing.change_log import Mark
from jmcp.core.journal.entries import Journal
from jmcp.core.ports import Cell, Cells
from jmcp.core.sessions.records import SessionRecord
from jmcp.core.stores.state_file import StateUnavailable

CELLS = 1000
"""Of one notebook, in one session's record; the oldest fall out, and are never refused."""
DIGEST_BYTES = 8
PAIR_BYTES = 2 * DIGEST_BYTES
KEPT_READINGS = 512
"""Of 16 KB at most; others are loaded again from their records."""
TEXT_BYTES = 16 * 2**20
"""Of the sources that are kept for diffs, all together, as they are in memory."""
LONGEST_TEXT_BYTES = 2**20
SINGLY = 8
"""Up to so many cells are looked for one by one, which for many costs more than a table of all."""

NAMED = 5
"""Cells that a notice names."""

What = Literal["changed", "deleted"]


class News(NamedTuple):
    """What others did to a cell; `known` is the digest of the source that had been read."""

    cell_id: str
    what: What
    known: bytes


def digest(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "replace"), digest_size=DIGEST_BYTES).digest()


class Reading:
    """What one session has read of one notebook: `packed` is pairs of digests, the newest last.

    `mark` is up to where it knows what others did. `told` are the cells that it knows to be
    changed, each with the reading that is outdated. `unsaved`: the session's record has less.
    """

    def __init__(self, packed: bytes = b"") -> None:
        self.packed = packed
        self.mark: Mark | None = None
        self.told: dict[bytes, bytes] = {}
        self.unsaved = False

    def of(self, cell_id: str) -> bytes | None:
        """The digest of the source that was read; None for a cell that was not."""
        at = self._find(digest(cell_id))
        return None if at is None else self.packed[at + DIGEST_BYTES : at + PAIR_BYTES]

    def differs(self, cell_id: str, source: str) -> bool:
        """Whether that cell was read, and then with another source."""
        known = self.of(cell_id)
        return known is not None and known != digest(source)

    def saw(self, sources: Mapping[str, str]) -> None:
        """These cells, by id, were read with these sources."""
        found = {digest(cell_id): digest(source) for cell_id, source in sources.items()}
        if len(found) > SINGLY:
            self._merge(found)
            return
        for key, value in found.items():
            at = self._find(key)
            if at is None:
                self._put(self.packed + key + value)
            elif self.packed[at + DIGEST_BYTES : at + PAIR_BYTES] != value:
                self._put(self.packed[:at] + self.packed[at + PAIR_BYTES :] + key + value)

    def forget(self, cell_ids: Iterable[str]) -> None:
        """As if these had never been read."""
        for cell_id in cell_ids:
            at = self._find(digest(cell_id))
            if at is not None:
                self._put(self.packed[:at] + self.packed[at + PAIR_BYTES :])

    def news(self, cells: Cells) -> list[News]:
        """What others did since `mark` to cells that were read, and that is not told yet."""
        touched = cells.touches.since(self.mark) if self.packed else ()
        if touched is None:
            return self._all_news(cells)
        news = []
        for cell_id in touched:
            known = self.of(cell_id)
            if known is None:
                continue
            index = cells.find(cell_id)
            if index is not None and digest(cells.get(index).source) == known:
                self.told.pop(digest(cell_id), None)
            elif self.told.get(digest(cell_id)) != known:
                news.append(News(cell_id, "deleted" if index is None else "changed", known))
        return news

    def _all_news(self, cells: Cells) -> list[News]:
        """The same of any time. Of deleted cells there is only a digest, which tells nobody."""
        table = self._table()
        news = []
        for index in range(len(cells)):
            cell = cells.get(index)
            if cell.cell_id is None or not identified(cells, cell):
                continue
            key = digest(cell.cell_id)
            known = table.get(key)
            if known not in (None, self.told.get(key), digest(cell.source)):
                news.append(News(cell.cell_id, "changed", known))
        return news

    def tell(self, news: Iterable[News]) -> None:
        """The session is told: the same is no news any more until it reads these cells again."""
        if len(self.told) > CELLS:
            self.told.clear()
        for one in news:
            self.told[digest(one.cell_id)] = one.known

    def _find(self, key: bytes) -> int | None:
        at = self.packed.find(key)
        while at != -1 and at % PAIR_BYTES:
            at = self.packed.find(key, at + 1)
        return None if at == -1 else at

    def _table(self) -> dict[bytes, bytes]:
        return dict(iter_unpack(f"{DIGEST_BYTES}s{DIGEST_BYTES}s", self.packed))

    def _merge(self, found: Mapping[bytes, bytes]) -> None:
        known = self._table()
        fresh = {key: value for key, value in found.items() if known.get(key) != value}
        if fresh:
            for key in fresh:
                known.pop(key, None)
            self._put(b"".join(chain.from_iterable((known | fresh).items())))

    def _put(self, packed: bytes) -> None:
        self.packed = packed[-CELLS * PAIR_BYTES :]
        self.unsaved = True


@dataclass(slots=True)
class Look:
    """What one call has seen of a notebook: told, and its mark moved, when the call succeeds."""

    reading: Reading
    mark: Mark | None = None
    news: dict[str, News] = field(default_factory=dict)
    remembered: bool = False


def identified(cells: Cells, cell: Cell) -> bool:
    """Whether its id names the cell: below nbformat 4.5 none does, and of two with one the first."""
    return cell.cell_id is not None and cells.find(cell.cell_id) == cell.index


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

    def of(self, record: SessionRecord, key: str) -> Reading:
        """What that session has read of the notebook with that key."""
        name = _name(record, key)
        reading = self._readings.get(name)
        if reading is None:
            held = record.notebooks.get(key)
            reading = Reading(_unpacked(held.seen) if held else b"")
            self._readings[name] = reading
        self._recent[name] = reading
        self._recent.move_to_end(name)
        if len(self._recent) > KEPT_READINGS:
            self._recent.popitem(last=False)
        return reading

    def forget(self, record: SessionRecord, key: str) -> None:
        """The session lets go of that notebook."""
        self._readings.pop(_name(record, key), None)
        self._recent.pop(_name(record, key), None)

    def keep(self, sources: Iterable[str]) -> None:
        """Keep what was read, for diffs."""
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
        """The source with that digest, if this process has it, or the journal for that cell."""
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


def remembering(key: str, reading: Reading, record: SessionRecord) -> SessionRecord:
    """The record with all that was read by now, unless the notebook was released."""
    held = record.notebooks.get(key)
    if held is None:
        return record
    reading.unsaved = False
    seen = b64encode(reading.packed).decode()
    return replace(record, notebooks={**record.notebooks, key: replace(held, seen=seen)})


def _name(record: SessionRecord, key: str) -> tuple[object, ...]:
    # A session that is opened anew under an old id has read nothing.
    return record.owner, record.session_id, record.created, key


def _unpacked(seen: str) -> bytes:
    packed = b64decode(seen)
    return packed[: len(packed) // PAIR_BYTES * PAIR_BYTES]


def described(news: Iterable[News]) -> str:
    """The news in one sentence."""
    by_what: dict[What, dict[str, None]] = {}
    for one in news:
        by_what.setdefault(one.what, {})[one.cell_id] = None
    parts = [f"{what}: {listed([*ids])}" for what, ids in sorted(by_what.items())]
    text = f"Others changed cells that this session had read; {'; '.join(parts)}."
    return f"{text} Read them again before you rely on them." if "changed" in by_what else text


def listed(ids: Sequence[str | None]) -> str:
    """The first few of these, and how many there are more."""
    more = f" and {len(ids) - NAMED} more" if len(ids) > NAMED else ""
    return ", ".join(filter(None, ids[:NAMED])) + more
