"""Which run each cell shows: the last one that was begun there, whatever kernel it is in."""

from __future__ import annotations

from typing import Protocol
from weakref import WeakValueDictionary


class CellOwner(Protocol):
    @property
    def over(self) -> bool:
        """Whether its run is over."""

    def lose_cell(self) -> None:
        """Another run has the cell from now on."""


class CellOwners:
    """The last runs of cells, by notebook key and cell id; holds no run that nobody else holds."""

    def __init__(self) -> None:
        self._owners: WeakValueDictionary[tuple[str, str], CellOwner] = WeakValueDictionary()

    def has_running(self, cell: tuple[str, str]) -> bool:
        """Whether a run goes on in that cell."""
        owner = self._owners.get(cell)
        return owner is not None and not owner.over

    def take(self, cell: tuple[str, str], owner: CellOwner) -> None:
        """The cell shows that run from now on."""
        before = self._owners.get(cell)
        self._owners[cell] = owner
        if before is not None and before is not owner:
            before.lose_cell()

    def owns(self, cell: tuple[str, str], owner: CellOwner) -> bool:
        """Whether nothing was begun in the cell since. Its outputs do not tell: a run that was
        repeated shows the same ones."""
        return self._owners.get(cell) is owner
