"""Runs and batches of runs as results show them."""

from __future__ import annotations

from jmcp.core.errors import BackendError, NotebookMissing
from jmcp.core.ports import Cells, Output
from jmcp.core.runs.batch import Batch as RunBatch
from jmcp.core.runs.batch import Step
from jmcp.core.runs.record.run import Run
from jmcp.core.sessions.notebook import Notebook
from jmcp.core.sessions.session import Session
from jmcp_api import phrases
from jmcp_api.backend_errors import KernelDown, KernelMissing
from jmcp_api.enums import ExecutionStatus, StepStatus
from jmcp_api.models import Batch, BatchCell, Execution, ExecutionRow, Waiting
from jmcp_handlers.support.addressing import first_line
from jmcp_handlers.support.outputs.addresses import output_address, run_address
from jmcp_handlers.support.outputs.output_results import (
    Address,
    clip,
    error_line,
    plain,
    present,
)
from jmcp_handlers.support.packages.installation import Report

BATCH_CELLS = 100
"""Cells that the summary of a batch shows: the failed ones first of all, then the last ones."""
BATCH_CHARACTERS = 8_000
"""Characters of the outputs of all cells in the summary of a batch; read_cell shows them whole."""
CELL_CHARACTERS = 400
"""Characters of one cell's outputs in the summary of a batch."""
BATCH_NOTICES = 10
"""Notices of its runs that the summary of a batch passes on."""
ERROR_CHARACTERS = 300
"""Characters of one cell's error in the summary of a batch."""
ENDING = 10
"""How many times the characters that are shown of a long text's end are rendered: control sequences
among them are left out."""


async def run_result(run: Run, session: Session, at: int | None = None) -> Execution:
    """A run so far. `at` is the index of its cell where the cell has no id.

    Raises what kept it from running.
    """
    if run.failure is not None:
        raise failure_of(run, run.failure)
    return await unstarted_result(run, session, at)


def failure_of(run: Run, failure: BackendError) -> BackendError:
    """What kept the run from running, as its caller sees it."""
    if isinstance(failure, KernelMissing):  # it ended after the run was submitted
        return KernelDown.not_running(kernel_id=run.request.kernel_id or "")
    return failure


async def place_of(
    run: Run, session: Session, at: int | None = None
) -> tuple[int | None, Notebook | None]:
    """Where the run's cell is now, None where it is gone (`at` where it has no id), and its notebook
    if that is still there.

    Takes what the run says of its kernel and of itself into this call's result.
    """
    for notice in run.all_notices:
        session.notice(notice)
    notebook = await _notebook_of(run.request.notebook.key, session)
    if notebook is not None:
        await notebook.kernel.ended(run)
    if run.request.cell_id is not None:
        # Others may have moved or deleted the cell while it ran.
        at = await _index(run.request.cell_id, notebook)
    return at, notebook


async def unstarted_result(run: Run, session: Session, at: int | None = None) -> Execution:
    """As `run_result`, also of a run that something kept from running."""
    at, notebook = await place_of(run, session, at)
    status, waits_for = _told(run), _waiting(run)
    outputs, report = outputs_of(run), Report.of(run.outputs)
    if report is not None:
        outputs = report.shown(outputs)
        for notice in report.notices():
            session.notice(notice)
    return Execution(
        status=status,
        execution_id=run.execution_id,
        cell_index=at,
        cell_id=run.request.cell_id,
        execution_count=run.execution_count,
        seconds=round(run.seconds, 3),
        complete=run.whole,
        outputs=await present(outputs, session, address=_address(run, at, notebook)),
        waits_for=waits_for,
        next=_next(status, run.execution_id, waits=waits_for is not None),
    )


def _address(run: Run, at: int | None, notebook: Notebook | None) -> Address:
    """Where the outputs of a run are: in its cell, or with the run where there is none."""
    in_cell = None
    if at is not None and notebook is not None:
        in_cell = output_address(notebook.ref, run.request.cell_id)
    return in_cell or run_address(run.execution_id)


def next_of(run: Run) -> str | None:
    """What a caller does about a run that goes on; None for one that is over."""
    return _next(_told(run), run.execution_id, waits=_waiting(run) is not None)


def _told(run: Run | RunBatch) -> ExecutionStatus:
    return "running" if run.status == "queued" else run.status


def _next(status: ExecutionStatus, execution_id: str, *, waits: bool) -> str | None:
    if status != "running":
        return None
    told = phrases.run_waits if waits else phrases.run_goes_on
    return told(execution_id=execution_id)


def _waiting(run: Run | None) -> Waiting | None:
    """What a run waits for that has not begun."""
    found = run.waits_for if run is not None else None
    if found is None:
        return None
    return Waiting(
        what=found.what,
        since=found.since.isoformat(timespec="seconds"),
        seconds=round(found.seconds, 1),
        ahead=found.ahead,
        execution_id=found.execution_id,
        session=found.session,
    )


