"""What is known of the runs of a notebook's code cells."""

from __future__ import annotations

from collections.abc import Mapping

from jmcp.core.errors import BackendError
from jmcp.core.kernels.sighting import KernelSighting
from jmcp.core.ports import Cell
from jmcp.core.runs.record.run import Run
from jmcp.core.sessions.notebook import Notebook
from jmcp_api.enums import CellState


class CellStates:
    """Knows the state of each code cell, and the exception with which its last run ended.

    `runs` are the last runs by jmcp, by cell id. `kernel` is the kernel that the session would use
    now, None if there is none; `kernel_known` says whether that could be found out.
    """

    def __init__(
        self, runs: Mapping[str, Run], kernel: KernelSighting | None, *, kernel_known: bool
    ) -> None:
        self._runs = runs
        self._kernel = kernel
        self._kernel_known = kernel_known

    @classmethod
    async def now(cls, notebook: Notebook) -> CellStates:
        """The states of that notebook's cells. If the server does not answer, the kernel is
        unknown; no error is raised."""
        kernel, known = None, True
        try:
            kernel = await notebook.kernel.sighted()
        except BackendError:
            known = False
        return cls(notebook.last_runs(), kernel, kernel_known=known)

    def of(self, cell: Cell) -> tuple[CellState | None, str | None]:
        """The state of a cell, None if it is not a code cell, and the name of the exception."""
        if cell.cell_type != "code":
            return None, None
        run = self._runs.get(cell.cell_id) if cell.cell_id is not None else None
        if run is not None and not run.done:
            return ("queued" if run.status == "queued" else "running"), None
        if run is not None and run.execution_count != cell.execution_count:
            run = None  # somebody else ran the cell since, or this one never began
        if run is None and cell.execution_count is None and not cell.output_count:
            return "never_run", None
        ename = run.error.ename if run is not None and run.error is not None else cell.ename
        failed = cell.ename is not None or (run is not None and run.status != "ok")
        if run is not None and run.request.code != cell.source:
            return "stale", None
        if failed:
            return "error", ename or None
        return ("stale" if self._gone(run) else "ok"), None

    def edited(self, cell: Cell) -> bool:
        """Whether what the cell shows is known to be of another source than it has now."""
        run = self._runs.get(cell.cell_id) if cell.cell_id is not None else None
        if run is None or not run.done or run.execution_count != cell.execution_count:
            return False
        return run.request.code != cell.source

    def _gone(self, run: Run | None) -> bool:
        """Whether the kernel that ran the cell is known not to be the one of now."""
        if not self._kernel_known:
            return False
        kernel = self._kernel
        if kernel is None or run is None:
            return kernel is None
        return (run.request.kernel_id, run.generation) != (kernel.kernel_id, kernel.generation)


class NotableStates(CellStates):
    """Those that somebody who opens a notebook has to know: what failed, runs or waits to.

    Costs no question to the server, unlike whether a cell is stale.
    """

    def __init__(self, notebook: Notebook) -> None:
        super().__init__(notebook.last_runs(), None, kernel_known=False)

    def of(self, cell: Cell) -> tuple[CellState | None, str | None]:
        state, ename = super().of(cell)
        return (state, ename) if state in ("error", "running", "queued") else (None, None)


def running_cells(notebook: Notebook) -> frozenset[str]:
    """The ids of cells that a run of jmcp goes on in, or waits to."""
    return frozenset(one for one, run in notebook.last_runs().items() if not run.done)
