"""Which cells of a file were changed, from one reading or writing of it to the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jmcp.core.editing.change_log import ChangeLog


class FileChangeLog:
    """The change log of one file, for as long as its readings are kept."""

    def __init__(self) -> None:
        self.changes = ChangeLog()
        self._known: Sequence[Mapping[str, Any]] | None = None

    def follow(self, cells: Sequence[Mapping[str, Any]]) -> None:
        """Note what is different in the cells that the file has now."""
        known, self._known = self._known, cells
        if known is not None and known is not cells:
            self.changes.add(_different(known, cells))


def _different(
    before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]
) -> list[str]:
    left = {cell.get("id"): cell for cell in before}
    changed = []
    for cell in after:
        cell_id = cell.get("id")
        known = left.pop(cell_id, None)
        # A change by jmcp leaves all other cells as they are.
        if known is cell or cell_id is None:
            continue
        if known is None or known["source"] != cell["source"]:
            changed.append(cell_id)
    return [*changed, *(cell_id for cell_id in left if cell_id is not None)]
