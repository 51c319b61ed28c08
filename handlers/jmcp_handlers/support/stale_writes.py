"""Refusing edits of cells that others changed since the session read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jmcp.core.ports import Cell, Cells
from jmcp.core.sessions.call_view import CallView
from jmcp_api.errors import CellChanged
from jmcp_handlers.support.diffs import diff
from jmcp_handlers.support.output_results import clip

SOURCE_CHARACTERS = 4_000
"""Of one cell's source, and of its diff, in a refusal."""
REFUSAL_CHARACTERS = 20_000
"""Of all sources and diffs of a refusal, as of the outputs of a result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stale:
    """A changed cell as a refusal shows it. `cut`: not all of its source."""

    cell: Cell
    source: str
    cut: bool
    diff: str | None

    @property
    def whole(self) -> bool:
        """Whether the session now knows its source."""
        return not self.cut or self.diff is not None

    def details(self) -> dict[str, Any]:
        return {
            "cell_index": self.cell.index,
            "cell_id": self.cell.cell_id,
            "source": self.source,
            "diff": self.diff,
        }

    def text(self) -> str:
        lines = [f"=== cell {self.cell.index}, id {self.cell.cell_id}"]
        if not self.cut or self.diff is None:
            lines[0] += ", as it is now ==="
            lines.append(self.source)
            if self.diff is not None:
                lines.append("=== what others changed of it ===")
        else:
            lines[0] += ", what others changed of it ==="
        return "\n".join([*lines, self.diff or ""]).rstrip()


def refuse_stale(cells: Cells, view: CallView, wanted: Sequence[Cell], *, force: bool) -> None:
    """Raise cell_changed where one of these is another one than the session read, unless forced.

    A refusal is a reading of the cells that it shows whole: the same call may then be made again.
    """
    changed = [] if force else [cell for cell in wanted if view.is_stale(cells, cell)]
    if not changed:
        return
    shown, left = [], REFUSAL_CHARACTERS
    for cell in changed:
        one = _shown(view, cell, min(SOURCE_CHARACTERS, left))
        left = max(0, left - len(one.source) - len(one.diff or ""))
        shown.append(one)
    view.record_read(cells, *(one.cell for one in shown if one.whole))
    details = shown[0].details()
    if len(shown) > 1:
        details["cells"] = [one.details() for one in shown]
    raise CellChanged(
        "\n".join([_fact(shown), *(one.text() for one in shown)]),
        **details,
    )


def _shown(view: CallView, cell: Cell, limit: int) -> Stale:
    read = view.source_read(cell)
    change = diff(read, cell.source, ("read", "now")) if read is not None else None
    source, missing = clip(cell.source, 0, limit)
    if change is not None and len(change) > limit:
        change = None
    return Stale(cell=cell, source=source, cut=missing > 0, diff=change)


def _fact(shown: Sequence[Stale]) -> str:
    several = len(shown) > 1
    named = ", ".join(f"{one.cell.index} (id {one.cell.cell_id})" for one in shown)
    fact = f"Others changed cell{'s' * several} {named} since this session read {_it(several)}"
    fact += "; nothing was done. "
    if all(one.whole for one in shown):
        fact += f"Decide with what {_it(several)} holds now, and call again."
    else:
        fact += "What is cut here, read_cell shows whole: read it, then call again."
    fact += " With force: true the call is made whatever others changed."
    if any(one.diff is None for one in shown):
        fact += " No diff where the source that was read is no longer known, or too long."
    return fact


def _it(several: bool) -> str:
    return "them" if several else "it"
