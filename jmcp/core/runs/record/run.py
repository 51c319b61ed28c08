"""One run: what was asked, how far it is, what came out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from jmcp.core.errors import BackendError
from jmcp.core.notices import Notice, OutputsForgotten, OutputsLeftOut, OutputsOnlyInNotebook
from jmcp.core.observe.events import masked
from jmcp.core.outputs.output_limits import OutputLimits
from jmcp.core.outputs.record import OutputRecord
from jmcp.core.ports import Output, Request
from jmcp.core.runs.record.progress import Progress, last_line
from jmcp.core.runs.record.request import RunRequest
from jmcp.core.runs.record.status import KERNEL_GONE, Incomplete, RunStatus
from jmcp.core.runs.record.waitable import Waitable
from jmcp.core.runs.record.waiting import BEGINNING_SECONDS, Waiting
from jmcp.core.sentences import RunPhrases
from jmcp.core.sessions.records import PendingRun


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeError:
    """An exception in the code that ran, as the kernel told it."""

    ename: str
    evalue: str


@dataclass(eq=False, slots=True, kw_only=True)
class Run(Waitable):
    """A run of code, done when it is over and its outputs are in the document.

    `sent` is the request as the kernel's channel knows it, once there is one. `generation` is that
    of the kernel process that ran it (0 before). `failure` is why a run never reached the kernel
    (`aborted`, `kernel_died`); `notices` are for whoever reads the result. `incomplete` says
    why outputs may be missing. `outdated`: it was not run, because the kernel process that it was
    written for is gone. `ahead` are the runs before it in its kernel's queue, `turn` is when it was
    its own turn, by the monotonic clock. `limits` are those of its outputs; `on_excess` is called once
    when there are more. `left` is what an earlier process of jmcp
    stored of a run that goes on; the code of its `request` is then what the cell held when it was
    taken up.
    """

    execution_id: str
    request: RunRequest
    phrases: RunPhrases
    limits: OutputLimits | None = None
    on_excess: Callable[[], None] | None = None
    left: PendingRun | None = None
    status: RunStatus = "queued"
    generation: int = 0
    submitted: datetime = field(default_factory=lambda: datetime.now(UTC))
    started: datetime | None = None
    ended: datetime | None = None
    error: CodeError | None = None
    failure: BackendError | None = None
    incomplete: Incomplete | None = None
    sent: Request | None = None
    notices: list[Notice] = field(default_factory=list)
    interrupt_asked: bool = False
    outdated: bool = False
    ahead: Callable[[], Sequence[Run]] | None = None
    turn: float | None = None
    record: OutputRecord = field(default_factory=OutputRecord)
    _began: float | None = None
    _took: float | None = None

    @property
    def variables_lost(self) -> bool:
        """Whether the process whose variables the code was written for is known to be gone."""
        return self.outdated or self.status in KERNEL_GONE

    @property
    def whole(self) -> bool:
        """Whether it has all outputs that it can have by now; its notices say why not."""
        return (
            self.incomplete is None
            and self.status != "lost_contact"
            and self.record.left_out is None
        )

    @property
    def all_notices(self) -> list[Notice]:
        """Its notices, with that of the outputs left out so far."""
        left_out, limits = self.record.left_out, self.limits
        if left_out is None or limits is None:
            return self.notices
        return [
            *self.notices,
            OutputsLeftOut(
                characters=left_out.characters,
                outputs=left_out.outputs,
                text_limit=limits.text_head + limits.text_tail,
                data_limit=limits.data_head + limits.data_tail,
                outputs_limit=limits.outputs_head + limits.outputs_tail,
            ),
        ]

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

    def describe(self, seconds: float, *, final: bool) -> Progress:
        """How far it is; `done` are the seconds of watching it."""
        message: str = self.status
        if line := last_line(self.outputs):
            message = f"{self.status}: {line}"
        elif waiting := self.waits_for:
            message = self.phrases.queued_progress(what=waiting.what, seconds=waiting.seconds)
        outputs = self.record.settled
        return Progress(done=seconds, total=None, message=message, outputs=outputs, final=final)

    @property
    def waits_for(self) -> Waiting | None:
        """Why it has not begun; None once it has, or is about to."""
        if self.status != "queued":
            return None
        phrases, request = self.phrases, self.request
        if request.kernel_id is None:
            return Waiting(what=phrases.waits_for_kernel(), since=self.submitted)
        ahead = self.ahead() if self.ahead is not None else ()
        if not ahead:
            if self.turn is None or time.monotonic() - self.turn < BEGINNING_SECONDS:
                return None
            return Waiting(what=phrases.waits_for_others(), since=self.submitted)
        first = ahead[0]
        since, count = first.started or first.submitted, len(ahead)
        if first.request.owner != request.owner:
            return Waiting(what=phrases.waits_for_user(), since=since, ahead=count)
        if first.request.session_id != request.session_id:
            session = masked(first.request.session_id)
            what = phrases.waits_for_session(session=session)
            return Waiting(what=what, since=since, ahead=count, session=session)
        what = phrases.waits_for_run(execution_id=first.execution_id)
        return Waiting(what=what, since=since, ahead=count, execution_id=first.execution_id)

    def begin(self) -> None:
        """The kernel has started the code."""
        if self._began is None:
            self._began = time.monotonic()
            self.started = datetime.now(UTC)

    def resume_clock(self, began: float) -> None:
        """The kernel started the code then, in seconds since the epoch, or at least was sent it."""
        self._began = time.monotonic() - max(0.0, time.time() - began)
        self.started = datetime.fromtimestamp(began, UTC)

    def stop_clock(self) -> None:
        """The kernel is done with the code, though the document may not be."""
        if self._began is not None and self._took is None:
            self._took = time.monotonic() - self._began

    def pending(self, sent: Request, *, settled: bool) -> PendingRun:
        """What another process of jmcp needs to take the run up."""
        request = self.request
        return PendingRun(
            execution_id=self.execution_id,
            owner=request.owner,
            session_id=request.session_id,
            notebook=request.notebook,
            cell_id=request.cell_id,
            request=sent,
            began=(self.started or datetime.now(UTC)).timestamp(),
            timeout=request.timeout,
            displays=self.record.displays,
            settled=settled,
        )

    def flush(self) -> None:
        """Have its cell show at once how far it is."""
        self.record.cell.flush()

    def release_outputs(self) -> None:
        """Forget the outputs, to save memory."""
        self.record.release()
        in_notebook = self.request.cell_id is not None
        self.notices.append(OutputsOnlyInNotebook() if in_notebook else OutputsForgotten())

    def finish(self, status: RunStatus) -> None:
        """Set the last status and wake everybody who waits."""
        self.stop_clock()
        self.ahead = None
        self.status = status
        self.ended = datetime.now(UTC)
        self.end()
