"""Running a notebook's cells one after the other, through a server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from jmcp.client.answer import Output, Progress
from jmcp.client.failures import TransportError
from jmcp.core.errors import ToolError
from jmcp.notebook_runs.notebook_file import InjectedCell
from jmcp_api.client import AsyncJmcpClient
from jmcp_api.results import Execution, FoundExecution

WAIT_SECONDS = 3600.0
"""The longest wait of one call; a run that takes longer is waited for again."""
INTERRUPT_SECONDS = 15.0
"""So long has an interrupted cell to end: jmcp itself gives an interrupt ten seconds."""
SAVED_SECONDS = 30.0
"""So long is waited for the file to have all outputs."""
SAVED_POLL_SECONDS = 0.4
RELOAD_SECONDS = 15.0
"""So long has a live document to be that of a file which was just written."""
STILL_RUNNING = frozenset(("running", "queued"))
EXPECTED = frozenset(("error",))
"""What a cell that may fail can end as."""
KERNEL_LOST = {
    "kernel_died": "its kernel died",
    "kernel_restarted": "its kernel was restarted",
    "lost_contact": "jmcp lost contact with its kernel",
}
EVERY_RUN = frozenset(("kernel_started", "kernel_restarted"))
"""Codes of notices that say what a run says anyway: it starts a kernel, and ends when that is lost."""

Status = Literal["ok", "failed", "interrupted", "lost"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeCell:
    """A cell to run. `index` is its place among all cells."""

    index: int
    cell_id: str | None
    line: str


@dataclass(slots=True, kw_only=True)
class CellRun:
    """How the run of a cell went. `outputs` are as the notebook format has them."""

    cell: CodeCell
    status: str = "running"
    seconds: float = 0.0
    outputs: Sequence[Output] = ()
    notices: Sequence[str] = ()

    @property
    def error(self) -> Output | None:
        """The exception, if one ended it."""
        return next((one for one in self.outputs if one.get("output_type") == "error"), None)


@dataclass(slots=True, kw_only=True)
class NotebookRun:
    """The whole run. `saved`: the file has all of it."""

    notebook: str
    total: int = 0
    status: Status = "ok"
    seconds: float = 0.0
    saved: bool = False
    problem: str | None = None
    cells: list[CellRun] = field(default_factory=list)

    @property
    def failed(self) -> CellRun | None:
        """The cell that ended the run."""
        if self.status == "ok" or not self.cells:
            return None
        return self.cells[-1]


class Watcher(Protocol):
    """Is told how far a run is."""

    def began(self, run: NotebookRun) -> None: ...
    def cell_began(self, number: int, cell: CodeCell) -> None: ...
    def progress(self, progress: Progress) -> None: ...
    def cell_ended(self, number: int, cell: CellRun) -> None: ...
    def ended(self, run: NotebookRun) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """`cell_timeout` is in seconds, 0 for none. `own_kernel`: not the one that others use. `injected`
    goes into the live document. `sources`: what the file has that was just written. `may_fail` are
    ids of cells."""

    notebook: str
    cell_timeout: float = 0
    kernel: str | None = None
    own_kernel: bool = True
    go_on: bool = False
    injected: InjectedCell | None = None
    sources: Sequence[str] | None = None
    may_fail: frozenset[str] = frozenset()


class Interrupted(Exception):
    """The person has had enough."""


async def run_notebook(
    client: AsyncJmcpClient, options: RunOptions, watcher: Watcher, stop: asyncio.Event
) -> NotebookRun:
    """Run all code cells, until one fails. `stop` interrupts the one that runs.

    Raises ToolError and TransportError before a cell was run; after that the run says so.
    """
    run = NotebookRun(notebook=options.notebook)
    began = time.monotonic()
    await client.use_notebook(
        options.notebook,
        kernel_name=options.kernel,
        kernel="private" if options.own_kernel else "shared",
    )
    try:
        await _prepare(client, options)
        cells = await _code_cells(client)
        run.total = len(cells)
        watcher.began(run)
        try:
            await _run_cells(client, cells, options, run, watcher, stop)
        except Interrupted:
            run.status = "interrupted"
        except (ToolError, TransportError) as error:
            run.status, run.problem = "lost", str(error)
        run.saved = await _saved(client, options.notebook)
    finally:
        run.seconds = time.monotonic() - began
        await _released(client, run)
    watcher.ended(run)
    return run


async def _prepare(client: AsyncJmcpClient, options: RunOptions) -> None:
    if options.sources is not None:
        await _reloaded(client, options.sources)
    if options.injected is None:
        return
    cell = options.injected
    if cell.over is not None:
        await client.overwrite_cell_source(cell.source, cell_id=cell.over, force=True)
    else:
        await client.insert_cell("code", cell.source, cell_index=cell.index)


async def _reloaded(client: AsyncJmcpClient, sources: Sequence[str]) -> None:
    """Wait until the notebook is the one that was just written: somebody may have had an older one of
    that name open."""
    deadline = time.monotonic() + RELOAD_SECONDS
    while True:
        found = await client.read_notebook(response_format="detailed", limit=0)
        shown = [cell.source or "" for cell in found.cells]
        if found.cell_count == len(sources) and all(map(_begins, shown, sources)):
            return
        if time.monotonic() > deadline:
            raise TransportError(
                "the notebook is open with other cells than its file has; close it in JupyterLab, or "
                "give another --output"
            )
        await asyncio.sleep(SAVED_POLL_SECONDS)


def _begins(shown: str, source: str) -> bool:
    """A long source is shown in part."""
    return source.startswith(shown) and (bool(shown) or not source)


async def _code_cells(client: AsyncJmcpClient) -> list[CodeCell]:
    found: list[CodeCell] = []
    start = 0
    while True:
        page = await client.read_notebook(start_index=start, limit=0)
        found += [
            CodeCell(index=one.cell_index, cell_id=one.cell_id, line=one.first_line)
            for one in page.cells
            if one.cell_type == "code" and one.first_line.strip()
        ]
        start += len(page.cells)
        if start >= page.cell_count or not page.cells:
            return found


async def _run_cells(
    client: AsyncJmcpClient,
    cells: Sequence[CodeCell],
    options: RunOptions,
    run: NotebookRun,
    watcher: Watcher,
    stop: asyncio.Event,
) -> None:
    for number, cell in enumerate(cells, 1):
        if stop.is_set():
            raise Interrupted
        watcher.cell_began(number, cell)
        one = CellRun(cell=cell)
        run.cells.append(one)
        try:
            await _run_cell(client, one, options, watcher, stop)
        finally:
            watcher.cell_ended(number, one)
        expected = options.go_on or cell.cell_id in options.may_fail
        if one.status == "ok" or (expected and one.status in EXPECTED):
            continue
        run.status = "lost" if one.status in KERNEL_LOST else "failed"
        run.problem = KERNEL_LOST.get(one.status)
        return


async def _run_cell(
    client: AsyncJmcpClient,
    one: CellRun,
    options: RunOptions,
    watcher: Watcher,
    stop: asyncio.Event,
) -> None:
    def told(progress: Progress) -> None:
        one.outputs = progress.outputs
        watcher.progress(progress)

    where: dict[str, Any] = (
        {"cell_id": one.cell.cell_id} if one.cell.cell_id else {"cell_index": one.cell.index}
    )
    call = client.execute_cell(
        **where, timeout=options.cell_timeout, wait=WAIT_SECONDS, on_progress=told
    )
    result: Execution | FoundExecution = await _unless(stop, call, client, one)
    while result.status in STILL_RUNNING:
        again = client.get_execution(execution_id=result.execution_id, wait=WAIT_SECONDS)
        result = await _unless(stop, again, client, one)
    _note(one, result)


async def _unless(stop: asyncio.Event, call: Any, client: AsyncJmcpClient, one: CellRun) -> Any:
    """The result of the call. When `stop` is set meanwhile, the cell is interrupted first: the call
    itself then ends, and says how. Raises Interrupted."""
    calling = asyncio.ensure_future(call)
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({calling, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if calling.done():
            return await calling
        await _interrupt(client)
        await asyncio.wait({calling}, timeout=INTERRUPT_SECONDS)
        if calling.done():
            _note(one, await calling)
        else:
            one.notices = (f"the cell has not ended within {INTERRUPT_SECONDS:g} s",)
        raise Interrupted
    finally:
        for task in (calling, stopping):
            task.cancel()
        await asyncio.gather(calling, stopping, return_exceptions=True)


async def _interrupt(client: AsyncJmcpClient) -> None:
    """End this session's run, and no other: it may wait in the queue of a kernel that others use."""
    found = await client.list_executions(limit=1)
    if found.executions and found.executions[0].status in STILL_RUNNING:
        await client.interrupt_kernel(execution_id=found.executions[0].execution_id)


def _note(one: CellRun, result: Execution | FoundExecution) -> None:
    one.status, one.seconds = result.status, result.seconds or 0.0
    one.notices = [note.message for note in result.notices if note.code not in EVERY_RUN]
    if one.error is None and result.status == "error":
        # What was told on the way is raw; of this there is the text.
        shown = result.outputs or []
        one.outputs = [output.model_dump(exclude_none=True) for output in shown]


async def _saved(client: AsyncJmcpClient, notebook: str) -> bool:
    """Whether the file has all outputs, once it has."""
    deadline = time.monotonic() + SAVED_SECONDS
    while time.monotonic() < deadline:
        try:
            found = await client.debug_connection_status(
                session_id=client.session_id, notebook_path=notebook
            )
        except (ToolError, TransportError):
            return False
        if found.notebook is None or found.notebook.saved in ("saved", None):
            return True
        await asyncio.sleep(SAVED_POLL_SECONDS)
    return False


async def _released(client: AsyncJmcpClient, run: NotebookRun) -> None:
    """The session ends, and its own kernel with it; where that fails, jmcp does it later."""
    try:
        await client.unuse_notebook(confirm=True)
    except (ToolError, TransportError) as error:
        if run.problem is None and run.status != "ok":
            run.problem = str(error)
