"""Running cells with the limits and results of older servers."""

from __future__ import annotations

import asyncio

from jmcp.core.errors import BackendError
from jmcp.core.notices import RunWithdrawn
from jmcp.core.runs.record.run import Run
from jmcp.core.sessions.session import Session
from jmcp_api import limits
from jmcp_api.errors import ExecutionTimedOut
from jmcp_api.models import (
    AppendExecuteCodeCellParams,
    CellObject,
    ExecuteCellParams,
    ExecuteCellSimpleTimeoutParams,
    ExecuteCellStreamingParams,
    ExecuteCellWithProgressParams,
    ExecutionLog,
    ExecutionResult,
    InsertExecuteCodeCellParams,
)
from jmcp_handlers.compat.issues import error_of_run, warning_of
from jmcp_handlers.compat.outputs import OutputForm
from jmcp_handlers.compat.run_log import RunLog
from jmcp_handlers.execution.runs import begin_cell, begin_inserted_cell
from jmcp_handlers.support.outputs.output_results import ImageBudget
from jmcp_handlers.support.run_results import failure_of, next_of, outputs_of, place_of
from jmcp_handlers.support.sources import shown_source

APPENDED_SECONDS = 300.0
"""Seconds that a cell which is appended may run, as the older servers had it."""
QUEUE_SECONDS = 30.0
"""Seconds that a run may wait for its kernel beside its own time, as the older servers waited for an
idle kernel."""


async def append_execute_code_cell(
    params: AppendExecuteCodeCellParams, session: Session
) -> CellObject:
    asked = InsertExecuteCodeCellParams(
        notebook_path=params.notebook_path,
        cell_index=-1,
        cell_source=params.cell_source,
        timeout=APPENDED_SECONDS,
    )
    run, at = await begin_inserted_cell(asked, session)
    if run.failure is None:
        await session.watch(run, APPENDED_SECONDS + QUEUE_SECONDS)
        if run.failure is not None:
            raise failure_of(run, run.failure)
    now, _ = await place_of(run, session, at)
    at = at if now is None else now
    content, left_out = shown_source(params.cell_source, limits.FULL_OUTPUT_CHARACTERS)
    shown = await _shown(run, session, full=params.full_output)
    return CellObject(
        cell_index=at,
        cell_id=run.request.cell_id or f"cell-{at}",
        content=content,
        content_left_out=left_out,
        output=shown.text_outputs,
        images=shown.images,
        error=shown.error,
        warning=shown.warning,
        execution_id=shown.execution_id,
        next=shown.next,
    )


async def execute_cell_with_progress(
    params: ExecuteCellWithProgressParams, session: Session
) -> ExecutionResult:
    run, at = await begin_cell(_asked(params), session)
    await session.watch(run, params.timeout_seconds + QUEUE_SECONDS)
    await _settled(run, session, at)
    return await _shown(run, session, full=params.full_output)


async def execute_cell_simple_timeout(
    params: ExecuteCellSimpleTimeoutParams, session: Session
) -> ExecutionResult:
    run, at = await begin_cell(_asked(params), session)
    limit = params.timeout_seconds + QUEUE_SECONDS
    clock = asyncio.get_running_loop().time
    began = clock()
    await session.watch(run, limit)
    late = not run.done and clock() - began >= limit  # sooner where jmcp stops, and the run goes on
    if late:
        try:
            await session.withdraw(run, RunWithdrawn())
        except BackendError as error:
            raise failure_of(run, error) from error
    at = await _settled(run, session, at)
    by_itself = run.status in ("ok", "error")  # in the moment in which it was withdrawn
    if run.status == "timed_out" or (late and not by_itself):
        raise _timed_out(run, at, params.timeout_seconds)
    return await _shown(run, session, full=params.full_output)


async def execute_cell_streaming(
    params: ExecuteCellStreamingParams, session: Session
) -> ExecutionLog:
    run, at = await begin_cell(_asked(params), session)
    log = RunLog(run, full=params.full_output, interval=params.progress_interval)
    limit = params.timeout_seconds + QUEUE_SECONDS
    await session.watch(run, limit, each=log.note, heartbeat=params.progress_interval)
    await _settled(run, session, at)
    outputs = outputs_of(run)
    images = ImageBudget(session)
    for output in outputs:
        await images.attach(output)
    images.tell()
    error, going = error_of_run(run, outputs), next_of(run)
    return ExecutionLog(
        result=await log.end(outputs, error),
        error=error,
        warning=warning_of(outputs),
        execution_id=run.execution_id if going else None,
        next=going,
    )


Asked = ExecuteCellWithProgressParams | ExecuteCellSimpleTimeoutParams | ExecuteCellStreamingParams


def _asked(params: Asked) -> ExecuteCellParams:
    return ExecuteCellParams(
        notebook_path=params.notebook_path,
        cell_index=params.cell_index,
        cell_id=params.cell_id,
        timeout=params.timeout_seconds,
    )


async def _settled(run: Run, session: Session, at: int) -> int:
    """Where the run's cell is, or was at last. Raises what kept it from running."""
    if run.failure is not None:
        raise failure_of(run, run.failure)
    now, _ = await place_of(run, session, at)
    return at if now is None else now


def _timed_out(run: Run, at: int, seconds: float) -> ExecutionTimedOut:
    told = ExecutionTimedOut.interrupted
    if run.started is None:
        told, seconds = ExecutionTimedOut.not_begun, seconds + QUEUE_SECONDS
    elif any(notice.code == "interrupt_ignored" for notice in run.notices) or not run.done:
        told = ExecutionTimedOut.stuck
    return told(cell_index=at, execution_id=run.execution_id, seconds=seconds)


async def _shown(run: Run, session: Session, *, full: bool) -> ExecutionResult:
    outputs = outputs_of(run)
    form = OutputForm(session, full=full)
    texts, images = await form.of(outputs)
    form.tell()
    error, going = error_of_run(run, outputs), next_of(run)
    if error is not None and run.status == "timed_out":
        texts.append(error.message)
    return ExecutionResult(
        text_outputs=texts,
        images=images,
        error=error,
        warning=warning_of(outputs),
        execution_id=run.execution_id if going else None,
        next=going,
    )
