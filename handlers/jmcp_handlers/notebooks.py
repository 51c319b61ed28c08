"""Opening, listing, reading and releasing notebooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TypeVar

from jmcp.core.errors import BackendError
from jmcp.core.kernels.release import release_kernel
from jmcp.core.kernels.sighting import KernelSighting
from jmcp.core.ports import KernelInfo, Kernelspec, NotebookRef
from jmcp.core.sessions.notebook import Notebook
from jmcp.core.sessions.records import HeldNotebook, SessionRecord
from jmcp.core.sessions.session import Session, Workspace
from jmcp_api import phrases
from jmcp_api.backend_errors import KernelMissing, KernelspecMissing, KernelTaken
from jmcp_api.enums import OpeningAction
from jmcp_api.errors import PartlyDone
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
    given = await _given_kernel(params, session)
    specs, default = await _specs(params, workspace)
    if params.mode == "connect":
        ref = await workspace.documents.identify(params.notebook_path)
        return await _opened(params, session, ref, given, default)
    session.check_room()
    spec = specs.get(params.kernel_name or default)
    ref = await workspace.leases.create(params.notebook_path, spec)
    try:
        return await _opened(params, session, ref, given, default)
    except BackendError as error:
        raise PartlyDone.created(path=ref.path, reason=error.message) from error


async def _opened(
    params: UseNotebookParams,
    session: Session,
    ref: NotebookRef,
    given: KernelInfo | None,
    default: str,
) -> OpenedNotebook:
    """The notebook, held by the session. What cannot be undone comes last."""
    workspace = session.workspace
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
    cells = await notebook.read()
    count, overview = len(cells), outline(cells, notebook.view, 0, OVERVIEW_CELLS)
    kernel_name = held.kernel_name or cells.kernelspec() or default
    return OpenedNotebook(
        action=action,
        notebook_name=held.name,
        kernel=await _chosen(params, notebook, session, given),
        kernel_name=kernel_name,
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


async def _given_kernel(params: UseNotebookParams, session: Session) -> KernelInfo | None:
    """The kernel that the call names, before a file is created for it. Raises KernelTaken,
    KernelMissing."""
    if params.kernel_id is None:
        return None
    if "kernel" in params.model_fields_set and params.kernel == "private":
        raise KernelTaken.private_and_given(kernel_id=params.kernel_id)
    await _check_private(params.kernel_id, session, None)
    found = await described(params.kernel_id, session.workspace)
    if found is None:
        raise KernelMissing.unknown(kernel_id=params.kernel_id)
    if params.mode == "create" and found.notebook_path is not None:
        raise KernelTaken.by_notebooks(kernel_id=params.kernel_id, paths=[found.notebook_path])
    return found


async def _specs(
    params: UseNotebookParams, workspace: Workspace
) -> tuple[Mapping[str, Kernelspec], str]:
    """All kernelspecs by name, and the name of the default one. Raises KernelspecMissing."""
    specs, default = await workspace.kernels.specs()
    known = {spec.name: spec for spec in specs}
    if params.kernel_name is not None and params.kernel_name not in known:
        raise KernelspecMissing.not_installed(kernel_name=params.kernel_name, installed=list(known))
    return known, default


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


async def _chosen(
    params: UseNotebookParams, notebook: Notebook, session: Session, given: KernelInfo | None
) -> Kernel | None:
    """The running kernel that the session uses from now on: that of an id, a private one or the
    notebook's own."""
    held = notebook.held
    if given is not None and not (held.private and held.kernel_id == given.kernel_id):
        await _take(given.kernel_id, notebook, session)
        return _kernel(given)
    if given is None:
        kernel = _asked(params, "kernel", "private" if held.private else "shared")
        if kernel == "private" and not held.private:
            await notebook.kernel.forget(private=True)
            return None
        if kernel == "shared" and held.private:
            session.workspace.require("execute", phrases.opening_with_shared_kernel())
            return await _go_back(notebook, session)
    return await _running(notebook, session.workspace)


async def _take(kernel_id: str, notebook: Notebook, session: Session) -> None:
    """Make that kernel the notebook's, and the session's."""
    await _check_private(kernel_id, session, notebook.ref)
    seen = await notebook.kernel.seen(kernel_id)
    await session.workspace.kernels.attach(notebook.ref, kernel_id)
    if notebook.held.private:
        await _give_up(notebook, session, seen)
    else:
        await notebook.kernel.adopt(seen)


async def _go_back(notebook: Notebook, session: Session) -> Kernel | None:
    """Use the notebook's own kernel instead of a private one; returns it if it runs."""
    own = await notebook.kernel.own()
    info = await described(own.kernel_id, session.workspace) if own is not None else None
    await _give_up(notebook, session, own)
    return _kernel(info) if info is not None else None


async def _give_up(notebook: Notebook, session: Session, instead: KernelSighting | None) -> None:
    """Stop the private kernel, and use the other one, if it runs."""
    workspace = session.workspace
    fate = await release_kernel(
        session.record,
        notebook.held,
        healing=workspace.healing,
        sessions=workspace.sessions,
        policy="stop",
    )
    await notebook.kernel.forget(private=False, lost=fate == "stopped", instead=instead)


async def _running(notebook: Notebook, workspace: Workspace) -> Kernel | None:
    kernel_id = await notebook.kernel.observe()
    if kernel_id is None:
        return None
    info = await described(kernel_id, workspace)
    return _kernel(info) if info is not None else None


def _kernel(info: KernelInfo) -> Kernel:
    return Kernel(kernel_id=info.kernel_id, kernel_name=info.kernel_name, state=info.state)


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
        cells=outline(
            cells, notebook.view, params.start_index, params.limit or len(cells), source=detailed
        ),
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
    stop = params.start_index + (params.limit or len(rows))
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
