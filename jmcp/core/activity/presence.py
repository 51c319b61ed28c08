"""The sessions that work in notebooks, as people see them in a page: who, where, and what was done last.

A list is made for all who look on at the same sessions together, at most every SOON_SECONDS, and only
while somebody looks on: a call costs nothing for it then but to say that it is over.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
import time
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2s
from typing import Any, Literal, Self

from jmcp.core.activity.activity import MOST_ROWS, Activity, kernel_of
from jmcp.core.activity.calls import RUNNING, FinishedCall
from jmcp.core.background import end, supervised
from jmcp.core.calls.call import Caller
from jmcp.core.errors import StateUnavailable
from jmcp.core.observe.events import session_key
from jmcp.core.ports import KernelInfo
from jmcp.core.runs.index import RunIndex
from jmcp.core.runs.record.run import Run
from jmcp.core.sessions.records import HeldNotebook, SessionRecord
from jmcp.core.sessions.sessions import Sessions

SOON_SECONDS = 0.2
"""Between two lists: five a second are as many as a person can follow."""
TICK_SECONDS = 2.0
"""After so many seconds it is looked again, for what nobody tells: what kernels do, and the sessions of
other processes that share the store."""
SHOWN_CALLS = 5
"""Calls that are shown of each session, the last ones."""
COLORS = (
    "#1976d2",
    "#d81b60",
    "#2e8b57",
    "#cc5500",
    "#9c4dcc",
    "#00838f",
    "#8d6e63",
    "#7a7a00",
)
"""Each has a contrast of at least 3:1 to white and to #111, as WCAG 2.2 (1.4.11) asks of what is no
text. Sessions that are there at once have different ones, up to so many."""

Row = dict[str, Any]
Doing = Literal["edit", "run"]

_SECRET = secrets.token_bytes(16)


def public_key(record: SessionRecord) -> str:
    """Names a session to pages, in this process: its id cannot be found from it."""
    name = f"{record.owner}\0{record.session_id}".encode(errors="surrogateescape")
    return blake2s(name, key=_SECRET, digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """A call as it is shown; `ended` is in seconds since the epoch, None while it is under way."""

    tool: str
    path: str | None
    cell_id: str | None
    outcome: str
    ended: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """A session as it was seen: `fixed` is what clients get as it is, times are made of the rest."""

    fixed: Row
    last_used: float
    calls: Sequence[_Call]

    def row(self, now: float, owner: str) -> Row:
        """As somebody of that owner gets it now, whose own sessions name none."""
        mine = self.fixed["owner"] == owner
        return {
            **self.fixed,
            "owner": None if mine else self.fixed["owner"],
            "idle_seconds": _since(self.last_used, now),
            "calls": [
                {
                    "tool": call.tool,
                    "path": call.path,
                    "cell_id": call.cell_id,
                    "outcome": call.outcome,
                    "seconds_ago": 0.0 if call.ended is None else _since(call.ended, time.time()),
                }
                for call in self.calls
            ],
        }


class PresenceReader:
    """Whoever looks on: yields whole lists, the first one at once, until it is closed or the server
    ends. A reader who is slow misses lists, never the last one."""

    def __init__(self, view: _View, owner: str) -> None:
        self._view = view
        self._owner = owner
        self._news = asyncio.Event()
        self._taken: Sequence[_Seen] | None = None
        self._closed = False
        view.add(self)

    def wake(self) -> None:
        """There is something to take, or nothing follows any more."""
        self._news.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> list[Row]:
        while not self._closed and not self._view.ended:
            seen = self._view.seen
            if seen is not None and seen is not self._taken:
                self._taken = seen
                return self._view.presence.rows(seen, self._owner)
            self._news.clear()
            await self._news.wait()
        raise StopAsyncIteration

    def close(self) -> None:
        """Nothing follows any more. Idempotent."""
        if not self._closed:
            self._closed = True
            self._view.discard(self)
            self._news.set()


class Presence:
    """Gives lists of sessions to pages."""

    def __init__(self, *, sessions: Sessions, activity: Activity, index: RunIndex) -> None:
        self._sessions = sessions
        self._activity = activity
        self._index = index
        self._views: dict[str | None, _View] = {}
        self.ended = False

    async def records(self, caller: Caller, *, everyone: bool) -> list[SessionRecord]:
        """The sessions that the caller may see, the one used last first. Raises not_permitted,
        StateUnavailable."""
        self._activity.check(caller, everyone=everyone)
        return await self._records(None if everyone else caller.owner)

    async def sessions(self, caller: Caller, *, everyone: bool) -> list[Row]:
        """The list, once. Raises as `records`."""
        records = await self.records(caller, everyone=everyone)
        await self._activity.look_at_kernels()
        return self.rows(self.seen(records), caller.owner)

    def rows(self, seen: Sequence[_Seen], owner: str) -> list[Row]:
        """What somebody of that owner gets of them now."""
        now = self._sessions.now()
        return [one.row(now, owner) for one in seen]

    def watch(self, caller: Caller, *, everyone: bool) -> PresenceReader:
        """Whoever looks on; close it. Raises not_permitted."""
        self._activity.check(caller, everyone=everyone)
        owner = None if everyone else caller.owner
        view = self._views.get(owner)
        if view is None:
            view = self._views[owner] = _View(self, owner)
            self._activity.calls.on_change = self.changed
        return PresenceReader(view, caller.owner)

    # -- of the server ---------------------------------------------------------------------------

    def changed(self, owner: str) -> None:
        """Something is another way with the sessions of that owner. Never waits."""
        for view in self._views.values():
            if view.owner in (None, owner):
                view.touch()

    def run_added(self, run: Any) -> None:
        if self._views:
            self.changed(run.request.owner)

    def run_ended(self, run: Any) -> None:
        if self._views:
            self.changed(run.request.owner)

    async def close(self) -> None:
        """End all readers, because the server ends."""
        self.ended = True
        for view in [*self._views.values()]:
            await view.close()

    # -- of views --------------------------------------------------------------------------------

    async def look(self, owner: str | None) -> list[_Seen]:
        """What is there now. Raises StateUnavailable."""
        records = await self._records(owner)
        if records:
            await self._activity.look_at_kernels()
        return self.seen(records)

    def forget(self, view: _View) -> None:
        """Nobody looks on there any more."""
        if self._views.get(view.owner) is view:
            del self._views[view.owner]
        if not self._views:
            self._activity.calls.on_change = None

    async def _records(self, owner: str | None) -> list[SessionRecord]:
        if owner is None:
            found = await self._sessions.of_everyone()
        else:
            found = await self._sessions.of_owner(owner)
        return [one for one in found if one.notebooks and not one.of_page]

    def seen(self, records: Sequence[SessionRecord]) -> list[_Seen]:
        """These sessions as they are now."""
        shown = records[:MOST_ROWS]
        colors = _colors(shown)
        kernels = self._activity.kernels_seen
        return [self._of(one, colors[one.owner, one.session_id], kernels) for one in shown]

    def _of(self, record: SessionRecord, color: str, kernels: Sequence[KernelInfo] | None) -> _Seen:
        feed, key = self._activity.calls, session_key(record.owner, record.session_id)
        finished = feed.of_session(record.owner, key)
        last = feed.last(key)
        client = last.client if last is not None else None
        if client is None and record.paused is not None:
            client = record.paused.client
        under_way = [
            _Call(
                tool=call.tool,
                path=call.notebook_path,
                cell_id=None,
                outcome=RUNNING,
                ended=None,
            )
            for call in feed.under_way_in(key)
        ]
        ended = [
            _Call(
                tool=call.tool,
                path=call.notebook_path,
                cell_id=call.edited or call.cell_id,
                outcome=call.outcome,
                ended=call.began + call.seconds,
            )
            for call in itertools.islice(finished, SHOWN_CALLS)
        ]
        return _Seen(
            fixed={
                "key": public_key(record),
                "client": client,
                "owner": record.owner,
                "color": color,
                "paused": record.paused is not None,
                "notebooks": [
                    {
                        "path": held.ref.path,
                        "current": name == record.current,
                        "kernel_state": _kernel_state(held, kernels),
                    }
                    for name, held in record.notebooks.items()
                ],
                "at": self._at(record, finished),
            },
            last_used=record.last_accessed,
            calls=[*under_way, *ended][:SHOWN_CALLS],
        )

    def _at(self, record: SessionRecord, finished: Iterable[FinishedCall]) -> Row | None:
        """The cell that the session runs, or else the one that it edited or ran last."""
        runs = [
            one
            for one in self._index.list(owner=record.owner, session_id=record.session_id)
            if isinstance(one, Run) and one.request.cell_id is not None
        ]
        going = [one for one in runs if not one.done]
        # What has begun comes before what waits, and of that the first comes first.
        going.sort(key=lambda one: one.started is None)
        if going:
            return _place(going[0], running=True)
        edit = next((one for one in finished if one.edited is not None), None)
        if runs and (edit is None or runs[-1].submitted.timestamp() >= edit.began):
            return _place(runs[-1], running=False)
        if edit is None:
            return None
        return {
            "path": edit.notebook_path,
            "cell_id": edit.edited,
            "doing": "edit",
            "running": False,
        }


class _View:
    """The sessions of one owner, or of all, as their readers share them."""

    def __init__(self, presence: Presence, owner: str | None) -> None:
        self.owner = owner
        self.seen: list[_Seen] | None = None
        self.presence = presence
        self._readers: set[PresenceReader] = set()
        self._touched = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def ended(self) -> bool:
        return self.presence.ended

    def touch(self) -> None:
        """There is something to look at."""
        self._touched.set()

    def add(self, reader: PresenceReader) -> None:
        self._readers.add(reader)
        if self._task is None and not self.ended:
            self._task = supervised(self._follow, "presence")

    def discard(self, reader: PresenceReader) -> None:
        self._readers.discard(reader)
        if not self._readers and self._task is not None:
            self._task.cancel()
            self._task = None
            self.presence.forget(self)

    async def close(self) -> None:
        task, self._task = self._task, None
        await end(task)
        for reader in self._readers:
            reader.wake()

    async def _follow(self) -> None:
        while True:
            self._touched.clear()
            with suppress(StateUnavailable):  # what was seen last stays, and is looked at again
                self._show(await self.presence.look(self.owner))
            await asyncio.sleep(SOON_SECONDS)
            with suppress(TimeoutError):
                async with asyncio.timeout(TICK_SECONDS):
                    await self._touched.wait()

    def _show(self, seen: list[_Seen]) -> None:
        if seen != self.seen:
            self.seen = seen
            for reader in self._readers:
                reader.wake()


def _since(moment: float, now: float) -> float:
    """Seconds since then; none where a clock was set back, or another process's is ahead."""
    return round(max(0.0, now - moment), 1)


def _place(run: Run, *, running: bool) -> Row:
    request = run.request
    doing: Doing = "run"
    return {
        "path": request.notebook.path,
        "cell_id": request.cell_id,
        "doing": doing,
        "running": running,
    }


def _kernel_state(held: HeldNotebook, running: Sequence[KernelInfo] | None) -> str | None:
    if running is None:
        return "unknown" if held.kernel_id is not None else None
    kernel = kernel_of(held, running)
    return kernel.state if kernel is not None else None


def _colors(records: Collection[SessionRecord]) -> dict[tuple[str, str], str]:
    """A color for each: its own, by its name, unless one that was opened before it has that."""
    given: dict[tuple[str, str], str] = {}
    taken: set[int] = set()
    for record in sorted(records, key=lambda one: (one.created, one.session_id)):
        name = f"{record.owner}\0{record.session_id}".encode(errors="surrogateescape")
        first = blake2s(name, digest_size=4).digest()[0] % len(COLORS)
        order = [(first + step) % len(COLORS) for step in range(len(COLORS))]
        chosen = next((one for one in order if one not in taken), first)
        taken.add(chosen)
        given[record.owner, record.session_id] = COLORS[chosen]
    return given
