"""Which cells of two versions of a notebook are the same one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

from jmcp.core.editing.line_diff import line_changes

LEAST_SIMILARITY = 0.5
"""Share of characters that an edited cell without an id has in common with what it was."""
COMPARED_CHARACTERS = 2000
"""Of a source, where it is compared with others by similarity."""
COMPARED_PAIRS = 400
"""Of cells, in one part of a notebook: 10 to 50 milliseconds."""

StoredCells = Sequence[Mapping[str, Any]]


def paired(old: StoredCells, new: StoredCells) -> dict[int, int]:
    """The index in `new` of each cell of `old` that is there.

    By id. What has no id, or has another one and the same text, is found by its text and place, as
    cells below nbformat 4.5 are, and those to which some program gave new ids.
    """
    pairs = _by_id(old, new)
    taken = set(pairs.values())
    old_left = [at for at in range(len(old)) if at not in pairs]
    new_left = [at for at in range(len(new)) if at not in taken]
    if not old_left or not new_left:
        return pairs
    without = not all(new[at].get("id") for at in new_left)
    without = without or not all(old[at].get("id") for at in old_left)
    if not without:  # of empty cells the id is all that there is
        old_left = [at for at in old_left if old[at]["source"]]
        new_left = [at for at in new_left if new[at]["source"]]
    start_old = start_new = 0
    old_keys, new_keys = [_key(old[at]) for at in old_left], [_key(new[at]) for at in new_left]
    for change in line_changes(old_keys, new_keys):
        while start_old < change.old_start:
            pairs[old_left[start_old]] = new_left[start_new]
            start_old, start_new = start_old + 1, start_new + 1
        if without:
            part = old_left[change.old_start : change.old_stop]
            others = new_left[change.new_start : change.new_stop]
            pairs |= _similar(old, new, part, others)
        start_old, start_new = change.old_stop, change.new_stop
    while start_old < len(old_left):
        pairs[old_left[start_old]] = new_left[start_new]
        start_old, start_new = start_old + 1, start_new + 1
    return pairs | dict(_moved(old, new, pairs))


def _by_id(old: StoredCells, new: StoredCells) -> dict[int, int]:
    places: dict[str, int] = {}
    for at, cell in enumerate(new):
        if cell.get("id"):
            places.setdefault(cell["id"], at)
    # Of two cells with one id, the first has it.
    return {at: places.pop(cell["id"]) for at, cell in enumerate(old) if cell.get("id") in places}


def _key(cell: Mapping[str, Any]) -> str:
    return f"{cell['cell_type']}\n{cell['source']}"


def _similar(
    old: StoredCells, new: StoredCells, part: Sequence[int], others: Sequence[int]
) -> dict[int, int]:
    """Pairs of cells in the order of both parts, such that together they are as alike as can be."""
    if not part or not others or len(part) * len(others) > COMPARED_PAIRS:
        return {}
    best: list[list[float]] = [[0.0] * (len(others) + 1) for _ in range(len(part) + 1)]
    alike = [[_similarity(old[a], new[b]) for b in others] for a in part]
    for i in reversed(range(len(part))):
        for j in reversed(range(len(others))):
            best[i][j] = max(best[i + 1][j], best[i][j + 1], alike[i][j] + best[i + 1][j + 1])
    pairs: dict[int, int] = {}
    i = j = 0
    while i < len(part) and j < len(others):
        if best[i][j] == best[i + 1][j]:
            i += 1
        elif best[i][j] == best[i][j + 1]:
            j += 1
        else:
            pairs[part[i]] = others[j]
            i, j = i + 1, j + 1
    return pairs


def _similarity(one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    """From 0 to 1, and 0 below LEAST_SIMILARITY."""
    if one["cell_type"] != other["cell_type"]:
        return 0.0
    texts = one["source"][:COMPARED_CHARACTERS], other["source"][:COMPARED_CHARACTERS]
    ratio = SequenceMatcher(None, *texts, autojunk=False).quick_ratio()
    return ratio if ratio >= LEAST_SIMILARITY else 0.0


def _moved(
    old: StoredCells, new: StoredCells, pairs: Mapping[int, int]
) -> Iterator[tuple[int, int]]:
    """Cells with the same text, at another place, that no other cell is paired with."""
    taken = set(pairs.values())
    places: dict[str, list[int]] = {}
    for at in reversed(range(len(new))):
        if at not in taken and new[at]["source"]:
            places.setdefault(_key(new[at]), []).append(at)
    for at, cell in enumerate(old):
        if at not in pairs and (found := places.get(_key(cell))):
            yield at, found.pop()
