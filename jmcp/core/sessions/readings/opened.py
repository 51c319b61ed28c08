"""Notebooks as they were when sessions opened them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from jmcp.core.ports import Cell

KEPT_CHARACTERS = 2**24
"""Of the sources of all notebooks that are kept, which mostly are those that documents have anyway."""
CELL_CHARACTERS = 300
"""What a cell takes beside its source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedNotebook:
    """The cells at that moment, without outputs, and how many entries this process had added to the
    notebook's journal."""

    cells: Sequence[Cell]
    recorded: int

    @property
    def size(self) -> int:
        return sum(CELL_CHARACTERS + len(cell.source) for cell in self.cells)


class OpenedNotebooks:
    """In memory, by name, as long as all together are not too large: the oldest go first."""

    def __init__(self, kept_characters: int = KEPT_CHARACTERS) -> None:
        self._kept_characters = kept_characters
        self._opened: OrderedDict[tuple[object, ...], OpenedNotebook] = OrderedDict()
        self._size = 0

    def keep(self, name: tuple[object, ...], opened: OpenedNotebook) -> None:
        self.forget(name)
        self._opened[name] = opened
        self._size += opened.size
        while self._size > self._kept_characters:
            _, gone = self._opened.popitem(last=False)
            self._size -= gone.size

    def of(self, name: tuple[object, ...]) -> OpenedNotebook | None:
        return self._opened.get(name)

    def forget(self, name: tuple[object, ...]) -> None:
        gone = self._opened.pop(name, None)
        self._size -= gone.size if gone is not None else 0
