"""One execution: what was asked, how far it is, what came out."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from jmcp.core.errors import BackendError
from jmcp.core.outputs.late_output import ReopenSink
from jmcp.core.outputs.record import OutputRecord
from jmcp.core.ports import NotebookRef, Output, OutputSink, Request
from jmcp.core.runs.waitable import Waitable
from jmcp.core.sessions.records import PendingRun

Status = Literal[
    "queued",
    "running",
    "ok",
    "error",
    "timed_out",
    "interrupted",
    "kernel_died",
    "kernel_restarted",
    "lost_contact",
    "aborted",
]
Incomplete = Literal["output_limit", "lost_contact"]
OpenSink = Callable[[], Awaitable[OutputSink]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeError:
    """An exception in the code that ran, as the kernel told it."""

    ename: str
    evalue: str
    traceback: tuple[str, ...]


@dataclass(eq=False, slots=True, kw_only=True)
class Execution(Waitable):
    """`status` and everything below it change as the run goes on; the rest is what was asked. It is
    done when it is over and its outputs are in the document.

    `failure` is why a run never reached the kernel (`aborted`, `kernel_died`); `notes` are remarks
    for whoever reads the result. `generation` is that of the kernel process that ran it (0 before).
    `incomplete` says why outputs may be missing. `written_for` is the generation of the kernel that
    the submitter knew. `left` is what an earlier process of jmcp stored of a run that goes on; its
    `code` is then what the cell held when it was taken up.
    """

    execution_id: str
    kernel_id: str
    code: str
    notebook_key: str
    notebook_path: str = ""
    owner: str
    session_id: str
    cell_id: str | None = None
    written_for: int | None = None
    left: PendingRun | None = None
    store_history: bool = True
    timeout: float = 0
    open_sink: OpenSink | None = None
    reopen_sink: ReopenSink | None = None

    status: Status = "queued"
    generation: int = 0
    submitted: datetime = field(default_factory=lambda: datetime.now(UTC))
    started: datetime | None = None
    ended: datetime | None = None
    error: CodeError | None = None
    failure: BackendError | None = None
    incomplete: Incomplete | None = None
    request: Request | None = None
    notes: list[str] = field(default_factory=list)
    interrupt_asked: bool = False
    record: OutputRecord = field(default_factory=OutputRecord)
    _began: float | None = None
    _took: float | None = None

    @property
    def execution_count(self) -> int | None:
        return self.record.execution_count

    @property
    def outputs(self) -> list[Output]:
        """The outputs so far, as nbformat."""
        return self.record.outputs

    @property
    def seconds(self) -> float:
        """How long the kernel has worked on it, without the time in the queue."""
        if self._began is None:
            return 0.0
        return self._took if self._took is not None else time.monotonic() - self._began

    def begin(self) -> None:
        """The kernel has started the code."""
        if self._began is None:
            self._began = time.monotonic()
            self.started = datetime.now(UTC)

    def resume_clock(self, began: float) -> None:
        """The kernel started the code then, in seconds since the epoch, or at least was sent it."""
        self._began = time.monotonic() - max(0.0, time.time() - began)
        self.started = datetime.fromtimestamp(began, UTC)

    def pending(self, request: Request, *, settled: bool) -> PendingRun:
        """What another process of jmcp needs to take the run up."""
        return PendingRun(
            execution_id=self.execution_id,
            owner=self.owner,
            session_id=self.session_id,
            notebook=NotebookRef(key=self.notebook_key, path=self.notebook_path),
            cell_id=self.cell_id,
            request=request,
            began=(self.started or datetime.now(UTC)).timestamp(),
            timeout=self.timeout,
            displays=self.record.displays,
            settled=settled,
        )

    def stop_clock(self) -> None:
        """The kernel is done with the code, though the document may not be."""
        if self._began is not None and self._took is None:
            self._took = time.monotonic() - self._began

    def flush(self) -> None:
        """Have its cell show at once how far it is."""
        self.record.cell.flush()

    def release_outputs(self) -> None:
        """Forget the outputs, to save memory."""
        self.record.release()
        self.notes.append(
            "jmcp no longer keeps these outputs; the notebook has them."
            if self.cell_id is not None
            else "jmcp no longer keeps these outputs."
        )

    def finish(self, status: Status) -> None:
        """Set the last status and wake everybody who waits."""
        self.stop_clock()
        self.status = status
        self.ended = datetime.now(UTC)
        self.end()
