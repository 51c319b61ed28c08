"""Session records and their store. Keys are (owner, id), so that an id of another owner is unknown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from jmcp.core.ports import NotebookRef, Request


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldNotebook:
    """A notebook that a session holds.

    `kernel_id` and `generation` are what this session last saw of the notebook's kernel, so that
    a restart by anyone is told to it once (`generation` None: the loss of the process was told,
    and which one follows does not matter). Each process of jmcp counts
    generations from 1: `counted_by` names the one that counted; `process` is the kernel's own name
    for its process, if it has one. `pending_notice` is the notice that some call still has to tell.
    `started_kernel`: this session started that kernel. `private`: nobody else may use it.
    `auto_heal` False: jmcp does not replace a dead kernel unasked. `seen` is what it has read of
    the cells, and `places` where it saw which, as `Reading` packs them. `opened` is when the session
    opened it, in seconds since the epoch; 0 where an older version did.
    """

    ref: NotebookRef
    name: str
    kernel_id: str | None = None
    kernel_name: str | None = None
    generation: int | None = None
    counted_by: str | None = None
    process: str | None = None
    pending_notice: str | None = None
    started_kernel: bool = False
    private: bool = False
    auto_heal: bool = True
    seen: str = ""
    places: str = ""
    opened: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A person has paused a session, at that moment in seconds since the epoch. `client` is the name
    that the session's client gave itself, None where it is not known."""

    at: float
    client: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRecord:
    """A session as it is stored. Times are seconds since the epoch; `notebooks` is keyed by key.

    `paused`: nothing is changed in it until a person resumes it; `resumed`: one has, and no result has
    said so. `of_page`: a person's page in a browser opened it, and no agent.
    """

    owner: str
    session_id: str
    created: float
    last_accessed: float
    connection: str | None = None
    current: str | None = None
    notebooks: dict[str, HeldNotebook] = field(default_factory=dict)
    paused: Pause | None = None
    resumed: bool = False
    of_page: bool = False

    @property
    def claims(self) -> frozenset[str]:
        """What stores find it by: the keys of its notebooks, the ids of its private kernels."""
        held = self.notebooks.values()
        private = {one.kernel_id for one in held if one.private and one.kernel_id is not None}
        return frozenset(self.notebooks) | private


Change = Callable[[SessionRecord], SessionRecord | None]
"""What becomes of a record. None: it is removed. May be called more than once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingRun:
    """A run that a kernel was sent and whose end was not seen yet: enough to take it up again.

    `began` is in seconds since the epoch; `cell_id` is None for code that belongs to no cell.
    `timeout` in seconds, 0 for none. `displays` are the positions among the cell's outputs of each
    display id, which no document holds. `settled`: jmcp stopped in order, and all that it heard of
    the run is in the cell.
    """

    execution_id: str
    owner: str
    session_id: str
    notebook: NotebookRef
    cell_id: str | None
    request: Request
    began: float
    timeout: float = 0
    displays: dict[str, tuple[int, ...]] = field(default_factory=dict)
    settled: bool = False


class Store(Protocol):
    """Session records of all owners. Expiry is the caller's: it knows the clock and what runs.

    Every method may raise StateUnavailable; whether a change was made is then not known.
    """

    async def get(self, owner: str, session_id: str) -> SessionRecord | None: ...
    async def put(self, record: SessionRecord) -> None: ...
    async def add(self, record: SessionRecord) -> bool:
        """Keep a new record. Returns False, and changes nothing, if there is one with that owner
        and id."""

    async def touch(self, owner: str, session_id: str, moment: float) -> bool:
        """Refresh `last_accessed` alone; False when there is no such session."""

    async def change(
        self, owner: str, session_id: str, change: Change
    ) -> tuple[SessionRecord, SessionRecord | None] | None:
        """Change a record as it is now, at once for all processes; None when there is none.

        Returns it as it was and as it is now.
        """

    async def remove(self, owner: str, session_id: str) -> bool: ...
    async def expire(self, owner: str, session_id: str, moment: float) -> bool:
        """Remove it unless it was accessed at that moment or later, by any process."""

    async def of_owner(self, owner: str) -> Sequence[SessionRecord]:
        """The owner's records, the one used last first."""

    async def idle_since(self, moment: float) -> Sequence[SessionRecord]:
        """Records of all owners that were last accessed before that moment."""

    async def holders(self, *holdings: str) -> Sequence[SessionRecord]:
        """Records of all owners that have any of these `SessionRecord.claims`."""

    async def count(self, since: float) -> int:
        """How many records of all owners were last accessed then or later, without reading any."""

    async def put_run(self, run: PendingRun) -> None: ...
    async def remove_run(self, execution_id: str) -> None: ...
    async def runs(self) -> Sequence[PendingRun]:
        """What an earlier process left, oldest first."""

    async def close(self) -> None: ...
