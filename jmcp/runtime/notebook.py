"""One notebook of a session, during one call: its cells, its kernel and its runs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from jmcp.runtime.backend import Cell, Cells, NotebookRef, SaveState
from jmcp.runtime.errors import KernelDown, KernelMissing
from jmcp.runtime.execution import Execution
from jmcp.runtime.late_updates import CellOutputs
from jmcp.runtime.session_cells import SessionCells
from jmcp.runtime.store import HeldNotebook

if TYPE_CHECKING:  # a session makes its notebooks, and a notebook tells its session
    from jmcp.runtime.session import Session

PROCESS = uuid4().hex
"""Names this process, whose count of a kernel's generations says nothing to another one."""


class Notebook:
    """One notebook that a session holds, during one call."""

    def __init__(self, held: HeldNotebook, session: Session) -> None:
        self.held = held
        self._session = session
        self._workspace = session.workspace

    @property
    def ref(self) -> NotebookRef:
        return self.held.ref

    def read(self) -> AbstractAsyncContextManager[SessionCells]:
        """The cells for reading; never waits for a running cell."""
        return _Noted(self._workspace.documents.read(self.ref), self.ref.key, self._session)

    def edit(self) -> AbstractAsyncContextManager[SessionCells]:
        """The cells for editing, one editor at a time; on exit the document has the edit."""
        return _Noted(self._workspace.documents.edit(self.ref), self.ref.key, self._session)

    async def save_state(self) -> SaveState:
        return await self._workspace.documents.save_state(self.ref)

    async def running_kernel(self) -> str | None:
        """The id of the notebook's live kernel, or None. Never starts one."""
        async for kernel_id in self._candidates():
            if await self._alive(kernel_id):
                return kernel_id
        return None

    async def _candidates(self) -> AsyncIterator[str]:
        """The kernel that the session used, and only when that is no good what Jupyter says."""
        if self.held.kernel_id is not None:
            yield self.held.kernel_id
        found = await self._workspace.kernels.find(self.ref)
        if found is not None and found != self.held.kernel_id:
            yield found

    async def _alive(self, kernel_id: str) -> bool:
        try:
            return (await self._workspace.kernels.health(kernel_id)).alive
        except KernelMissing:
            return False

    async def kernel(self, kernel_name: str | None) -> str:
        """The notebook's kernel, ready to run: found, or started with that kernelspec.

        A kernel that this session used and that is no more, or has a new process, is told as
        `kernel_restarted`: all its variables were lost.
        """
        kernels = self._workspace.kernels
        kernel_id = await self._usable()
        started = kernel_id is None
        if kernel_id is None:
            kernel_id = await kernels.start(self.ref, self.held.kernel_name or kernel_name)
        generation = (await kernels.connect(kernel_id)).generation
        before = self.held
        same = before.kernel_id == kernel_id
        if before.kernel_id is None:
            if started:
                self._session.notice("kernel_started")
        elif before.generation is None:
            pass  # its loss was told; under which id its successor runs is no news
        elif same and before.counted_by != PROCESS:
            # The kernel outlived the process of jmcp that knew it.
            self._session.notice("kernel_uncertain")
        elif not same or before.generation != generation:
            self._session.notice("kernel_restarted")
        self._remember(
            kernel_id=kernel_id,
            generation=generation,
            started_kernel=started or (before.started_kernel and same),
        )
        return kernel_id

    def kernel_lost(self, run: Execution) -> None:
        """Tell that the variables of that run's kernel are gone, and not again with the next run."""
        self._session.notice("kernel_restarted")
        held = self.held
        newer = held.generation is not None and 0 < run.generation < held.generation
        if held.kernel_id == run.kernel_id and not newer:
            self._remember(generation=None)

    async def _usable(self) -> str | None:
        """A kernel to go on with. Jupyter's restarter revives a killed one under the same id, so
        connecting (which waits for that, within a bound) comes before any replacement."""
        async for kernel_id in self._candidates():
            try:
                await self._workspace.kernels.connect(kernel_id)
            except (KernelMissing, KernelDown):
                continue
            return kernel_id
        return None

    def _remember(self, **changes: Any) -> None:
        self.held = self._session.know(replace(self.held, **changes, counted_by=PROCESS))

    async def known_kernel(self) -> str | None:
        """The id of the notebook's kernel, alive or dead; None when it has none."""
        found = await self._workspace.kernels.find(self.ref)
        return found or await self.running_kernel()

    async def adopt(self, kernel_id: str) -> None:
        """Take the kernel as it is now: what happened to it before is no news for this session."""
        health = await self._workspace.kernels.health(kernel_id)
        self._remember(kernel_id=kernel_id, generation=health.generation)

    async def run(
        self, code: str, *, kernel_id: str, cell: Cell | None, timeout: float
    ) -> Execution:
        """Queue code on the notebook's kernel; its outputs go to `cell` if there is one."""
        documents, ref = self._workspace.documents, self.ref
        outputs = CellOutputs(documents, ref, cell) if cell else None
        run = await self._workspace.executions.submit(
            kernel_id,
            code,
            notebook_key=ref.key,
            notebook_path=ref.path,
            generation=self.held.generation,
            owner=self._session.record.owner,
            session_id=self._session.record.session_id,
            cell_id=cell.cell_id if cell else None,
            open_sink=outputs.open if outputs else None,
            reopen_sink=outputs.reopen if outputs else None,
            timeout=timeout,
        )
        self._workspace.runs.append(run)
        return run

    async def follow(self) -> None:
        """Take note of a rename since this call began. Raises NotebookMissing."""
        self.held = replace(self.held, ref=await self._workspace.documents.current(self.ref.key))


class _Noted:
    """A lease whose side effects become notices of the call, and whose mode goes into its result.

    What the session reads and changes in it is noted, and what others had changed.
    """

    def __init__(
        self, lease: AbstractAsyncContextManager[Cells], key: str, session: Session
    ) -> None:
        self._lease = lease
        self._key = key
        self._session = session
        self._cells: SessionCells | None = None

    async def __aenter__(self) -> SessionCells:
        cells = await self._lease.__aenter__()
        self._session.document = cells.mode
        self._cells = self._session.cells(cells, self._key)
        return self._cells

    async def __aexit__(self, *exception: Any) -> bool | None:
        ended = False
        try:
            done = await self._lease.__aexit__(*exception)
            ended = exception[0] is None
        finally:
            if self._cells is not None:
                self._cells.over(failed=not ended)
        if self._cells is not None:
            notes: Sequence[str] = self._cells.notes()
            for note in notes:
                self._session.notice("document_changed", note)
            self._session.looked(self._cells)
        return done
