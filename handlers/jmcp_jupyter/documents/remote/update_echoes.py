"""What was written and comes back: the server hands on each change that its document took."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from jmcp_jupyter.documents.remote.update_proof import contains

KEPT_UPDATES = 256
"""Updates that are waited for at once. A server that hands on nothing leaves no more than these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """How far a client had written: its transactions by number, and its state vector then."""

    changes: int
    state: bytes


class Echoes:
    """The updates of one connection that did not come back so far, in the order of writing.

    A room sends every change of its document to all of its clients, also to the one that made it,
    and nothing of what it could not apply: an update that comes back is in the document, and so is
    all that came before it.
    """

    def __init__(self) -> None:
        self._sent: deque[tuple[bytes, Mark]] = deque()

    def expect(self, update: bytes, mark: Mark) -> None:
        """An update was sent, by which the server has all up to that mark."""
        if len(self._sent) < KEPT_UPDATES:
            self._sent.append((update, mark))

    def heard(self, update: bytes) -> Mark | None:
        """How far the server has what was written, if this update is the next that was sent."""
        if not self._sent:
            return None
        sent, mark = self._sent[0]
        if update != sent and not contains(update, sent):
            return None
        self._sent.popleft()
        return mark

    def forget(self, changes: int) -> None:
        """The server has everything up to that transaction, as was seen otherwise."""
        while self._sent and self._sent[0][1].changes <= changes:
            self._sent.popleft()
