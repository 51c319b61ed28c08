"""Listing the caller's sessions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from jmcp.core.errors import BackendError
from jmcp.core.observe.events import masked
from jmcp.core.ports import KernelInfo, KernelState
from jmcp.core.sessions.records import HeldNotebook, SessionRecord
from jmcp.core.sessions.workspace import Workspace
from jmcp_api.models import ListSessionsParams, SessionList, SessionNotebook, SessionRow
from jmcp_handlers.support.pages import ROW_CHARACTERS, fitting, rest_of


async def list_sessions(params: ListSessionsParams, workspace: Workspace) -> SessionList:
    records = await workspace.sessions(None)
    stop = params.start_index + (params.limit or len(records))
    running = await _kernels(workspace)
    rows = (_row(record, running) for record in records[params.start_index : stop])
    shown = fitting((row, _characters(row)) for row in rows)
    return SessionList(
        total=len(records),
        start_index=params.start_index,
        sessions=shown,
        more=rest_of(len(records), params.start_index, len(shown)),
    )


async def _kernels(workspace: Workspace) -> Sequence[KernelInfo] | None:
    """The kernels that run; None where Jupyter does not say, which it need not for the sessions."""
    try:
        return await workspace.kernels()
    except BackendError:
        return None


def _row(record: SessionRecord, running: Sequence[KernelInfo] | None) -> SessionRow:
    return SessionRow(
        session=masked(record.session_id),
        opened=_moment(record.created),
        last_call=_moment(record.last_accessed),
        paused=record.paused is not None,
        notebooks=[
            _notebook(held, current=record.current == key, running=running)
            for key, held in record.notebooks.items()
        ],
    )


def _notebook(
    held: HeldNotebook, *, current: bool, running: Sequence[KernelInfo] | None
) -> SessionNotebook:
    if running is None:
        state: KernelState | None = "unknown" if held.kernel_id is not None else None
        return SessionNotebook(
            notebook_path=held.ref.path,
            current=current,
            kernel_id=held.kernel_id,
            kernel_state=state,
        )
    kernel = next((one for one in running if _is_used(one, held)), None)
    return SessionNotebook(
        notebook_path=held.ref.path,
        current=current,
        kernel_id=kernel.kernel_id if kernel is not None else None,
        kernel_state=kernel.state if kernel is not None else None,
    )


def _is_used(kernel: KernelInfo, held: HeldNotebook) -> bool:
    """Whether that is the kernel which a call on the notebook would use."""
    if held.private:
        return kernel.kernel_id == held.kernel_id
    return kernel.notebook_path == held.ref.path


def _characters(row: SessionRow) -> int:
    return sum(ROW_CHARACTERS + len(one.notebook_path) for one in row.notebooks)


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
