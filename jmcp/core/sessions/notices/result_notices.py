"""The notices of one call's result."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from jmcp.core.calls.tool import Policy
from jmcp.core.notices import (
    LOSSES,
    CellsChanged,
    CellsDeleted,
    CellsInserted,
    CellsMoved,
    DocumentReloaded,
    FileChanged,
    FileMerged,
    Notice,
    TextsCollided,
)
from jmcp.core.sessions.notices.undelivered import Entry
from jmcp.core.sessions.readings.call_view import CallView
from jmcp.core.sessions.readings.read_cells import What

UNSEEN: Mapping[What, Callable[..., Notice]] = {
    "changed": CellsChanged,
    "deleted": CellsDeleted,
    "inserted": CellsInserted,
    "moved": CellsMoved,
}
"""The notice of what others did to several cells."""


class ResultNotices:
    """What a call did or found that its caller should know, each thing once.

    `entries` are as results have them. `once` are those that no later call would find again.
    """

    def __init__(self, policy: Policy) -> None:
        self.entries: list[Entry] = []
        self.once: list[Entry] = []
        self.pending: set[str] = set()
        """Keys of the notebooks whose `pending_notice` this call tells, unless another is faster."""
        self.losses: dict[str, str] = {}
        """Those notices by notebook key, once they are taken out of the session's record."""
        self.restarted: set[str] = set()
        """Keys of the notebooks whose kernels this call restarts as asked, which its result says."""
        self._policy = policy

    def add(self, notice: Notice, *, cell_index: int | None = None) -> None:
        """Tell something that the call did or found, of one of several cells if given."""
        message, details = self._policy.notices[notice.code](**notice.values), dict(notice.values)
        if cell_index is not None:
            message = self._policy.phrases.of_cell(index=cell_index, message=message)
            details["cell_index"] = cell_index
        entry = {"code": notice.code, "message": message, "details": details}
        if entry not in self.entries:
            self.entries.append(entry)
            if notice.once:
                self.once.append(entry)

    def complete(self, undelivered: Sequence[Entry], views: Sequence[CallView]) -> None:
        """Add what the call itself did not find: first what earlier calls could not deliver, last
        the losses of kernels and what others changed in the notebooks of these views."""
        found, self.entries = self.entries, [*undelivered]
        self.entries += [entry for entry in found if entry not in self.entries]
        for key, code in self.losses.items():
            if key not in self.restarted:
                self.add(LOSSES[code])
        for view in views:
            if view.replaced is not None:
                self.add(_of_file(view))
            if view.copies:
                self.add(TextsCollided(cells=view.copies))
        unseen = [one for view in views for one in view.unseen.values()]
        for what, kind in UNSEEN.items():
            if cells := list(dict.fromkeys(one.cell_id for one in unseen if one.what == what)):
                self.add(kind(cells=cells))


def _of_file(view: CallView) -> Notice:
    """What another program's change of the file did to the document."""
    if view.replaced == "file":
        return FileChanged()
    return DocumentReloaded() if view.lost else FileMerged()
