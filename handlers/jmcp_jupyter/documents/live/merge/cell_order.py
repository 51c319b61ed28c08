"""The order of the cells of a merged notebook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jmcp.core.editing.order import moved


def merged_order(base: Sequence[int], mine: Sequence[int], theirs: Sequence[int]) -> list[int]:
    """The order of all cells of `mine` and `theirs`, given as the numbers of the cells.

    It is the order of mine. What theirs alone has, or alone has moved, comes behind the cell behind
    which theirs has it.
    """
    places = {cell: at for at, cell in enumerate(base)}
    dragged = _moved(theirs, places) - _moved(mine, places)
    fixed = set(mine) - dragged
    following: dict[int | None, list[int]] = {}
    above: int | None = None
    for cell in theirs:
        if cell in fixed:
            above = cell
        else:
            following.setdefault(above, []).append(cell)
    merged = following.get(None, [])
    for cell in mine:
        if cell in fixed:
            merged.append(cell)
            merged += following.get(cell, ())
    return merged


def _moved(version: Sequence[int], places: Mapping[int, int]) -> set[int]:
    known = [cell for cell in version if cell in places]
    return {known[at] for at in moved([places[cell] for cell in known])}
