"""Running cells and code."""

from __future__ import annotations

from jmcp.runtime.backend import Output
from jmcp.runtime.execution import Execution as Run
from jmcp.runtime.notebook import Notebook
from jmcp.runtime.session import Session
from jmcp_api.errors import CellNotCode
from jmcp_api.models import (
    ExecuteCellParams,
    ExecuteCodeParams,
    Execution,
    InsertExecuteCodeCellParams,
)
from jmcp_handlers.addressing import locate, position
from jmcp_handlers.presentation import present


async def execute_cell(params: ExecuteCellParams, session: Session) -> Execution:
    notebook = await session.notebook(params.notebook_path)
    async with notebook.read() as cells:
        cell = cells.get(locate(cells, params.cell_index, params.cell_id))
        kernel_name = cells.kernelspec()
    if cell.cell_type != "code":
        raise CellNotCode(
            f"Cell {cell.index} is a {cell.cell_type} cell; only code cells can be run. "
            "execute_code runs code without a cell.",
            cell_index=cell.index,
            cell_type=cell.cell_type,
        )
    kernel_id = await notebook.kernel(kernel_name)
    run = await notebook.run(cell.source, kernel_id=kernel_id, cell=cell, timeout=params.timeout)
    await run.wait(params.wait)
    return await _result(run, session, notebook, cell.index)


async def insert_execute_code_cell(
    params: InsertExecuteCodeCellParams, session: Session
) -> Execution:
    notebook = await session.notebook(params.notebook_path)
    async with notebook.read() as cells:
        position(cells, params.cell_index, params.after_cell_id)
        kernel_name = cells.kernelspec()
    # The kernel first: one that does not start must not leave a cell that nobody asked to keep.
    kernel_id = await notebook.kernel(kernel_name)
    async with notebook.edit() as cells:
        at = position(cells, params.cell_index, params.after_cell_id)
        cell = cells.insert(at, "code", params.cell_source)
    run = await notebook.run(
        params.cell_source, kernel_id=kernel_id, cell=cell, timeout=params.timeout
    )
    await run.wait(params.wait)
    return await _result(run, session, notebook, at)


async def execute_code(params: ExecuteCodeParams, session: Session) -> Execution:
    notebook = await session.notebook(params.notebook_path)
    async with notebook.read() as cells:
        kernel_name = cells.kernelspec()
    kernel_id = await notebook.kernel(kernel_name)
    run = await notebook.run(params.code, kernel_id=kernel_id, cell=None, timeout=params.timeout)
    await run.wait(None)
    return await _result(run, session, notebook, None)


async def _result(run: Run, session: Session, notebook: Notebook, at: int | None) -> Execution:
    if run.failure is not None:
        raise run.failure
    for note in run.notes:
        session.notice("run_note", note)
    if run.status in ("kernel_died", "kernel_restarted"):
        notebook.kernel_lost()
    if run.cell_id is not None:
        # Others may have moved or deleted the cell while it ran.
        async with notebook.read() as cells:
            at = cells.find(run.cell_id)
    return Execution(
        status="running" if run.status == "queued" else run.status,
        execution_id=run.execution_id,
        cell_index=at,
        cell_id=run.cell_id,
        execution_count=run.execution_count,
        seconds=round(run.seconds, 3),
        outputs=await present(_outputs(run), session.workspace),
    )


def _outputs(run: Run) -> list[Output]:
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
