"""Which runs on one kernel show which display id."""

from __future__ import annotations

from typing import Protocol
from weakref import WeakSet

from jmcp.core.ports import Output

CROWD = 1024
"""Display ids at which forgotten ones are looked for: each progress bar leaves one behind."""


class Showing(Protocol):
    def show(self, display_id: str, shown: Output) -> None: ...


class Displays:
    """Display ids of one kernel process; holds no run that nobody else holds."""

    def __init__(self) -> None:
        self._showing: dict[str, WeakSet[Showing]] = {}
        self._crowd = CROWD

    def add(self, display_id: str, record: Showing) -> None:
        """Remember that the record shows this id."""
        if len(self._showing) >= self._crowd:
            self._showing = {key: found for key, found in self._showing.items() if found}
            self._crowd = max(CROWD, 2 * len(self._showing))
        self._showing.setdefault(display_id, WeakSet()).add(record)

    def update(self, display_id: str, shown: Output) -> None:
        """Update the id wherever it is shown; an unknown one is nobody's."""
        for record in tuple(self._showing.get(display_id, ())):
            record.show(display_id, shown)
