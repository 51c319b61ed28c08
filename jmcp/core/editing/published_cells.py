"""Cells that publish each change: what every adapter's cells are built on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from jmcp.core.editing.change_log import ChangeLog
from jmcp.core.notices import Notice
from jmcp.core.ports import (
    Cell,
    Cells,
    CellType,
    DocumentMode,
    Edit,
    EditKind,
    EditSubscriber,
    NotebookRef,
    Output,
    StoredCell,
)


class PublishedCells(ABC):
    """Implements the changes of `ports.Cells`; a subclass applies each to its document.

    Without subscribers a change costs nothing more.
    """

    ref: NotebookRef
    mode: DocumentMode
    subscribers: Sequence[EditSubscriber] = ()

    @property
    @abstractmethod
    def loaded(self) -> str: ...
    @property
    @abstractmethod
    def version(self) -> int: ...
    @property
    @abstractmethod
    def changes(self) -> ChangeLog: ...
    @abstractmethod
    def __len__(self) -> int: ...
    @abstractmethod
    def get(self, index: int, *, outputs: bool = False) -> Cell: ...
    @abstractmethod
    def find(self, cell_id: str) -> int | None: ...
    @abstractmethod
    def kernelspec(self) -> str | None: ...
    @property
    @abstractmethod
    def growth_left(self) -> int | None: ...
    @abstractmethod
    def check_growth(self, growth: int) -> None: ...
    @abstractmethod
    def notices(self) -> Sequence[Notice]: ...
    @abstractmethod
    def whole(self) -> dict[str, Any]: ...
    @abstractmethod
    def stored(self, index: int) -> StoredCell: ...

    def insert(
        self, index: int, cell_type: CellType, source: str, *, cell_id: str | None = None
    ) -> Cell:
        count = len(self)
        inserted = self._insert(index, cell_type, source, cell_id)
        if self.subscribers:
            self._publish(Edit(kind="insert", count=count, after=inserted, now=beside(self, index)))
        return inserted

    def restore(self, index: int, stored: StoredCell) -> Cell:
        count = len(self)
        restored = self._restore(index, stored)
        if self.subscribers:
            self._publish(
                Edit(
                    kind="insert",
                    count=count,
                    after=restored,
                    now=beside(self, index),
                    stored=stored,
                )
            )
        return restored

    def set_source(self, index: int, source: str) -> None:
        if not self.subscribers:
            self._set_source(index, source)
            return
        before = self.get(index)
        self._set_source(index, source)
        if before.cell_id is not None and source.isascii():
            after = replace(before, source=source)
        else:
            # With the id that it just got, and what the document can hold of the text.
            after = self.get(index)
        self._publish(Edit(kind="set_source", count=len(self), before=before, after=after))

    def clear_outputs(self, index: int) -> None:
        cell = self.get(index)
        if not cell.output_count and cell.execution_count is None:
            return
        stored = _outputs_of(self.stored(index)) if self.subscribers else None
        self._set_outputs(index, (), None)
        self._publish_outputs("clear_outputs", cell, stored)

    def put_outputs(
        self, index: int, outputs: Sequence[Output], execution_count: int | None
    ) -> None:
        cell = self.get(index)
        self._set_outputs(index, outputs, execution_count)
        stored = {"outputs": [*outputs], "execution_count": execution_count}
        self._publish_outputs("put_outputs", cell, stored)

    def _publish_outputs(self, kind: EditKind, before: Cell, stored: StoredCell | None) -> None:
        if self.subscribers:
            after = self.get(before.index)
            self._publish(
                Edit(kind=kind, count=len(self), before=before, after=after, stored=stored)
            )

    def delete(self, index: int) -> None:
        if not self.subscribers:
            self._delete(index)
            return
        cell, was, count = self.get(index), beside(self, index), len(self)
        stored = self.stored(index)
        self._delete(index)
        self._publish(Edit(kind="delete", count=count, before=cell, was=was, stored=stored))

    def move(self, index: int, to: int) -> None:
        if index == to:
            return
        if not self.subscribers:
            self._move(index, to)
            return
        before, was = self.get(index), beside(self, index)
        self._move(index, to)
        self._publish(
            Edit(
                kind="move",
                count=len(self),
                before=before,
                after=self.get(to),
                was=was,
                now=beside(self, to),
            )
        )

    def set_kernelspec(self, name: str, display_name: str, language: str) -> None:
        before = self.kernelspec()
        self._set_kernelspec(name, display_name, language)
        values = (before, name, display_name, language)
        self._publish(Edit(kind="set_kernelspec", count=len(self), values=values))

    def _publish(self, edit: Edit) -> None:
        for subscriber in self.subscribers:
            subscriber.on_edit(edit, self)

    @abstractmethod
    def _insert(
        self, index: int, cell_type: CellType, source: str, cell_id: str | None
    ) -> Cell: ...
    @abstractmethod
    def _restore(self, index: int, stored: StoredCell) -> Cell: ...
    @abstractmethod
    def _set_source(self, index: int, source: str) -> None: ...
    @abstractmethod
    def _set_outputs(
        self, index: int, outputs: Sequence[Output], execution_count: int | None
    ) -> None: ...
    @abstractmethod
    def _delete(self, index: int) -> None: ...
    @abstractmethod
    def _move(self, index: int, to: int) -> None: ...
    @abstractmethod
    def _set_kernelspec(self, name: str, display_name: str, language: str) -> None: ...


def _outputs_of(stored: StoredCell) -> StoredCell:
    return {name: stored.get(name) for name in ("outputs", "execution_count")}


def beside(cells: Cells, index: int) -> tuple[str | None, str | None]:
    """The ids of the cells above and below the one at that index."""
    above = cells.get(index - 1).cell_id if index > 0 else None
    below = cells.get(index + 1).cell_id if index + 1 < len(cells) else None
    return above, below
