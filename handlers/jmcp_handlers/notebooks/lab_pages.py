"""Notebooks in people's JupyterLab: shown, made to be shown, and listed as they have them open."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from jmcp.core.lab_pages import LabPage, LabTab
from jmcp.core.sessions.session import Session
from jmcp.core.sessions.workspace import Workspace
from jmcp_api import phrases
from jmcp_api.models import (
    CreateNotebookParams,
    ListOpenNotebooksParams,
    OpenNotebookList,
    OpenNotebookRow,
    PrepareNotebookParams,
    ShownNotebook,
    SwitchNotebookParams,
)
from jmcp_handlers.notebooks.conversation_paths import checked_id
from jmcp_handlers.notebooks.opening import known_specs
from jmcp_handlers.notebooks.shown_notebooks import markdown_cells, opened, opened_new, shown
from jmcp_handlers.support.pages import fitting, rest_of

EDITOR = "Notebook"
"""JupyterLab's name of the editor that a notebook has in nearly every tab."""
NAMED_UNREAD = 5
"""Workspaces that a result names which could not be read."""


async def prepare_notebook(params: PrepareNotebookParams, session: Session) -> ShownNotebook:
    workspace = session.workspace
    conversation = params.conversation_id and checked_id(params.conversation_id)
    ref = await workspace.identify(params.notebook_path)
    found = await opened(ref, session)
    if workspace.may("write"):
        page = await workspace.lab.focus(found.path, conversation)
    else:
        page = LabPage(url=workspace.lab.url(found.path), reason=phrases.may_not_write())
    return shown(found, page, session)


async def switch_notebook(params: SwitchNotebookParams, session: Session) -> ShownNotebook:
    workspace = session.workspace
    ref = await workspace.identify(params.notebook_path)
    found = await opened(ref, session)
    page = LabPage(url=workspace.lab.url(found.path, alone=params.close_other_tabs))
    return shown(found, page, session)


async def create_notebook(params: CreateNotebookParams, session: Session) -> ShownNotebook:
    workspace = session.workspace
    cells = markdown_cells(params.initial_content)
    specs, default = await known_specs(params.kernel_name, workspace)
    if params.switch_to_notebook:
        session.check_room()
    spec = specs.get(params.kernel_name or default)
    ref = await workspace.create(params.notebook_path, spec, cells=cells)
    if params.switch_to_notebook:
        found = await opened_new(ref, session, params.kernel_name)
        return shown(found, LabPage(url=workspace.lab.url(found.path, alone=True)), session)
    return ShownNotebook(
        url=workspace.lab.url(ref.path),
        opening="created",
        notebook_path=ref.path,
        cell_count=1,  # the given one, or an empty one
    )


async def list_open_notebooks(
    params: ListOpenNotebooksParams, workspace: Workspace
) -> OpenNotebookList:
    saved = await workspace.lab.tabs()
    connected = {kernel.notebook_path for kernel in await workspace.kernels() if kernel.connections}
    live = {path for path in (*connected, *await workspace.lab.shown()) if path is not None}
    rows = list(_rows(saved.tabs, live))
    stop = params.start_index + (params.limit or len(rows))
    page = fitting(
        (row, len(row.notebook_path) + len(row.workspace or ""))
        for row in rows[params.start_index : stop]
    )
    return OpenNotebookList(
        total=len(rows),
        start_index=params.start_index,
        notebooks=page,
        unread=_named(saved.unread) or None,
        more=rest_of(len(rows), params.start_index, len(page)),
    )


def _rows(tabs: Sequence[LabTab], live: Collection[str]) -> Iterator[OpenNotebookRow]:
    """The tabs by path, and what is live without one."""
    known = {tab.path for tab in tabs}
    rows = [
        OpenNotebookRow(
            notebook_path=tab.path,
            workspace=tab.workspace,
            factory=None if tab.factory == EDITOR else tab.factory,
            current=tab.current,
            live=tab.path in live,
        )
        for tab in tabs
    ]
    rows += [OpenNotebookRow(notebook_path=path, live=True) for path in live if path not in known]
    # What people see just now comes first.
    yield from sorted(rows, key=lambda row: (not row.live, row.notebook_path, row.workspace or ""))


def _named(unread: Sequence[str]) -> list[str]:
    more = len(unread) - NAMED_UNREAD
    return [*unread[:NAMED_UNREAD], *([phrases.more_unread(count=more)] if more > 0 else [])]
