"""A dispatcher whose calls are traced: a class of its own, so that other ones pay nothing for it."""

from __future__ import annotations

from typing import Any

from jmcp.core.background import run_each
from jmcp.core.calls.call import Caller, Outcome
from jmcp.core.calls.dispatcher import Dispatcher
from jmcp.core.observe.traces import Traces


class TracedDispatcher(Dispatcher):
    """`traces` is among its observers, and ends with it."""

    def __init__(self, *, traces: Traces, **parts: Any) -> None:
        super().__init__(**{**parts, "observers": (traces, *parts.get("observers", ()))})
        self._traces = traces
        self.runs.index.watchers = (*self.runs.index.watchers, traces)

    async def call(self, name: str, arguments: dict[str, Any], caller: Caller) -> Outcome:
        if name not in self.api.tools:
            return await super().call(name, arguments, caller)
        with self._traces.call(name):
            return await super().call(name, arguments, caller)

    async def close(self) -> None:
        await run_each(super().close, self._traces.end)
