"""Sources of cells: how large one may become, and what is shown of them."""

from __future__ import annotations

import json

from jmcp.core.editing.draft import CELL_BYTES
from jmcp.core.ports import Cells
from jmcp_api import limits
from jmcp_api.errors import CellTooLarge, TextNotFound, TextNotUnique
from jmcp_handlers.support.diffs import diff
from jmcp_handlers.support.outputs.output_results import clip

OUTPUT_BYTES = 1000
"""Room for a short output: with less, a run is refused."""


def check_size(characters: int, before: int = 0) -> None:
    """Raise cell_too_large for a source above the limit, unless the edit makes it smaller."""
    if characters > max(limits.CELL_CHARACTERS, before):
        raise CellTooLarge.source(
            size_characters=characters, limit_characters=limits.CELL_CHARACTERS
        )


def check_growth(cells: Cells, source: str, before: str = "") -> None:
    """Raise notebook_too_large where the notebook's file may not take that source, unless it only
    gets smaller."""
    left = cells.growth_left
    if left is None or 8 * len(source) + CELL_BYTES < left:  # whatever is in it
        return
    growth = len(json.dumps(source)) - len(json.dumps(before))
    if growth > 0 or not before:
        cells.check_growth(growth + (0 if before else CELL_BYTES))


def check_outputs(cells: Cells) -> None:
    """Raise notebook_too_large where the notebook's file can take no outputs."""
    cells.check_growth(OUTPUT_BYTES)


def quoted(source: str) -> str:
    """A source as an error quotes it: head and tail, where it is long."""
    return clip(source, 0, limits.QUOTED_SOURCE_CHARACTERS)[0]


def shown_source(source: str, limit: int, start: int = 0) -> tuple[str, int | None]:
    """A source, or a page of it, as a result shows it, and how many characters that leaves out."""
    shown, missing = clip(source, start, limit)
    return shown, missing or None


def shown_diff(before: str, after: str) -> str | None:
    """The diff of two sources as a result shows it; None where there is none."""
    found = diff(before, after)
    return None if found is None else clip(found, 0, limits.DIFF_CHARACTERS)[0]


def replaced(source: str, at: int, old: str, new: str, *, everywhere: bool) -> str:
    """The source of the cell at that index with `new` in place of `old`, once or everywhere.

    Raises text_not_found, text_not_unique and cell_too_large."""
    found = source.count(old) if old else 0
    if found == 0:
        raise TextNotFound.in_cell(cell_index=at, source=quoted(source))
    if found > 1 and not everywhere:
        raise TextNotUnique.in_cell(cell_index=at, occurrences=found)
    check_size(len(source) + found * (len(new) - len(old)), len(source))
    return source.replace(old, new)
