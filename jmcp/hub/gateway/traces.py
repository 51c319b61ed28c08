"""Traces through the gateway: a span for each request that it passes on, which the server's is below.

Imported only where traces are wanted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version
from typing import Any, Protocol

from opentelemetry.propagate import inject
from opentelemetry.trace import SpanKind, StatusCode

from jmcp.core.observe.traces import Traces
from jmcp.hub.gateway.call_body import CallBody
from jmcp.hub.gateway.forwarding import Forwarded
from jmcp.trace_export import open_traces
from jmcp.transport.trace_context import HEADERS, nearest, of_headers

NAME_CHARACTERS = 64
"""Of a method and a tool as clients name them: they are checked in the user's server."""
CALLS = ("tools/call", "resources/read", "prompts/get")
"""The methods of MCP that are calls."""


class Answered(Protocol):
    """What became of a request: `ok`, or the code of what it ended with."""

    outcome: str


class GatewayTraces:
    """Makes the spans. The trace is the one that the request names in its headers, or in `_meta`."""

    def __init__(self, traces: Traces) -> None:
        self._traces = traces

    @contextmanager
    def passing(
        self, request: Forwarded, message: CallBody | None, answer: Answered
    ) -> Iterator[Forwarded]:
        """While this lasts, the request is passed on, in the form that it yields."""
        if not _is_call(request, message):
            yield request
            return
        carried = of_headers(request.headers)
        context = nearest(message.meta, carried) if message is not None else None
        with self._traces.tracer.start_as_current_span(
            _name(request, message),
            context or carried,
            kind=SpanKind.SERVER,
            attributes=_attributes(request, message),
            # An exception may have anything in it.
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            headers: dict[str, str] = {}
            inject(headers)
            kept = [pair for pair in request.headers if pair[0] not in HEADERS]
            own = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
            outcome = "refused"
            try:
                yield replace(request, headers=[*kept, *own])
                outcome = answer.outcome
            finally:
                span.set_attribute("jmcp.outcome", outcome)
                if outcome != "ok":
                    span.set_attribute("error.type", outcome)
                    span.set_status(StatusCode.ERROR, outcome)

    async def end(self) -> None:
        await self._traces.end()


def gateway_traces(variables: Mapping[str, str]) -> GatewayTraces | None:
    """Traces as those variables say (`trace_export.open_traces`). Raises ServeError."""
    traces = open_traces(variables, service="jmcp-gateway", version=version("jmcp"))
    return None if traces is None else GatewayTraces(traces)


def _is_call(request: Forwarded, message: CallBody | None) -> bool:
    """Whether somebody wants something done: no ping, and no stream that is open for hours."""
    if message is not None:
        return message.method.startswith(CALLS)
    return not request.target.startswith(b"/mcp") or request.method == b"POST"


def _name(request: Forwarded, message: CallBody | None) -> str:
    if message is None:
        return f"gateway {request.method.decode()} {_route(request)}"
    words = ("gateway", message.method, message.tool)
    return " ".join(word[:NAME_CHARACTERS] for word in words if word)


def _attributes(request: Forwarded, message: CallBody | None) -> Mapping[str, Any]:
    found = {
        "http.request.method": request.method.decode(),
        "http.route": _route(request),
        "jmcp.principal": request.user,
    }
    if message is not None and message.method:
        found["mcp.method.name"] = message.method[:NAME_CHARACTERS]
    if message is not None and message.tool:
        found["gen_ai.tool.name"] = message.tool[:NAME_CHARACTERS]
    return found


def _route(request: Forwarded) -> str:
    """Which surface it is for: what stands in a path may be anything of the user's."""
    return "/mcp" if request.target.startswith(b"/mcp") else "/jmcp"
