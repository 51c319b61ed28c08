"""Taking back what the journal says was changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from jmcp.core.editing.draft import Draft, DraftCell
from jmcp.core.editing.published_cells import beside
from jmcp.core.journal.condensed import condensed
from jmcp.core.journal.entries import MADE, Entry
from jmcp.core.journal.shown_outputs import OUTPUT_CHANGES, shows
from jmcp.core.ports import Cells

Undone = Literal["deleted", "restored", "overwritten", "moved", "outputs_restored", "cleared"]
UNDONE: Mapping[str, Undone] = {
    "insert": "deleted",
    "delete": "restored",
    "set_source": "overwritten",
    "move": "moved",
    "clear_outputs": "outputs_restored",
    "put_outputs": "cleared",
}
"""What becomes of a cell when an entry of that kind is taken back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The entries of one edit, in the order in which they were made."""

    change_id: str
    entries: Sequence[Entry]

    @property
    def undoes(self) -> str | None:
        """The change that this one took back."""
        return self.entries[0].undoes

    @property
    def takes_back(self) -> bool:
        """Whether it took back what this or another session had changed."""
        return self.undoes is not None or any(entry.reverts for entry in self.entries)

    def without(self, numbers: Collection[int]) -> Change:
        """The change without the entries of these numbers."""
        left = [entry for entry in self.entries if entry.number not in numbers]
        return Change(change_id=self.change_id, entries=left)

    @property
    def whole(self) -> bool:
        """Whether all of its entries are here, and each can be taken back."""
        return all(
            entry.part == part and entry.change in UNDONE and entry.state in MADE
            for part, entry in enumerate(self.entries)
        )


def changes_of(entries: Iterable[Entry]) -> dict[str, Change]:
    """The changes that entries belong to, by id, oldest first. Those of before there were ids are
    left out."""
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.change_id:
            found.setdefault(entry.change_id, []).append(entry)
    return {one: Change(change_id=one, entries=group) for one, group in found.items()}


def undone_by(changes: Iterable[Change]) -> dict[str, str]:
    """Which of these changes are taken back just now, each with what took it back."""
    undone: dict[str, str] = {}
    undoes: dict[str, str] = {}
    for change in changes:
        if change.undoes is None:
            continue
        undone[change.undoes] = change.change_id
        undoes[change.change_id] = change.undoes
        # An undo that is taken back makes what it took back stand again.
        again = undoes.get(change.undoes)
        if again is not None:
            undone.pop(again, None)
    return undone


def last_change(changes: Sequence[Change], *, without: Collection[int] = ()) -> Change | None:
    """The latest one that is neither taken back nor takes one back. `without`: the numbers of entries
    that a review took back."""
    undone = undone_by(changes)
    return next(
        (
            one
            for one in reversed(changes)
            if not one.takes_back
            and one.change_id not in undone
            and one.whole
            and one.without(without).entries
        ),
        None,
    )


@dataclass(slots=True, kw_only=True)
class Undo:
    """How changes are taken back in a document as it is now.

    `conflicts` are the entries whose cell is not what they left, and which are left out;
    `done` what becomes of each cell, by id. `lost` counts outputs, by id, that do not come back.
    """

    draft: Draft
    conflicts: list[Entry] = field(default_factory=list)
    done: dict[str | None, Undone] = field(default_factory=dict)
    lost: dict[str | None, int] = field(default_factory=dict)


def undo(
    cells: Cells,
    entries: Sequence[Entry],
    *,
    force: bool = False,
    running: Collection[str] = (),
    draft: Draft | None = None,
) -> Undo:
    """Plan to take entries back, which are given oldest first: those of a change, or some of several
    changes. `force`: also where somebody changed their cells since. Cells that are `running` have
    the outputs of their runs, whatever is asked. `draft` is one of the cells that nothing was planned
    in, where several plans are looked at."""
    plan = Undo(draft=draft or Draft(cells))
    for entry in reversed(condensed(entries) or entries):
        kept = entry.change == "put_outputs" and not force and not _still_shown(cells, entry)
        kept |= entry.change in OUTPUT_CHANGES and entry.cell_id in running
        if not kept and _take_back(plan, cells, entry, force=force):
            plan.done[entry.cell_id] = UNDONE[entry.change]
        else:
            plan.conflicts.append(entry)
    return plan


def _still_shown(cells: Cells, entry: Entry) -> bool:
    """Whether the entry's cell shows the outputs that it got back."""
    at = cells.find(entry.cell_id) if entry.cell_id is not None else None
    return at is not None and shows(cells, at, entry)


def _take_back(plan: Undo, cells: Cells, entry: Entry, *, force: bool) -> bool:
    """Whether the entry could be taken back in the draft."""
    draft = plan.draft
    at = draft.find(entry.cell_id)
    if entry.change == "delete":
        if at is not None:
            return False
        _restore(plan, entry)
        return True
    if at is None:
        return False
    cell = draft.cells[at]
    if entry.change == "move":
        # One that this plan has put somewhere is where the plan has put it. As for the others, what the
        # plan did to their neighbours is nobody's move of them.
        here = force or plan.done.get(entry.cell_id) in ("restored", "moved")
        if not here and not _is_beside(draft.beside(at), entry.now):
            now = cells.find(entry.cell_id) if entry.cell_id is not None else None
            if now is None or not _is_beside(beside(cells, now), entry.now):
                return False
        draft.move(at, _place(draft, entry, at))
        return True
    if entry.change in OUTPUT_CHANGES:
        return _take_back_outputs(plan, entry, at, force=force)
    if not force and (cell.source != entry.after or cell.cell_type != entry.cell_type):
        return False
    if entry.change == "insert":
        draft.delete(at)
    else:
        draft.set_source(at, entry.before or "")
    return True


def _take_back_outputs(plan: Undo, entry: Entry, at: int, *, force: bool) -> bool:
    draft, cell = plan.draft, plan.draft.cells[at]
    if cell.cell_type != "code":
        return False
    if entry.change == "put_outputs":
        draft.clear_outputs(at)
        return True
    if not force and not cell.blank:
        return False  # somebody has run it since
    draft.put_outputs(at, *entry.shown())
    if entry.left_out:
        plan.lost[entry.cell_id] = entry.left_out
    return True


def _restore(plan: Undo, entry: Entry) -> None:
    draft, whole = plan.draft, entry.whole()
    at = _place(draft, entry)
    if whole is not None:
        draft.restore(at, whole)
        if entry.left_out:
            plan.lost[entry.cell_id] = entry.left_out
    else:
        cell = DraftCell(
            cell_id=entry.cell_id, cell_type=entry.cell_type or "code", source=entry.before or ""
        )
        draft.insert(at, cell)


def _is_beside(now: tuple[str | None, str | None], once: tuple[str | None, str | None]) -> bool:
    """Whether one of the two cells beside is still the one of then."""
    return now[0] == once[0] or now[1] == once[1]


def _place(draft: Draft, entry: Entry, at: int | None = None) -> int:
    """The index at which the entry's cell, now at `at` if it is there, is beside the cells that it
    was beside; where both are gone its index of then."""
    above, below = (draft.find(one) for one in entry.was)
    if above is not None:
        place = above + 1
    elif below is not None:
        place = below
    else:
        place = min(entry.index, len(draft.cells))
        return place if at is None else min(place, len(draft.cells) - 1)
    return place - 1 if at is not None and at < place else place
