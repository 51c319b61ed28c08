"""What one session changed and another one reviews: what of it is neither accepted nor taken back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from jmcp.core.journal.entries import MADE, Author, Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Reverts:
    """What was taken back in reviews. `of` has the numbers of the entries that are taken back just
    now, each with the change that did it; `changes` the ids of all changes that are such a revert,
    or took one back, or made it again."""

    of: Mapping[int, str]
    changes: frozenset[str]


def reverts(history: Sequence[Entry]) -> Reverts:
    """The reverts that a notebook's history has, oldest first."""
    of: dict[int, str] = {}
    found: dict[tuple[str, str | None], tuple[tuple[int, ...], bool]] = {}
    for entry in history:
        if entry.state not in MADE:
            continue
        earlier = found.get((entry.undoes or "", entry.cell_id))
        known = found.get((entry.change_id, entry.cell_id), ((), True))
        if entry.reverts:
            numbers, gone = tuple({*known[0], *entry.reverts}), True
        elif earlier is not None:
            # To take a revert back makes stand again what it took, cell by cell.
            numbers, gone = earlier[0], not earlier[1]
        else:
            continue
        found[entry.change_id, entry.cell_id] = numbers, gone
        for number in numbers:
            of.pop(number, None)
            if gone:
                of[number] = entry.change_id
    return Reverts(of=of, changes=frozenset(change_id for change_id, _ in found))


def unreviewed(history: Sequence[Entry], by: Callable[[Author], bool]) -> list[Entry]:
    """What those authors changed, oldest first, and nobody has accepted or taken back since. Their
    own reviews are none of it."""
    known = reverts(history)
    return [
        entry
        for entry in history
        if entry.state in MADE
        and entry.change_id
        and entry.accepted is None
        and entry.number not in known.of
        and entry.change_id not in known.changes
        and by(entry.author)
    ]


def by_cell(entries: Sequence[Entry]) -> list[list[Entry]]:
    """The entries of each cell, in the order of its first one; those without an id one by one."""
    cells: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.change != "set_kernelspec":
            name = entry.cell_id if entry.cell_id is not None else f"\0{entry.number}"
            cells.setdefault(name, []).append(entry)
    return [*cells.values()]


def chosen(
    entries: Sequence[Entry],
    change_ids: Collection[str] | None,
    cell_ids: Collection[str] | None,
) -> list[Entry]:
    """Those of these changes in these cells; None: of all."""
    return [
        one
        for one in entries
        if (change_ids is None or one.change_id in change_ids)
        and (cell_ids is None or one.cell_id in cell_ids)
    ]
