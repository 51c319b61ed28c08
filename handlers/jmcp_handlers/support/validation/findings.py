"""What a notebook is looked at for, as plain data, and what was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jmcp.core.ports import Cell
from jmcp_api.enums import CellState, FindingCode
from jmcp_api.models import Finding

NAMES = 10
"""Names that one finding lists."""
MESSAGE_CHARACTERS = 400
"""Of one finding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """Code that jmcp ran in the session's kernel: of a cell, or of none."""

    cell_id: str | None
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A notebook as it was at one moment: `content` as its file has it, `states` of its cells in
    their order, `edited` those that were edited since their run, and what has run."""

    content: Mapping[str, Any]
    cells: Sequence[Cell]
    states: Sequence[CellState | None]
    edited: frozenset[int]
    ran: Sequence[Ran]
    language: str


def finding(
    code: FindingCode,
    message: str,
    cell: Cell | None = None,
    *,
    names: Sequence[str] | None = None,
    other: Cell | None = None,
) -> Finding:
    """A finding about a cell, or about the whole notebook; `other` is a cell that it names too."""
    return Finding(
        code=code,
        cell_index=cell.index if cell is not None else None,
        cell_id=cell.cell_id if cell is not None else None,
        names=list(names[:NAMES]) if names else None,
        other_index=other.index if other is not None else None,
        message=message[:MESSAGE_CHARACTERS],
    )
