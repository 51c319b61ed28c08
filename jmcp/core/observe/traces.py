"""Traces: a span for each call, and below it what its code waited for in a kernel's queue and ran there.

Imported only where traces are wanted: a server without them does nothing for them. Spans have what lines
of the log have: no source, no output, no path, and ids of sessions masked.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from opentelemetry.context import Context, get_current
from opentelemetry.trace import (
    Span,
    SpanKind,
    StatusCode,
    TracerProvider,
    get_current_span,
)

from jmcp.core.observe.events import CallEvent, SessionEvent
from jmcp.core.runs.batch import Batch
from jmcp.core.runs.record.run import Run
from jmcp.core.runs.record.status import RunStatus

SCOPE = "jmcp"
"""The instrumentation scope of the spans."""
KEPT_CONTEXTS = 10_000
"""Runs that wait or go on whose calls are remembered: more than a server can have."""
NANOSECONDS = 1_000_000_000
CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The MCP message that a call came in: its method, and the id that the client gave it."""

    method: str
    request_id: str | None


ASKED: ContextVar[Asked | None] = ContextVar("asked", default=None)
"""Of the call that is being answered; None over REST."""


class Export(Protocol):
    """What sends spans, in a thread of its own."""

    async def close(self) -> None:
        """Send what is left, for a bounded time."""

    def discard(self) -> None:
        """End it before there were any spans."""


class Traces:
    """An observer of calls, and of the runs of a `RunIndex`, that makes spans with that provider.

    `export` sends them, and ends with this; None where somebody else does.
    """

    def __init__(self, provider: TracerProvider, version: str, export: Export | None) -> None:
        self.tracer = provider.get_tracer(SCOPE, version)
        self._export = export
        self._runs: dict[str, Context] = {}

    @contextmanager
    def call(self, tool: str) -> Iterator[None]:
        """While this lasts, one call of that tool is under way: what it begins belongs to its span."""
        asked = ASKED.get()
        method = asked.method if asked is not None else "execute_tool"
        attributes = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": tool}
        if asked is not None:
            attributes["mcp.method.name"] = asked.method
            if asked.request_id is not None:
                attributes["jsonrpc.request.id"] = asked.request_id
        token = ASKED.set(None)  # calls that this one makes are not asked for by a client
        inner = get_current_span().is_recording()
        try:
            with self.tracer.start_as_current_span(
                f"{method} {tool}",
                kind=SpanKind.INTERNAL if inner else SpanKind.SERVER,
                attributes=attributes,
                # An exception may have anything in it.
                record_exception=False,
                set_status_on_exception=False,
            ):
                yield
        finally:
            ASKED.reset(token)

    # -- as an observer --------------------------------------------------------------------------

    def on_call(self, call: CallEvent) -> None:
        """Is told within `call`, so that the current span is this call's."""
        span = get_current_span()
        if not span.is_recording():
            return
        span.set_attribute("jmcp.request_id", call.request_id)
        span.set_attribute("jmcp.principal", call.owner)
        span.set_attribute("jmcp.outcome", call.outcome)
        if call.session is not None:
            span.set_attribute("jmcp.session", call.session)
        if call.outcome != "ok":
            _failed(span, call.outcome)

    def on_session_event(self, event: SessionEvent) -> None:
        span = get_current_span()
        if span.is_recording():
            span.add_event(f"session {event.what}", {"jmcp.session": event.session})

    # -- of runs ---------------------------------------------------------------------------------

    def run_added(self, run: Run | Batch) -> None:
        """Something was asked for, in the call that is under way. Of a batch its single runs count."""
        if isinstance(run, Run) and get_current_span().is_recording():
            if len(self._runs) >= KEPT_CONTEXTS:
                self._runs.pop(next(iter(self._runs)))
            self._runs[run.execution_id] = get_current()

    def run_ended(self, run: Run | Batch) -> None:
        """It is over: only now it is known how long it waited."""
        context = self._runs.pop(run.execution_id, None)
        if context is None or not isinstance(run, Run):
            return
        attributes = {"jmcp.execution_id": run.execution_id}
        if run.request.kernel_id is not None:
            attributes["jmcp.kernel_id"] = run.request.kernel_id
        ended = run.ended or datetime.now(run.submitted.tzinfo)
        began = min(run.started or ended, ended)
        self._span("wait for the kernel", context, run.submitted, began, attributes)
        if run.started is not None:
            attributes = {**attributes, "jmcp.run.status": run.status}
            self._span("run in the kernel", context, began, ended, attributes, run.status)

    def _span(
        self,
        name: str,
        context: Context,
        began: datetime,
        ended: datetime,
        attributes: dict[str, str],
        status: RunStatus = "ok",
    ) -> None:
        span = self.tracer.start_span(
            name, context, attributes=attributes, start_time=nanoseconds(began)
        )
        if status != "ok":
            _failed(span, status)
        span.end(nanoseconds(ended))

    async def end(self) -> None:
        """Send what is left, for a bounded time."""
        if self._export is not None:
            await self._export.close()

    def discard(self) -> None:
        """As `end`, for a server that was not made after all."""
        if self._export is not None:
            self._export.discard()


def nanoseconds(moment: datetime) -> int:
    """Since the epoch."""
    return int(moment.timestamp() * NANOSECONDS)


def _failed(span: Span, code: str) -> None:
    """Not with the error's message, which may name files and quote sources."""
    span.set_attribute("error.type", code)
    span.set_status(StatusCode.ERROR, code)
