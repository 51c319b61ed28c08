"""Cells that keep changes from being taken back, as an error shows them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from jmcp.core.journal.entries import Entry
from jmcp.core.ports import Cell, Cells
from jmcp.core.sessions.notebook import Notebook
from jmcp_api import limits, phrases
from jmcp_handlers.support.sources import quoted


class ConflictDetails(TypedDict):
    """A cell that was changed since, as a program gets it; `cell_index` None for one that is gone."""

    cell_index: int | None
    cell_id: str | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflicts:
    """`named` are the cells in words, `shown` their sources as they are, `details` what else the error
    has of them."""

    named: Sequence[str]
    shown: str
    details: dict[str, Any]


def conflicts(
    cells: Cells, notebook: Notebook, entries: Sequence[Entry], running: Collection[str] = ()
) -> Conflicts:
    """The cells of these entries, which cannot be taken back as they are; at least one. What is shown
    of them counts as read."""
    last = {entry.cell_id: entry for entry in entries}
    there = {one: cells.find(one) for one in last if one is not None}
    found = [cells.get(index) for index in there.values() if index is not None]
    left, shown, details = limits.RESULT_CHARACTERS, [], list[ConflictDetails]()
    for cell in found:
        source = quoted(cell.source) if left > 0 else ""
        left -= len(source)
        shown.append(phrases.stale_source(index=cell.index, cell_id=str(cell.cell_id)))
        shown.append(source)
        details.append({"cell_index": cell.index, "cell_id": cell.cell_id, "source": source})
        if source == cell.source:
            notebook.view.refuse_with(cells, cell)
    gone = [one for one in last if one is None or there[one] is None]
    details += [{"cell_index": None, "cell_id": one, "source": ""} for one in gone]
    return Conflicts(
        named=[_named(cell, last[cell.cell_id], running) for cell in found]
        + [phrases.gone_since(cell_id=str(one)) for one in gone],
        shown="\n".join(shown),
        details={
            "cell_index": found[0].index if found else -1,
            "cell_id": found[0].cell_id if found else gone[0],
            "source": details[0]["source"],
            "diff": None,
            "cells": details,
        },
    )


def _named(cell: Cell, entry: Entry, running: Collection[str]) -> str:
    name = phrases.there_again if entry.change == "delete" else phrases.changed_since
    if cell.cell_id in running:
        name = phrases.runs_now
    return name(index=cell.index, cell_id=str(cell.cell_id))
