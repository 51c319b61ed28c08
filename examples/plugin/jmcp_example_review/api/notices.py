"""The notices: a class for each, and its sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from jmcp.toolsets import Notice


class RowsSampled(Notice):
    """Take those numbers as estimates."""

    rows: int
    sampled: int


def rows_sampled(*, rows: int, sampled: int) -> str:
    return f"The frame has {rows:,} rows; minimum, maximum, distinct and top go by {sampled:,} of them, taken evenly."


SENTENCES: Mapping[str, Callable[..., str]] = {
    "rows_sampled": rows_sampled,
}
"""By code. What a notice carries are the arguments."""