async def batch_result(batch: RunBatch, session: Session) -> Execution:
    """The summary of a batch so far. Raises what kept it from having a kernel."""
    if batch.failure is not None:
        raise batch.failure
    for notice in batch.notices:
        session.notice(notice)
    notebook = await _notebook_of(batch.request.notebook.key, session)
    runs = [step.run for step in batch.request.steps if step.run is not None]
    if runs and notebook is not None:
        await notebook.kernel.ended(runs[-1])
    found = [
        (step, one) for step in batch.request.steps if step.run for one in step.run.all_notices
    ]
    for step, notice in found[:BATCH_NOTICES]:
        session.notice(notice, cell_index=step.index)
    waits_for = _waiting(runs[-1] if runs and not batch.done else None)
    shown = _shown(batch)
    budget = min(CELL_CHARACTERS, BATCH_CHARACTERS // max(1, len(shown)))
    cells = await _cells_of(notebook)
    if notebook is None or cells is None:
        rows = [_batch_cell(step, step.index, batch, budget) for step in shown]
    else:
        rows = [_batch_cell(step, _now(step, cells, notebook), batch, budget) for step in shown]
    return Execution(
        status=_told(batch),
        execution_id=batch.execution_id,
        cell_index=None,
        cell_id=None,
        execution_count=None,
        seconds=round(batch.seconds, 3),
        complete=all(run.whole for run in runs),
        outputs=[],
        batch=Batch(
            done=batch.finished_steps,
            total=len(batch.request.steps),
            cells=rows,
            left_out=len(batch.request.steps) - len(shown) or None,
        ),
        waits_for=waits_for,
        next=_next(_told(batch), batch.execution_id, waits=waits_for is not None),
    )


def row(run: Run | RunBatch, session: Session) -> ExecutionRow:
    """One line of a listing."""
    held = session.record.notebooks.get(run.request.notebook.key)
    if isinstance(run, Run):
        cell_id, code = run.request.cell_id, first_line(run.request.code)
    else:
        total = len(run.request.steps)
        cell_id, code = None, phrases.batch_code(done=run.finished_steps, total=total)
    return ExecutionRow(
        execution_id=run.execution_id,
        status=run.status,
        notebook_path=held.ref.path if held else None,
        cell_id=cell_id,
        code=code,
        seconds=round(run.seconds, 3),
        started=run.started.isoformat(timespec="seconds") if run.started else None,
    )


def outputs_of(run: Run) -> list[Output]:
    """The run's outputs, with the exception also where the kernel only printed it.

    IPython prints exception groups to stderr; the reply still has the name and the message.
    """
    outputs = list(run.outputs)
    if run.error is None or any(output["output_type"] == "error" for output in outputs):
        return outputs
    error = run.error
    return [
        *outputs,
        {"output_type": "error", "ename": error.ename, "evalue": error.evalue, "traceback": []},
    ]


async def _notebook_of(key: str, session: Session) -> Notebook | None:
    """The notebook of a run, if the session still holds it and it is still there."""
    held = session.record.notebooks.get(key)
    if held is None:
        return None
    if (notebook := session.looked_up(key)) is not None:
        return notebook
    try:
        return await session.notebook(held.ref.path)
    except NotebookMissing:
        return None


async def _cells_of(notebook: Notebook | None) -> Cells | None:
    """The cells as they are now, if the notebook is still there."""
    try:
        return None if notebook is None else await notebook.read()
    except NotebookMissing:  # deleted since it was looked up
        return None


async def _index(cell_id: str, notebook: Notebook | None) -> int | None:
    cells = await _cells_of(notebook)
    index = None if cells is None else cells.find(cell_id)
    if notebook is not None and index is not None:
        notebook.view.record_place(index, cell_id)
    return index


def _now(step: Step, cells: Cells, notebook: Notebook) -> int:
    """Where the step's cell is now, or was when last seen."""
    found = cells.find(step.cell_id) if step.cell_id is not None else None
    if found is None or step.cell_id is None:
        return step.index
    notebook.view.record_place(found, step.cell_id)
    return found


def _shown(batch: RunBatch) -> list[Step]:
    """The steps that a summary has room for, in their order."""
    if len(batch.request.steps) <= BATCH_CELLS:
        return list(batch.request.steps)
    over = [step for step in batch.request.steps if step.skipped or (step.run and step.run.done)]
    failed = [step for step in over if step.run is not None and step.run.status != "ok"]
    # What runs now comes after what is over; before that there are the first ones.
    start = min(max(0, len(over) + 1 - BATCH_CELLS), len(batch.request.steps) - BATCH_CELLS)
    last = reversed(batch.request.steps[start : start + BATCH_CELLS])
    kept = set(list(dict.fromkeys([*failed[-(BATCH_CELLS // 2) :], *last]))[:BATCH_CELLS])
    return [step for step in batch.request.steps if step in kept]


def _batch_cell(step: Step, index: int, batch: RunBatch, budget: int) -> BatchCell:
    run = step.run
    return BatchCell(
        cell_index=index,
        cell_id=step.cell_id,
        status=_status(step, batch),
        execution_count=run.execution_count if run else None,
        seconds=round(run.seconds, 3) if run else 0,
        error=_error(run) if run else None,
        output=_output(run, budget) if run else None,
    )


def _status(step: Step, batch: RunBatch) -> StepStatus:
    if step.skipped is not None:
        return step.skipped
    if step.run is not None:
        return step.run.status
    return "not_run" if batch.done else "waiting"


def _error(run: Run) -> str | None:
    if run.error is None:
        return run.failure.message if run.failure is not None else None
    return clip(error_line(run.error.ename, run.error.evalue), 0, ERROR_CHARACTERS)[0]


def _output(run: Run, budget: int) -> str | None:
    """The end of what it printed and returned, without the error that stands beside it."""
    texts: list[str] = []
    left = budget
    for output in reversed(run.outputs):
        if output["output_type"] == "error":
            continue
        if output["output_type"] == "stream":
            output = {**output, "text": output["text"][-ENDING * budget :]}
        if text := plain(output):
            texts.insert(0, text.rstrip())
            left -= len(texts[0])
        if left <= 0:
            break
    return "\n".join(texts)[-budget:] or None if budget else None
