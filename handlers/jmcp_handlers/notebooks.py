"""Opening, listing, reading and releasing notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TypeVar

from jmcp.core.kernels.release import release_kernel
from jmcp.core.notices import PrivateKernelStopped
from jmcp.core.ports import KernelInfo, NotebookRef
from jmcp.core.sessions.notebook import Notebook
from jmcp.core.sessions.records import HeldNotebook, SessionRecord
from jmcp.core.sessions.session import Session, Workspace
from jmcp_api import phrases
from jmcp_api.backend_errors import KernelMissing, KernelspecMissing, KernelTaken
from jmcp_api.enums import OpeningAction
from jmcp_api.models import (
    Kernel,
    ListNotebooksParams,
    NotebookContent,
    NotebookList,
    NotebookRow,
    OpenedNotebook,
    ReadNotebookParams,
    ReleasedNotebook,
    UnuseNotebookParams,
    UseNotebookParams,
)
from jmcp_handlers.files import walk
from jmcp_handlers.kernel_tools import described
from jmcp_handlers.support.addressing import outline

OVERVIEW_CELLS = 20
"""Cells that opening a notebook shows, so that small ones need no second call."""
WORKSPACE_DEPTH = 16
"""Folders deep that a listing of the whole workspace goes."""
T = TypeVar("T")


async def use_notebook(params: UseNotebookParams, session: Session) -> OpenedNotebook:
    workspace = session.workspace
    _check_permitted(params, workspace)
    await _check_kernel(params, session)
    ref = await _opened(params, workspace)
    before = session.record.notebooks.get(ref.key)
    action = _action(params, session, ref, before)
    stem = PurePosixPath(ref.path).stem
    held = before or HeldNotebook(ref=ref, name=stem)
    held = replace(
        held,
        ref=ref,
        name=params.notebook_name or held.name,
        kernel_name=params.kernel_name or held.kernel_name,
        auto_heal=_asked(params, "auto_heal", held.auto_heal),
    )
    session.hold(held)
    notebook = await session.notebook()
    await _choose(params, notebook, session)
    cells = await notebook.read()
    count, overview = len(cells), outline(cells, notebook.view, 0, OVERVIEW_CELLS)
    kernel_name = held.kernel_name or cells.kernelspec()
    return OpenedNotebook(
        action=action,
        notebook_name=held.name,
        kernel=await _running(notebook, workspace),
        kernel_name=kernel_name or (await workspace.kernels.specs())[1],
        cell_count=count,
        cells=overview,
        next=workspace.policy.next_call.format(session_id=session.record.session_id),
    )


def _check_permitted(params: UseNotebookParams, workspace: Workspace) -> None:
    """Refuse what takes more than reading, which is all that the tool itself asks for."""
    if params.mode == "create":
        workspace.require("write", phrases.opening_with_create())
    if params.kernel_id is not None:
        workspace.require("execute", phrases.opening_with_kernel_id())
    if "kernel" in params.model_fields_set and params.kernel == "private":
        workspace.require("execute", phrases.opening_with_private_kernel())


async def _check_kernel(params: UseNotebookParams, session: Session) -> None:
    """Refuse an unknown kernel or kernelspec before a file is created for it."""
    workspace = session.workspace
    if params.kernel_id is not None:
        if "kernel" in params.model_fields_set and params.kernel == "private":
            raise KernelTaken.private_and_given(kernel_id=params.kernel_id)
        await _check_private(params.kernel_id, session, None)
        if await described(params.kernel_id, workspace) is None:
            raise KernelMissing.unknown(kernel_id=params.kernel_id)
    if params.kernel_name is not None:
        names = [spec.name for spec in (await workspace.kernels.specs())[0]]
        if params.kernel_name not in names:
            raise KernelspecMissing.not_installed(kernel_name=params.kernel_name, installed=names)


async def _opened(params: UseNotebookParams, workspace: Workspace) -> NotebookRef:
    if params.mode == "connect":
        return await workspace.documents.identify(params.notebook_path)
    ref = await workspace.leases.create(params.notebook_path)
    specs, default = await workspace.kernels.specs()
    for spec in specs:
        if spec.name == (params.kernel_name or default):
            async with workspace.leases.lease(ref) as lease, lease.edit() as cells:
                cells.set_kernelspec(spec.name, spec.display_name, spec.language)
    return ref


def _action(
    params: UseNotebookParams, session: Session, ref: NotebookRef, before: HeldNotebook | None
) -> OpeningAction:
    if params.mode == "create":
        return "created"
    if before is not None:
        return "reused" if session.record.current == ref.key else "switched"
    return "opened"


async def _check_private(kernel_id: str, session: Session, ref: NotebookRef | None) -> None:
    """Refuse the private kernel of another session, and of another notebook than `ref`."""
    holder = (await session.workspace.sessions.private_kernels(kernel_id)).get(kernel_id)
    if holder is None:
        return
    record, held = holder
    mine = (record.owner, record.session_id) == (session.record.owner, session.record.session_id)
    if not mine:
        raise KernelTaken.private_to_session(kernel_id=kernel_id)
    if ref is not None and ref.key != held.ref.key:
        raise KernelTaken.private_to_notebook(kernel_id=kernel_id)


def _asked(params: UseNotebookParams, name: str, known: T) -> T:
    """A param if it was given, else what the session asked for when it opened the notebook."""
    given: T = getattr(params, name)
    return given if name in params.model_fields_set else known


async def _choose(params: UseNotebookParams, notebook: Notebook, session: Session) -> None:
    """Use the kernel that the call asks for: that of an id, a private one or the notebook's own."""
    held = notebook.held
    if params.kernel_id is not None:
        if held.private and held.kernel_id == params.kernel_id:
            return
        await _check_private(params.kernel_id, session, notebook.ref)
        await session.workspace.kernels.attach(notebook.ref, params.kernel_id)
        if held.private:
            await _give_up(notebook, session)
        await notebook.kernel.adopt(params.kernel_id)
        return
    kernel = _asked(params, "kernel", "private" if held.private else "shared")
    if kernel == "private" and not held.private:
        await notebook.kernel.forget(private=True)
    elif kernel == "shared" and held.private:
        session.workspace.require("execute", phrases.opening_with_shared_kernel())
        await _give_up(notebook, session)


