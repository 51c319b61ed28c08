"""Cells named by indices and ranges, as "0-2,4" and "3-"."""

from __future__ import annotations

import re

from jmcp.core.ports import Cells
from jmcp_api.errors import CellRangeInvalid
from jmcp_handlers.support.addressing import checked

PART = re.compile(r"([0-9]{1,9})(?:\s*(-)\s*([0-9]{1,9})?)?")
"""An index, a range, or one without an end."""


def indices(text: str, cells: Cells) -> list[int]:
    """The cells that are named, each once, in their order.

    Raises cell_range_invalid, and cell_not_found for an index that no cell has.
    """
    found: set[int] = set()
    for part in filter(None, (one.strip() for one in text.split(","))):
        found.update(_range(part, cells))
    if not found:
        raise CellRangeInvalid.empty(part=text)
    return sorted(found)


def _range(part: str, cells: Cells) -> range:
    match = PART.fullmatch(part)
    if match is None:
        raise CellRangeInvalid.unreadable(part=part)
    first = checked(cells, int(match[1]), "cell_indices:")
    if match[2] is None:
        return range(first, first + 1)
    last = len(cells) - 1
    if match[3] is not None:
        if int(match[3]) < first:
            raise CellRangeInvalid.backwards(part=part)
        last = checked(cells, int(match[3]), "cell_indices:")
    return range(first, last + 1)
