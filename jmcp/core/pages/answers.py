"""What pages answer, read with distrust: a page sends whatever its browser makes of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from jmcp.core.ports import CellType

App = Literal["lab", "notebook"]
TEXT_CHARACTERS = 8_000
"""Of a source or a selection in an answer; pages cut at half of that."""
PATH_CHARACTERS = 4_096
ID_CHARACTERS = 64
ROWS = 100
"""Tabs and cells in one answer."""
CELL_TYPES = ("code", "markdown", "raw")


@dataclass(frozen=True, slots=True, kw_only=True)
class CellSeen:
    """The active cell. `left_out`: characters of the source that the page did not send."""

    index: int
    cell_id: str | None
    cell_type: CellType
    source: str
    left_out: int
    rendered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectionSeen:
    """What is selected. `lines`: start line and column, end line and column, from 1; None where it is
    not in a source."""

    text: str
    left_out: int
    lines: tuple[int, int, int, int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TabSeen:
    """A tab with a notebook."""

    path: str
    unsaved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextSeen:
    """What is in front on a page: a notebook (`tab`), or something else, by its label."""

    tab: TabSeen | None
    label: str | None
    cell: CellSeen | None
    selection: SelectionSeen | None
    selected: Sequence[tuple[int, str | None]]
    others: Sequence[TabSeen]
    idle_seconds: float | None
    visible: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSeen:
    """How a page shows a notebook."""

    opened: bool
    in_front: bool
    scrolled: bool
    visible: bool


Refusal = Literal["off", "elsewhere", "no_cell"]
REFUSALS = ("off", "elsewhere", "no_cell")
"""The person does not want it; the page shows one notebook, and another one; its notebook has no such
cell."""


def context_seen(answer: object) -> ContextSeen | Refusal:
    """Raises ValueError for what is no answer to `context`."""
    found = _object(answer)
    if "refused" in found:
        return _refusal(found)
    selection = found.get("selection")
    cell = found.get("cell")
    tab = found.get("tab")
    return ContextSeen(
        tab=None if tab is None else _tab(tab),
        label=_optional(found.get("label"), PATH_CHARACTERS),
        cell=None if cell is None else _cell(_object(cell)),
        selection=None if selection is None else _selection(_object(selection)),
        selected=[_place(_object(one)) for one in _list(found.get("selected", []))],
        others=[_tab(one) for one in _list(found.get("others", []))],
        idle_seconds=_seconds(found.get("idle_seconds")),
        visible=_flag(found, "visible"),
    )


def shown_seen(answer: object) -> ShownSeen | Refusal:
    """Raises ValueError for what is no answer to `show`."""
    found = _object(answer)
    if "refused" in found:
        return _refusal(found)
    return ShownSeen(
        opened=_flag(found, "opened"),
        in_front=_flag(found, "in_front"),
        scrolled=_flag(found, "scrolled"),
        visible=_flag(found, "visible"),
    )


def _refusal(found: Mapping[str, Any]) -> Refusal:
    if found["refused"] not in REFUSALS:
        raise ValueError("unknown refusal")
    return cast("Refusal", found["refused"])


def _cell(found: Mapping[str, Any]) -> CellSeen:
    index, cell_id = _place(found)
    cell_type = found.get("cell_type")
    if cell_type not in CELL_TYPES:
        raise ValueError("no type of cell")
    return CellSeen(
        index=index,
        cell_id=cell_id,
        cell_type=cast("CellType", cell_type),
        source=_text(found.get("source"), TEXT_CHARACTERS),
        left_out=_count(found.get("left_out", 0)),
        rendered=_flag(found, "rendered"),
    )


def _selection(found: Mapping[str, Any]) -> SelectionSeen:
    lines = found.get("lines")
    numbers = None
    if lines is not None:
        first, second, third, fourth = (_count(one) for one in _list(lines))
        numbers = (first, second, third, fourth)
    return SelectionSeen(
        text=_text(found.get("text"), TEXT_CHARACTERS),
        left_out=_count(found.get("left_out", 0)),
        lines=numbers,
    )


def _place(found: Mapping[str, Any]) -> tuple[int, str | None]:
    return _count(found.get("index")), _optional(found.get("id"), ID_CHARACTERS)


def _tab(given: object) -> TabSeen:
    found = _object(given)
    return TabSeen(path=_text(found.get("path"), PATH_CHARACTERS), unsaved=_flag(found, "unsaved"))


def _object(given: object) -> Mapping[str, Any]:
    if not isinstance(given, dict):
        raise ValueError("no object")  # noqa: TRY004  nonsense, and not a fault of this program
    return given


def _list(given: object) -> Sequence[Any]:
    if not isinstance(given, list) or len(given) > ROWS:
        raise ValueError("no list")
    return given


def _text(given: object, most: int) -> str:
    if not isinstance(given, str) or len(given) > most:
        raise ValueError("no text")
    return given.encode("utf-8", "replace").decode()  # half of a character goes into no result


def _optional(given: object, most: int) -> str | None:
    return None if given is None else _text(given, most)


def _count(given: object) -> int:
    if not isinstance(given, int) or isinstance(given, bool) or not 0 <= given < 2**31:
        raise ValueError("no count")
    return given


def _seconds(given: object) -> float | None:
    if given is None:
        return None
    if not isinstance(given, (int, float)) or isinstance(given, bool):
        raise ValueError("no seconds")  # noqa: TRY004  as above
    if not math.isfinite(given) or given < 0:
        raise ValueError("no seconds")
    return round(float(given), 1)


def _flag(found: Mapping[str, Any], name: str) -> bool:
    given = found.get(name, False)
    if not isinstance(given, bool):
        raise ValueError("no flag")  # noqa: TRY004  as above
    return given
