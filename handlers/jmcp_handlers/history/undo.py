"""Taking back what a session changed."""

from __future__ import annotations

from jmcp.core.journal.review import reverts
from jmcp.core.journal.undo import Change, changes_of, last_change, undo, undone_by
from jmcp.core.notices import OutputsNotKept
from jmcp.core.sessions.notebook import Notebook
from jmcp.core.sessions.session import Session
from jmcp_api.errors import CellChanged, ChangeNotFound
from jmcp_api.models import ChangedCell, UndoChangeParams, UndoneChange
from jmcp_handlers.history.conflicts import conflicts
from jmcp_handlers.support.cell_states import running_cells


async def undo_change(params: UndoChangeParams, session: Session) -> UndoneChange:
    notebook = await session.notebook(params.notebook_path)
    change = _change(notebook, params.change_id)
    async with notebook.edit(undoes=change.change_id) as cells:
        plan = undo(cells, change.entries, force=params.force, running=running_cells(notebook))
        if plan.conflicts and not (params.force and plan.done):
            found = conflicts(cells, notebook, plan.conflicts)
            raise CellChanged.since_change(
                change_id=change.change_id, named=found.named, shown=found.shown, **found.details
            )
        plan.draft.apply(cells)
        count = len(cells)
        places = {one: cells.find(one) for one in plan.done if one is not None}
        for cell_id, index in places.items():
            if index is not None:
                notebook.view.record_place(index, cell_id)
    for lost_id, outputs in plan.lost.items():
        session.notice(OutputsNotKept(cell_id=str(lost_id), count=outputs))
    return UndoneChange(
        undone=change.change_id,
        change_id=notebook.change_id,
        cells=[
            ChangedCell(cell_index=places.get(cell_id or ""), cell_id=cell_id, change=what)
            for cell_id, what in plan.done.items()
        ],
        cell_count=count,
        saved=notebook.save_state(),
    )


def _change(notebook: Notebook, change_id: str | None) -> Change:
    """The change that is meant, without what a review took back of it. Raises change_not_found."""
    entries, path = notebook.history(), notebook.ref.path
    reverted = reverts(entries).of
    own = changes_of(one for one in entries if notebook.is_own(one))
    if change_id is None:
        last = last_change([*own.values()], without=reverted)
        if last is None:
            raise ChangeNotFound.nothing(path=path, change_id=None)
        return last.without(reverted)
    if change_id not in own:
        if any(one.change_id == change_id for one in entries):
            raise ChangeNotFound.of_others(change_id=change_id)
        raise ChangeNotFound.unknown(change_id=change_id, path=path)
    by = undone_by(own.values()).get(change_id)
    if by is not None:
        raise ChangeNotFound.undone(change_id=change_id, by=by)
    change = own[change_id]
    if not change.whole:
        raise ChangeNotFound.pruned(change_id=change_id)
    left = change.without(reverted)
    if not left.entries:
        by = reverted[change.entries[-1].number]
        raise ChangeNotFound.reverted(change_id=change_id, by=by)
    return left
