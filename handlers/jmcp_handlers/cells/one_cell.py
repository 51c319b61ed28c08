"""Reading and editing cells."""

from __future__ import annotations

from jmcp.core.editing.draft import change_type
from jmcp.core.ports import Cell as NotebookCell
from jmcp.core.ports import Cells
from jmcp.core.sessions.readings.call_view import CallView
from jmcp.core.sessions.session import Session
from jmcp_api import limits
from jmcp_api.enums import CellChangeKind
from jmcp_api.errors import InvalidArguments
from jmcp_api.models import (
    Cell,
    CellChange,
    DeleteCellParams,
    DeletedCell,
    DeletedCells,
    EditCellSourceParams,
    InsertCellParams,
    MoveCellParams,
    Output,
    OverwriteCellSourceParams,
    ReadCellParams,
)
from jmcp_handlers.support.addressing import agreed, checked, locate, named, neighbours, position
from jmcp_handlers.support.outputs.addresses import output_address
from jmcp_handlers.support.outputs.output_results import clipped, present
from jmcp_handlers.support.places import refuse_elsewhere, tell_elsewhere
from jmcp_handlers.support.sources import (
    check_growth,
    check_size,
    replaced,
    shown_diff,
    shown_source,
)
from jmcp_handlers.support.stale_writes import refuse_stale, refuse_unexpected


async def read_cell(params: ReadCellParams, session: Session) -> Cell:
    notebook = await session.notebook(params.notebook_path)
    cells = await notebook.read()
    if params.cell_id is None and params.cell_index is not None:
        at = checked(cells, params.cell_index)
        tell_elsewhere(cells, notebook.view, session, at)
    else:
        at = locate(cells, notebook.view, params.cell_index, params.cell_id)
    cell = cells.get(at, outputs=params.include_outputs)
    shown = clipped(cell.source, params.source_start, limits.RESULT_CHARACTERS)
    notebook.view.record_part(cells, cell, shown)
    session.workspace.tag(cell)
    source, left_out = shown_source(cell.source, limits.RESULT_CHARACTERS, params.source_start)
    outputs = None
    if params.include_outputs:
        outputs = await present(
            cell.outputs,
            session,
            first=params.start_output,
            start=params.start,
            limit=params.limit or limits.OUTPUT_PAGE_CHARACTERS,
            address=output_address(notebook.ref, cell.cell_id),
        )
    return Cell(
        cell_index=at,
        cell_id=cell.cell_id,
        cell_type=cell.cell_type,
        execution_count=cell.execution_count,
        source=source,
        source_left_out=left_out,
        output_count=cell.output_count,
        outputs=outputs,
        more_outputs=_more_outputs(cell.output_count, params, outputs),
    )


def _more_outputs(count: int, params: ReadCellParams, shown: list[Output] | None) -> int | None:
    """Where the next page of outputs begins. Without one that was asked for, there is a notice."""
    if not params.start_output or shown is None:
        return None
    stop = params.start_output + len(shown)
    return stop if stop < count else None


async def insert_cell(params: InsertCellParams, session: Session) -> CellChange:
    check_size(len(params.cell_source))
    notebook = await session.notebook(params.notebook_path)
    async with notebook.edit() as cells:
        at = position(cells, notebook.view, params.cell_index, params.after_cell_id)
        check_growth(cells, params.cell_source)
        cell = cells.insert(at, params.cell_type, params.cell_source)
        near = neighbours(cells, notebook.view, at)
        count = len(cells)
    return CellChange(
        change="inserted",
        cell_index=at,
        cell_id=cell.cell_id,
        cell_count=count,
        saved=notebook.save_state(),
        change_id=notebook.change_id,
        neighbours=near,
    )


async def overwrite_cell_source(params: OverwriteCellSourceParams, session: Session) -> CellChange:
    notebook = await session.notebook(params.notebook_path)
    async with notebook.edit() as cells:
        at = locate(cells, notebook.view, params.cell_index, params.cell_id)
        cell = cells.get(at)
        before = cell.source
        kind = _change(cell, params)
        if kind != "unchanged":
            check_size(len(params.cell_source), len(before))
            refuse_stale(cells, notebook.view, [cell], force=params.force)
            check_growth(cells, params.cell_source, before)
            if params.cell_type is not None and params.cell_type != cell.cell_type:
                change_type(cells, at, params.cell_type)
            if before != params.cell_source:
                cells.set_source(at, params.cell_source)
        cell, count = cells.get(at), len(cells)
        notebook.view.record_places(cell)
    session.workspace.tag(cell)
    return CellChange(
        change=kind,
        cell_index=at,
        cell_id=cell.cell_id,
        cell_count=count,
        saved=notebook.save_state(),
        change_id=notebook.change_id,
        diff=shown_diff(before, params.cell_source),
    )


