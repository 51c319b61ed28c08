"""Several edits in one call: all of them or none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import uuid4

from jmcp.core.editing.draft import Draft, DraftCell
from jmcp.core.errors import BackendError, ToolError
from jmcp.core.notices import EditsNotRun
from jmcp.core.ports import Cell, Cells
from jmcp.core.sessions.readings.call_view import CallView
from jmcp.core.sessions.session import Session
from jmcp_api import phrases
from jmcp_api.enums import CellChangeKind
from jmcp_api.errors import CellNotFound, InvalidArguments
from jmcp_api.models import AppliedEdits, ApplyEditsParams, CellEdit, EditedCell
from jmcp_handlers.execution.runs import run_batch
from jmcp_handlers.support.addressing import not_found
from jmcp_handlers.support.sources import check_size, replaced
from jmcp_handlers.support.stale_writes import refuse_stale

NEEDS: Mapping[str, Sequence[str]] = {
    "insert": ("source",),
    "overwrite": ("cell", "source"),
    "edit": ("cell", "old_string", "new_string"),
    "delete": ("cell",),
    "move": ("cell",),
    "set_type": ("cell", "cell_type"),
}
"""Fields without which an edit of that kind says too little."""
TAKES: Mapping[str, Sequence[str]] = {
    "insert": ("name", "cell_type", "after", "before"),
    "edit": ("replace_all",),
    "move": ("after", "before"),
}
"""Fields that it may have besides."""
CHANGES: Mapping[str, CellChangeKind] = {
    "insert": "inserted",
    "overwrite": "overwritten",
    "edit": "edited",
    "delete": "deleted",
    "move": "moved",
    "set_type": "retyped",
}


async def apply_edits(params: ApplyEditsParams, session: Session) -> AppliedEdits:
    if params.run:
        session.workspace.require("execute", phrases.applying_with_run())
    for number, edit in enumerate(params.edits):
        _check(number, edit)
    notebook = await session.notebook(params.notebook_path)
    async with notebook.edit() as cells:
        plan = Plan(cells, notebook.view)
        for number, edit in enumerate(params.edits):
            try:
                plan.add(number, edit)
            except ToolError as error:
                raise _numbered(error, number, edit) from error
        refuse_stale(cells, notebook.view, plan.stale_if_changed, force=params.force)
        plan.draft.apply(cells)
        kernel_name, count = cells.kernelspec(), len(cells)
        ids = {row.cell_id for row in plan.rows}
        there = {one: cells.get(at) for one in ids if (at := cells.find(one)) is not None}
        notebook.view.record_places(*there.values())
    change_id, saved = notebook.change_id, notebook.save_state()
    changed = {row.cell_id for row in plan.rows if row.change not in ("moved", "unchanged")}
    code = [cell for one, cell in there.items() if one in changed and cell.cell_type == "code"]
    execution = None
    if params.run and code:
        code.sort(key=lambda cell: cell.index)
        try:
            execution = await run_batch(
                code, kernel_name, notebook, session, timeout=0, wait=params.wait
            )
        except (BackendError, ToolError) as error:
            # The error would say that nothing was done; the edits are made, and run_cells can run.
            session.notice(EditsNotRun(reason=error.message))
    return AppliedEdits(
        change_id=change_id,
        cells=[
            EditedCell(
                cell_index=there[row.cell_id].index if row.cell_id in there else None,
                cell_id=row.cell_id,
                change=row.change,
                name=row.name,
            )
            for row in plan.rows
        ],
        cell_count=count,
        saved=saved,
        execution=execution,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one edit does to its cell."""

    cell_id: str
    change: CellChangeKind
    name: str | None = None


