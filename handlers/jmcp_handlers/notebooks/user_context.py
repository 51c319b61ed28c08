"""What the person has in front in JupyterLab, and what is shown to them there."""

from __future__ import annotations

from collections.abc import Sequence

from jmcp.core.errors import NotebookMissing, PathRefused
from jmcp.core.pages.answers import (
    CellSeen,
    Refusal,
    SelectionSeen,
    TabSeen,
    context_seen,
    shown_seen,
)
from jmcp.core.pages.pages import Page, PageRefused
from jmcp.core.pages.questions import NoPage
from jmcp.core.ports import Cell, Cells
from jmcp.core.sessions.workspace import Workspace
from jmcp_api import limits
from jmcp_api.enums import LabApp
from jmcp_api.errors import CellNotFound, InvalidArguments, LabPageRefused, NoLabPage
from jmcp_api.models import (
    GetUserContextParams,
    SelectedCell,
    ShowInLabParams,
    ShownCell,
    TabRow,
    UserCell,
    UserContext,
    UserSelection,
)
from jmcp_handlers.support.addressing import checked
from jmcp_handlers.support.outputs.output_results import clip
from jmcp_handlers.support.sources import shown_source

OPENING_SECONDS = 15.0
"""A page may take so long to open a notebook and show it."""


async def get_user_context(params: GetUserContextParams, workspace: Workspace) -> UserContext:
    url = workspace.lab.url("")
    try:
        answer = await workspace.ask_page("context", {}, context_seen)
    except NoPage as error:
        raise _no_page(error, url, url, workspace) from error
    except PageRefused as error:
        raise LabPageRefused.other(reason=str(error), url=url) from error
    seen = answer.value
    if isinstance(seen, str):
        raise LabPageRefused.context_off(reason=seen)
    tab = None if seen.tab is None else await _of_server(seen.tab, workspace)
    others = [await _of_server(one, workspace) for one in seen.others]
    label = seen.label
    if tab is None and seen.tab is not None:  # of another drive, say
        label = seen.tab.path
    return UserContext(
        notebook_path=tab.path if tab is not None else None,
        other_tab=label if tab is None else None,
        unsaved=tab is not None and tab.unsaved,
        cell=_cell(seen.cell) if tab is not None and seen.cell is not None else None,
        selection=_selection(seen.selection) if seen.selection is not None else None,
        selected_cells=[SelectedCell(cell_index=at, cell_id=name) for at, name in seen.selected]
        or None,
        open_notebooks=[
            TabRow(notebook_path=one.path, unsaved=one.unsaved) for one in others if one is not None
        ],
        idle_seconds=seen.idle_seconds,
        app=_app(answer.page),
        visible=seen.visible,
        pages=answer.pages,
    )


async def show_in_lab(params: ShowInLabParams, workspace: Workspace) -> ShownCell:
    ref = await workspace.identify(params.notebook_path)
    url = workspace.lab.url(ref.path)
    cell = _named(await workspace.glance(ref), params)
    details = {
        "path": ref.path,
        "cell_id": cell.cell_id if cell is not None else None,
        "cell_index": cell.index if cell is not None else None,
    }
    try:
        answer = await workspace.ask_page("show", details, shown_seen, seconds=OPENING_SECONDS)
    except NoPage as error:
        raise _no_page(error, ref.path, url, workspace) from error
    except PageRefused as error:
        raise LabPageRefused.other(reason=str(error), url=url) from error
    seen = answer.value
    if isinstance(seen, str):
        raise _refusal(seen, ref.path, cell, url)
    return ShownCell(
        notebook_path=ref.path,
        cell_index=cell.index if cell is not None else None,
        cell_id=cell.cell_id if cell is not None else None,
        opened=seen.opened,
        in_front=seen.in_front,
        scrolled=seen.scrolled,
        app=_app(answer.page),
        visible=seen.visible,
    )


async def _of_server(tab: TabSeen, workspace: Workspace) -> TabSeen | None:
    """The tab with the path that tools take; None for what is not in the server's folder. A notebook
    whose file is gone is still what the person sees."""
    try:
        ref = await workspace.identify(tab.path)
    except NotebookMissing:
        return tab
    except PathRefused:
        return None
    return TabSeen(path=ref.path, unsaved=tab.unsaved)


def _cell(seen: CellSeen) -> UserCell:
    source, left_out = shown_source(seen.source, limits.OUTPUT_CHARACTERS)
    return UserCell(
        cell_index=seen.index,
        cell_id=seen.cell_id,
        cell_type=seen.cell_type,
        source=source,
        source_left_out=(left_out or 0) + seen.left_out or None,
        rendered=seen.rendered,
    )


def _selection(seen: SelectionSeen) -> UserSelection:
    text, left_out = clip(seen.text, 0, limits.OUTPUT_CHARACTERS)
    lines: Sequence[int | None] = seen.lines or (None, None, None, None)
    return UserSelection(
        text=text,
        left_out=left_out + seen.left_out or None,
        place="shown" if seen.lines is None else "source",
        start_line=lines[0],
        start_column=lines[1],
        end_line=lines[2],
        end_column=lines[3],
    )


def _named(cells: Cells, params: ShowInLabParams) -> Cell | None:
    """The cell that the call names; None where it names none. Raises cell_not_found,
    invalid_arguments."""
    count = len(cells)
    index, cell_id = params.cell_index, params.cell_id
    if cell_id is not None:
        found = cells.find(cell_id)
        if found is None:
            no_ids = count and cells.get(0).cell_id is None
            make = CellNotFound.no_ids if no_ids else CellNotFound.id
            raise make(cell_id=cell_id, cell_count=count)
        if index not in (None, found):
            raise InvalidArguments.disagree(
                index_param="cell_index",
                index=index,
                id_param="cell_id",
                cell_id=cell_id,
                now=found,
            )
        return cells.get(found)
    if index is None:
        return None
    return cells.get(checked(cells, index))


def _no_page(error: NoPage, path: str, url: str, workspace: Workspace) -> NoLabPage:
    if error.pages is None:
        return NoLabPage.outside(url=url)
    if error.late:
        return NoLabPage.late(path=path, seconds=error.seconds, url=url)
    if error.pages:
        return NoLabPage.silent(pages=error.pages, seconds=error.seconds, url=url)
    return NoLabPage.none(owner=workspace.caller.owner, url=url)


def _refusal(seen: Refusal, path: str, cell: Cell | None, url: str) -> LabPageRefused:
    if seen == "off":
        return LabPageRefused.show_off(url=url, reason=seen)
    if seen == "elsewhere" or cell is None:
        return LabPageRefused.elsewhere(path=path, url=url, reason=seen)
    named = cell.cell_id or str(cell.index)
    return LabPageRefused.no_cell(path=path, cell=named, reason=seen)


def _app(page: Page) -> LabApp:
    return "notebook" if page.app == "notebook" else "lab"
