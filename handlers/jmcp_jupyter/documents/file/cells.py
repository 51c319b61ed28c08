"""The cells of a notebook that no collaboration shares: the content of its file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jmcp.core.editing.change_log import ChangeLog
from jmcp.core.notices import CellIdsGiven, Notice
from jmcp.core.ports import (
    ERROR_AMONG_LAST,
    FILE,
    Cell,
    CellType,
    DocumentMode,
    NotebookRef,
    Output,
    StoredCell,
)
from jmcp_jupyter.documents.common import nbformat_cells
from jmcp_jupyter.documents.common.bounded_cells import BoundedCells


class FileCells(BoundedCells):
    """`ports.Cells` on one reading of the file.

    Readings are shared by readers, so a change makes new lists and dicts and leaves them alone.
    `changes` are those of the file up to that reading.
    """

    mode: DocumentMode = "file"

    def __init__(
        self,
        ref: NotebookRef,
        content: Mapping[str, Any],
        notices: Sequence[Notice] = (),
        changes: ChangeLog | None = None,
    ) -> None:
        self.ref = ref
        self._changes = changes or ChangeLog()
        self.changed = False
        self._content = dict(content)
        self._cells: list[Mapping[str, Any]] = list(content["cells"])
        self._positions: dict[str, int] | None = None
        self._notices = list(notices)

    def content(self) -> dict[str, Any]:
        return {**self._content, "cells": self._cells}

    @property
    def loaded(self) -> str:
        """Always the same: an edit is in the file before it is acknowledged."""
        return FILE

    @property
    def version(self) -> int:
        """Always the same, for the same reason."""
        return 0

    @property
    def changes(self) -> ChangeLog:
        return self._changes

    def __len__(self) -> int:
        return len(self._cells)

    def get(self, index: int, *, outputs: bool = False) -> Cell:
        cell = self._cells[index]
        stored = cell.get("outputs", ())
        return Cell(
            index=index,
            cell_id=cell.get("id") if self._has_ids else None,
            cell_type=cell["cell_type"],
            source=cell["source"],
            execution_count=cell.get("execution_count"),
            outputs=tuple(_plain(output) for output in stored) if outputs else (),
            output_count=len(stored),
            ename=_ename(stored),
            metadata=nbformat_cells.visible_metadata(_plain(cell["metadata"])),
        )

    def find(self, cell_id: str) -> int | None:
        if not self._has_ids:
            return None
        if self._positions is None:
            self._positions = {}
            for index, cell in enumerate(self._cells):
                self._positions.setdefault(cell.get("id", ""), index)
        return self._positions.get(cell_id)

    def kernelspec(self) -> str | None:
        return nbformat_cells.kernelspec_name(self._content["metadata"])

    def _insert(self, index: int, cell_type: CellType, source: str, cell_id: str | None) -> Cell:
        self._change()
        self._cells.insert(index, nbformat_cells.new_cell(cell_type, source, cell_id))
        return self.get(index)

    def whole(self) -> dict[str, Any]:
        whole: dict[str, Any] = _plain(self.content())
        return {**whole, "cells": [nbformat_cells.in_file(cell) for cell in whole["cells"]]}

    def stored(self, index: int) -> StoredCell:
        stored: dict[str, Any] = _plain(self._cells[index])
        return stored

    def _restore(self, index: int, stored: StoredCell) -> Cell:
        self._change()
        cell = nbformat_cells.whole_cell(stored)
        self._cells.insert(index, cell)
        return self.get(index)

    def _set_source(self, index: int, source: str) -> None:
        self.update(index, source=nbformat_cells.clean(source))

    def _set_outputs(
        self, index: int, outputs: Sequence[Output], execution_count: int | None
    ) -> None:
        self.update(
            index,
            outputs=nbformat_cells.storable([*outputs]),
            execution_count=execution_count,
        )

    def _delete(self, index: int) -> None:
        self._change()
        del self._cells[index]

    def _move(self, index: int, to: int) -> None:
        self._change()
        self._cells.insert(to, self._cells.pop(index))

    def _set_kernelspec(self, name: str, display_name: str, language: str) -> None:
        self._change(raise_format=False)
        metadata = self._content["metadata"]
        self._content["metadata"] = {
            **metadata,
            **nbformat_cells.kernel_metadata(metadata, name, display_name, language),
        }

    def notices(self) -> Sequence[Notice]:
        return self._notices

    def update(self, index: int, *, raise_format: bool = True, **fields: Any) -> None:
        """Change fields of one cell."""
        self._change(raise_format=raise_format)
        self._cells[index] = {**self._cells[index], **fields}

    @property
    def _has_ids(self) -> bool:
        return nbformat_cells.has_ids(self._content["nbformat_minor"])

    def _change(self, *, raise_format: bool = True) -> None:
        self.changed = True
        self._positions = None
        if raise_format and not self._has_ids:
            self._content["nbformat_minor"] = 5
            self._cells = [
                {**cell, "id": cell.get("id") or nbformat_cells.new_id()} for cell in self._cells
            ]
            self._notices.append(CellIdsGiven())


def _ename(outputs: Sequence[Any]) -> str | None:
    """The name of the exception that the outputs end with."""
    for output in outputs[-ERROR_AMONG_LAST:]:
        if output.get("output_type") == "error":
            return str(output.get("ename") or "")
    return None


def _plain(value: Any) -> Any:
    """A copy in plain dicts and lists (nbformat reads into dicts of its own kind)."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value
