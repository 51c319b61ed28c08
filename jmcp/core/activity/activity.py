"""What goes on in one server: its sessions, its runs and its calls."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jmcp.core.activity.calls import CallFeed, CallReader, Row, Viewer, moment
from jmcp.core.calls.call import Caller
from jmcp.core.calls.permissions import Permissions
from jmcp.core.calls.tool import Policy
from jmcp.core.errors import BackendError
from jmcp.core.lab_pages import LabPages
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
KERNELS_SECONDS = 1.0
"""For so many seconds the list of running kernels serves all who look on."""
LINE_CHARACTERS = 120
"""Of the first line of what runs."""


@dataclass(slots=True, kw_only=True)
class _KernelsSeen:
    kernels: Sequence[KernelInfo] | None = None
    at: float = float("-inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsSeen:
    """Sessions as they were at one moment. `rows` is what clients have of them; `current` has the
    current notebook of each that holds one, by `observe.events.session_key`."""

    rows: dict[str, Any]
    current: Mapping[int, CurrentNotebook]


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentNotebook:
    """The current notebook of a session, whose id is masked in `session`, and whole in
    `session_id` for who may have it."""

    session: str
    session_id: str | None
    path: str


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
        lab: LabPages,
    ) -> None:
        self.calls = CallFeed()
        self._policy = policy
        self._permissions = permissions
        self._sessions = sessions
        self._index = index
        self._kernels = kernels
        self.lab = lab
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
        await self.look_at_kernels()
        seen = await self.sessions(caller, everyone=everyone)
        return self.shown(seen, caller, everyone=everyone)

    def shown(self, seen: SessionsSeen, caller: Caller, *, everyone: bool) -> dict[str, Any]:
        """All that goes on beside those sessions, as clients have it."""
        owner, viewer = None if everyone else caller.owner, viewer_of(caller)
        last = [call.row(viewer) for call in self.calls.finished(owner, SHOWN_CALLS)]
        return {
            "now": moment(time.time()),
            "server_began": self._began,
            "lab_url": self.lab.base,
            **seen.rows,
            **self.runs(caller, everyone=everyone),
            "calls": [*self.calls.under_way(owner, viewer=viewer), *last],
        }

    def follow(self, caller: Caller, *, everyone: bool, contents: bool) -> CallReader:
        """Who reads calls as they end, until it is closed. Raises not_permitted, session_limit."""
        self.check(caller, everyone=everyone)
        if self.calls.readers(caller.owner) >= MOST_FOLLOWERS:
            raise self._policy.errors.session_limit.followers(limit=MOST_FOLLOWERS)
        return self.calls.read(viewer_of(caller), everyone=everyone, contents=contents)

    async def sessions(self, caller: Caller, *, everyone: bool) -> SessionsSeen:
        """The live sessions of the caller, or of all, the one used last first. Their kernels are as
        `look_at_kernels` last saw them. Raises StateUnavailable."""
        if everyone:
            records = await self._sessions.of_everyone()
        else:
            records = await self._sessions.of_owner(caller.owner)
        viewer, running = viewer_of(caller), self._seen.kernels
        rows = [self._session(one, running, viewer) for one in records[:MOST_ROWS]]
        return SessionsSeen(
            rows={"session_count": len(records), "sessions": rows},
            current={
                session_key(one.owner, one.session_id): CurrentNotebook(
                    session=masked(one.session_id),
                    session_id=viewer.id_of(one.owner, one.session_id),
                    path=one.notebooks[one.current].ref.path,
                )
                for one in records[:MOST_ROWS]
                if one.current in one.notebooks
            },
        )

    def runs(self, caller: Caller, *, everyone: bool) -> dict[str, Any]:
        """What runs or waits, of the caller or of all, in the order of their asking. Only the
        caller's own have a line of what runs."""
        owner, viewer = None if everyone else caller.owner, viewer_of(caller)
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

    @property
    def kernels_seen(self) -> Sequence[KernelInfo] | None:
        """The kernels that ran when it was last looked; None where Jupyter does not say."""
        return self._seen.kernels

    async def look_at_kernels(self) -> bool:
        """See which kernels run, unless they were seen a moment ago: not at all where Jupyter does
        not say. Whether they are other ones now, or do something else."""
        now = time.monotonic()
        if now - self._seen.at < KERNELS_SECONDS:
            return False
        before = self._seen.kernels
        try:
            found: Sequence[KernelInfo] | None = await self._kernels.list()
        except BackendError:
            found = None
        self._seen = _KernelsSeen(kernels=found, at=now)
        return found != before

    def _session(
        self, record: SessionRecord, running: Sequence[KernelInfo] | None, viewer: Viewer
    ) -> Row:
        last = self.calls.last(session_key(record.owner, record.session_id))
        return {
            "session": masked(record.session_id),
            "session_id": viewer.id_of(record.owner, record.session_id),
            "owner": record.owner,
            "client": last.client if last is not None else None,
            "last_tool": last.tool if last is not None else None,
            "opened": moment(record.created),
            "last_call": moment(record.last_accessed),
            "paused": record.paused is not None,
            "notebooks": [
                _notebook(held, running, current=key == record.current)
                for key, held in record.notebooks.items()
            ],
        }


def viewer_of(caller: Caller) -> Viewer:
    """The caller as one who looks on. Where nobody logs in all have the same owner, and the id of a
    session is what only those have who use it."""
    return Viewer(owner=caller.owner, sees_ids=caller.authenticated)


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


def _run(entry: Run | Batch, viewer: Viewer) -> Row:
    request = entry.request
    row: Row = {
        "execution_id": entry.execution_id,
        "session": masked(request.session_id),
        "session_id": viewer.id_of(request.owner, request.session_id),
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
        if request.owner == viewer.owner:
            row["line"] = _first_line(run.request.code)
    return row


def _first_line(code: str) -> str | None:
    line = next((line.strip() for line in code[:10_000].splitlines() if line.strip()), "")
    return line[:LINE_CHARACTERS] or None
