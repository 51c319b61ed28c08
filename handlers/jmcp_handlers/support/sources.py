"""Sources of cells: how large one may become, and what is shown of them."""

from __future__ import annotations

from jmcp_api import limits
from jmcp_api.errors import CellTooLarge
from jmcp_handlers.support.diffs import diff
from jmcp_handlers.support.output_results import clip


def check_size(characters: int, before: int = 0) -> None:
    """Raise cell_too_large for a source above the limit, unless it only gets smaller."""
    if characters > max(limits.CELL_CHARACTERS, before):
        raise CellTooLarge.source(
            size_characters=characters, limit_characters=limits.CELL_CHARACTERS
        )


def quoted(source: str) -> str:
    """A source as an error quotes it: head and tail, where it is long."""
    return clip(source, 0, limits.QUOTED_SOURCE_CHARACTERS)[0]


def shown_diff(before: str, after: str) -> str | None:
    """The diff of two sources as a result shows it; None where there is none."""
    found = diff(before, after)
    return None if found is None else clip(found, 0, limits.DIFF_CHARACTERS)[0]
