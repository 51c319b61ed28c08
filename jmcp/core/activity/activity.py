"""What goes on in one server: its sessions, its runs and its calls."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jmcp.core.activity.calls import CallFeed, CallReader, Row, moment
from jmcp.core.calls.call import Caller
from jmcp.core.calls.permissions import Permissions
from jmcp.core.calls.tool import Policy
from jmcp.core.errors import BackendError
from jmcp.core.observe.events import masked, session_key
from jmcp.core.ports import KernelInfo, Kernels
from jmcp.core.runs.batch import Batch
from jmcp.core.runs.index import RunIndex
from jmcp.core.runs.record.run import Run
from jmcp.core.sessions.records import HeldNotebook, SessionRecord
from jmcp.core.sessions.sessions import Sessions

MOST_ROWS = 100
"""Sessions and runs that are shown: the sessions that were used last, the runs that were asked for
first. All are counted."""
SHOWN_CALLS = 50
"""Finished calls that are shown of before somebody began to look on."""
MOST_FOLLOWERS = 16
"""Streams that one owner may have open."""
STATE_SECONDS = 0.25
"""Between two looks at runs and calls under way."""
TICK_SECONDS = 0.5
"""After so many seconds without a finished call it is looked whether runs have changed."""
SESSIONS_SECONDS = 2.0
"""Between two looks at sessions, which ask the store and, for their kernels, Jupyter."""
UNDER_WAY_SECONDS = 0.3
"""A call is shown as under way after so many seconds: most are over before."""
LINE_CHARACTERS = 120
"""Of the first line of what runs."""

Event = tuple[str, dict[str, Any]]


@dataclass(slots=True, kw_only=True)
class _KernelsSeen:
    kernels: Sequence[KernelInfo] | None = None
    at: float = float("-inf")


class Activity:
    """Looks at a server. An owner's rows are for that owner; those of all need the scope `admin`,
    and have nothing of what the others' cells and calls contain."""

    def __init__(
        self,
        *,
        policy: Policy,
        permissions: Permissions,
        sessions: Sessions,
        index: RunIndex,
        kernels: Kernels,
    ) -> None:
        self.calls = CallFeed()
        self._policy = policy
        self._permissions = permissions
        self._sessions = sessions
        self._index = index
        self._kernels = kernels
        self._seen = _KernelsSeen()
        self._began = moment(time.time())

    def check(self, caller: Caller, *, everyone: bool) -> None:
        """Raises not_permitted."""
        if everyone:
            what = self._policy.phrases.activity_of_all()
            self._permissions.require(caller, "admin", what)

    async def snapshot(self, caller: Caller, *, everyone: bool) -> dict[str, Any]:
        """All that goes on, and the last calls. Raises not_permitted, StateUnavailable."""
        self.check(caller, everyone=everyone)
        owner = None if everyone else caller.owner
        last = [call.row() for call in self.calls.finished(owner, SHOWN_CALLS)]
        return {
            "now": moment(time.time()),
            "server_began": self._began,
            **await self.sessions(owner),
            **self.runs(owner, caller.owner),
            "calls": [*self.calls.under_way(owner), *last],
        }

    def follow(self, caller: Caller, *, everyone: bool, contents: bool) -> Following:
        """The same as it changes, until the returned is closed. Raises not_permitted,
        session_limit."""
        self.check(caller, everyone=everyone)
        if self.calls.readers(caller.owner) >= MOST_FOLLOWERS:
            raise self._policy.errors.session_limit.followers(limit=MOST_FOLLOWERS)
        reader = self.calls.read(caller.owner, everyone=everyone, contents=contents)
        return Following(self, caller, reader, everyone=everyone)

    async def sessions(self, owner: str | None) -> dict[str, Any]:
        """The live sessions of that owner, or of all, the one used last first."""
        if owner is None:
            records = await self._sessions.of_everyone()
        else:
            records = await self._sessions.of_owner(owner)
        running = await self._running()
        return {
            "session_count": len(records),
            "sessions": [self._session(one, running) for one in records[:MOST_ROWS]],
        }

    def runs(self, owner: str | None, viewer: str) -> dict[str, Any]:
        """What runs or waits, of that owner or of all, in the order of their asking. Only the
        viewer's own have a line of what runs."""
        going = [one for one in self._index.list(owner=owner) if not one.done]
        steps = {
            step.run.execution_id
            for one in going
            if isinstance(one, Batch)
            for step in one.request.steps
            if step.run is not None
        }
        shown = [one for one in going if one.execution_id not in steps]
        return {
            "run_count": len(shown),
            "runs": [_run(one, viewer) for one in shown[:MOST_ROWS]],
        }

    async def _running(self) -> Sequence[KernelInfo] | None:
        """The kernels that run, as of a moment ago; None where Jupyter does not say."""
        now = time.monotonic()
        if now - self._seen.at >= SESSIONS_SECONDS / 2:
            try:
                self._seen = _KernelsSeen(kernels=await self._kernels.list(), at=now)
            except BackendError:
                self._seen = _KernelsSeen(at=now)
        return self._seen.kernels

    def _session(self, record: SessionRecord, running: Sequence[KernelInfo] | None) -> Row:
        last = self.calls.last(session_key(record.owner, record.session_id))
        return {
            "session": masked(record.session_id),
            "owner": record.owner,
            "client": last.client if last is not None else None,
            "last_tool": last.tool if last is not None else None,
            "opened": moment(record.created),
            "last_call": moment(record.last_accessed),
            "notebooks": [
                _notebook(held, running, current=key == record.current)
                for key, held in record.notebooks.items()
            ],
        }


