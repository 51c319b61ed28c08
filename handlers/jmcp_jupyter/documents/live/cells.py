"""The cells of a live notebook."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pycrdt import Array, Map

from jmcp.core.editing.change_log import ChangeLog
from jmcp.core.editing.line_diff import DiffBudget
from jmcp.core.notices import CellIdsGiven, CellIdsRepeated, Notice
from jmcp.core.ports import (
    ERROR_AMONG_LAST,
    Cell,
    CellType,
    DocumentMode,
    NotebookRef,
    Output,
    StoredCell,
)
from jmcp_jupyter.documents.common import nbformat_cells
from jmcp_jupyter.documents.common.bounded_cells import BoundedCells, GrowthBound
from jmcp_jupyter.documents.common.nbformat_cells import storable
from jmcp_jupyter.documents.live.sent_outputs import outputs_of
from jmcp_jupyter.documents.live.shared_notebook import SharedNotebook
from jmcp_jupyter.documents.live.y_data import (
    ename_of,
    from_y,
    replace_text,
    value_of,
    y_output,
)


class LiveCells(BoundedCells):
    """`ports.Cells` on the shared document: every method is one transaction that others see."""

    mode: DocumentMode = "live"

    def __init__(
        self,
        ref: NotebookRef,
        document: SharedNotebook,
        notices: Sequence[Notice] = (),
        look: Callable[[], GrowthBound | None] | None = None,
    ) -> None:
        self.ref = ref
        self.look = look
        self.grown = document.grown
        self._document = document
        self._notices = list(notices)
        self._cells = document.cells
        self._meta = document.meta
        self._diff_budget = DiffBudget()

    @property
    def loaded(self) -> str:
        document = self._document
        return f"{document.loading}/{document.watch.reloads}" if document.loading else ""

    @property
    def version(self) -> int:
        return self._document.watch.version

    @property
    def changes(self) -> ChangeLog:
        return self._document.watch.changes

    def __len__(self) -> int:
        return self._document.count()

    def get(self, index: int, *, outputs: bool = False) -> Cell:
        if outputs:
            return self._read(index, outputs=True)
        watch = self._document.watch
        cell = watch.snapshot(index)
        if cell is None:
            cell = self._read(index, outputs=False)
            watch.remember(cell)
        return cell

    def _read(self, index: int, *, outputs: bool) -> Cell:
        with self._document.transaction():
            cell = self._cells[index]
            kind = cell["cell_type"]
            code = kind == "code"
            stored = value_of(cell, "outputs") if code else None
            count = value_of(cell, "execution_count") if code else None
            metadata = value_of(cell, "metadata") if outputs else None
            return Cell(
                index=index,
                cell_id=value_of(cell, "id") if self._has_ids else None,
                cell_type=kind,
                source=str(cell["source"]),
                execution_count=None if count is None else int(count),
                outputs=tuple(from_y(stored)) if outputs and stored is not None else (),
                output_count=len(stored) if isinstance(stored, Array) else 0,
                ename=_ename(stored) if isinstance(stored, Array) else None,
                metadata=nbformat_cells.visible_metadata(from_y(metadata) or {}),
            )

    def find(self, cell_id: str) -> int | None:
        return self._document.watch.find(cell_id) if self._has_ids else None

    def kernelspec(self) -> str | None:
        return nbformat_cells.kernelspec_name(self._document.metadata())

    def _insert(self, index: int, cell_type: CellType, source: str, cell_id: str | None) -> Cell:
        stored = nbformat_cells.new_cell(cell_type, source, cell_id)
        self._document.grown += len(source)
        with self._document.transaction():
            self._raise_format()
            self._cells.insert(index, self._document.notebook.create_ycell(stored))
        cell = Cell(index=index, cell_id=stored["id"], cell_type=cell_type, source=stored["source"])
        # As they are read, for what comes next reads them: the listing of neighbours, and a save.
        self._document.watch.remember(cell)
        self._document.watch.remember_content(index, stored)
        return cell

    def whole(self) -> dict[str, Any]:
        with self._document.transaction():
            stored = (self.stored(index) for index in range(len(self._cells)))
            cells = [nbformat_cells.in_file(cell) for cell in stored]
            meta = from_y(self._meta)
        if not self._has_ids:  # which the file then cannot have
            cells = [{key: cell[key] for key in cell if key != "id"} for cell in cells]
        return {**meta, "metadata": meta.get("metadata") or {}, "cells": cells}

    def stored(self, index: int) -> StoredCell:
        stored: dict[str, Any] = from_y(self._cells[index])
        stored.pop("execution_state", None)  # of a shared cell, never of a file's
        return stored

    def _restore(self, index: int, stored: StoredCell) -> Cell:
        with self._document.transaction():
            self._raise_format()
            cell = nbformat_cells.whole_cell(stored)
            self._document.remade.restores(cell.get("id"), cell.get("source"))
            self._cells.insert(index, self._document.notebook.create_ycell(cell))
            return self._read(index, outputs=False)

    def _set_source(self, index: int, source: str) -> None:
        self._document.grown += len(source)
        with self._document.transaction():
            self._raise_format()
            cell = self._cells[index]
            text = cell["source"]
            known = self._document.watch.snapshot(index)
            before = str(text) if known is None else known.source
            cell_id = None if known is None else known.cell_id
            self._document.remade.wrote(cell_id or value_of(cell, "id"), before, source)
            replace_text(text, source, self._diff_budget)

    def _set_outputs(
        self, index: int, outputs: Sequence[Output], execution_count: int | None
    ) -> None:
        # What says that the cell runs stays: it tells who has the cell.
        with self._document.transaction():
            self._raise_format()
            cell = self._cells[index]
            shown = outputs_of(cell)
            shown.clear()
            shown.extend([y_output(dict(output)) for output in outputs])
            cell["execution_count"] = storable(execution_count)

    def _delete(self, index: int) -> None:
        with self._document.transaction():
            self._raise_format()
            del self._cells[index]

    def _move(self, index: int, to: int) -> None:
        with self._document.transaction():
            self._raise_format()
            # Yjs 13, which JupyterLab has, knows no move: delete and make anew, with the same id.
            cell = self._cells[index]
            stored = cell.to_py()
            assert stored is not None
            del self._cells[index]
            self._cells.insert(to, self._document.notebook.create_ycell(stored))
            state = stored.get("execution_state")
            if state is not None:
                self._cells[to]["execution_state"] = state

    def _set_kernelspec(self, name: str, display_name: str, language: str) -> None:
        spec = {"name": name, "display_name": display_name, "language": language}
        info = nbformat_cells.language_info(self._document.metadata(), language)
        with self._document.transaction():
            metadata = self._meta.get("metadata")
            if not isinstance(metadata, Map):
                self._meta["metadata"] = metadata = Map(storable(metadata or {}))
            metadata["kernelspec"] = storable(spec)
            metadata["language_info"] = storable(info)

    def notices(self) -> Sequence[Notice]:
        duplicates = self._document.watch.duplicates() if self._has_ids else ()
        if duplicates:
            return [*self._notices, CellIdsRepeated(ids=duplicates)]
        return self._notices

    @property
    def _has_ids(self) -> bool:
        return self._document.watch.has_ids

    def _raise_format(self) -> None:
        if self._has_ids:
            return
        self._meta["nbformat_minor"] = 5
        for cell in self._cells:
            # A room gives ids to all cells that it loads; another client may not have.
            if not cell.get("id"):
                cell["id"] = nbformat_cells.new_id()
        self._notices.append(CellIdsGiven())


def _ename(outputs: Array[Any]) -> str | None:
    count = len(outputs)
    return ename_of([outputs[index] for index in range(max(0, count - ERROR_AMONG_LAST), count)])