class Plan:
    """The edits of one call, each checked against what the ones before it leave.

    `stale_if_changed` are the cells whose text goes: they have to be as the session read them.
    """

    def __init__(self, cells: Cells, view: CallView) -> None:
        self.draft = Draft(cells)
        self.rows: list[Row] = []
        self.stale_if_changed: list[Cell] = []
        self._cells = cells
        self._view = view
        self._names: dict[str, str] = {}

    def add(self, number: int, edit: CellEdit) -> None:
        """Plan an edit. Raises the errors that the single tools raise."""
        if edit.op == "insert":
            self._insert(number, edit)
            return
        at = self._find(edit.cell or "")
        cell = self.draft.cells[at]
        change = CHANGES[edit.op]
        match edit.op:
            case "overwrite" | "edit":
                change = self._set_source(at, edit)
            case "delete":
                self._reads(cell.cell_id)
                self.draft.delete(at)
            case "move":
                to = self._place(edit, moving=at)
                if to == at:
                    change = "unchanged"
                else:
                    self.draft.move(at, to)
            case "set_type" if edit.cell_type is not None:
                if cell.cell_type == edit.cell_type:
                    change = "unchanged"
                else:
                    self._reads(cell.cell_id)
                    self.draft.set_type(at, edit.cell_type)
        self.rows.append(Row(cell_id=str(cell.cell_id), change=change))

    def _insert(self, number: int, edit: CellEdit) -> None:
        source = edit.source or ""
        check_size(len(source))
        at = self._place(edit)
        cell_id = uuid4().hex[:8]
        if edit.name is not None:
            if edit.name in self._names or self.draft.find(edit.name) is not None:
                raise InvalidArguments.edit_name_taken(number=number, op=edit.op, name=edit.name)
            self._names[edit.name] = cell_id
        self.draft.insert(
            at, DraftCell(cell_id=cell_id, cell_type=edit.cell_type or "code", source=source)
        )
        self.rows.append(Row(cell_id=cell_id, change="inserted", name=edit.name))

    def _set_source(self, at: int, edit: CellEdit) -> CellChangeKind:
        cell = self.draft.cells[at]
        self._reads(cell.cell_id)
        if edit.op == "overwrite":
            after = edit.source or ""
            check_size(len(after), len(cell.source))
        else:
            # Where the caller finds it: no edit is made if this one cannot be.
            there = self._cells.find(cell.cell_id or "")
            after = replaced(
                cell.source,
                at if there is None else there,
                edit.old_string or "",
                edit.new_string or "",
                everywhere=bool(edit.replace_all),
            )
        if after == cell.source:
            return "unchanged"
        self.draft.set_source(at, after)
        return CHANGES[edit.op]

    def _reads(self, cell_id: str | None) -> None:
        at = self._cells.find(cell_id) if cell_id is not None else None
        if at is not None and all(one.cell_id != cell_id for one in self.stale_if_changed):
            self.stale_if_changed.append(self._cells.get(at))

    def _find(self, named: str) -> int:
        """Where the cell of that id or name is in the draft. Raises cell_not_found."""
        cell_id = self._names.get(named, named)
        at = self.draft.find(cell_id)
        if at is not None:
            return at
        if any(row.cell_id == cell_id for row in self.rows):
            count = len(self.draft.cells)
            raise CellNotFound.deleted_before(cell_id=named, cell_count=count)
        raise not_found(self._cells, self._view, named)

    def _place(self, edit: CellEdit, moving: int | None = None) -> int:
        """The index that an inserted or moved cell gets."""
        count = len(self.draft.cells)
        if edit.after is None and edit.before is None:
            return count if moving is None else count - 1
        anchor = self._find(edit.after or edit.before or "")
        to = anchor if edit.after is None else anchor + 1
        if moving is None:
            return to
        return to - 1 if moving < to else to


def _check(number: int, edit: CellEdit) -> None:
    """Raise invalid_arguments for an edit that has not the fields of its kind."""
    given = {name for name in CellEdit.model_fields if getattr(edit, name) is not None} - {"op"}
    needs, takes = NEEDS[edit.op], TAKES.get(edit.op, ())
    if missing := [name for name in needs if name not in given]:
        raise InvalidArguments.edit_lacks(number=number, op=edit.op, missing=missing)
    if more := sorted(given - {*needs, *takes}):
        raise InvalidArguments.edit_has_more(number=number, op=edit.op, more=more)
    if edit.after is not None and edit.before is not None:
        raise InvalidArguments.edit_has_both(number=number, op=edit.op)


def _numbered(error: ToolError, number: int, edit: CellEdit) -> ToolError:
    """The same error, which says which edit it is about and that none was made."""
    message = phrases.edit_refused(number=number, op=edit.op, message=error.message)
    return type(error)(message, **{**error.details, "edit": number})
