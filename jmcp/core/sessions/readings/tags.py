"""Tags of cells: what tells a client without a memory here whether a cell has changed."""

from __future__ import annotations

from jmcp.core.ports import Cell
from jmcp.core.sessions.readings.digests import digest


def tag_of(cell: Cell) -> str:
    """Of its source and its id, as 16 hexadecimal characters: two cells never share one, where cells
    have ids."""
    return _tag(cell.cell_id or "", cell.source)


def is_tagged(tag: str, cell: Cell) -> bool:
    """Whether a tag is the cell's, also one from before its notebook's first edit gave it an id."""
    return tag in (tag_of(cell), _tag("", cell.source))


def _tag(cell_id: str, source: str) -> str:
    return digest(f"{cell_id}\0{source}").hex()
