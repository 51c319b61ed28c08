"""A notebook for each conversation."""

from __future__ import annotations

from collections.abc import Sequence

from jmcp.core.errors import DirectoryMissing, NotebookExists, NotebookMissing
from jmcp.core.lab_pages import LabPage
from jmcp.core.notices import ConversationExists
from jmcp.core.ports import NotebookRef, StoredCell
from jmcp.core.sessions.session import Session
from jmcp.core.sessions.workspace import Workspace
from jmcp_api.models import (
    ConversationList,
    ConversationRow,
    CreateConversationNotebookParams,
    ListConversationsParams,
    ShownNotebook,
)
from jmcp_handlers.notebooks.conversation_paths import FOLDER, id_of, path_of
from jmcp_handlers.notebooks.opening import known_specs
from jmcp_handlers.notebooks.shown_notebooks import markdown_cells, opened, opened_new, shown
from jmcp_handlers.support.pages import fitting, rest_of

CONTENT = ("title", "initial_content", "template")


async def create_conversation_notebook(
    params: CreateConversationNotebookParams, session: Session
) -> ShownNotebook:
    workspace = session.workspace
    path = path_of(params.conversation_id)
    ref = await _existing(path, workspace)
    if ref is None:
        session.check_room()
        made = await _made(path, params, workspace)
        if made is not None:
            found = await opened_new(made, session, None)
            return shown(found, LabPage(url=workspace.lab.url(found.path, alone=True)), session)
        ref = await workspace.identify(path)  # somebody else made it meanwhile
    found = await opened(ref, session)
    if params.model_fields_set & {*CONTENT}:
        session.notice(ConversationExists(path=found.path))
    return shown(found, LabPage(url=workspace.lab.url(found.path, alone=True)), session)


async def _existing(path: str, workspace: Workspace) -> NotebookRef | None:
    try:
        return await workspace.identify(path)
    except NotebookMissing:
        return None


async def _made(
    path: str, params: CreateConversationNotebookParams, workspace: Workspace
) -> NotebookRef | None:
    """The new notebook; None where there is one by now."""
    heading = f"# {params.title}" if params.title else ""
    cells = [*markdown_cells("\n\n".join(filter(None, (heading, params.initial_content))))]
    specs, default = await known_specs(None, workspace)
    spec = specs.get(default)
    if params.template is not None:
        copied, kernel_name = await _copied(params.template, workspace)
        cells += copied
        spec = specs.get(kernel_name or default, spec)
    await workspace.create_directory(FOLDER)
    try:
        return await workspace.create(path, spec, cells=cells)
    except NotebookExists:
        return None


async def _copied(path: str, workspace: Workspace) -> tuple[Sequence[StoredCell], str | None]:
    """The cells of a notebook as if none had been run, and its kernelspec."""
    cells = await workspace.glance(await workspace.identify(path))
    copied: list[StoredCell] = []
    for index in range(len(cells)):
        cell = {key: value for key, value in cells.stored(index).items() if key != "id"}
        if cell["cell_type"] == "code":
            cell |= {"outputs": [], "execution_count": None}
        copied.append(cell)
    return copied, cells.kernelspec()


async def list_conversations(
    params: ListConversationsParams, workspace: Workspace
) -> ConversationList:
    try:
        entries = await workspace.list_directory(FOLDER)
    except DirectoryMissing:
        entries = ()
    found = [entry for entry in entries if entry.type == "notebook"]
    found.sort(key=lambda entry: entry.path)
    found.sort(key=lambda entry: entry.last_modified, reverse=True)
    stop = params.start_index + (params.limit or len(found))
    rows = [
        ConversationRow(
            conversation_id=id_of(entry.path),
            notebook_path=entry.path,
            url=workspace.lab.url(entry.path, alone=True),
            size=entry.size,
            last_modified=entry.last_modified,
        )
        for entry in found[params.start_index : stop]
    ]
    page = fitting((row, 2 * len(row.notebook_path) + len(row.url)) for row in rows)
    return ConversationList(
        total=len(found),
        start_index=params.start_index,
        conversations=page,
        more=rest_of(len(found), params.start_index, len(page)),
    )
