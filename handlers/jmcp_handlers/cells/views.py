"""Showing outputs to the person in the chat, and reading them for the view that does."""

from __future__ import annotations

from typing import Any

from jmcp.core.ports import Cell
from jmcp.core.sessions.notebook import Notebook
from jmcp.core.sessions.session import Session
from jmcp_api import limits
from jmcp_api.errors import OutputNotFound
from jmcp_api.models import (
    OutputData,
    OutputView,
    ReadOutputDataParams,
    ShowOutputParams,
    ViewedOutput,
)
from jmcp_handlers.support.addressing import locate
from jmcp_handlers.support.outputs.addresses import output_address
from jmcp_handlers.support.outputs.output_content import mime_types
from jmcp_handlers.support.outputs.output_results import MIME_TYPES, NAME_CHARACTERS, page, present
from jmcp_handlers.support.outputs.view_data import StoredOutput, digested, stored, view_data


async def show_output(params: ShowOutputParams, session: Session) -> OutputView:
    notebook = await session.notebook(params.notebook_path)
    cell = await _cell(notebook, params.cell_index, params.cell_id)
    workspace, number = session.workspace, params.output
    run = notebook.last_runs().get(cell.cell_id) if cell.cell_id is not None else None
    running = run is not None and not run.done
    if run is not None and running and not cell.outputs:
        raise OutputNotFound.not_yet(index=cell.index, execution_id=run.execution_id)
    if not cell.outputs:
        raise OutputNotFound.nothing(index=cell.index)
    if number is not None:
        _check_number(cell, number)
        numbered = [(number, cell.outputs[number])]
    else:
        numbered = list(page(cell.outputs, 0, session))
    outputs = [StoredOutput.of(*one) for one in numbered]
    shown = None
    if workspace.shows_views:
        workspace.show(await view_data(outputs, _about(cell, notebook, session, running=running)))
    elif number is not None:
        shown = await present([cell.outputs[number]], session)
    else:
        address = output_address(notebook.ref, cell.cell_id)
        shown = await present(cell.outputs, session, address=address)
    return OutputView(
        cell_index=cell.index,
        cell_id=cell.cell_id,
        execution_count=cell.execution_count,
        to_view=workspace.shows_views,
        running=running,
        viewed=[_viewed(one) for one in outputs],
        outputs=shown,
        lab_url=_lab_url(notebook, session),
    )


def _about(cell: Cell, notebook: Notebook, session: Session, *, running: bool) -> dict[str, Any]:
    """What the view gets beside the outputs: what it shows, and what it calls read_output_data with."""
    return {
        "session_id": session.record.session_id,
        "notebook_path": notebook.ref.path,
        "cell_index": cell.index,
        "cell_id": cell.cell_id,
        "execution_count": cell.execution_count,
        "output_count": len(cell.outputs),
        "running": running,
        "lab_url": _lab_url(notebook, session),
    }


def _lab_url(notebook: Notebook, session: Session) -> str | None:
    """Where a server has no JupyterLab, a page is its notebook's path."""
    url = session.workspace.lab.url(notebook.ref.path)
    return url if "://" in url else None


async def read_output_data(params: ReadOutputDataParams, session: Session) -> OutputData:
    notebook = await session.notebook(params.notebook_path)
    cell = await _cell(notebook, params.cell_index, params.cell_id)
    _check_number(cell, params.output)
    output = cell.outputs[params.output]
    known = mime_types(output)
    if params.mime_type not in known:
        raise OutputNotFound.type(
            index=cell.index,
            output=params.output,
            mime_type=params.mime_type,
            mime_types=known[:MIME_TYPES],
        )
    data = stored(output, params.mime_type)
    return OutputData(
        mime_type=params.mime_type,
        size=len(data),
        digest=await digested(data),
        start=params.start,
        data=data[params.start : params.start + (params.limit or limits.VIEW_PAGE_CHARACTERS)],
    )


async def _cell(notebook: Notebook, cell_index: int | None, cell_id: str | None) -> Cell:
    cells = await notebook.read()
    cell = cells.get(locate(cells, notebook.view, cell_index, cell_id), outputs=True)
    notebook.view.record_places(cell)
    return cell


def _check_number(cell: Cell, output: int) -> None:
    count = len(cell.outputs)
    if output >= count:
        raise OutputNotFound.number(index=cell.index, output=output, outputs=count)


def _viewed(output: StoredOutput) -> ViewedOutput:
    largest = max((len(data) for data in output.types.values()), default=0)
    limit = limits.VIEW_OUTPUT_CHARACTERS
    return ViewedOutput(
        output=output.number,
        mime_types=[name[:NAME_CHARACTERS] for name in list(output.types)[:MIME_TYPES]],
        size=sum(len(data) for data in output.types.values()),
        loaded=limit if largest > limit else None,
    )
