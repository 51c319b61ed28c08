"""Which kernel a session uses for a notebook that it opens."""

from __future__ import annotations

from typing import TypeVar

from jmcp.core.kernels.sighting import KernelSighting
from jmcp.core.ports import KernelInfo, NotebookRef
from jmcp.core.sessions.notebook import Notebook
from jmcp.core.sessions.session import Session
from jmcp.core.sessions.workspace import Workspace
from jmcp_api import phrases
from jmcp_api.backend_errors import KernelMissing, KernelTaken
from jmcp_api.models import Kernel, UseNotebookParams

T = TypeVar("T")


async def given_kernel(params: UseNotebookParams, session: Session) -> KernelInfo | None:
    """The kernel that the call names, before a file is created for it. Raises KernelTaken,
    KernelMissing."""
    if params.kernel_id is None:
        return None
    if "kernel" in params.model_fields_set and params.kernel == "private":
        raise KernelTaken.private_and_given(kernel_id=params.kernel_id)
    await _check_private(params.kernel_id, session, None)
    found = await session.workspace.kernel(params.kernel_id)
    if found is None:
        raise KernelMissing.unknown(kernel_id=params.kernel_id)
    if params.mode == "create" and found.notebook_path is not None:
        raise KernelTaken.by_notebooks(kernel_id=params.kernel_id, paths=[found.notebook_path])
    return found


def asked(params: UseNotebookParams, name: str, known: T) -> T:
    """The value of a param if the call gave it, else `known`, what the session asked for when it
    opened the notebook."""
    given: T = getattr(params, name)
    return given if name in params.model_fields_set else known


async def chosen_kernel(
    params: UseNotebookParams, notebook: Notebook, session: Session, given: KernelInfo | None
) -> Kernel | None:
    """The running kernel that the session uses from now on: that of an id, a private one or the
    notebook's own."""
    held = notebook.held
    if given is not None and not (held.private and held.kernel_id == given.kernel_id):
        await _take(given.kernel_id, notebook, session)
        return _kernel(given)
    if given is None:
        kernel = asked(params, "kernel", "private" if held.private else "shared")
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
    await notebook.kernel.attach(kernel_id)
    if notebook.held.private:
        await _give_up(notebook, seen)
    else:
        await notebook.kernel.adopt(seen)


async def _go_back(notebook: Notebook, session: Session) -> Kernel | None:
    """Use the notebook's own kernel instead of a private one; returns it if it runs."""
    own = await notebook.kernel.own()
    info = await session.workspace.kernel(own.kernel_id) if own is not None else None
    await _give_up(notebook, own)
    return _kernel(info) if info is not None else None


async def _give_up(notebook: Notebook, instead: KernelSighting | None) -> None:
    """Stop the private kernel, and use the other one, if it runs."""
    fate = await notebook.kernel.release("stop")
    await notebook.kernel.forget(private=False, lost=fate == "stopped", instead=instead)


async def _running(notebook: Notebook, workspace: Workspace) -> Kernel | None:
    kernel_id = await notebook.kernel.observe()
    if kernel_id is None:
        return None
    info = await workspace.kernel(kernel_id)
    return _kernel(info) if info is not None else None


def _kernel(info: KernelInfo) -> Kernel:
    return Kernel(kernel_id=info.kernel_id, kernel_name=info.kernel_name, state=info.state)


async def _check_private(kernel_id: str, session: Session, ref: NotebookRef | None) -> None:
    """Refuse the private kernel of another session, and of another notebook than `ref`."""
    if session.workspace.is_scratch(kernel_id):
        raise KernelTaken.private_to_session(kernel_id=kernel_id)
    holder = (await session.workspace.private_kernels(kernel_id)).get(kernel_id)
    if holder is None:
        return
    record, held = holder
    mine = (record.owner, record.session_id) == (session.record.owner, session.record.session_id)
    if not mine:
        raise KernelTaken.private_to_session(kernel_id=kernel_id)
    if ref is not None and ref.key != held.ref.key:
        raise KernelTaken.private_to_notebook(kernel_id=kernel_id)
