"""Running cells and code."""

from __future__ import annotations

from collections.abc import Sequence

from jmcp.core.errors import BackendError
from jmcp.core.notices import CellNotRun, SourceChanged
from jmcp.core.ports import Cell, Cells
from jmcp.core.runs.batch import Batch, Step
from jmcp.core.runs.record.run import Run
from jmcp.core.sessions.notebook import Notebook
from jmcp.core.sessions.readings.call_view import CallView
from jmcp.core.sessions.session import Session
from jmcp_api.errors import CellNotCode, ExecutionNotFound, InvalidArguments
from jmcp_api.models import (
    ExecuteCellParams,
    ExecuteCodeParams,
    Execution,
    ExecutionList,
    FoundExecution,
    GetExecutionParams,
    InsertExecuteCodeCellParams,
    ListExecutionsParams,
    More,
    RunCellsParams,
)
from jmcp_handlers.support.addressing import checked, locate, position
from jmcp_handlers.support.pages import fitting
from jmcp_handlers.support.places import refuse_elsewhere
from jmcp_handlers.support.restarts import restart
from jmcp_handlers.support.run_results import (
    batch_result,
    failure_of,
    row,
    run_result,
    unstarted_result,
)
from jmcp_handlers.support.sources import check_growth, check_outputs, check_size
from jmcp_handlers.support.stale_writes import refuse_unexpected

LATEST = 20
"""Runs that are listed where no number is given, as in list_executions' own default."""


async def execute_cell(params: ExecuteCellParams, session: Session) -> Execution:
    run, at = await begin_cell(params, session)
    await session.watch(run, params.wait)
    return await run_result(run, session, at)


async def begin_cell(params: ExecuteCellParams, session: Session) -> tuple[Run, int]:
    """Queue a run of the cell; returns it, and the cell's index. Does not wait for it."""
    notebook = await session.notebook(params.notebook_path)
    cells = await notebook.read()
    cell = cells.get(locate(cells, notebook.view, params.cell_index, params.cell_id))
    refuse_unexpected(cells, notebook.view, [cell])
    unread = notebook.view.acknowledge_if_stale(cells, cell)
    kernel_name = cells.kernelspec()
    if cell.cell_type != "code":
        raise CellNotCode.other_type(cell_index=cell.index, cell_type=cell.cell_type)
    check_outputs(cells)
    if unread:
        session.notice(_source_changed([cell]))
    run = await notebook.run(
        cell.source, kernel_name=kernel_name, cell=cell, timeout=params.timeout
    )
    return run, cell.index


async def insert_execute_code_cell(
    params: InsertExecuteCodeCellParams, session: Session
) -> Execution:
    run, at = await begin_inserted_cell(params, session)
    if run.failure is not None:
        return await unstarted_result(run, session)
    await session.watch(run, params.wait)
    return await run_result(run, session, at)


async def begin_inserted_cell(
    params: InsertExecuteCodeCellParams, session: Session
) -> tuple[Run, int]:
    """Insert a cell and queue a run of it; returns the run, and the cell's index.

    Raises what kept it from running where the cell could be removed again; otherwise the run has it
    as its `failure`.
    """
    check_size(len(params.cell_source))
    notebook = await session.notebook(params.notebook_path)
    async with notebook.edit() as cells:
        at = position(cells, notebook.view, params.cell_index, params.after_cell_id)
        kernel_name = cells.kernelspec()
        check_growth(cells, params.cell_source)
        check_outputs(cells)
        cell = cells.insert(at, "code", params.cell_source)
    run = await notebook.run(
        params.cell_source, kernel_name=kernel_name, cell=cell, timeout=params.timeout
    )
    if run.failure is not None:
        if await _taken_back(notebook, cell):
            raise failure_of(run, run.failure)
        # The error would say that nothing was done; the cell is there, and another call can run it.
        session.notice(CellNotRun(reason=run.failure.message))
    return run, at


async def _taken_back(notebook: Notebook, cell: Cell) -> bool:
    """Remove a cell that was inserted for a run which got no kernel, unless others edited it.
    Returns whether it is gone."""
    try:
        async with notebook.edit(undoes=notebook.change_id) as cells:
            index = cells.find(cell.cell_id or "")
            if index is not None and cells.get(index).source == cell.source:
                cells.delete(index)
                return True
            return index is None
    except BackendError:
        return False


