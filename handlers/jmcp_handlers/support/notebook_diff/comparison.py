"""Two states of a notebook, compared cell by cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jmcp.core.editing.order import moved
from jmcp.core.ports import Cell, StoredCell
from jmcp_handlers.support.notebook_diff.cell_matching import CellText, Pair


@dataclass(frozen=True, slots=True, kw_only=True)
class CellState:
    """One cell. `shown` is what a run changes of it, `frame` all else but its source, None where it
    is not known: equal where these did not change."""

    text: CellText
    shown: Any
    frame: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A cell that differs: its states and indices, None on the side on which it is not there."""

    old: CellState | None
    new: CellState | None
    old_index: int | None
    new_index: int | None
    moved: bool

    @property
    def outputs_changed(self) -> bool:
        return self.old is not None and self.new is not None and self.old.shown != self.new.shown

    @property
    def metadata_changed(self) -> bool:
        if self.old is None or self.new is None:
            return False
        types = self.old.text.cell_type != self.new.text.cell_type
        known = self.old.frame is not None and self.new.frame is not None
        return types or (known and self.old.frame != self.new.frame)


def whole(cell: StoredCell) -> CellState:
    """The state of a cell of which all is known."""
    metadata = {name: value for name, value in cell["metadata"].items() if name != "trusted"}
    source = cell["source"]
    return CellState(
        text=CellText(
            cell_id=cell.get("id"),
            cell_type=cell["cell_type"],
            source=source if isinstance(source, str) else "".join(source),
        ),
        shown=([*(cell.get("outputs") or ())], cell.get("execution_count")),
        frame=(metadata, cell.get("attachments") or {}),
    )


def listed(cell: Cell) -> CellState:
    """The state of a cell as `Cells.get` gives it."""
    return CellState(
        text=CellText(cell_id=cell.cell_id, cell_type=cell.cell_type, source=cell.source),
        shown=(cell.output_count, cell.execution_count, cell.ename),
        frame=None,
    )


def differences(
    old: Sequence[CellState], new: Sequence[CellState], pairs: Sequence[Pair]
) -> list[Difference]:
    """The cells that differ, by where they are now; removed ones where they were."""
    partner = {there: here for here, there in pairs}
    order = sorted(partner)
    dragged = {order[at] for at in moved([partner[one] for one in order])}
    there = {here: at for at, here in partner.items()}
    found: list[Difference] = []
    removed = [at for at in range(len(old)) if at not in there]
    for at, state in enumerate(new):
        before = partner.get(at)
        while before is not None and removed and removed[0] < before and at not in dragged:
            gone = removed.pop(0)
            found.append(_difference(old[gone], None, gone, None))
        one = _difference(
            old[before] if before is not None else None, state, before, at, moved=at in dragged
        )
        if _differs(one):
            found.append(one)
    found += [_difference(old[gone], None, gone, None) for gone in removed]
    return found


def _difference(
    old: CellState | None,
    new: CellState | None,
    old_index: int | None,
    new_index: int | None,
    *,
    moved: bool = False,
) -> Difference:
    return Difference(old=old, new=new, old_index=old_index, new_index=new_index, moved=moved)


def _differs(one: Difference) -> bool:
    if one.old is None or one.new is None or one.moved:
        return True
    changed = one.old.text.source != one.new.text.source
    return changed or one.outputs_changed or one.metadata_changed
