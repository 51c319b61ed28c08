"""Listing notebooks: those of sessions, those that are open, and all in the server's folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from jmcp.core.ports import KernelInfo
from jmcp.core.sessions.records import HeldNotebook, SessionRecord
from jmcp.core.sessions.workspace import Workspace
from jmcp_api.enums import NotebookScope
from jmcp_api.models import ListNotebooksParams, NotebookList, NotebookRow
from jmcp_handlers.notebooks.files import WORKSPACE_DEPTH, all_notebooks
from jmcp_handlers.support.pages import fitting, rest_of


async def list_notebooks(params: ListNotebooksParams, workspace: Workspace) -> NotebookList:
    running = await workspace.kernels()
    kernels = {kernel.notebook_path: kernel for kernel in running}
    depth = WORKSPACE_DEPTH if params.max_depth is None else params.max_depth
    folder, scope = params.path or "", _scope(params)
    if scope == "session":
        rows = await _of_sessions(params.session_id, workspace, running)
    elif scope == "open":
        rows = [_row(path, kernel=kernel) for path, kernel in kernels.items() if path]
    else:
        rows = await _of_workspace(workspace, kernels, folder, depth)
    if scope != "workspace":
        rows = [row for row in rows if _is_below(row.notebook_path, folder, depth)]
    stop = params.start_index + (params.limit or len(rows))
    shown = fitting((row, len(row.notebook_path)) for row in rows[params.start_index : stop])
    return NotebookList(
        scope=scope,
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


def _scope(params: ListNotebooksParams) -> NotebookScope:
    """As asked for; who names a folder and no scope means what is in it, as in older servers."""
    if params.scope is not None:
        return params.scope
    return "workspace" if params.model_fields_set & {"path", "max_depth"} else "session"


def _is_below(notebook_path: str, folder: str, max_depth: int) -> bool:
    """Whether a notebook is in a folder, or at most so many folders below it."""
    parts, above = PurePosixPath(notebook_path).parts, PurePosixPath(folder).parts
    return parts[: len(above)] == above and len(parts) - len(above) - 1 <= max_depth


async def _of_workspace(
    workspace: Workspace, kernels: dict[str | None, KernelInfo], path: str, max_depth: int
) -> list[NotebookRow]:
    return [
        _row(
            entry.path,
            kernel=kernels.get(entry.path),
            size=entry.size,
            last_modified=entry.last_modified,
        )
        for entry in await all_notebooks(workspace, path, max_depth)
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
