"""Reading notebooks, cells and outputs by their URIs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

from jmcp.core.calls.resources import Content, ResourceTemplate, found
from jmcp.core.ports import Cell, Cells, NotebookRef
from jmcp.core.ports import Output as NotebookOutput
from jmcp.core.runs.record.run import Run
from jmcp.core.sessions.session import Session
from jmcp.core.sessions.workspace import Workspace
from jmcp_api import limits
from jmcp_api.errors import CellNotFound, ResourceNotFound, ResourceTooLarge
from jmcp_api.models import ReadOutputParams, ReadResourceParams, Resource
from jmcp_api.resources import CELL, EXECUTION_OUTPUT, NOTEBOOK, OUTPUT, RESOURCES
from jmcp_handlers.resources.markdown import cell_markdown
from jmcp_handlers.support.addressing import locate
from jmcp_handlers.support.outputs.addresses import output_address
from jmcp_handlers.support.outputs.images import IMAGE_TYPES, ImageRefusedError, scaled_bytes
from jmcp_handlers.support.outputs.output_content import content, mime_types
from jmcp_handlers.support.outputs.output_results import clip
from jmcp_handlers.support.run_results import outputs_of

MARKDOWN = "text/markdown"
Parts = Mapping[str, str]
COPYING_SECONDS = 0.05
"""Seconds for which reading a long notebook lets no other call have its turn."""
URI_CHARACTERS = 500
"""Characters of an unknown URI that an error repeats."""


async def read_resource(params: ReadResourceParams, workspace: Workspace) -> Resource:
    uri = params.uri
    kind = found(RESOURCES, uri)
    if kind is None:
        templates = [template.uri for template in RESOURCES]
        raise ResourceNotFound.unknown(uri=uri[:URI_CHARACTERS], templates=templates)
    template, parts = kind
    if template is EXECUTION_OUTPUT:
        outputs = _outputs_of_run(uri, parts["execution_id"], workspace)
        held = await output_content(uri, outputs, parts["output"], parts["mime_type"])
    else:
        held = await _of_notebook(uri, template, parts, workspace)
    return await described(held, workspace, start=params.start, limit=params.limit)


async def read_output(params: ReadOutputParams, session: Session) -> Resource:
    notebook = await session.notebook(params.notebook_path)
    cells = await notebook.read()
    at = locate(cells, notebook.view, params.cell_index, params.cell_id)
    cell = cells.get(at, outputs=True)
    notebook.view.record_places(cell)
    number, mime_type = str(params.output), params.mime_type
    if cell.cell_id is None:
        uri = f"cells/at/{at}/outputs/{number}/{mime_type}"
    else:
        uri = OUTPUT.uri_of(
            path=notebook.ref.path, cell_id=cell.cell_id, output=number, mime_type=mime_type
        )
    held = await output_content(uri, cell.outputs, number, mime_type)
    return await described(held, session.workspace, start=params.start, limit=params.limit)


async def described(held: Content, workspace: Workspace, *, start: int, limit: int) -> Resource:
    """What a result says of a content, which goes with it whole: a page of its text, or its image."""
    workspace.deliver(held)
    text, missing = None, 0
    if isinstance(held.data, str):
        text, missing = clip(held.data, start, limit or limits.OUTPUT_PAGE_CHARACTERS)
    elif held.mime_type in IMAGE_TYPES and workspace.shows_images:
        # The bytes are there in any case, for a client that asks for them.
        with suppress(ImageRefusedError):
            workspace.attach(await scaled_bytes(held.mime_type, held.data))
    return Resource(
        uri=held.uri,
        mime_type=held.mime_type,
        size=held.size_bytes,
        text=text,
        left_out=missing or None,
    )


async def _of_notebook(
    uri: str, template: ResourceTemplate, parts: Parts, workspace: Workspace
) -> Content:
    ref = await workspace.identify(parts["path"].removeprefix("/"))
    cells = await workspace.glance(ref)
    if template is NOTEBOOK:
        return await _whole(uri, ref, cells, workspace)
    cell = cells.get(_index(cells, parts["cell_id"]), outputs=True)
    if template is OUTPUT:
        return await output_content(uri, cell.outputs, parts["output"], parts["mime_type"])
    assert template is CELL
    _check_length(uri, len(cell.source))
    text = await cell_markdown(cell, output_address(ref, cell.cell_id))
    _check_length(uri, len(text))
    return Content(uri=uri, mime_type=MARKDOWN, data=text)


async def _whole(uri: str, ref: NotebookRef, cells: Cells, workspace: Workspace) -> Content:
    """All cells as markdown. Other calls have their turns meanwhile."""
    texts: list[str] = []
    length = 0
    while len(texts) < len(cells):
        for cell in _some(cells, len(texts)):
            _check_length(uri, length + len(cell.source))
            texts.append(await cell_markdown(cell, output_address(ref, cell.cell_id)))
            length += len(texts[-1])
            _check_length(uri, length)
        if len(texts) < len(cells):
            await asyncio.sleep(0)
            cells = await workspace.glance(ref)
    return Content(uri=uri, mime_type=MARKDOWN, data="\n\n".join(texts) + "\n")


def _some(cells: Cells, start: int) -> list[Cell]:
    """The cells from that one on that are read within COPYING_SECONDS, one at least: reading their
    outputs copies these."""
    until = time.monotonic() + COPYING_SECONDS
    found: list[Cell] = []
    while start + len(found) < len(cells) and not (found and time.monotonic() > until):
        found.append(cells.get(start + len(found), outputs=True))
    return found


def _check_length(uri: str, characters: int) -> None:
    limit = limits.RESOURCE_CHARACTERS
    if characters > limit:
        raise ResourceTooLarge.notebook(uri=uri, size=characters, limit=limit)


def _index(cells: Cells, cell_id: str) -> int:
    """The index of the cell with that id. Raises cell_not_found."""
    index = cells.find(cell_id)
    if index is not None:
        return index
    count = len(cells)
    if count and cells.get(0).cell_id is None:
        raise CellNotFound.no_ids(cell_id=cell_id, cell_count=count)
    raise CellNotFound.id(cell_id=cell_id, cell_count=count)


def _outputs_of_run(uri: str, execution_id: str, workspace: Workspace) -> Sequence[NotebookOutput]:
    run = workspace.execution(execution_id)
    if not isinstance(run, Run):
        raise ResourceNotFound.no_execution(uri=uri)
    return outputs_of(run)


async def output_content(
    uri: str, outputs: Sequence[NotebookOutput], number: str, mime_type: str
) -> Content:
    """One of these outputs in one of its types. Raises resource_not_found, resource_too_large."""
    count = len(outputs)
    at = int(number) if number.isascii() and number.isdigit() and len(number) < 10 else count
    if at >= count:
        raise ResourceNotFound.no_output(uri=uri, output=number, outputs=count)
    output = outputs[at]
    known = mime_types(output)
    if mime_type not in known:
        raise ResourceNotFound.no_type(uri=uri, mime_type=mime_type, mime_types=known)
    made = Content(uri=uri, mime_type=mime_type, data=await content(output, mime_type))
    if made.size_bytes > limits.RESOURCE_BYTES:
        limit = limits.RESOURCE_BYTES
        raise ResourceTooLarge.output(uri=uri, size=made.size_bytes, limit=limit)
    return made
