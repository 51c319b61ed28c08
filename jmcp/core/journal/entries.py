"""The change journal: every edit of a notebook, kept until its file has it, and then for review.

An entry is on disk before the edit is acknowledged, and survives the death of the process (not the
loss of power, see `core/stores/state_file.py`). While it is `pending` it serves recovery; afterwards undo,
review and "who changed what", until the notebook's oldest entries give way to new ones.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from hashlib import blake2s
from typing import Literal, Protocol
from uuid import uuid4

from jmcp.core.ports import CellType, EditKind, Output, StoredCell

State = Literal["pending", "saved", "conflicted", "failed"]
"""`pending`: not yet seen in the file. `saved`: the file has had it. `conflicted`: lost in a crash
or a reload, and the notebook has changed since, so that it was not made again. `failed`: the edit
ended with an error, and may or may not have reached the document."""

UNSETTLED: frozenset[State] = frozenset({"pending", "conflicted"})
MADE: frozenset[State] = frozenset({"pending", "saved"})
"""Of entries whose change the notebook has had, and has not lost since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who made an edit, masked: digests of the owner and of the session's id."""

    owner: str
    session: str

    @classmethod
    def of(cls, owner: str, session_id: str) -> Author:
        return cls(owner=_digest(owner), session=_digest(f"{owner}\0{session_id}"))


PERSON = "person"
"""Stands where the edits of sessions have the id of one, for what a person takes back; it is too short
to be one."""
NOBODY = Author(owner="", session="")
"""The author of edits that jmcp makes in the background, for no session."""


def _digest(text: str) -> str:
    return blake2s(text.encode(), digest_size=6).hexdigest()


def new_change_id() -> str:
    """Names one edit of a notebook: 8 hexadecimal characters, as in a cell's id."""
    return uuid4().hex[:8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One change of one notebook (`key`, then at `path`).

    `before` and `after` are sources, None where the cell was not there; for `set_kernelspec` they
    are names, and `after` is JSON of all three of its arguments. `index` is the cell's before the
    change (after it for an insert), `to` a move's target, `count` how many cells there were before.
    `rest` is JSON of all but the source of a cell that was deleted or put back, or of the outputs
    and the execution count that a cell lost or got back; `left_out` counts the outputs that were too
    long for it. `change_id` names the edit, which may have made several
    entries: `part` counts them. `undoes` is the change that it took back. `reverts` are the numbers of
    entries that it took back of another session, in this cell; `accepted` names the acceptance by
    which somebody said that this one stays.
    `was` and `now` are the ids of the cells before and after it: neighbours, then and afterwards.
    `loaded` and `server_session` are those of the document, `process` is one of jmcp's; `at` is in
    seconds since the epoch.
    """

    number: int = 0
    key: str
    path: str
    change: EditKind
    state: State = "pending"
    cell_id: str | None = None
    cell_type: CellType | None = None
    index: int = 0
    to: int | None = None
    count: int = 0
    before: str | None = None
    after: str | None = None
    was: tuple[str | None, str | None] = (None, None)
    now: tuple[str | None, str | None] = (None, None)
    rest: str | None = None
    left_out: int = 0
    change_id: str = ""
    part: int = 0
    undoes: str | None = None
    reverts: tuple[int, ...] = ()
    accepted: str | None = None
    author: Author = NOBODY
    at: float
    server_session: str
    loaded: str
    process: str

    def shown(self) -> tuple[Sequence[Output], int | None]:
        """The outputs and the execution count that a cell lost or got back, without those that were
        left out."""
        rest = json.loads(self.rest or "{}")
        return rest.get("outputs", ()), rest.get("execution_count")

    def whole(self) -> StoredCell | None:
        """The cell that was deleted or put back, without the outputs that were left out."""
        source = self.after if self.change == "insert" else self.before
        return None if self.rest is None else {**json.loads(self.rest), "source": source or ""}


Room = Literal["free", "low", "none"]
"""`low`: a notebook's unsaved edits take all that is kept of it, so that they should be saved;
`none`: they take so much that no more should be recorded."""


class Journal(Protocol):
    """Entries of all notebooks. Its methods may raise `errors.StateUnavailable`."""

    process: str
    """Names this process in its entries."""

    def alive(self, process: str) -> bool:
        """Whether the process of that name lives: its entries are its own to settle."""

    def append(self, entries: Sequence[Entry]) -> int:
        """Keep entries, all or none; returns the number of the last one."""

    def room(self, key: str) -> Room:
        """Whether the journal takes more of a notebook's edits, which stay until they are saved."""

    def entries(
        self, key: str, since: float = 0.0, states: Collection[State] = ()
    ) -> Sequence[Entry]:
        """What was changed in a notebook from that moment on, oldest first; of those states only."""

    def saved(self, key: str, upto: int) -> None:
        """The file has all pending entries up to that number."""

    def settle(self, entries: Sequence[Entry]) -> None:
        """Replace entries that are kept already, by number."""

    def accept(self, entries: Sequence[Entry], acceptance: str | None) -> None:
        """Note on entries that are kept already, all or none, what accepted them; None: nothing."""

    def undelivered(self, key: str) -> Sequence[Entry]:
        """Conflicted entries that no session was told of."""

    def delivered(self, numbers: Collection[int]) -> None:
        """A session was told of these entries."""

    def forget(self, key: str) -> None:
        """Drop all of a notebook's entries: the key is another notebook's now."""

    def pending(self) -> int:
        """How many entries of all notebooks no file has yet."""

    def close(self) -> None: ...