def _change(cell: NotebookCell, params: OverwriteCellSourceParams) -> CellChangeKind:
    if cell.source != params.cell_source:
        return "overwritten"
    return "unchanged" if params.cell_type in (None, cell.cell_type) else "retyped"


async def edit_cell_source(params: EditCellSourceParams, session: Session) -> CellChange:
    notebook = await session.notebook(params.notebook_path)
    async with notebook.edit() as cells:
        at = locate(cells, notebook.view, params.cell_index, params.cell_id)
        cell = cells.get(at)
        refuse_stale(cells, notebook.view, [cell], force=params.force)
        before = cell.source
        after = replaced(
            before, at, params.old_string, params.new_string, everywhere=params.replace_all
        )
        if after != before:
            check_growth(cells, after, before)
            cells.set_source(at, after)
        cell, count = cells.get(at), len(cells)
        notebook.view.record_places(cell)
    session.workspace.tag(cell)
    return CellChange(
        change="edited" if after != before else "unchanged",
        cell_index=at,
        cell_id=cell.cell_id,
        cell_count=count,
        saved=notebook.save_state(),
        change_id=notebook.change_id,
        diff=shown_diff(before, after),
    )


async def delete_cell(params: DeleteCellParams, session: Session) -> DeletedCells:
    notebook = await session.notebook(params.notebook_path)
    async with notebook.edit() as cells:
        doomed = [cells.get(index) for index in _doomed(cells, notebook.view, params)]
        refuse_stale(cells, notebook.view, doomed, force=params.force)
        for cell in sorted(doomed, key=lambda cell: cell.index, reverse=True):
            cells.delete(cell.index)
        count = len(cells)
    return DeletedCells(
        deleted=_deleted(doomed, include_source=params.include_source),
        cell_count=count,
        saved=notebook.save_state(),
        change_id=notebook.change_id,
    )


def _deleted(cells: list[NotebookCell], *, include_source: bool) -> list[DeletedCell]:
    """The cells that are gone, with as much of their sources as a result has room for."""
    left = limits.RESULT_CHARACTERS
    deleted = []
    for cell in cells:
        source, left_out = None, None
        if include_source:
            source, left_out = shown_source(cell.source, left)
            left = max(0, left - len(source))
        deleted.append(
            DeletedCell(
                cell_index=cell.index,
                cell_id=cell.cell_id,
                cell_type=cell.cell_type,
                source=source,
                source_left_out=left_out,
            )
        )
    return deleted


async def move_cell(params: MoveCellParams, session: Session) -> CellChange:
    notebook = await session.notebook(params.notebook_path)
    async with notebook.edit() as cells:
        at, to = _move(cells, notebook.view, params)
        refuse_unexpected(cells, notebook.view, [cells.get(at)])
        if to != at:
            cells.move(at, to)
        near = neighbours(cells, notebook.view, to)
        cell, count = cells.get(to), len(cells)
    session.workspace.tag(cell)
    return CellChange(
        change="moved" if to != at else "unchanged",
        cell_index=to,
        cell_id=cell.cell_id,
        cell_count=count,
        saved=notebook.save_state(),
        change_id=notebook.change_id,
        neighbours=near,
    )


def _doomed(cells: Cells, view: CallView, params: DeleteCellParams) -> list[int]:
    """The indices of the cells to delete, each once."""
    found = named(cells, view, params.cell_indices, params.cell_ids)
    if len(set(found)) < len(found):
        param = "cell_ids" if params.cell_indices is None else "cell_indices"
        raise InvalidArguments.repeated_cells(param=param)
    return found


def _move(cells: Cells, view: CallView, params: MoveCellParams) -> tuple[int, int]:
    """Where the cell is, and where it goes."""
    last = len(cells) - 1
    target = last if params.target_index == -1 else params.target_index
    ways = ((params.cell_index, params.cell_id), (params.target_index, params.after_cell_id))
    refuse_elsewhere(
        cells, view, *(index for index, by in ways if index is not None and by is None)
    )
    at = locate(cells, view, params.cell_index, params.cell_id)
    if params.after_cell_id is None:
        return at, last if target is None else checked(cells, target, "target_index")
    anchor = locate(cells, view, None, params.after_cell_id)
    to = anchor + 1 if anchor < at else anchor
    names = ("target_index", "after_cell_id")
    return at, agreed(cells, view, to, target, params.after_cell_id, names)
