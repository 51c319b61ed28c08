"""Cells as markdown: what each holds, and what it shows as far as text can say it."""

from __future__ import annotations

import re

from jmcp.core.ports import Cell
from jmcp.core.ports import Output as NotebookOutput
from jmcp_api import limits, phrases
from jmcp_handlers.support.outputs.images import IMAGE_TYPES
from jmcp_handlers.support.outputs.output_content import mime_types
from jmcp_handlers.support.outputs.output_results import Address, clip, plain_in_turns, text_type

_TICKS = re.compile("`{3,}")


async def cell_markdown(cell: Cell, address: Address | None) -> str:
    """One cell. Without an `address`, which a cell without an id has not, there are no links."""
    parts = [_heading(cell)]
    if cell.source:
        parts.append(cell.source if cell.cell_type == "markdown" else _fenced(cell.source))
    for number, output in enumerate(cell.outputs):
        parts += await _output(number, output, address)
    return "\n".join(parts)


def _heading(cell: Cell) -> str:
    index, kind = cell.index, cell.cell_type
    if cell.cell_id is None:
        return phrases.markdown_cell_without_id(index=index, cell_type=kind)
    if cell.execution_count is None:
        return phrases.markdown_cell(index=index, cell_id=cell.cell_id, cell_type=kind)
    return phrases.markdown_run_cell(
        index=index, cell_id=cell.cell_id, cell_type=kind, count=cell.execution_count
    )


async def _output(number: int, output: NotebookOutput, address: Address | None) -> list[str]:
    kind = output.get("name") if output["output_type"] == "stream" else output["output_type"]
    lines = [phrases.markdown_output(output=number, kind=str(kind))]
    types = mime_types(output)
    text = await plain_in_turns(output)
    if text:
        shown, missing = clip(text, 0, limits.OUTPUT_CHARACTERS)
        lines.append(_fenced(shown.rstrip("\n")))
        if missing and address is not None:
            uri = address(number, text_type(output))
            lines.append(phrases.markdown_cut(count=missing, uri=uri))
    if address is not None:
        for mime_type in types:
            if mime_type in IMAGE_TYPES or mime_type == "image/svg+xml":
                uri = address(number, mime_type)
                lines.append(phrases.markdown_link(mime_type=mime_type, uri=uri))
    return lines


def _fenced(text: str) -> str:
    """A code block whose fence is longer than any in the text."""
    longest = max((len(ticks) for ticks in _TICKS.findall(text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}\n{text}\n{fence}"