class Following:
    """Somebody who looks on, until `close`."""

    def __init__(
        self, activity: Activity, caller: Caller, reader: CallReader, *, everyone: bool
    ) -> None:
        self._activity = activity
        self._caller = caller
        self._reader = reader
        self._everyone = everyone
        self._owner = None if everyone else caller.owner
        self._began = False
        self._told: dict[str, dict[str, Any]] = {}
        self._looked = self._looked_at_sessions = float("-inf")

    @property
    def ended(self) -> bool:
        """Whether nothing follows, because the server ends."""
        return self._reader.ended

    async def next_events(self, seconds: float) -> list[Event]:
        """What is new, as (name, data); nothing after so many seconds, or at the end.

        The first is `activity`, the snapshot. `sessions`, `runs` and `under_way` replace what was
        told of these before. `call` is one that is over, and `lost` counts those that this reader
        was too slow for. Raises StateUnavailable.
        """
        deadline = time.monotonic() + seconds
        if not self._began:
            return [await self._first()]
        while not self.ended:
            rest = deadline - time.monotonic()
            await self._reader.wait(max(0.0, min(TICK_SECONDS, rest)))
            if events := await self._changes():
                return events
            if rest <= 0:
                break
        return []

    def close(self) -> None:
        self._reader.close()

    async def _first(self) -> Event:
        data = await self._activity.snapshot(self._caller, everyone=self._everyone)
        self._began = True
        self._told = {
            "sessions": {name: data[name] for name in ("session_count", "sessions")},
            "runs": {name: data[name] for name in ("run_count", "runs")},
        }
        self._looked_at_sessions = time.monotonic()
        return "activity", data

    async def _changes(self) -> list[Event]:
        rows, lost = self._reader.take()
        events: list[Event] = [("lost", {"count": lost})] if lost else []
        events += [("call", row) for row in rows]
        now = time.monotonic()
        if now - self._looked >= STATE_SECONDS:
            self._looked = now
            calls = self._activity.calls.under_way(self._owner, after_seconds=UNDER_WAY_SECONDS)
            events += self._changed("under_way", {"calls": list(calls)})
            events += self._changed("runs", self._activity.runs(self._owner, self._caller.owner))
        if now - self._looked_at_sessions >= SESSIONS_SECONDS:
            self._looked_at_sessions = now
            events += self._changed("sessions", await self._activity.sessions(self._owner))
        return events

    def _changed(self, name: str, data: dict[str, Any]) -> list[Event]:
        before = self._told.get(name)
        self._told[name] = data
        if data == before or (before is None and not any(data.values())):
            return []
        return [(name, {"now": moment(time.time()), **data})]


def kernel_of(held: HeldNotebook, running: Sequence[KernelInfo]) -> KernelInfo | None:
    """The kernel that a call on the notebook would use, if it runs."""
    if held.private:
        return next((one for one in running if one.kernel_id == held.kernel_id), None)
    return next((one for one in running if one.notebook_path == held.ref.path), None)


def _notebook(held: HeldNotebook, running: Sequence[KernelInfo] | None, *, current: bool) -> Row:
    row: Row = {"notebook_path": held.ref.path, "current": current}
    if running is None:
        state = "unknown" if held.kernel_id is not None else None
        return {**row, "kernel_id": held.kernel_id, "kernel_state": state}
    kernel = kernel_of(held, running)
    return {
        **row,
        "kernel_id": kernel.kernel_id if kernel is not None else None,
        "kernel_state": kernel.state if kernel is not None else None,
    }


def _run(entry: Run | Batch, viewer: str) -> Row:
    request = entry.request
    row: Row = {
        "execution_id": entry.execution_id,
        "session": masked(request.session_id),
        "owner": request.owner,
        "notebook_path": request.notebook.path,
        "status": entry.status,
        "submitted": moment(entry.submitted.timestamp()),
        "started": None,
        "cell_id": None,
        "line": None,
        "waits_for": None,
        "done": None,
        "total": None,
    }
    if isinstance(entry, Batch):
        row |= {"done": entry.finished_steps, "total": len(entry.request.steps)}
        # It begins with its kernel; before that it waits for one.
        row["started"] = row["submitted"] if entry.status == "running" else None
        run = next(
            (step.run for step in entry.request.steps if step.run and not step.run.done), None
        )
    else:
        run = entry
        row["started"] = moment(entry.started.timestamp()) if entry.started else None
    if run is not None:
        waiting = run.waits_for
        row["waits_for"] = waiting.what if waiting is not None else None
        row["cell_id"] = run.request.cell_id
        if request.owner == viewer:
            row["line"] = _first_line(run.request.code)
    return row


def _first_line(code: str) -> str | None:
    line = next((line.strip() for line in code[:10_000].splitlines() if line.strip()), "")
    return line[:LINE_CHARACTERS] or None
