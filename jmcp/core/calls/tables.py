"""Lists of equal objects, as they travel: the names of their fields once, and a row for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A list in a result: the names that lead to it, and its columns with their defaults."""

    path: tuple[str, ...]
    columns: Mapping[str, Any]

    def put_into(self, data: dict[str, Any]) -> None:
        """Make the list in that result a table, if it is there."""
        inner: Any = data
        for name in self.path[:-1]:
            inner = inner.get(name)
            if inner is None:
                return
        listed = inner.get(self.path[-1])
        if listed is not None:
            inner[self.path[-1]] = self._table(listed)

    def _table(self, listed: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """`columns` that differ from their default somewhere, and `rows` of their values."""
        used = {name for one in listed for name in one}
        columns = {name: default for name, default in self.columns.items() if name in used}
        rows = [[one.get(name, default) for name, default in columns.items()] for one in listed]
        return {"columns": list(columns), "rows": rows}


def column(table: object, name: str) -> Sequence[object]:
    """The values of one column of a table; empty where it is left out, and of what is no table."""
    if not isinstance(table, Mapping) or table.keys() != {"columns", "rows"}:
        return ()
    columns, rows = table["columns"], table["rows"]
    if not isinstance(columns, list) or not isinstance(rows, list) or name not in columns:
        return ()
    at = columns.index(name)
    return [row[at] for row in rows if isinstance(row, list) and len(row) == len(columns)]
