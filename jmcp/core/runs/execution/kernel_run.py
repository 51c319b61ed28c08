"""One run in its kernel, from its request to its end."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from jmcp.core.errors import BackendError
from jmcp.core.notices import (
    ContactLost,
    ErrorNotSent,
    InterruptIgnored,
    Notice,
    OutputsDropped,
    OutputsNotReceived,
    RunTimedOut,
)
from jmcp.core.outputs import mime_bundle
from jmcp.core.outputs.record import ShownOutputs
from jmcp.core.outputs.terminal import plain
from jmcp.core.ports import OnMessage, Output, OutputSink, Reply, Request
from jmcp.core.runs.execution.interrupts import Interrupts
from jmcp.core.runs.execution.run_output import RunOutput
from jmcp.core.runs.record.run import CodeError, Run
from jmcp.core.runs.record.status import KERNEL_GONE, Incomplete, RunStatus

INTERRUPT_GRACE_SECONDS = 10.0
"""Seconds that an interrupted kernel has to become idle."""

INTERRUPT_NAME = re.compile("interrupt", re.IGNORECASE)
"""In the names of exceptions by which kernels tell of an interrupt: KeyboardInterrupt in Python,
InterruptException in Julia, interrupt in R."""

INTERRUPT_HANDLED = re.compile("^KeyboardInterrupt\\b", re.MULTILINE)
"""In a traceback: the exception came while one was handled. Lines of code begin with numbers."""

MISSING: Mapping[Incomplete, Notice] = {
    "output_limit": OutputsDropped(),
    "gap": OutputsNotReceived(),
    "lost_contact": ContactLost(),
}
"""The notice for each reason why outputs may be missing."""

log = logging.getLogger(__name__)


class Start(Protocol):
    """Sends the code, or listens again to a run that was sent; returns as `KernelConnection.run`."""

    def __call__(
        self, on_message: OnMessage, *, on_sent: Callable[[Request], None]
    ) -> Awaitable[Reply]: ...


class KernelRun:
    """Drives one run. `task` goes on after `go` only if the kernel ignored the interrupt.

    `leaving`: jmcp stops, and a lost contact is its own doing. `interrupted`: the kernel was, and
    may flush its queue for that.
    """

    def __init__(
        self,
        run: Run,
        start: Start,
        output: RunOutput,
        interrupts: Interrupts,
        *,
        grace_seconds: float,
    ) -> None:
        self.run = run
        self.sent = False
        self.interrupted = False
        self.leaving = False
        self.task: asyncio.Task[Reply] | None = None
        self._start = start
        self._output = output
        self._interrupts = interrupts
        self._grace_seconds = grace_seconds
        self._stopped: RunStatus | None = None

    @property
    def over(self) -> bool:
        """Whether the kernel is done with it; what it put out may still be written."""
        return self.task is not None and self.task.done()

    @property
    def begun(self) -> bool:
        """Whether the kernel is, or was, at this code, and so can be interrupted in it."""
        return self._output.code_started.is_set()

    async def over_soon(self, seconds: float) -> bool:
        """Whether it is over so long after it has begun."""
        ended = asyncio.create_task(self.run.wait(None))
        try:
            await self._begun_or(ended)
        finally:
            ended.cancel()
        if self.task is not None:
            await asyncio.wait({self.task}, timeout=seconds)
        return self.over or self.run.done

    def stop_unsent(self, status: RunStatus) -> bool:
        """Do not send it, but end it with that status. False while there is nothing to be stopped."""
        if self.task is None:
            return False
        self._stopped = status
        self.task.cancel()
        return True

    def leave(self) -> bool:
        """jmcp stops: leave the run to the next process. False if nothing was sent so far."""
        self.leaving = True
        if self.task is None:
            return False
        self.task.cancel()
        return True

    async def go(
        self,
        sink: OutputSink | None,
        *,
        after_interrupt: bool = False,
        shown: ShownOutputs | None = None,
    ) -> None:
        """Run the code to its end and finish the run; closes the sink.

        `shown` is what the cell shows of a run that an earlier process left.
        """
        run = self.run
        self._output.open(sink, shown=shown)
        status: RunStatus | None = None
        try:
            status = await self._attempt()
            again = after_interrupt and not run.interrupt_asked and self._stopped is None
            if status == "aborted" and again:
                # The kernel still flushed its queue for the interrupt of the run before.
                status = await self._attempt()
        finally:
            await self._output.end(
                left=self.leaving and status in (None, "lost_contact"),
                kernel_gone=status in KERNEL_GONE,
            )
        try:
            await self._output.put_next_input()
        finally:  # cancelled there, it is over all the same
            run.finish(status)
        self._output.follow()

    async def _attempt(self) -> RunStatus:
        run = self.run
        run.status = "running"
        self.sent = run.left is not None
        started = self._start(self._output.on_message, on_sent=self._on_sent)
        task = self.task = asyncio.ensure_future(started)
        timeout = run.request.timeout
        if not timeout:
            await asyncio.wait({task})
            return self._status(task, timed_out=False)
        if run.started is None:
            # Until the kernel starts this code, another client's may run, and that has no limit.
            await self._begun_or(task)
        await asyncio.wait({task}, timeout=max(0.0, timeout - run.seconds))
        if task.done():
            return self._status(task, timed_out=False)
        return await self._interrupt_late_run(task)

    def _on_sent(self, sent: Request) -> None:
        self.sent = True
        self._output.on_sent(sent)

    async def _begun_or(self, other: asyncio.Task[Any]) -> None:
        """Return when the kernel is at the code, or the other task is done."""
        started = asyncio.create_task(self._output.code_started.wait())
        try:
            await asyncio.wait({other, started}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            started.cancel()

    async def _interrupt_late_run(self, task: asyncio.Task[Reply]) -> RunStatus:
        run = self.run
        self.interrupted = True
        run.notices.append(RunTimedOut(seconds=run.request.timeout))
        try:
            await self._interrupts.send(lambda: task.done())
        except BackendError:
            log.warning("Kernel %s could not be interrupted.", run.request.kernel_id, exc_info=True)
        await asyncio.wait({task}, timeout=self._grace_seconds)
        if task.done():
            return self._status(task, timed_out=True)
        run.notices.append(InterruptIgnored(seconds=self._grace_seconds))
        return "timed_out"

    def _status(self, task: asyncio.Task[Reply], *, timed_out: bool) -> RunStatus:
        run = self.run
        if task.cancelled() and self._stopped is not None:
            return self._stopped
        if task.cancelled() and self.leaving:
            return "lost_contact" if run.sent is not None else "aborted"
        reply = _with_error_of_answer(task.result())
        if reply.heard is not None and run.sent is not None:
            run.sent = replace(run.sent, heard=reply.heard)
        self._note_missing(reply)
        if reply.status == "lost":
            return reply.lost or "lost_contact"
        if reply.answer is None:  # what is evaluated without a trace has no number
            run.record.count(reply.execution_count)
        self._output.on_reply(reply)
        if reply.status == "error":
            limit = run.limits.error if run.limits is not None else None
            told = mime_bundle.failure(
                {"ename": reply.ename or "", "evalue": reply.evalue or ""}, limit
            )
            run.error = CodeError(ename=told["ename"], evalue=told["evalue"])
            self._show_error(reply, run.error)
        if run.interrupt_asked:
            self.interrupted = True
        if timed_out:
            return "timed_out"
        if _ended_by_interrupt(reply, asked=run.interrupt_asked):
            return "interrupted"
        if reply.status == "ok" and reply.incomplete == "lost_contact":
            return "lost_contact"
        return reply.status

    def _show_error(self, reply: Reply, error: CodeError) -> None:
        """Put an error that came with the reply alone into the outputs, unless it was printed.

        IPython prints exception groups to stderr. Kernels without names for errors print them too.
        """
        run = self.run
        if not error.ename or any(_shows(output, error) for output in run.outputs):
            return
        content = {"ename": error.ename, "evalue": error.evalue, "traceback": reply.traceback}
        run.record.apply("error", content, {})
        if not reply.traceback and error.ename != "KeyboardInterrupt" and run.incomplete is None:
            run.incomplete = "not_sent"
            run.notices.append(ErrorNotSent())

    def _note_missing(self, reply: Reply) -> None:
        incomplete = reply.incomplete or ("lost_contact" if reply.lost == "lost_contact" else None)
        if incomplete is None or self.leaving:
            return
        self.run.incomplete = incomplete
        self.run.notices.append(MISSING[incomplete])


def _with_error_of_answer(reply: Reply) -> Reply:
    """The reply, in which an expression that raised has failed the run. Its traceback is of code
    that nobody wrote in a cell."""
    answer = reply.answer
    if answer is None or answer.get("status") != "error":
        return reply
    ename, evalue = str(answer.get("ename") or ""), str(answer.get("evalue") or "")
    told = f"{ename}: {evalue}"
    return replace(reply, status="error", ename=ename, evalue=evalue, traceback=(told,))


def _ended_by_interrupt(reply: Reply, *, asked: bool) -> bool:
    """Whether an interrupt ended the code, which jmcp sent if it was `asked` for one.

    Code that goes on after an interrupt may fail later for a reason of its own.
    """
    if reply.status == "ok":
        return False
    if not asked:
        return reply.ename == "KeyboardInterrupt"
    if not reply.ename or INTERRUPT_NAME.search(reply.ename):
        return True
    return any(INTERRUPT_HANDLED.search(plain(line)) for line in reply.traceback)


def _shows(output: Output, error: CodeError) -> bool:
    if output["output_type"] == "error":
        return True
    text = str(output.get("text", "")) if output.get("name") == "stderr" else ""
    return error.ename in text or "Traceback (most recent call last)" in text
