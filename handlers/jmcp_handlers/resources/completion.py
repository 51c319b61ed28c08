"""What a value could be whose beginning somebody has typed."""

from __future__ import annotations

from collections.abc import Sequence

from jmcp.core.ports import Cell
from jmcp.core.sessions.workspace import Workspace
from jmcp_api.models import CompleteValueParams, Completion
from jmcp_handlers.notebooks.files import all_notebooks
from jmcp_handlers.support.outputs.output_content import mime_types

MOST_VALUES = 100
"""Values of one answer, which is what MCP allows."""


async def complete_value(params: CompleteValueParams, workspace: Workspace) -> Completion:
    if params.kind == "notebook":
        values: Sequence[str] = [entry.path for entry in await all_notebooks(workspace)]
    elif params.notebook_path is None:
        values = []
    else:
        values = await _of_notebook(params, params.notebook_path, workspace)
    found = _fitting(values, params.value)
    return Completion(total=len(found), values=found[:MOST_VALUES])


async def _of_notebook(
    params: CompleteValueParams, path: str, workspace: Workspace
) -> Sequence[str]:
    cells = await workspace.glance(await workspace.identify(path))
    if params.kind == "cell":
        every = (cells.get(index) for index in range(len(cells)))
        return [cell.cell_id for cell in every if cell.cell_id is not None]
    index = None if params.cell_id is None else cells.find(params.cell_id)
    if index is None:
        return []
    if params.kind == "output":
        return [str(number) for number in range(cells.get(index).output_count)]
    return _types(cells.get(index, outputs=True), params.output)


def _types(cell: Cell, output: int | None) -> Sequence[str]:
    if output is None or output >= len(cell.outputs):
        return []
    return mime_types(cell.outputs[output])


def _fitting(values: Sequence[str], begun: str) -> list[str]:
    """Those that begin so, then those of which a name in them does, then those that have it."""
    wanted = begun.casefold()
    ranked: tuple[list[str], list[str], list[str]] = ([], [], [])
    for value in values:
        text = value.casefold()
        if text.startswith(wanted):
            ranked[0].append(value)
        elif text.rpartition("/")[2].startswith(wanted):
            ranked[1].append(value)
        elif wanted in text:
            ranked[2].append(value)
    return [value for rank in ranked for value in rank]
