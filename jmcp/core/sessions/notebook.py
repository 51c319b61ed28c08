"""One notebook of a session, during one call: its cells, its kernel and its runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from jmcp.core.editing.edit_lease import EditLease
from jmcp.core.errors import StateUnavailable
from jmcp.core.journal.entries import NOBODY, PERSON, Author, Entry
from jmcp.core.notices import Notice
from jmcp.core.outputs.cell_outputs import CellOutputs
from jmcp.core.ports import Cell, Cells, Checkpoint, NotebookRef, SaveState
from jmcp.core.runs.batch import Batch, BatchRequest, Step
from jmcp.core.runs.record.place import Place
from jmcp.core.runs.record.request import RunRequest
from jmcp.core.runs.record.run import Run
from jmcp.core.sessions.kernel_use import NotebookKernel
from jmcp.core.sessions.readings.call_view import CallView
from jmcp.core.sessions.readings.opened import OpenedNotebook
from jmcp.core.sessions.records import HeldNotebook

if TYPE_CHECKING:  # a session makes its notebooks, and a notebook tells its session
    from jmcp.core.sessions.services import Services
    from jmcp.core.sessions.session import Session


ChangeAuthor = Literal["self", "session", "user", "run"]
"""Who made an edit through jmcp: the session that asks, another one of its owner, somebody else or a
person who took something back, or no session but code that ran."""


class Notebook:
    """One notebook that a session holds, during one call.

    `lease` holds the document; `view` is what the session has read of it; `looked_up` is when it was
    last asked where the notebook is, on the monotonic clock.
    """

    def __init__(
        self,
        held: HeldNotebook,
        lease: EditLease,
        view: CallView,
        session: Session,
        services: Services,
    ) -> None:
        self.held = held
        self.lease = lease
        self.view = view
        self.looked_up = 0.0
        self._session = session
        self._services = services
        self._opens = session.opens(held.ref.key)
        """Whether the session opens the notebook with this call, and nobody has read it so far."""
        self._cells: Cells | None = None
        """As they were at last, for a run that begins now."""
        self.kernel = NotebookKernel(self, session, services)

    @property
    def ref(self) -> NotebookRef:
        return self.held.ref

    async def read(self) -> Cells:
        """The cells as they are now, until the caller next awaits anything.

        Never waits for a running cell.
        """
        cells = await self.lease.read()
        self._cells = cells
        self.view.begin(cells)
        if self._opens:
            self._opens = False
            self._keep_opened(cells)
        return cells

    @asynccontextmanager
    async def edit(
        self,
        *,
        undoes: str | None = None,
        reverts: Mapping[str | None, Sequence[int]] | None = None,
    ) -> AsyncIterator[Cells]:
        """The cells for editing, one editor at a time; on exit document and journal have the edit.

        `undoes` is the change that it takes back, `reverts` what it takes back of others, as
        `EditLease.edit` has it."""
        self._session.begin_change()
        failed = True
        try:
            async with self.lease.edit(undoes=undoes, reverts=reverts) as cells:
                self._cells = cells
                self.view.begin(cells)
                yield cells
            failed = False
        finally:
            self.view.end_edit(failed=failed)

    @property
    def change_id(self) -> str | None:
        """Names this call's last edit; None where it changed nothing, or nothing that was recorded."""
        return self.lease.change_id

    def history(self) -> Sequence[Entry]:
        """What was changed in the notebook as far as the journal has it, oldest first, by anyone
        who edits through jmcp. Raises StateUnavailable."""
        return self.lease.history()

    def accept(self, entries: Sequence[Entry], acceptance: str | None) -> None:
        """Note in the journal that these changes stay, or with None that nobody said so. Raises
        StateUnavailable."""
        self.lease.accept(entries, acceptance)

    def is_own(self, entry: Entry) -> bool:
        """Whether this session made that entry."""
        return entry.author == self.lease.author

    def _keep_opened(self, cells: Cells) -> None:
        record, recorded = self._session.record, self.lease.recorded()
        self._services.readings.keep_opened(record, self.ref.key, cells, recorded)

    def as_opened(self) -> OpenedNotebook | None:
        """The notebook as it was when the session opened it; None where that is no longer known."""
        return self._services.readings.opened(self._session.record, self.ref.key)

    @property
    def opened_at(self) -> float:
        """When the session opened the notebook, in seconds since the epoch."""
        return self.held.opened or self._session.record.created

    def is_whole(self, count: int) -> bool:
        """Whether so many entries are all that were recorded since the session opened the
        notebook."""
        opened = self.as_opened()
        return opened is not None and count >= self.lease.recorded() - opened.recorded

    def authorship(self, entry: Entry) -> ChangeAuthor:
        """Who made that entry, as far as this session may know."""
        own = self.lease.author
        if entry.author == own:
            return "self"
        if entry.author == NOBODY:
            return "run"
        if entry.author.owner != own.owner:
            return "user"
        person = Author.of(self._session.record.owner, PERSON)
        return "user" if entry.author == person else "session"

    async def save(self) -> SaveState:
        """Save the notebook now. Raises as `Documents.save`."""
        return await self._services.leases.documents.save(self.ref)

    async def on_disk(self) -> Mapping[str, Any]:
        """What the notebook's file has now. Raises as `Documents.open`."""
        return await self._services.leases.documents.on_disk(self.ref)

    async def checkpoints(self) -> Sequence[Checkpoint]:
        """Jupyter's checkpoints of the notebook, the latest first."""
        return await self._services.leases.documents.checkpoints(self.ref)

    async def create_checkpoint(self) -> Checkpoint:
        """Have Jupyter keep the notebook's file as it is. Raises WriteRefused."""
        self.lease.claim()
        return await self._services.leases.documents.create_checkpoint(self.ref)

    async def checkpoint(self, checkpoint_id: str) -> Mapping[str, Any] | None:
        """The content of a checkpoint; None where Jupyter shows it only by restoring it."""
        return await self._services.leases.documents.checkpoint(self.ref, checkpoint_id)

    async def restored(self, checkpoint_id: str) -> tuple[Mapping[str, Any], bool]:
        """The content of a checkpoint, for use within `edit`, and whether the file has it by now.

        Raises WriteRefused."""
        return await self._services.leases.documents.restored(self.ref, checkpoint_id)

    def save_state(self) -> SaveState:
        return self._services.leases.documents.save_state(self.ref.key)

    def start_batch(
        self,
        steps: Sequence[Step],
        *,
        kernel_name: str | None,
        stop_on_error: bool,
        timeout: float,
    ) -> Batch:
        """Begin to run these cells one after another, in the background; `timeout` in seconds a cell.

        Raises WriteRefused when another process edits the notebook.
        """
        self._session.begin_change()
        record = self._session.record
        request = BatchRequest(
            kernel_name=kernel_name,
            steps=steps,
            notebook=self.ref,
            owner=record.owner,
            session_id=record.session_id,
            stop_on_error=stop_on_error,
            timeout=timeout,
        )
        return self._services.runs.start_batch(request, self._detached())

    def _detached(self) -> Notebook:
        """The same notebook for work that outlives the call, which closes its lease.

        Raises WriteRefused when another process edits the notebook.
        """
        self.lease.claim()
        lease = self.lease.detached()
        return Notebook(self.held, lease, self.view, self._session, self._services)

    async def run(
        self,
        code: str,
        *,
        kernel_name: str | None,
        cell: Cell | None,
        timeout: float,
        expression: str | None = None,
    ) -> Run:
        """Queue code on the notebook's kernel; its outputs go to `cell` if there is one.

        An `expression` is evaluated instead, without a trace; the code then tells what that is.

        The run exists before the kernel is found, or started with that kernelspec. A kernel that
        does not start is the run's `failure`. Who leaves meanwhile does not take the run along.
        """
        run = self.submit(code, kernel_id=None, cell=cell, timeout=timeout, expression=expression)
        runs = self._services.runs
        try:
            await runs.place(run, partial(self._place, kernel_name, self._session.notice))
        except asyncio.CancelledError:
            runs.place_later(run, partial(self._place, kernel_name, run.notices.append))
            raise
        return run

    async def _place(self, kernel_name: str | None, on_notice: Callable[[Notice], None]) -> Place:
        kernel_id = await self.kernel.ready(kernel_name, on_notice=on_notice)
        return Place(kernel_id=kernel_id, generation=self.held.generation)

    def submit(
        self,
        code: str,
        *,
        kernel_id: str | None,
        cell: Cell | None,
        timeout: float,
        expression: str | None = None,
    ) -> Run:
        """As `run`, on that kernel; without one the run waits for it.

        Raises WriteRefused when another process edits the notebook that outputs would go to.
        """
        self._session.begin_change()
        if cell is not None:
            self.lease.claim()
        record = self._session.record
        run = self._services.runs.submit(
            RunRequest(
                kernel_id=kernel_id,
                code=code,
                expression=expression,
                notebook=self.ref,
                owner=record.owner,
                session_id=record.session_id,
                cell_id=cell.cell_id if cell is not None else None,
                outputs=CellOutputs(self.lease, cell) if cell is not None else None,
                generation=self.held.generation,
                timeout=timeout,
                growth_left=self._growth_left() if cell is not None else None,
            )
        )
        self._session.submitted.append(run)
        return run

    def _growth_left(self) -> int | None:
        return None if self._cells is None else self._cells.growth_left

    def last_runs(self) -> Mapping[str, Run]:
        """The last run of each cell, whoever asked jmcp for it, by cell id."""
        return self._services.runs.index.last_in_cells(self.ref.key)

    async def paused(self) -> bool:
        """Whether a person has paused the session by now; no where the store does not say."""
        record = self._session.record
        try:
            known = await self._services.sessions.get(record.owner, record.session_id)
        except StateUnavailable:
            return False
        return known is not None and known.paused is not None

    async def follow(self) -> None:
        """Take note of a rename since this call began. Raises NotebookMissing."""
        await self.lease.follow()
        self.held = replace(self.held, ref=self.lease.ref)