async def execute_code(params: ExecuteCodeParams, session: Session) -> Execution:
    notebook = await session.notebook(params.notebook_path)
    kernel_name = (await notebook.read()).kernelspec()
    run = await notebook.run(
        params.code, kernel_name=kernel_name, cell=None, timeout=params.timeout
    )
    await session.watch(run, params.wait)
    return await run_result(run, session)


async def run_cells(params: RunCellsParams, session: Session) -> Execution:
    notebook = await session.notebook(params.notebook_path)
    cells, view = await notebook.read(), notebook.view
    page = [cells.get(index) for index in _range(cells, view, params)]
    code = [cell for cell in page if cell.cell_type == "code"]
    unread = [cell for cell in code if view.acknowledge_if_stale(cells, cell)]
    kernel_name = cells.kernelspec()
    check_outputs(cells)
    if params.restart:
        await restart(notebook, session, confirmed=params.confirm)
    if unread:
        session.notice(_source_changed(unread))
    return await run_batch(
        code,
        kernel_name,
        notebook,
        session,
        stop_on_error=params.stop_on_error,
        timeout=params.timeout,
        wait=params.wait,
    )


async def run_batch(
    code: Sequence[Cell],
    kernel_name: str | None,
    notebook: Notebook,
    session: Session,
    *,
    timeout: float,
    wait: float,
    stop_on_error: bool = True,
) -> Execution:
    """Run these code cells one after the other, waiting at most so many seconds for all.
    `timeout` is each one's."""
    steps = [Step(index=cell.index, cell_id=cell.cell_id, source=cell.source) for cell in code]
    batch = notebook.start_batch(
        steps,
        kernel_name=kernel_name,
        stop_on_error=stop_on_error,
        timeout=timeout,
    )
    await batch.kernel_sought.wait()
    await session.watch(batch, wait)
    return await batch_result(batch, session)


def _source_changed(cells: Sequence[Cell]) -> SourceChanged:
    return SourceChanged(cells=[cell.cell_id for cell in cells if cell.cell_id is not None])


def _range(cells: Cells, view: CallView, params: RunCellsParams) -> range:
    first, last = 0, len(cells) - 1
    start = params.start_index if params.start_cell_id is None else None
    refuse_elsewhere(cells, view, *(one for one in (start, params.end_index) if one is not None))
    if params.start_index is not None or params.start_cell_id is not None:
        names = ("start_index", "start_cell_id")
        first = locate(cells, view, params.start_index, params.start_cell_id, names)
    if params.end_index is not None:
        last = checked(cells, params.end_index, "end_index")
        if last < first:
            raise InvalidArguments.end_before_start(first=first, last=last)
    return range(first, last + 1)


async def get_execution(params: GetExecutionParams, session: Session) -> FoundExecution:
    if params.execution_id is None:
        listed = await _listed(session, params.notebook_path, LATEST)
        return FoundExecution(
            total=listed.total, executions=listed.executions, more=listed.more, outputs=None
        )
    run = session.execution(params.execution_id)
    if run is None:
        raise ExecutionNotFound.unknown(execution_id=params.execution_id)
    await session.watch(run, params.wait)
    if isinstance(run, Batch):
        found = await batch_result(run, session)
    else:
        found = await run_result(run, session)
    return FoundExecution(**{name: getattr(found, name) for name in Execution.model_fields})


async def list_executions(params: ListExecutionsParams, session: Session) -> ExecutionList:
    return await _listed(session, params.notebook_path, params.limit)


async def _listed(session: Session, path: str | None, limit: int) -> ExecutionList:
    """So many of the session's runs, or all with 0; of one notebook with `path`."""
    runs = session.executions()
    if path is not None:
        notebook = await session.notebook(path)
        runs = [run for run in runs if run.request.notebook.key == notebook.ref.key]
    # Oldest first among those that wait, since that is the order of the queue; then the latest.
    going = [run for run in runs if not run.done]
    going.sort(key=lambda run: (run.status == "queued", run.submitted))
    over = sorted((run for run in runs if run.done), key=lambda run: run.submitted, reverse=True)
    listed = (row(run, session) for run in [*going, *over][: limit or None])
    rows = fitting((one, len(one.code)) for one in listed)
    left = len(runs) - len(rows)
    return ExecutionList(
        total=len(runs),
        executions=rows,
        more=More(count=left) if left else None,
    )
