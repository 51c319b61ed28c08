"""Listing notebooks: those of sessions, those that are open, and all in the server's folder."""

from __future__ import annotations

from collections.abc import Sequence

from jmcp.core.ports import KernelInfo
from jmcp.core.sessions.records import HeldNotebook, SessionRecord
from jmcp.core.sessions.workspace import Workspace
from jmcp_api.models import ListNotebooksParams, NotebookList, NotebookRow
from jmcp_handlers.files import all_notebooks
from jmcp_handlers.support.pages import fitting, rest_of


async def list_notebooks(params: ListNotebooksParams, workspace: Workspace) -> NotebookList:
    running = await workspace.kernels()
    kernels = {kernel.notebook_path: kernel for kernel in running}
    if params.scope == "session":
        rows = await _of_sessions(params.session_id, workspace, running)
    elif params.scope == "open":
        rows = [_row(path, kernel=kernel) for path, kernel in kernels.items() if path]
    else:
        rows = await _of_workspace(workspace, kernels)
    stop = params.start_index + (params.limit or len(rows))
    shown = fitting((row, len(row.notebook_path)) for row in rows[params.start_index : stop])
    return NotebookList(
        scope=params.scope,
        total=len(rows),
        start_index=params.start_index,
        notebooks=shown,
        more=rest_of(len(rows), params.start_index, len(shown)),
    )


async def _of_sessions(
    session_id: str | None, workspace: Workspace, running: Sequence[KernelInfo]
) -> list[NotebookRow]:
    by_path = {kernel.notebook_path: kernel for kernel in running}
    by_id: dict[str | None, KernelInfo] = {kernel.kernel_id: kernel for kernel in running}
    records = await workspace.sessions(session_id)
    return [
        _row(
            held.ref.path,
            held=held,
            record=record,
            kernel=by_id.get(held.kernel_id) if held.private else by_path.get(held.ref.path),
        )
        for record in records
        for held in record.notebooks.values()
    ]


async def _of_workspace(
    workspace: Workspace, kernels: dict[str | None, KernelInfo]
) -> list[NotebookRow]:
    return [
        _row(
            entry.path,
            kernel=kernels.get(entry.path),
            size=entry.size,
            last_modified=entry.last_modified,
        )
        for entry in await all_notebooks(workspace)
    ]


def _row(
    path: str,
    *,
    held: HeldNotebook | None = None,
    record: SessionRecord | None = None,
    kernel: KernelInfo | None = None,
    size: int | None = None,
    last_modified: str | None = None,
) -> NotebookRow:
    return NotebookRow(
        notebook_path=path,
        notebook_name=held.name if held else None,
        session_id=record.session_id if record else None,
        current=bool(record and held and record.current == held.ref.key),
        kernel_id=kernel.kernel_id if kernel else None,
        kernel_state=kernel.state if kernel else None,
        size=size,
        last_modified=last_modified,
    )