async def _give_up(notebook: Notebook, session: Session) -> None:
    """Go back from the private kernel to the notebook's own."""
    workspace = session.workspace
    fate = await release_kernel(
        session.record,
        notebook.held,
        healing=workspace.healing,
        sessions=workspace.sessions,
        policy="stop",
    )
    await notebook.kernel.forget(private=False)
    if fate == "stopped":
        session.notice(PrivateKernelStopped())


async def _running(notebook: Notebook, workspace: Workspace) -> Kernel | None:
    kernel_id = await notebook.kernel.observe()
    if kernel_id is None:
        return None
    info = await described(kernel_id, workspace)
    if info is None:
        return None
    return Kernel(kernel_id=kernel_id, kernel_name=info.kernel_name, state=info.state)


async def unuse_notebook(params: UnuseNotebookParams, session: Session) -> ReleasedNotebook:
    workspace = session.workspace
    if params.kernel == "stop":
        workspace.require("execute", phrases.releasing_with_stop())
    # One whose file is gone has to be let go too, and its kernel with it.
    notebook = await session.notebook(params.notebook_path, even_deleted=True)
    kernel = await release_kernel(
        session.record,
        notebook.held,
        healing=workspace.healing,
        sessions=workspace.sessions,
        policy=params.kernel if workspace.may("execute") else "keep",
    )
    current = session.release(notebook.ref.key)
    return ReleasedNotebook(
        released=notebook.ref.path,
        kernel=kernel,
        current_notebook=current.ref.path if current else None,
        session_ended=session.closed,
    )


async def read_notebook(params: ReadNotebookParams, session: Session) -> NotebookContent:
    notebook = await session.notebook(params.notebook_path)
    cells = await notebook.read()
    detailed = params.response_format == "detailed"
    return NotebookContent(
        cell_count=len(cells),
        start_index=params.start_index,
        cells=outline(cells, notebook.view, params.start_index, params.limit, source=detailed),
    )


async def list_notebooks(params: ListNotebooksParams, workspace: Workspace) -> NotebookList:
    running = await workspace.kernels.list()
    kernels = {kernel.notebook_path: kernel for kernel in running}
    if params.scope == "session":
        rows = await _of_sessions(params.session_id, workspace, running)
    elif params.scope == "open":
        rows = [_row(path, kernel=kernel) for path, kernel in kernels.items() if path]
    else:
        rows = await _of_workspace(workspace, kernels)
    stop = params.start_index + params.limit
    return NotebookList(
        scope=params.scope,
        total=len(rows),
        start_index=params.start_index,
        notebooks=rows[params.start_index : stop],
    )


async def _of_sessions(
    session_id: str | None, workspace: Workspace, running: Sequence[KernelInfo]
) -> list[NotebookRow]:
    by_path = {kernel.notebook_path: kernel for kernel in running}
    by_id: dict[str | None, KernelInfo] = {kernel.kernel_id: kernel for kernel in running}
    records = await workspace.sessions.chosen(workspace.caller, session_id)
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
    entries = [
        entry
        async for entry in walk(workspace.documents, "", WORKSPACE_DEPTH)
        if entry.type == "notebook"
    ]
    entries.sort(key=lambda entry: entry.path)
    return [
        _row(
            entry.path,
            kernel=kernels.get(entry.path),
            size=entry.size,
            last_modified=entry.last_modified,
        )
        for entry in entries
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
