"""Whether cells ran in their order, and show what they hold."""

from __future__ import annotations

from collections.abc import Iterator

from jmcp.core.ports import Cell
from jmcp_api import phrases
from jmcp_api.models import Finding
from jmcp_handlers.support.validation.findings import Subject, finding


def order_findings(subject: Subject) -> Iterator[Finding]:
    """Cells that ran before one above them, that were edited since, that failed or never ran, and
    results of a kernel that is gone."""
    highest: Cell | None = None
    of_gone_kernel: list[Cell] = []
    last = max((cell.index for cell in subject.cells if cell.execution_count), default=-1)
    for cell, state in zip(subject.cells, subject.states, strict=True):
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        count = cell.execution_count
        if count is not None and highest is not None and count < (highest.execution_count or 0):
            message = phrases.finding_out_of_order(
                count=count, above=highest.execution_count or 0, index=highest.index
            )
            yield finding("out_of_order", message, cell, other=highest)
        elif count is not None:
            highest = cell
        if cell.index in subject.edited:
            yield finding("edited_since_run", phrases.finding_edited(), cell)
        elif state == "error":
            yield finding("failed", phrases.finding_failed(ename=cell.ename or "error"), cell)
        elif state == "stale":
            of_gone_kernel.append(cell)
        elif state == "never_run" and cell.index < last:
            yield finding("never_run", phrases.finding_never_run(), cell)
    if of_gone_kernel:
        message = phrases.finding_kernel_gone(count=len(of_gone_kernel))
        yield finding("kernel_gone", message)
