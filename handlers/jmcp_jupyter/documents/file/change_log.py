"""Which cells of a file were changed, from one reading or writing of it to the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jmcp.core.editing.change_log import ChangeLog
from jmcp.core.editing.order import moved


class FileChangeLog:
    """The change log of one file, for as long as its readings are kept."""

    def __init__(self) -> None:
        self.changes = ChangeLog()
        self._known: Sequence[Mapping[str, Any]] | None = None

    def follow(self, cells: Sequence[Mapping[str, Any]]) -> None:
        """Note what is different in the cells that the file has now."""
        known, self._known = self._known, cells
        if known is not None and known is not cells:
            self.changes.add(_rewritten(known, cells))
            self.changes.add(_placed(known, cells), placed=True)


def _rewritten(
    before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]
) -> list[str]:
    """The ids of cells with another source."""
    known = {cell.get("id"): cell for cell in before}
    changed = []
    for cell in after:
        cell_id = cell.get("id")
        was = known.get(cell_id)
        # A change by jmcp leaves all other cells as they are.
        if not isinstance(cell_id, str) or was is None or was is cell:
            continue
        if was["source"] != cell["source"]:
            changed.append(cell_id)
    return changed


def _placed(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> list[str]:
    """The ids of cells that were inserted, deleted or moved."""
    was, now = _ids(before), _ids(after)
    if [*was] == [*now]:
        return []
    places = {cell_id: index for index, cell_id in enumerate(was)}
    left = [cell_id for cell_id in now if cell_id in places]
    dragged = {left[position] for position in moved([places[cell_id] for cell_id in left])}
    return [
        *(one for one in was if one not in now),
        *(one for one in now if one not in places or one in dragged),
    ]


def _ids(cells: Sequence[Mapping[str, Any]]) -> dict[str, None]:
    """The ids of the cells, each once, in order."""
    return dict.fromkeys(cell["id"] for cell in cells if isinstance(cell.get("id"), str))
