"""What somebody's save of a whole file threw away of the edits that agents had made, and putting it
back.

A page that works on the file alone saves what it loaded, with what its person changed. Edits that it
never had are not in there. Which these are is decided cell by cell, by four texts: of the notebook
before the save, as it was saved, as the page had loaded it, and as it is now.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from jmcp.core.editing.order import moved
from jmcp.core.editing.published_cells import beside
from jmcp.core.journal.entries import Entry
from jmcp.core.ports import Cells, FileSave

TEXT_CHANGES = frozenset({"insert", "set_source", "delete"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ThrownAway:
    """The edits of each cell, oldest first, that a save threw away.

    `kept`: the notebook has them all the same, joined with what whoever saved changed there. `lost`: whoever saved never had them and left the cell
    as it was before them, so that they can be made again. `replaced`: they never had them and changed
    the cell too. `doubtful`: whether they had them is not known. `moves`: moves that they never had.
    """

    kept: list[Sequence[Entry]] = field(default_factory=list)
    lost: list[Sequence[Entry]] = field(default_factory=list)
    replaced: list[Sequence[Entry]] = field(default_factory=list)
    doubtful: list[Sequence[Entry]] = field(default_factory=list)
    moves: list[Entry] = field(default_factory=list)


def thrown_away(save: FileSave, entries: Sequence[Entry], now: Cells) -> ThrownAway:
    """Compare a save with the edits of the journal, oldest first, in a notebook that is `now`."""
    found = ThrownAway()
    chains: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.cell_id is not None and entry.change in TEXT_CHANGES:
            chains[entry.cell_id].append(entry)
    texts = {save.written.get(index).source for index in range(len(save.written))}
    for cell_id, chain in chains.items():
        wanted, written = chain[-1].after, _text(save.written, cell_id)
        if written == wanted or _text(save.before, cell_id) != wanted:
            continue  # it is there, or was somebody else's by then
        unknown = _unknown(save, chain)
        if not unknown:
            # A text that is in another cell was put there by somebody who had it, and a cell that is
            # as none of the edits found it was changed by somebody who knew of them.
            undone = any(entry.before == written for entry in chain)
            if undone and wanted not in texts and _text(now, cell_id) == written:
                found.doubtful.append(chain)
        else:
            _sort(found, unknown, wanted, written, _loaded(save, unknown), _text(now, cell_id))
    found.moves.extend(_moves(save, entries))
    return found


def put_back(cells: Cells, before: Cells, found: ThrownAway) -> None:
    """Make the lost edits again: each cell as it was `before`, with its outputs, in its place."""
    wanted = {chain[-1].cell_id: chain[-1].after for chain in found.lost}
    for index in range(len(before)):
        cell = before.get(index)
        if cell.cell_id in wanted:
            _put(cells, before, index)
    for cell_id, text in wanted.items():
        at = cells.find(cell_id) if cell_id is not None else None
        if text is None and at is not None:
            cells.delete(at)
    for entry in found.moves:
        at, place = _find(cells, entry.cell_id), _find(before, entry.cell_id)
        if at is not None and place is not None:
            to = _place(cells, before, place)
            cells.move(at, to - 1 if to > at else to)


def _sort(
    found: ThrownAway,
    chain: Sequence[Entry],
    wanted: str | None,
    written: str | None,
    loaded: str | None,
    now: str | None,
) -> None:
    if loaded == wanted:
        return  # they had it, and changed it on purpose
    if now != written:  # as it was, or joined with what they changed
        found.kept.append(chain)
    elif loaded == written:
        found.lost.append(chain)
    else:
        found.replaced.append(chain)


def _unknown(save: FileSave, chain: Sequence[Entry]) -> Sequence[Entry]:
    """The edits of a cell that whoever saved may never have had, as their copy says; without one, those
    that they cannot have had. None at all: that is not known."""
    if save.base is not None:
        return chain
    since = save.since
    return [] if since is None else [entry for entry in chain if entry.at > since]


def _loaded(save: FileSave, unknown: Sequence[Entry]) -> str | None:
    """The text of a cell as whoever saved had loaded it."""
    if save.base is not None:
        return _text(save.base, unknown[0].cell_id)
    return unknown[0].before


def _moves(save: FileSave, entries: Sequence[Entry]) -> list[Entry]:
    """The last move of each cell that whoever saved never had, if they left the order alone."""
    since, base = save.since, save.base
    if since is None or base is None or _reordered(base, save.written):
        return []
    last: Mapping[str | None, Entry] = {
        entry.cell_id: entry for entry in entries if entry.change == "move"
    }
    found = []
    for cell_id, entry in last.items():
        there, before = _find(save.written, cell_id), _find(save.before, cell_id)
        if entry.at <= since or there is None or before is None:
            continue
        if set(beside(save.before, before)).isdisjoint(set(beside(save.written, there)) - {None}):
            found.append(entry)
    return found


def _reordered(base: Cells, written: Cells) -> bool:
    """Whether cells that are in both stand in another order."""
    places = [_find(base, written.get(index).cell_id) for index in range(len(written))]
    return bool(moved([place for place in places if place is not None]))


def _put(cells: Cells, before: Cells, index: int) -> None:
    """The cell as it was before, where it is in the notebook now or else beside its neighbours."""
    cell, stored = before.get(index), before.stored(index)
    at = _find(cells, cell.cell_id)
    if at is None:
        cells.restore(_place(cells, before, index), stored)
        return
    cells.set_source(at, cell.source)
    if cell.cell_type == "code" and cells.get(at).cell_type == "code":
        cells.put_outputs(at, stored.get("outputs", ()), stored.get("execution_count"))


def _place(cells: Cells, before: Cells, index: int) -> int:
    """The index behind the nearest cell that was above it, or of the nearest one below."""
    for above in range(index - 1, -1, -1):
        if (at := _find(cells, before.get(above).cell_id)) is not None:
            return at + 1
    for below in range(index + 1, len(before)):
        if (at := _find(cells, before.get(below).cell_id)) is not None:
            return at
    return len(cells)


def _find(cells: Cells, cell_id: str | None) -> int | None:
    return cells.find(cell_id) if cell_id is not None else None


def _text(cells: Cells, cell_id: str | None) -> str | None:
    at = _find(cells, cell_id)
    return None if at is None else cells.get(at).source
