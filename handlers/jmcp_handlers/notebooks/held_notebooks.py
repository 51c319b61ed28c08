"""Opening, reading and releasing notebooks."""

from __future__ import annotations

from jmcp.core.errors import BackendError
from jmcp.core.notices import OutsideOfJupyter
from jmcp.core.ports import KernelInfo, NotebookRef
from jmcp.core.sessions.session import Session
from jmcp.core.sessions.workspace import Workspace
from jmcp_api import phrases
from jmcp_api.errors import PartlyDone
from jmcp_api.models import (
    OpenedNotebook,
    ReleasedNotebook,
    UnuseNotebookParams,
    UseNotebookParams,
)
from jmcp_handlers.notebooks.kernel_choice import chosen_kernel, given_kernel
from jmcp_handlers.notebooks.opening import hold, known_specs
from jmcp_handlers.support.addressing import outline
from jmcp_handlers.support.cell_states import NotableStates
from jmcp_handlers.support.confirmation import check_others
from jmcp_handlers.support.pages import rest_of

OVERVIEW_CELLS = 20
"""Cells that opening a notebook shows, so that small ones need no second call."""


async def use_notebook(params: UseNotebookParams, session: Session) -> OpenedNotebook:
    workspace = session.workspace
    _check_permitted(params, workspace)
    given = await given_kernel(params, session)
    specs, default = await known_specs(params.kernel_name, workspace)
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
    outside = session.closed and await _is_outside(session.workspace)
    action = hold(params, session, ref)
    if outside:
        session.notice(OutsideOfJupyter(url=session.workspace.urls[0]))
    notebook = await session.notebook()
    held = notebook.held
    cells = await notebook.read()
    states = NotableStates(notebook)
    count, overview = len(cells), outline(cells, notebook.view, 0, OVERVIEW_CELLS, states=states)
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


async def _is_outside(workspace: Workspace) -> bool:
    """Whether jmcp runs beside the Jupyter Server alone; False where that does not say."""
    if workspace.inside:
        return False
    try:
        return not (await workspace.sharing()).jmcp
    except BackendError:
        return False


def _check_permitted(params: UseNotebookParams, workspace: Workspace) -> None:
    """Refuse what takes more than reading, which is all that the tool itself asks for."""
    if params.mode == "create":
        workspace.require("write", phrases.opening_with_create())
    if params.kernel_id is not None:
        workspace.require("execute", phrases.opening_with_kernel_id())
    if "kernel" in params.model_fields_set and params.kernel == "private":
        workspace.require("execute", phrases.opening_with_private_kernel())


async def unuse_notebook(params: UnuseNotebookParams, session: Session) -> ReleasedNotebook:
    workspace = session.workspace
    if params.kernel == "stop":
        workspace.require("execute", phrases.releasing_with_stop())
    # One whose file is gone has to be let go too, and its kernel with it.
    notebook = await session.notebook(params.notebook_path, even_deleted=True)
    if params.kernel == "stop" and (running := await notebook.kernel.running()) is not None:
        await check_others(
            notebook, running, session, action=phrases.stopping(), confirmed=params.confirm
        )
    kernel = await notebook.kernel.release(params.kernel if workspace.may("execute") else "keep")
    current = session.release(notebook.ref.key)
    return ReleasedNotebook(
        released=notebook.ref.path,
        kernel=kernel,
        current_notebook=current.ref.path if current else None,
        session_ended=session.closed,
    )
