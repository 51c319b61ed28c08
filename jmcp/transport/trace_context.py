"""The trace that a request belongs to: in its W3C headers, and in `_meta` of MCP messages.

Imported only where traces are wanted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.shared._otel import extract_trace_context
from opentelemetry.context import Context, attach, detach
from opentelemetry.propagate import extract
from opentelemetry.trace import ProxyTracerProvider, get_current_span, get_tracer_provider
from starlette.types import ASGIApp, Receive, Scope, Send

from jmcp.core.observe.traces import ASKED, Asked

HEADERS = frozenset({b"traceparent", b"tracestate", b"baggage"})


def of_headers(headers: Iterable[tuple[bytes, bytes]]) -> Context | None:
    """The context that a request's headers carry; None if they carry none."""
    carried = {
        name.decode("latin-1"): value.decode("latin-1")
        for name, value in headers
        if name in HEADERS
    }
    if "traceparent" not in carried:
        return None
    found = extract(carried)
    return found if get_current_span(found).get_span_context().is_valid else None


class TraceContextMiddleware:
    """What a request causes belongs to the trace that its headers name."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = of_headers(scope["headers"]) if scope["type"] == "http" else None
        if found is None:
            await self._app(scope, receive, send)
            return
        token = attach(found)
        try:
            await self._app(scope, receive, send)
        finally:
            detach(token)


def nearest(meta: Mapping[str, Any] | None, carried: Context | None = None) -> Context | None:
    """The context of a message's `_meta`, unless the one that its request `carried`, or else the current
    one, is of the same trace, and so is what passed the message on: then None."""
    told = extract_trace_context(meta)
    if told is None:
        return None
    current = get_current_span(carried).get_span_context()
    same = current.trace_id == get_current_span(told).get_span_context().trace_id
    return None if current.is_valid and same else told


@contextmanager
def asked(method: str, request_id: Any, meta: Mapping[str, Any] | None) -> Iterator[None]:
    """While this lasts, that message of MCP is answered."""
    context = nearest(meta)
    token = attach(context) if context is not None else None
    told = ASKED.set(
        Asked(method=method, request_id=None if request_id is None else str(request_id))
    )
    try:
        yield
    finally:
        ASKED.reset(told)
        if token is not None:
            detach(token)


async def trace_message(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """A middleware of the SDK's server. Where the SDK makes spans itself, because the process has a
    provider, it has found the trace by then."""
    meta = ctx.meta if isinstance(get_tracer_provider(), ProxyTracerProvider) else None
    with asked(ctx.method, ctx.request_id, meta):
        return await call_next(ctx)
