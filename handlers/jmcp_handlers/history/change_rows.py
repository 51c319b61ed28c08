"""Changes of a notebook as a list shows them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from jmcp.core.editing.draft import Draft
from jmcp.core.editing.line_diff import DiffBudget
from jmcp.core.journal.entries import Author, Entry
from jmcp.core.journal.other_changes import OtherChange
from jmcp.core.journal.review import reverts
from jmcp.core.journal.undo import Change as Edit
from jmcp.core.journal.undo import Undo, undo
from jmcp.core.ports import Cells
from jmcp.core.sessions.lookup import iso
from jmcp.core.sessions.notebook import Notebook
from jmcp_api.enums import CellChangeKind, UndoState
from jmcp_api.models import CellDifference, Change
from jmcp_handlers.support.addressing import first_line
from jmcp_handlers.support.cell_states import running_cells
from jmcp_handlers.support.diffs import diff
from jmcp_handlers.support.outputs.output_results import clip

CELLS_OF_CHANGE = 20
"""Cells of one change that are shown."""
DIFF_CHARACTERS = 1_000
"""Of the diff of one cell; diff_notebook and read_cell show more."""


class ChangeRows:
    """Makes rows of changes. `sessions` are the masked ids of the caller's sessions, `undone` what
    is taken back just now, with what took it back, `history` all that the journal has."""

    def __init__(
        self,
        cells: Cells,
        notebook: Notebook,
        sessions: Mapping[Author, str],
        undone: Mapping[str, str],
        history: Sequence[Entry],
    ) -> None:
        self._cells = cells
        self._notebook = notebook
        self._sessions = sessions
        self._undone = undone
        self._ids = {entry.number: entry.change_id for entry in history}
        self._reverted = reverts(history).of
        self._running = running_cells(notebook)
        self._draft = Draft(cells)
        self._budget = DiffBudget()

    def of(self, edit: Edit) -> Change:
        """An edit that the journal has."""
        first = edit.entries[0]
        author = self._notebook.authorship(first)
        kernels = [one for one in edit.entries if one.change == "set_kernelspec"]
        found = net_changes(edit.entries)
        return Change(
            change_id=edit.change_id,
            by=author,
            session=self._sessions.get(first.author) if author == "session" else None,
            when=iso(first.at),
            undo=self._undo(edit) if author == "self" else None,
            undoes=edit.undoes,
            reverts=self._reverts(edit),
            kernel_name=json.loads(kernels[-1].after or "[null]")[0] if kernels else None,
            cells=[self._cell(one) for one in found[:CELLS_OF_CHANGE]],
            left_out=max(0, len(found) - CELLS_OF_CHANGE) or None,
        )

    def _reverts(self, edit: Edit) -> list[str] | None:
        numbers = [number for entry in edit.entries for number in entry.reverts]
        found = dict.fromkeys(self._ids[one] for one in sorted(numbers) if one in self._ids)
        return [*found] or None

    def of_others(self, found: Sequence[OtherChange]) -> Change:
        """What others than jmcp made of the notebook."""
        return Change(
            by="others",
            cells=[
                self._cell(
                    NetChange(
                        cell_id=one.cell_id, change=one.change, before=one.before, after=one.after
                    )
                )
                for one in found[:CELLS_OF_CHANGE]
            ],
            left_out=max(0, len(found) - CELLS_OF_CHANGE) or None,
        )

    def _undo(self, edit: Edit) -> UndoState:
        if edit.change_id in self._undone or not edit.without(self._reverted).entries:
            return "undone"
        if not edit.whole:
            return "not_possible"
        if not self._plan(edit, force=False).conflicts:
            return "possible"
        forced = self._plan(edit, force=True)
        return "with_force" if forced.done else "not_possible"

    def _plan(self, edit: Edit, *, force: bool) -> Undo:
        left = edit.without(self._reverted).entries
        draft = self._draft.copy()
        return undo(self._cells, left, force=force, running=self._running, draft=draft)

    def _cell(self, found: NetChange) -> CellDifference:
        at = self._cells.find(found.cell_id) if found.cell_id is not None else None
        source = found.after if found.after is not None else found.before
        if source is None and at is not None:
            source = self._cells.get(at).source
        shown = None
        if found.before is not None and found.after is not None:
            shown = diff(found.before, found.after, budget=self._budget)
        return CellDifference(
            cell_index=at,
            cell_id=found.cell_id,
            change=found.change,
            first_line=None if source is None else first_line(source),
            diff=None if shown is None else clip(shown, 0, DIFF_CHARACTERS)[0],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NetChange:
    """What an edit did to a cell, all in all, with the sources before and afterwards."""

    cell_id: str | None
    change: CellChangeKind
    before: str | None = None
    after: str | None = None


def net_changes(entries: Sequence[Entry]) -> list[NetChange]:
    """What an edit did to each of its cells: one change each, none where nothing is left of it."""
    nameless = count()
    cells: dict[str | int, list[Entry]] = {}
    for entry in entries:
        if entry.change != "set_kernelspec":
            named = entry.cell_id if entry.cell_id is not None else next(nameless)
            cells.setdefault(named, []).append(entry)
    return [one for group in cells.values() if (one := _net(group)) is not None]


def _net(group: Sequence[Entry]) -> NetChange | None:
    last, cell_id = group[-1], group[0].cell_id
    sources = [one for one in group if one.change in ("insert", "set_source", "delete")]
    if not sources:
        kinds: Mapping[str, CellChangeKind] = {
            "move": "moved",
            "clear_outputs": "cleared",
            "put_outputs": "outputs_restored",
        }
        return NetChange(cell_id=cell_id, change=kinds[last.change])
    before, after = sources[0].before, sources[-1].after
    if before is None and after is None:
        return None
    change: CellChangeKind = "edited"
    if before is None:
        change = "inserted" if sources[0].rest is None else "restored"
    elif after is None:
        change = "deleted"
    elif any(one.change == "delete" for one in sources):
        change = "retyped"
    return NetChange(cell_id=cell_id, change=change, before=before, after=after)


def characters(row: Change) -> int:
    """Of the texts of a row."""
    return sum(60 + len(one.first_line or "") + len(one.diff or "") for one in row.cells)
