"""Whether a server is in use: for whatever ends servers that are not."""

from __future__ import annotations

from jmcp.core.activity.calls import OWN_TOOL
from jmcp.core.calls.drain import DrainGate
from jmcp.core.observe.metrics import Metrics
from jmcp.core.runs.index import RunIndex


class ServerUse:
    """Calls and runs are use. Who only looks on, or has a stream open, uses nothing.

    Nothing is done for that with each call: it is reckoned from what is counted anyway.
    """

    def __init__(self, metrics: Metrics, gate: DrainGate, index: RunIndex) -> None:
        self._metrics = metrics
        self._gate = gate
        self._index = index
        self._ended = 0

    def since_last(self) -> bool:
        """Whether a call is under way or a run is not over, or a call ended since this was asked
        before."""
        before, self._ended = self._ended, self._metrics.calls_ended(beside=OWN_TOOL)
        return bool(self._gate.calls or self._ended != before or self._index.users())
