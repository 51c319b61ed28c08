"""Notebooks that a session opens to show them to people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from jmcp.core.errors import BackendError
from jmcp.core.lab_pages import LabPage
from jmcp.core.notices import WorkspaceNotSaved
from jmcp.core.ports import NotebookRef, StoredCell
from jmcp.core.sessions.session import Session
from jmcp_api.enums import OpeningAction
from jmcp_api.errors import PartlyDone
from jmcp_api.models import ShownNotebook, UseNotebookParams
from jmcp_handlers.notebooks.kernel_choice import chosen_kernel
from jmcp_handlers.notebooks.opening import hold
from jmcp_handlers.support.sources import check_size


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A notebook that is the session's current one now. `next`, where the call opened the session, is
    what its client does from now on."""

    path: str
    opening: OpeningAction
    cell_count: int
    next: str | None


async def opened(
    ref: NotebookRef,
    session: Session,
    *,
    mode: Literal["connect", "create"] = "connect",
    kernel_name: str | None = None,
) -> Opened:
    """Open a notebook as use_notebook does."""
    params = UseNotebookParams(notebook_path=ref.path, mode=mode, kernel_name=kernel_name)
    first = session.closed
    opening = hold(params, session, ref)
    notebook = await session.notebook()
    cell_count = len(await notebook.read())
    await chosen_kernel(params, notebook, session, None)
    return Opened(
        path=notebook.ref.path,
        opening=opening,
        cell_count=cell_count,
        next=session.next_call if first else None,
    )


async def opened_new(ref: NotebookRef, session: Session, kernel_name: str | None) -> Opened:
    """Open a notebook that this call has made. Raises partly_done."""
    try:
        return await opened(ref, session, mode="create", kernel_name=kernel_name)
    except BackendError as error:
        raise PartlyDone.created(path=ref.path, reason=error.message) from error


def shown(found: Opened, page: LabPage, session: Session) -> ShownNotebook:
    """The result: what a browser does to show the notebook."""
    if page.reason is not None:
        session.notice(WorkspaceNotSaved(reason=page.reason))
    return ShownNotebook(
        # The same notebook again has the same URL, and setting that anew would do nothing.
        action="reload_iframe" if found.opening == "reused" else "navigate_to_url",
        url=page.url,
        opening=found.opening,
        notebook_path=found.path,
        cell_count=found.cell_count,
        workspace=page.workspace,
        next=found.next,
    )


def markdown_cells(text: str) -> Sequence[StoredCell]:
    """One markdown cell with that text; none for no text. Raises cell_too_large."""
    check_size(len(text))
    return [{"cell_type": "markdown", "source": text, "metadata": {}}] if text else []
