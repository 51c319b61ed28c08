"""Pages of lists: what fits into a result, and where the rest begins."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from jmcp_api import limits
from jmcp_api.models import More

ROW_CHARACTERS = 60
"""Of a row beside its texts: ids, numbers and times."""
T = TypeVar("T")


def fitting(rows: Iterable[tuple[T, int]], budget: int = limits.LIST_CHARACTERS) -> list[T]:
    """The first rows, with the characters of their texts, that a result has room for; one at least."""
    page: list[T] = []
    left = budget
    for row, characters in rows:
        left -= ROW_CHARACTERS + characters
        if left < 0 and page:
            break
        page.append(row)
    return page


def rest_of(total: int, start: int, shown: int) -> More | None:
    """What follows a page of so many that begins at `start`; None after the last one."""
    stop = start + shown
    return More(count=total - stop, start_index=stop) if total > stop else None
