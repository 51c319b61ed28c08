"""How sentences of the spec print counts and lists; generated code calls these."""

from __future__ import annotations

from collections.abc import Sequence


def word(count: int, one: str, many: str) -> str:
    """The word for one thing or for any other number of them."""
    return one if count == 1 else many


def counted(count: int, one: str, many: str) -> str:
    """The number and its word: `1 cell`, `2 cells`."""
    return f"{count} {word(count, one, many)}"


def listed(items: Sequence[str], between: str, *, none: str = "", most: int | None = None) -> str:
    """The items with `between` between them, the first `most` of them and how many more there are.

    `none` where there are no items.
    """
    more = 0 if most is None else max(0, len(items) - most)
    shown = between.join(items[: len(items) - more])
    return (f"{shown} and {more} more" if more else shown) or none
