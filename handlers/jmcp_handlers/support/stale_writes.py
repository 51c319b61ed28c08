"""Refusing edits of cells that others changed since the session read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

from jmcp.core.editing.line_diff import DiffBudget
from jmcp.core.ports import Cell, Cells
from jmcp.core.sessions.readings.call_view import CallView
from jmcp_api import limits, phrases
from jmcp_api.errors import CellChanged
from jmcp_handlers.support.diffs import diff
from jmcp_handlers.support.outputs.output_results import clip


class StaleDetails(TypedDict):
    """A changed cell as a program gets it."""

    cell_index: int
    cell_id: str | None
    source: str
    diff: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stale:
    """A changed cell as a refusal shows it. `cut`: its source is not shown whole."""

    cell: Cell
    source: str
    cut: bool
    diff: str | None

    @property
    def whole(self) -> bool:
        """Whether the refusal shows the session its whole source."""
        return not self.cut or self.diff is not None

    def details(self) -> StaleDetails:
        return {
            "cell_index": self.cell.index,
            "cell_id": self.cell.cell_id,
            "source": self.source,
            "diff": self.diff,
        }

    def text(self) -> str:
        index, cell_id = self.cell.index, str(self.cell.cell_id)
        if self.cut and self.diff is not None:
            lines = [phrases.stale_only_change(index=index, cell_id=cell_id)]
        else:
            lines = [phrases.stale_source(index=index, cell_id=cell_id), self.source]
            if self.diff is not None:
                lines.append(phrases.stale_change())
        return "\n".join([*lines, self.diff or ""]).rstrip()


def refuse_stale(cells: Cells, view: CallView, wanted: Sequence[Cell], *, force: bool) -> None:
    """Raise cell_changed if one of these cells has another source than the session read, unless
    forced. Where the call itself says by tags what it has read, that counts instead, forced or not.

    Cells that the refusal shows whole count as read, so that the same call can be made again.
    """
    if view.expected is not None:
        refuse_unexpected(cells, view, wanted)
    elif not force:
        _refuse(cells, view, [cell for cell in wanted if view.is_stale(cells, cell)])


def refuse_unexpected(cells: Cells, view: CallView, wanted: Sequence[Cell]) -> None:
    """Raise cell_changed if the call says by tags which cells it has read, and one of these is not
    among them."""
    _refuse(cells, view, [cell for cell in wanted if view.is_unexpected(cell)])


def _refuse(cells: Cells, view: CallView, changed: Sequence[Cell]) -> None:
    if not changed:
        return
    shown, left, budget = [], limits.RESULT_CHARACTERS, DiffBudget()
    for cell in changed:
        one = _shown(view, cell, min(limits.QUOTED_SOURCE_CHARACTERS, left), budget)
        left = max(0, left - len(one.source) - len(one.diff or ""))
        shown.append(one)
    view.refuse_with(cells, *(one.cell for one in shown if one.whole))
    named = ", ".join(
        phrases.stale_cell(index=one.cell.index, cell_id=str(one.cell.cell_id)) for one in shown
    )
    text = "\n".join(one.text() for one in shown)
    details = [one.details() for one in shown]
    if view.expected is not None:
        raise CellChanged.unexpected(
            named=named, count=len(shown), shown=text, **details[0], cells=details
        )
    advice = _advice(shown)
    if len(shown) == 1:
        raise CellChanged.one(named=named, advice=advice, shown=text, **details[0])
    raise CellChanged.several(named=named, advice=advice, shown=text, **details[0], cells=details)


def _shown(view: CallView, cell: Cell, limit: int, budget: DiffBudget) -> Stale:
    read = view.source_read(cell)
    change = None
    if read is not None:
        change = diff(read, cell.source, ("read", "now"), budget=budget)
    source, missing = clip(cell.source, 0, limit)
    if change is not None and len(change) > limit:
        change = None
    return Stale(cell=cell, source=source, cut=missing > 0, diff=change)


def _advice(shown: Sequence[Stale]) -> str:
    whole = all(one.whole for one in shown)
    advice = [phrases.stale_decide(count=len(shown)) if whole else phrases.stale_cut()]
    if any(one.diff is None for one in shown):
        advice.append(phrases.stale_no_diff())
    return " ".join(advice)
