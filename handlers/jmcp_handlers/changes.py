"""Taking back what a session changed."""

from __future__ import annotations

from typing import TypedDict

from jmcp.core.journal.entries import Entry
from jmcp.core.journal.undo import Change, Undo, changes_of, last_change, undo, undone_by
from jmcp.core.notices import OutputsNotKept
from jmcp.core.ports import Cell, Cells
from jmcp.core.sessions.notebook import Notebook
from jmcp.core.sessions.session import Session
from jmcp_api import limits, phrases
from jmcp_api.errors import CellChanged, ChangeNotFound
from jmcp_api.models import ChangedCell, UndoChangeParams, UndoneChange
from jmcp_handlers.support.cell_states import running_cells
from jmcp_handlers.support.sources import quoted


async def undo_change(params: UndoChangeParams, session: Session) -> UndoneChange:
    notebook = await session.notebook(params.notebook_path)
    change = _change(notebook, params.change_id)
    async with notebook.edit(undoes=change.change_id) as cells:
        plan = undo(cells, change, force=params.force, running=running_cells(notebook))
        if plan.conflicts and not (params.force and plan.done):
            raise _changed_since(cells, notebook, change, plan)
        plan.draft.apply(cells)
        count = len(cells)
        found = {one: cells.find(one) for one in plan.done if one is not None}
        for cell_id, index in found.items():
            if index is not None:
                notebook.view.record_place(index, cell_id)
    for lost_id, outputs in plan.lost.items():
        session.notice(OutputsNotKept(cell_id=str(lost_id), count=outputs))
    return UndoneChange(
        undone=change.change_id,
        change_id=notebook.change_id,
        cells=[
            ChangedCell(cell_index=found.get(cell_id or ""), cell_id=cell_id, change=what)
            for cell_id, what in plan.done.items()
        ],
        cell_count=count,
        saved=notebook.save_state(),
    )


def _change(notebook: Notebook, change_id: str | None) -> Change:
    """The change that is meant. Raises change_not_found."""
    entries, path = notebook.history(), notebook.ref.path
    own = changes_of(one for one in entries if notebook.is_own(one))
    if change_id is None:
        last = last_change(list(own.values()))
        if last is None:
            raise ChangeNotFound.nothing(path=path, change_id=None)
        return last
    if change_id not in own:
        if any(one.change_id == change_id for one in entries):
            raise ChangeNotFound.of_others(change_id=change_id)
        raise ChangeNotFound.unknown(change_id=change_id, path=path)
    by = undone_by(own.values()).get(change_id)
    if by is not None:
        raise ChangeNotFound.undone(change_id=change_id, by=by)
    if not own[change_id].whole:
        raise ChangeNotFound.pruned(change_id=change_id)
    return own[change_id]


class ConflictDetails(TypedDict):
    """A cell that was changed since, as a program gets it; `cell_index` None for one that is gone."""

    cell_index: int | None
    cell_id: str | None
    source: str


def _changed_since(cells: Cells, notebook: Notebook, change: Change, plan: Undo) -> CellChanged:
    """The refusal to take a change back, which shows the cells that keep it from that."""
    ids = dict.fromkeys(entry.cell_id for entry in plan.conflicts)
    there = {one: cells.find(one) for one in ids if one is not None}
    found = [cells.get(index) for index in there.values() if index is not None]
    left, shown, details = limits.RESULT_CHARACTERS, [], list[ConflictDetails]()
    for cell in found:
        source = quoted(cell.source) if left > 0 else ""
        left -= len(source)
        shown.append(phrases.stale_source(index=cell.index, cell_id=str(cell.cell_id)))
        shown.append(source)
        details.append({"cell_index": cell.index, "cell_id": cell.cell_id, "source": source})
        if source == cell.source:
            notebook.view.record_read(cells, cell)
    gone = [one for one in ids if one is None or there[one] is None]
    details += [{"cell_index": None, "cell_id": one, "source": ""} for one in gone]
    kinds = {entry.cell_id: entry for entry in plan.conflicts}
    return CellChanged.since_change(
        change_id=change.change_id,
        named=[_named(cell, kinds[cell.cell_id]) for cell in found]
        + [phrases.gone_since(cell_id=str(one)) for one in gone],
        shown="\n".join(shown),
        cell_index=found[0].index if found else -1,
        cell_id=found[0].cell_id if found else gone[0],
        source=details[0]["source"],
        diff=None,
        cells=details,
    )


def _named(cell: Cell, entry: Entry) -> str:
    name = phrases.there_again if entry.change == "delete" else phrases.changed_since
    return name(index=cell.index, cell_id=str(cell.cell_id))
