"""A merge, brought into a Y document with as few changes as it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pycrdt import Array, Map, Text

from jmcp.core.editing.line_diff import DiffBudget, common_prefix
from jmcp.core.editing.order import moved
from jmcp_jupyter.documents.common.nbformat_cells import has_ids, storable
from jmcp_jupyter.documents.live.cell_contents import CellContents
from jmcp_jupyter.documents.live.merge.cell_merge import NOTHING
from jmcp_jupyter.documents.live.merge.notebook_merge import Merge
from jmcp_jupyter.documents.live.y_data import from_y, replace_text, value_of, y_output

ORIGIN = "jmcp: merge"
"""Of the transaction: no change of a person's, so no browser takes it back."""


def apply(notebook: Any, mine: Mapping[str, Any], merge: Merge) -> None:
    """Make a `YNotebook` that has the content `mine` have that of the merge.

    A cell stays itself unless its id or type changes, or it moves, which Yjs 13 does not know.
    """
    meta: Map[Any] = notebook.ydoc.get("meta", type=Map)
    with notebook.ydoc.transaction(origin=ORIGIN):
        _apply_meta(meta, mine, merge)
        budget = DiffBudget()
        staying = []
        for planned in merge.cells:
            if planned.index is None:
                continue
            before = mine["cells"][planned.index]
            cell = notebook.ycells[planned.index] if planned.cell != before else None
            if cell is None or _edit(cell, before, planned.cell, budget):
                staying.append(planned.index)
        dragged = {staying[at] for at in moved(staying)}
        _arrange(notebook, merge, set(staying) - dragged)


def _apply_meta(meta: Map[Any], mine: Mapping[str, Any], merge: Merge) -> None:
    for key, value in (("nbformat", merge.nbformat), ("nbformat_minor", merge.nbformat_minor)):
        if value != mine[key]:
            meta[key] = value
    if merge.metadata != mine["metadata"]:
        shared = meta.get("metadata")
        if isinstance(shared, Map):
            _apply_keys(shared, mine["metadata"], merge.metadata)
        else:
            meta["metadata"] = Map(storable(dict(merge.metadata)))


def _apply_keys(shared: Map[Any], before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    for key in before.keys() - after.keys():
        del shared[key]
    for key, value in after.items():
        if before.get(key, NOTHING) != value:
            shared[key] = storable(value)


def _edit(
    cell: Map[Any], before: Mapping[str, Any], after: Mapping[str, Any], budget: DiffBudget
) -> bool:
    """Change a shared cell in its place; whether that can be done."""
    if after["cell_type"] != before["cell_type"]:
        return False
    if after.get("id") != before.get("id"):
        return False
    keys = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    shared = {"source": Text, "metadata": Map, "outputs": Array}
    if any(not isinstance(value_of(cell, key), shared[key]) for key in keys & shared.keys()):
        return False
    for key in sorted(keys):
        if key == "source":
            replace_text(cell[key], after[key], budget)
        elif key == "metadata":
            _apply_keys(cell[key], before[key], after[key])
        elif key == "outputs":
            _apply_outputs(cell[key], before[key], after[key])
        elif key in after:
            cell[key] = storable(after[key])
        else:
            del cell[key]
    return True


def _apply_outputs(
    shared: Array[Any], before: Sequence[dict[str, Any]], after: Sequence[dict[str, Any]]
) -> None:
    same = common_prefix(before, after)
    if same < len(before):
        del shared[same:]
    shared.extend([y_output(output) for output in after[same:]])


def _arrange(notebook: Any, merge: Merge, staying: set[int]) -> None:
    """Take away all cells that do not stay in their place, and put in all that are not there."""
    cells: Array[Map[Any]] = notebook.ycells
    states = {
        planned.index: value_of(cells[planned.index], "execution_state")
        for planned in merge.cells
        if planned.index is not None and planned.index not in staying
    }
    stop = len(cells)
    for at in reversed(range(-1, len(cells))):
        if at in staying or at == -1:
            if at + 1 < stop:
                del cells[at + 1 : stop]
            stop = at
    for at, planned in enumerate(merge.cells):
        if planned.index in staying:
            continue
        cells.insert(at, notebook.create_ycell(storable(dict(planned.cell))))
        state = None if planned.index is None else states.get(planned.index)
        if state is not None and planned.cell["cell_type"] == "code":
            cells[at]["execution_state"] = state


def content_of(notebook: Any, cells: CellContents | None = None) -> dict[str, Any]:
    """What a `YNotebook` has, with the ids of its cells also where no file has them.

    Takes a millisecond for each twenty cells, less for those that `cells` knows.
    """
    with notebook.ydoc.transaction():
        meta = from_y(notebook.ydoc.get("meta", type=Map)) or {}
        found = [
            _whole(notebook.get_cell(at) if cells is None else cells.of(at))
            for at in range(len(notebook.ycells))
        ]
        if not has_ids(meta.get("nbformat_minor")):
            found = [
                {**cell, "id": value_of(shared, "id")}
                for cell, shared in zip(found, notebook.ycells, strict=True)
            ]
    return {
        "cells": found,
        "metadata": meta.get("metadata") or {},
        "nbformat": meta.get("nbformat", 0),
        "nbformat_minor": meta.get("nbformat_minor", 0),
    }


def _whole(cell: dict[str, Any]) -> dict[str, Any]:
    """The cell with what every cell has: a client may have put in one without."""
    kinds = {"source": str, "cell_type": str, "metadata": dict}
    if all(isinstance(cell.get(key), kind) for key, kind in kinds.items()):
        return cell
    kept = {key: value for key, value in cell.items() if isinstance(value, kinds.get(key, object))}
    return {"cell_type": "raw", "source": "", "metadata": {}, **kept}
