"""What a handler gets: one session, with its notebooks and its runs."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType

from jmcp.core.errors import NotebookMissing
from jmcp.core.journal.entries import Author
from jmcp.core.notices import (
    NotebookMoved,
    Notice,
    OpenElsewhere,
    PrivateKernelStopped,
    ResumedByPerson,
    RunEnds,
    RunGoesOn,
    SessionOpened,
    TabNotUpdated,
)
from jmcp.core.ports import DocumentMode
from jmcp.core.runs.batch import Batch
from jmcp.core.runs.record.progress import HEARTBEAT_SECONDS, Progress, Report, watch
from jmcp.core.runs.record.run import Run
from jmcp.core.sessions.notebook import Notebook
from jmcp.core.sessions.notices.result_notices import ResultNotices
from jmcp.core.sessions.readings.call_view import CallView
from jmcp.core.sessions.readings.read_cells import Reading
from jmcp.core.sessions.record_changes import added, altered, released, renamed
from jmcp.core.sessions.records import HeldNotebook, SessionRecord
from jmcp.core.sessions.services import Services
from jmcp.core.sessions.sessions import Change
from jmcp.core.sessions.workspace import Workspace

LOOKED_UP_SECONDS = 0.25
"""Seconds for which a call trusts where it found a notebook. Most runs are over by then, and asking
again costs more than all other work for their results."""
WITHDRAWAL_SECONDS = 10.0
"""Seconds that a kernel has to end a run that is withdrawn, as it has after other interrupts."""

NOTHING_CLOSED: Mapping[str, str] = MappingProxyType({})

OnReport = Callable[[Progress], Awaitable[Progress]]
"""Takes each report of a run, and returns the one that the caller is told."""


class Session:
    """One session during one call.

    Handlers change what it holds through `hold`, `release` and `Notebook`; dispatch stores the
    record when the call succeeded. `closed` is set when the last notebook was released.
    """

    def __init__(self, record: SessionRecord, workspace: Workspace, services: Services) -> None:
        self.record = record
        self.changes: list[Change] = []
        self.workspace = workspace
        self.notices = ResultNotices(services.policy)
        self.touched: HeldNotebook | None = None
        self.submitted: list[Run] = []
        """The runs of this call."""
        self.beside_others = False
        """Whether this call opens the session though its client has another one."""
        self.closed_notebooks: Mapping[str, str] = NOTHING_CLOSED
        """The paths, by key, of notebooks that this call does not open, because a person has paused the
        session that works in them."""
        self.shared = False
        """Whether the call named no session and this is the one that such calls share."""
        self._services = services
        self._opened: set[str] = set()
        self._began = False
        self._notebooks: dict[str, Notebook] = {}

    @property
    def closed(self) -> bool:
        """Whether the session holds no notebook (any more)."""
        return not self.record.notebooks

    @property
    def next_call(self) -> str:
        """What a client that opened this session is told to do from now on."""
        policy = self._services.policy
        if self.shared:
            return policy.next_shared
        return policy.next_call.format(session_id=self.record.session_id)

    def notice(self, notice: Notice, *, cell_index: int | None = None) -> None:
        """Tell the caller something that the call did or found, of one of several cells if given."""
        self.notices.add(notice, cell_index=cell_index)

    async def notebook(
        self, notebook_path: str | None = None, *, even_deleted: bool = False
    ) -> Notebook:
        """The current notebook, or another one that the session holds, by path or name.

        Raises notebook_not_open, and notebook_not_found when it was deleted, unless that is fine.
        """
        if notebook_path is None:
            held = self.record.notebooks.get(self.record.current or "")
        else:
            held = await self._services.sessions.held(self.record, notebook_path)
        if held is None:
            raise self._not_open(notebook_path)
        try:
            ref = await self._services.leases.documents.current(held.ref.key)
        except NotebookMissing:
            if not even_deleted:
                raise
            ref = held.ref
        if ref != held.ref:
            self.notice(NotebookMoved(old=held.ref.path, new=ref.path))
            held = self.alter(ref.key, partial(renamed, ref))
        self.touched = held
        if held.pending_notice == PrivateKernelStopped.code:
            # What the session itself did before a call of it failed is no matter of kernels alone.
            self.notices.pending.add(held.ref.key)
        return self._notebook(held)

    def looked_up(self, key: str) -> Notebook | None:
        """The notebook with that key, if this call looked it up within the last LOOKED_UP_SECONDS,
        else None.

        What happens to it meanwhile the next call tells.
        """
        notebook, held = self._notebooks.get(key), self.record.notebooks.get(key)
        if notebook is None or held is None:
            return None
        if time.monotonic() - notebook.looked_up > LOOKED_UP_SECONDS:
            return None
        notebook.held = held
        return notebook

    def _notebook(self, held: HeldNotebook) -> Notebook:
        """The one object of this call for that notebook, with its one lease."""
        key = held.ref.key
        notebook = self._notebooks.get(key)
        if notebook is None:
            readings = self._services.readings
            expected = self.workspace.caller.expected
            view = CallView(key, readings.of(self.record, key), readings, expected=expected)
            lease = self._services.leases.lease(
                held.ref,
                author=Author.of(self.record.owner, self.record.session_id),
                subscribers=[view],
                on_notice=self.notice,
                client=self.workspace.caller.told_apart_by,
            )
            notebook = self._notebooks[key] = Notebook(held, lease, view, self, self._services)
        else:
            notebook.held = held
            notebook.lease.ref = held.ref
        notebook.looked_up = time.monotonic()
        return notebook

    @property
    def document(self) -> DocumentMode | None:
        """The mode of the document that this call opened last; None where it opened none."""
        modes = [notebook.lease.mode for notebook in self._notebooks.values()]
        return next(filter(None, reversed(modes)), None)

    @property
    def edited(self) -> str | None:
        """The id of the cell that this call has changed last and that is still there, if any."""
        for notebook in self._notebooks.values():
            if notebook.view.edited is not None:
                return notebook.view.edited
        return None

    def close(self) -> None:
        """The call is over: hold its notebooks no more."""
        for notebook in self._notebooks.values():
            notebook.lease.close()

    def unsaved_readings(self) -> dict[str, Reading]:
        """What this call has read that the session's record does not have yet, by notebook key."""
        readings = {key: notebook.view.reading for key, notebook in self._notebooks.items()}
        return {key: reading for key, reading in readings.items() if reading.unsaved}

    async def look_for_tabs(self) -> None:
        """Add a notice for each notebook of this call that is open in a browser tab which does not
        follow edits."""
        tabs, documents = self._services.tabs, self._services.leases.documents
        for notebook in self._notebooks.values():
            view, ref, mode = notebook.view, notebook.ref, notebook.lease.mode
            if mode is None or view.reading.told_of_tab:
                continue
            if documents.opened_beside(ref.key):
                open_there = not await tabs.closed(ref)
            else:
                # Live documents are followed by the tabs that are connected to their kernels.
                open_there = mode == "file" and await tabs.shows(ref)
            if open_there:
                path = ref.path
                self.notice(
                    TabNotUpdated(path=path) if mode == "file" else OpenElsewhere(path=path)
                )
                view.tells_of_tab = True

    def begin_change(self) -> None:
        """This call changes or runs something from now on. Raises paused_by_person where a person has
        paused the session since the call was admitted; what has begun is finished."""
        if not self._began:
            self._services.pauses.check(self.record, self.workspace.caller)
            self._began = True

    def tell_of_resumption(self) -> None:
        """Add a notice if a person has resumed the session and no result has said so."""
        if self.record.resumed:
            self.notice(ResumedByPerson())
            self._change(partial(replace, resumed=False))

    def complete_notices(self) -> None:
        """Add the notices to this result that the call itself did not find."""
        self.notices.complete(self._services.undelivered.of(self.record), self._views)

    def acknowledge(self) -> None:
        """The caller has a result with all notices."""
        self._services.undelivered.delivered(self.record, self.notices.entries)
        for notebook in self._notebooks.values():
            notebook.view.acknowledge()
            notebook.lease.acknowledge()

    def abandon(self, *, answered: bool) -> None:
        """The call has no result: a later one tells what this one would have told. `answered`: the
        caller has an error instead."""
        self._services.undelivered.keep(self.record, self.notices.once)
        for view in self._views:
            view.abandon(answered=answered)

    @property
    def _views(self) -> list[CallView]:
        return [notebook.view for notebook in self._notebooks.values()]

    def execution(self, execution_id: str) -> Run | Batch | None:
        """The run or batch of that id, if it is this session's and still kept."""
        found = self._services.runs.index.get(execution_id)
        if found is None:
            return None
        mine = (self.record.owner, self.record.session_id)
        return found if (found.request.owner, found.request.session_id) == mine else None

    def executions(self) -> Sequence[Run | Batch]:
        """The session's runs and batches that are kept, oldest first."""
        index = self._services.runs.index
        return index.list(owner=self.record.owner, session_id=self.record.session_id)

    async def watch(
        self,
        run: Run | Batch,
        seconds: float,
        *,
        each: OnReport | None = None,
        heartbeat: float = HEARTBEAT_SECONDS,
    ) -> bool:
        """Wait at most so long for a run, telling the caller how far it is. Says whether it is done.

        A caller who leaves ends the wait, not the run; what becomes of that the tool declares.
        `each` is given every report, at most `heartbeat` seconds apart, and says what the caller is
        told, who may have asked for none.
        """
        report = self.workspace.caller.report
        stopping = True
        async with self._services.gate.wait():
            await watch(
                run,
                seconds,
                report if each is None else _through(each, report),
                heartbeat=heartbeat,
            )
            stopping = False
        if run.done:
            return True
        # What a caller is told of outlives this process, and its cell shows it.
        run.flush()
        await self._services.runs.settle()
        if stopping:
            self.notice(RunGoesOn() if self._services.kernels.stay else RunEnds())
        return False

    async def withdraw(self, run: Run, notice: Notice) -> None:
        """End a run of this call: one that waits (then with that notice) or that goes on. Returns when
        it is over, at the latest after WITHDRAWAL_SECONDS. Raises what `Kernels.interrupt` raises."""
        await self._services.runs.cancel(run, notice)
        await run.wait(WITHDRAWAL_SECONDS)

    def _not_open(self, notebook_path: str | None) -> Exception:
        mine = [held.ref.path for held in self.record.notebooks.values()]
        error = self._services.policy.errors.notebook_not_open
        if notebook_path is None:
            return error.no_current(notebooks=mine)
        return error.not_held(asked=notebook_path, notebooks=mine)

    def check_room(self) -> None:
        """Raises session_limit where the session can hold no notebook more."""
        limit = self._services.policy.notebooks_per_session
        if len(self.record.notebooks) >= limit:
            raise self._services.policy.errors.session_limit.notebooks(limit=limit)

    def hold(self, held: HeldNotebook) -> None:
        """Add a notebook to the session, or change how one is used, and make it current."""
        if held.ref.key not in self.record.notebooks:
            if held.ref.key in self.closed_notebooks:
                raise self._services.pauses.closed(self.closed_notebooks[held.ref.key])
            self.check_room()
        if held.ref.key not in self.record.notebooks:
            self._opened.add(held.ref.key)
            held = replace(held, opened=self._services.sessions.now())
        if self.beside_others and self.closed:
            self.notice(SessionOpened())
        self._change(partial(added, held))

    def opens(self, key: str) -> bool:
        """Whether it is this call that adds the notebook: nothing is stored of it so far."""
        return key in self._opened

    def alter(self, key: str, change: Callable[[HeldNotebook], HeldNotebook]) -> HeldNotebook:
        """Change what the session knows of a notebook, when this call succeeds."""
        self._change(partial(altered, key, change))
        return self.record.notebooks[key]

    def refresh(self, held: HeldNotebook) -> HeldNotebook:
        """Take what is stored of a notebook by now for the rest of this call; returns it."""
        if held.ref.key in self.record.notebooks:
            notebooks = {**self.record.notebooks, held.ref.key: held}
            self.record = replace(self.record, notebooks=notebooks)
            self.touched = held
        return held

    def release(self, key: str) -> HeldNotebook | None:
        """Drop a notebook; returns the one that is current afterwards."""
        self._change(partial(released, key))
        self._services.readings.forget(self.record, key)
        return self.record.notebooks.get(self.record.current or "")

    def _change(self, change: Change) -> None:
        # Kept as a change, not as a new record: other calls may be changing the session too.
        self.record = change(self.record)
        self.changes.append(change)


def _through(each: OnReport, report: Report | None) -> Report:
    """A report that gives `each` every report first."""

    async def told(progress: Progress) -> None:
        shown = await each(progress)
        if report is not None:
            await report(shown)

    return told
