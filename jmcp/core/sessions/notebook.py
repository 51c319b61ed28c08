"""One notebook of a session, during one call: its cells, its kernel and its runs."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jmcp.core.editing.session_cells import SessionCells
from jmcp.core.outputs.late_output import CellOutputs
from jmcp.core.ports import Cell, Cells, NotebookRef, SaveState
from jmcp.core.runs.registry import Execution
from jmcp.core.sessions.kernel_use import NotebookKernel
from jmcp.core.sessions.records import HeldNotebook

if TYPE_CHECKING:  # a session makes its notebooks, and a notebook tells its session
    from jmcp.core.sessions.session import Session


class Notebook:
    """One notebook that a session holds, during one call."""

    def __init__(self, held: HeldNotebook, session: Session) -> None:
        self.held = held
        self._session = session
        self._workspace = session.workspace
        self.kernel = NotebookKernel(self, session)

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
            self._session.looked(self._cells, self._key)
        return done
