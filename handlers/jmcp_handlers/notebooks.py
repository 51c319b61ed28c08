"""Opening, reading and releasing notebooks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from jmcp.core.errors import BackendError
from jmcp.core.ports import KernelInfo, Kernelspec, NotebookRef
from jmcp.core.sessions.records import HeldNotebook
from jmcp.core.sessions.session import Session
from jmcp.core.sessions.workspace import Workspace
from jmcp_api import phrases
from jmcp_api.backend_errors import KernelspecMissing
from jmcp_api.enums import OpeningAction
from jmcp_api.errors import PartlyDone
from jmcp_api.models import (
    OpenedNotebook,
    ReleasedNotebook,
    UnuseNotebookParams,
    UseNotebookParams,
)
from jmcp_handlers.support.addressing import outline
from jmcp_handlers.support.kernel_choice import asked, chosen_kernel, given_kernel
from jmcp_handlers.support.pages import rest_of

OVERVIEW_CELLS = 20
"""Cells that opening a notebook shows, so that small ones need no second call."""


async def use_notebook(params: UseNotebookParams, session: Session) -> OpenedNotebook:
    workspace = session.workspace
    _check_permitted(params, workspace)
    given = await given_kernel(params, session)
    specs, default = await _specs(params, workspace)
    if params.mode == "connect":
        ref = await workspace.identify(params.notebook_path)
        return await _opened(params, session, ref, given, default)
    session.check_room()
    spec = specs.get(params.kernel_name or default)
    ref = await workspace.create(params.notebook_path, spec)
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
    before = session.record.notebooks.get(ref.key)
    action = _action(params, session, ref, before)
    stem = PurePosixPath(ref.path).stem
    held = before or HeldNotebook(ref=ref, name=stem)
    held = replace(
        held,
        ref=ref,
        name=params.notebook_name or held.name,
        kernel_name=params.kernel_name or held.kernel_name,
        auto_heal=asked(params, "auto_heal", held.auto_heal),
    )
    session.hold(held)
    notebook = await session.notebook()
    cells = await notebook.read()
    count, overview = len(cells), outline(cells, notebook.view, 0, OVERVIEW_CELLS)
    kernel_name = held.kernel_name or cells.kernelspec() or default
    kernel = await chosen_kernel(params, notebook, session, given)
    return OpenedNotebook(
        action=action,
        notebook_name=held.name,
        kernel=kernel,
        kernel_name=None if kernel else kernel_name,
        cell_count=count,
        cells=overview,
        more=rest_of(count, 0, len(overview)),
        next=session.next_call,
    )


def _check_permitted(params: UseNotebookParams, workspace: Workspace) -> None:
    """Refuse what takes more than reading, which is all that the tool itself asks for."""
    if params.mode == "create":
        workspace.require("write", phrases.opening_with_create())
    if params.kernel_id is not None:
        workspace.require("execute", phrases.opening_with_kernel_id())
    if "kernel" in params.model_fields_set and params.kernel == "private":
        workspace.require("execute", phrases.opening_with_private_kernel())


async def _specs(
    params: UseNotebookParams, workspace: Workspace
) -> tuple[Mapping[str, Kernelspec], str]:
    """All kernelspecs by name, and the name of the default one. Raises KernelspecMissing."""
    specs, default = await workspace.kernelspecs()
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


async def unuse_notebook(params: UnuseNotebookParams, session: Session) -> ReleasedNotebook:
    workspace = session.workspace
    if params.kernel == "stop":
        workspace.require("execute", phrases.releasing_with_stop())
    # One whose file is gone has to be let go too, and its kernel with it.
    notebook = await session.notebook(params.notebook_path, even_deleted=True)
    kernel = await notebook.kernel.release(params.kernel if workspace.may("execute") else "keep")
    current = session.release(notebook.ref.key)
    return ReleasedNotebook(
        released=notebook.ref.path,
        kernel=kernel,
        current_notebook=current.ref.path if current else None,
        session_ended=session.closed,
    )
