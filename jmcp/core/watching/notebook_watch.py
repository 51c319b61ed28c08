"""One notebook that clients want to be told of: what changed in it, and by whom."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

from jmcp.core.background import end, supervised
from jmcp.core.editing.edit_lease import EditLease, Leases
from jmcp.core.errors import ENDS_TASK, BackendError, NotebookMissing
from jmcp.core.journal.entries import Author
from jmcp.core.ports import FILE, Cells, Edit, NotebookRef
from jmcp.core.runs.index import RunIndex
from jmcp.core.watching.notebook_state import GONE, CellState, NotebookState, name

AWAY_SECONDS = 600.0
"""A client that could not be told for so many seconds is forgotten."""
LOOK_SECONDS = 1.0
"""Between two looks at a notebook: changes meanwhile are told of together."""
TELL_SECONDS = 5.0
"""A client that does not take a notification within so many seconds gets it later."""
FILE_LOOKS = 3
"""How many times less often a file is looked at, which nobody edits together."""
KEPT_LOOKS = 3
"""Looks for which an edit is remembered: a file has it a moment after it was made."""
log = logging.getLogger("jmcp")

Reachable = Callable[[], bool | None]
"""Whether a client can be told just now; None when it is gone for good."""


@dataclass(eq=False, slots=True, kw_only=True)
class Subscription:
    """What one client wants to be told of: all of a notebook, or one of its cells.

    `owner` and `client` say whose own changes it is not told of. `tell` sends the notification.
    `due`: there is something to tell.
    """

    owner: str
    client: str | None
    cell_id: str | None
    tell: Callable[[], Awaitable[None]]
    reachable: Reachable
    watch: NotebookWatch
    due: bool = False
    closed: bool = False
    away_since: float | None = None

    def look(self) -> None:
        """Close it if its client is gone, or was away for too long."""
        there, now = self.reachable(), time.monotonic()
        if there:
            self.away_since = None
        elif self.away_since is None:
            self.away_since = now
        if there is None or (self.away_since or now) < now - AWAY_SECONDS:
            self.close()

    def close(self) -> None:
        """Tell it nothing more. Idempotent."""
        self.closed = True
        self.watch.drop(self)


@dataclass(slots=True, kw_only=True)
class MadeEdit:
    """The last edit of a cell through jmcp: by whom, what the cell holds since, and whether it has
    another place. `looks` counts down."""

    author: Author
    held: tuple[int, str] | None
    placed: bool
    looks: int = field(default=KEPT_LOOKS)


class NotebookWatch:
    """Looks at a notebook while somebody wants to be told of it and can be, and holds it open.

    Changes through jmcp are their author's, if the notebook is as the author left it; all others
    are somebody else's. A run's outputs are those of whoever asked for the run.
    """

    def __init__(
        self,
        ref: NotebookRef,
        leases: Leases,
        runs: RunIndex,
        on_unused: Callable[[str], None],
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self.subscriptions: list[Subscription] = []
        self._ref = ref
        self._leases = leases
        self._runs = runs
        self._on_unused = on_unused
        self._look_seconds = look_seconds
        self._lease: EditLease | None = None
        self._state = GONE
        self._stamp: tuple[str, int, str] | None = None
        self._edits: dict[str, MadeEdit] = {}
        self._clients: dict[Author, str | None] = {}
        self._touched = asyncio.Event()
        self._looking = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    @property
    def key(self) -> str:
        return self._ref.key

    async def begin(self) -> None:
        """Take note of the notebook as it is now. Raises as `Documents.open`."""
        async with self._looking:
            if self._task is None:
                self._state = await self._look()
                self._task = supervised(self._run, "notebook-watch")

    def add(self, subscription: Subscription) -> None:
        self.subscriptions.append(subscription)

    def drop(self, subscription: Subscription) -> None:
        if subscription not in self.subscriptions:
            return
        self.subscriptions.remove(subscription)
        if not self.subscriptions:
            self._on_unused(self.key)
            self.stop()

    def stop(self) -> asyncio.Task[None] | None:
        """End it; returns the task that ends, if there is one."""
        self._release()
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
        return task

    async def close(self) -> None:
        """End it, and return when it has ended."""
        await end(self.stop())

    # -- what goes through jmcp -------------------------------------------------------------------

    def edits_of(self, author: Author, client: str | None) -> EditsOf:
        """Is told of the edits of a session with which that client works."""
        self._clients[author] = client
        return EditsOf(self, author)

    def edited(self, author: Author, edit: Edit) -> None:
        """A session changed the notebook."""
        cell = edit.after or edit.before
        if cell is None:
            return
        held = None if edit.after is None else (hash(edit.after.source), edit.after.cell_type)
        before = self._edits.get(name(cell))
        placed = edit.kind != "set_source" or (before is not None and before.placed)
        self._edits[name(cell)] = MadeEdit(author=author, held=held, placed=placed)
        self._touched.set()

    # -- looking ----------------------------------------------------------------------------------

    async def _run(self) -> None:
        while True:
            await self._pause()
            async with self._looking:
                await self._turn()

    async def _pause(self) -> None:
        """Wait for a while, less after an edit through jmcp: looking at a file is asking Jupyter."""
        often = self._stamp is not None and self._stamp[0] != FILE
        with suppress(TimeoutError):
            async with asyncio.timeout(self._look_seconds * (1 if often else FILE_LOOKS)):
                await self._touched.wait()
        if self._touched.is_set():
            await asyncio.sleep(self._look_seconds)
        self._touched.clear()

    async def _turn(self) -> None:
        """Look once, and tell whoever is to be told."""
        for one in list(self.subscriptions):
            one.look()
        if not any(one.reachable() for one in self.subscriptions):
            self._release()
            return
        try:
            now = await self._look()
        except BackendError as error:
            log.debug("a watched notebook cannot be read: %s", error.message)
            self._release()
            return
        before, self._state = self._state, now
        if now is not before:
            self._compare(before, now)
        self._forget_edits()
        for one in list(self.subscriptions):
            if one.due and one.reachable():
                await self._told(one)

    async def _look(self) -> NotebookState:
        """The notebook as it is; the same object as before where nothing can have changed."""
        lease = self._lease
        if lease is None:
            lease = self._lease = self._leases.lease(self._ref)
        path = lease.ref.path
        try:
            await lease.follow()
            cells = await lease.read()
        except NotebookMissing:
            self._release()
            return self._state if self._state is GONE else GONE
        self._ref = lease.ref
        stamp = (cells.loaded, cells.version, lease.ref.path)
        if lease.ref.path != path:
            for one in self.subscriptions:
                one.due = True
        if stamp == self._stamp and cells.loaded != FILE:
            return self._state
        self._stamp = stamp
        return NotebookState.of(cells)

    def _release(self) -> None:
        self._stamp = None
        if self._lease is not None:
            self._lease.close()
            self._lease = None

    # -- whose changes ----------------------------------------------------------------------------

    def _compare(self, before: NotebookState, now: NotebookState) -> None:
        changed = now.changed_since(before)
        if before is GONE or now is GONE:  # an empty notebook is equal to one that is gone
            for one in self.subscriptions:
                one.due = True
            return
        authors = {cell: self._author(cell, before, now) for cell in changed}
        for one in self.subscriptions:
            others = [cell for cell, author in authors.items() if not self._is_own(one, author)]
            if one.cell_id is not None:
                one.due = one.due or one.cell_id in others
            elif others or now.moved_since(before, self._placed_by(one)):
                one.due = True

    def _author(self, cell: str, before: NotebookState, now: NotebookState) -> Author | None:
        """Who made a cell what it is; None for somebody that jmcp does not know."""
        was, is_ = before.cells.get(cell), now.cells.get(cell)
        if was is not None and is_ is not None and was.held == is_.held:
            return self._runner(cell, is_)
        made = self._edits.get(cell)
        if made is None or made.held != (None if is_ is None else is_.held):
            return None
        return made.author

    def _runner(self, cell: str, state: CellState) -> Author | None:
        """Whose run the outputs of a cell are of."""
        made = self._edits.get(cell)
        run = self._runs.last_in_cells(self.key).get(cell)
        if run is None or (run.done and state.execution_count != run.execution_count):
            # An edit that put a cell back with its outputs, or took those away.
            return None if made is None else made.author
        return Author.of(run.request.owner, run.request.session_id)

    def _is_own(self, subscription: Subscription, author: Author | None) -> bool:
        if author is None or author not in self._clients:
            return False
        mine = author.owner == Author.of(subscription.owner, "").owner
        return mine and self._clients[author] == subscription.client

    def _placed_by(self, subscription: Subscription) -> set[str]:
        return {
            cell
            for cell, made in self._edits.items()
            if made.placed and self._is_own(subscription, made.author)
        }

    def _forget_edits(self) -> None:
        for cell, made in list(self._edits.items()):
            made.looks -= 1
            if made.looks <= 0:
                del self._edits[cell]

    async def _told(self, subscription: Subscription) -> None:
        subscription.due = False
        try:
            async with asyncio.timeout(TELL_SECONDS):
                await subscription.tell()
        except TimeoutError:
            subscription.due = True
        except ENDS_TASK:
            raise
        except Exception:
            log.debug("a client could not be told of a change", exc_info=True)
            subscription.close()


class EditsOf:
    """Tells a watch of the edits of one author: an `EditSubscriber`."""

    def __init__(self, watch: NotebookWatch, author: Author) -> None:
        self._watch = watch
        self._author = author

    def on_edit(self, edit: Edit, cells: Cells) -> None:
        self._watch.edited(self._author, edit)
