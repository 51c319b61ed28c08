"""What a handler gets: a session with its notebooks, or the workspace that all sessions share."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from jmcp.core.calls.call import Caller, Image
from jmcp.core.calls.drain import DrainGate
from jmcp.core.calls.permissions import Permissions
from jmcp.core.calls.principal import Scope
from jmcp.core.calls.tool import Policy
from jmcp.core.editing.edit_lease import Leases
from jmcp.core.errors import NotebookMissing
from jmcp.core.journal.entries import Author
from jmcp.core.kernels.healing import Healing
from jmcp.core.notices import (
    LOSSES,
    CellsChanged,
    CellsDeleted,
    CellsInserted,
    CellsMoved,
    DocumentReloaded,
    FileChanged,
    NotebookMoved,
    Notice,
    PrivateKernelStopped,
    RunEnds,
    RunGoesOn,
    TabNotUpdated,
)
from jmcp.core.ports import DocumentMode, Documents, Kernels, NotebookRef
from jmcp.core.runs.batch import Batch
from jmcp.core.runs.record.progress import watch
from jmcp.core.runs.record.run import Run
from jmcp.core.runs.registry import RunRegistry
from jmcp.core.sessions.notebook import Notebook
from jmcp.core.sessions.open_tabs import OpenTabs
from jmcp.core.sessions.readings.call_view import CallView
from jmcp.core.sessions.readings.read_cells import Reading, What
from jmcp.core.sessions.readings.session_readings import Readings
from jmcp.core.sessions.records import HeldNotebook, SessionRecord
from jmcp.core.sessions.sessions import Change, Sessions
from jmcp.core.sessions.undelivered import UndeliveredNotices

LOOKED_UP_SECONDS = 0.25
"""Seconds for which a call knows where a notebook is that it has looked up. Most runs are over by
then, and to ask once more costs more than all else that is done for their results."""

UNSEEN: Mapping[What, Callable[..., Notice]] = {
    "changed": CellsChanged,
    "deleted": CellsDeleted,
    "inserted": CellsInserted,
    "moved": CellsMoved,
}
"""The notice of what others did to several cells."""


class Workspace:
    """One caller's view of the server: documents, kernels and the caller's own sessions.

    `submitted` are the runs of this call.
    """

    def __init__(
        self,
        *,
        caller: Caller,
        policy: Policy,
        leases: Leases,
        kernels: Kernels,
        runs: RunRegistry,
        sessions: Sessions,
        gate: DrainGate,
        permissions: Permissions,
        readings: Readings,
        healing: Healing,
        undelivered: UndeliveredNotices,
        tabs: OpenTabs,
    ) -> None:
        self.caller = caller
        self.policy = policy
        self.leases = leases
        self.documents: Documents = leases.documents
        self.kernels = kernels
        self.runs = runs
        self.sessions = sessions
        self.gate = gate
        self.permissions = permissions
        self.readings = readings
        self.healing = healing
        self.undelivered = undelivered
        self.tabs = tabs
        self.images: list[Image] = []
        self.submitted: list[Run] = []

    def may(self, scope: Scope) -> bool:
        """Whether the caller has that scope and this server allows it."""
        return self.permissions.may(self.caller, scope)

    def require(self, scope: Scope, what: str) -> None:
        """For what needs more than its tool does. Raises not_permitted."""
        self.permissions.require(self.caller, scope, what)

    def attach(self, image: Image) -> None:
        """Send an image beside the result."""
        self.images.append(image)


class Session:
    """One session during one call.

    Handlers change what it holds through `hold`, `release` and `Notebook`; dispatch stores the
    record when the call succeeded. `closed` is set when the last notebook was released.
    """

    def __init__(self, record: SessionRecord, workspace: Workspace) -> None:
        self.record = record
        self.changes: list[Change] = []
        self.workspace = workspace
        self.notices: list[dict[str, Any]] = []
        self.touched: HeldNotebook | None = None
        self.notices_to_deliver: set[str] = set()
        """Keys of the notebooks whose `pending_notice` this call tells, unless another one is faster."""
        self.losses: dict[str, str] = {}
        """Notices that were taken out of the record for this call's result, by notebook key."""
        self.restarted: set[str] = set()
        """Keys of the notebooks whose kernels this call restarts as asked, which its result says."""
        self._once: list[dict[str, Any]] = []
        self._opened: set[str] = set()
        self._notebooks: dict[str, Notebook] = {}

    @property
    def closed(self) -> bool:
        return not self.record.notebooks

    def notice(self, notice: Notice, *, cell_index: int | None = None) -> None:
        """Tell the caller something that the call did or found, of one of several cells if given."""
        policy = self.workspace.policy
        message, details = policy.notices[notice.code](**notice.values), dict(notice.values)
        if cell_index is not None:
            message = policy.phrases.of_cell(index=cell_index, message=message)
            details["cell_index"] = cell_index
        entry = {"code": notice.code, "message": message, "details": details}
        if entry not in self.notices:
            self.notices.append(entry)
            if notice.once:
                self._once.append(entry)

    async def notebook(
        self, notebook_path: str | None = None, *, even_deleted: bool = False
    ) -> Notebook:
        """The current notebook, or another one that the session holds, by path or name.

        Raises notebook_not_open, and notebook_not_found when it was deleted, unless that is fine.
        """
        if notebook_path is None:
            held = self.record.notebooks.get(self.record.current or "")
        else:
            held = await self.workspace.sessions.held(self.record, notebook_path)
        if held is None:
            raise self._not_open(notebook_path)
        try:
            ref = await self.workspace.documents.current(held.ref.key)
        except NotebookMissing:
            if not even_deleted:
                raise
            ref = held.ref
        if ref != held.ref:
            self.notice(NotebookMoved(old=held.ref.path, new=ref.path))
            held = self.alter(ref.key, partial(_renamed, ref))
        self.touched = held
        if held.pending_notice == PrivateKernelStopped.code:
            # What the session itself did before a call of it failed is no matter of kernels alone.
            self.notices_to_deliver.add(held.ref.key)
        return self._notebook(held)

    def looked_up(self, key: str) -> Notebook | None:
        """The notebook with that key, if this call looked it up within the last LOOKED_UP_SECONDS.

        The next call tells what became of it since.
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
            readings = self.workspace.readings
            view = CallView(key, readings.of(self.record, key), readings)
            lease = self.workspace.leases.lease(
                held.ref,
                author=Author.of(self.record.owner, self.record.session_id),
                subscribers=[view],
                on_notice=self.notice,
            )
            notebook = self._notebooks[key] = Notebook(held, lease, view, self)
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

    def close(self) -> None:
        """The call is over: hold its notebooks no more."""
        for notebook in self._notebooks.values():
            notebook.lease.close()

    def unsaved_readings(self) -> dict[str, Reading]:
        """What the session's record has not yet of what it read, by notebook key."""
        readings = {key: notebook.view.reading for key, notebook in self._notebooks.items()}
        return {key: reading for key, reading in readings.items() if reading.unsaved}

    async def look_for_tabs(self) -> None:
        """Note which of the call's notebooks a browser shows that will not follow edits."""
        for notebook in self._notebooks.values():
            view = notebook.view
            if notebook.lease.mode != "file" or view.reading.told_of_tab:
                continue
            if await self.workspace.tabs.shows(notebook.ref):
                self.notice(TabNotUpdated(path=notebook.ref.path))
                view.tells_of_tab = True

    def complete_notices(self) -> None:
        """Add to this result what its session is to be told beside what the call itself found."""
        found, self.notices = self.notices, [*self.workspace.undelivered.of(self.record)]
        self.notices += [entry for entry in found if entry not in self.notices]
        for key, code in self.losses.items():
            if key not in self.restarted:
                self.notice(LOSSES[code])
        views = self._views
        for mode in filter(None, (view.replaced for view in views)):
            self.notice(DocumentReloaded() if mode == "live" else FileChanged())
        unseen = [one for view in views for one in view.unseen.values()]
        for what, kind in UNSEEN.items():
            if cells := list(dict.fromkeys(one.cell_id for one in unseen if one.what == what)):
                self.notice(kind(cells=cells))

    def acknowledge(self) -> None:
        """A result with all notices was made for the caller."""
        self.workspace.undelivered.delivered(self.record, self.notices)
        for notebook in self._notebooks.values():
            notebook.view.acknowledge()
            notebook.lease.acknowledge()

    def abandon(self, *, answered: bool) -> None:
        """There is no result: what it would have said, a later one does. `answered`: the caller
        has an error instead."""
        self.workspace.undelivered.keep(self.record, self._once)
        for view in self._views:
            view.abandon(answered=answered)

    @property
    def _views(self) -> list[CallView]:
        return [notebook.view for notebook in self._notebooks.values()]

    async def watch(self, run: Run | Batch, seconds: float) -> bool:
        """Wait at most so long for a run, telling the caller how far it is. Says whether it is done.

        A caller who leaves ends the wait, not the run; what becomes of that the tool declares.
        """
        workspace = self.workspace
        stopping = True
        async with workspace.gate.wait():
            await watch(run, seconds, workspace.caller.report)
            stopping = False
        if run.done:
            return True
        # What a caller is told of outlives this process, and its cell shows it.
        run.flush()
        await workspace.runs.settle()
        if stopping:
            self.notice(RunGoesOn() if workspace.kernels.stay else RunEnds())
        return False

    def _not_open(self, notebook_path: str | None) -> Exception:
        mine = [held.ref.path for held in self.record.notebooks.values()]
        error = self.workspace.policy.errors.notebook_not_open
        if notebook_path is None:
            return error.no_current(notebooks=mine)
        return error.not_held(asked=notebook_path, notebooks=mine)

    def check_room(self) -> None:
        """Raises session_limit where the session can hold no notebook more."""
        limit = self.workspace.policy.notebooks_per_session
        if len(self.record.notebooks) >= limit:
            raise self.workspace.policy.errors.session_limit.notebooks(limit=limit)

    def hold(self, held: HeldNotebook) -> None:
        """Add a notebook to the session, or change how one is used, and make it current."""
        if held.ref.key not in self.record.notebooks:
            self.check_room()
        if held.ref.key not in self.record.notebooks:
            self._opened.add(held.ref.key)
        self._change(partial(_holding, held))

    def opens(self, key: str) -> bool:
        """Whether it is this call that adds the notebook: nothing is stored of it so far."""
        return key in self._opened

    def alter(self, key: str, change: Callable[[HeldNotebook], HeldNotebook]) -> HeldNotebook:
        """Change what the session knows of a notebook, when this call succeeds."""
        self._change(partial(_altered, key, change))
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
        self._change(partial(_releasing, key))
        self.workspace.readings.forget(self.record, key)
        return self.record.notebooks.get(self.record.current or "")

    def _change(self, change: Change) -> None:
        # Kept as a change, not as a new record: other calls may be changing the session too.
        self.record = change(self.record)
        self.changes.append(change)


def _holding(held: HeldNotebook, record: SessionRecord) -> SessionRecord:
    known = record.notebooks.get(held.ref.key)
    if known is not None:  # other calls may know more of its kernel and its cells by now
        held = replace(
            known,
            ref=held.ref,
            name=held.name,
            kernel_name=held.kernel_name,
            auto_heal=held.auto_heal,
        )
    return replace(record, notebooks={**record.notebooks, held.ref.key: held}, current=held.ref.key)


def _altered(
    key: str, change: Callable[[HeldNotebook], HeldNotebook], record: SessionRecord
) -> SessionRecord:
    held = record.notebooks.get(key)
    if held is None:
        return record
    return replace(record, notebooks={**record.notebooks, key: change(held)})


def _renamed(ref: NotebookRef, held: HeldNotebook) -> HeldNotebook:
    return replace(held, ref=ref)


def _releasing(key: str, record: SessionRecord) -> SessionRecord:
    notebooks = {other: held for other, held in record.notebooks.items() if other != key}
    current = record.current if record.current in notebooks else next(reversed(notebooks), None)
    return replace(record, notebooks=notebooks, current=current)
