"""Which finished runs stay at hand, and which of them with their outputs."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime, timedelta

from jmcp.core.runs.execution import Execution

KEPT_RUNS = 256
"""Finished runs that can still be asked for."""

KEPT_OUTPUT_BYTES = 64 * 2**20
"""What the outputs of all finished runs may take together."""

READ_SECONDS = 5.0
"""Seconds after its end in which a run keeps its outputs in any case, so that its caller reads them."""


class FinishedRuns:
    """The finished runs of one server, in the order in which they ended."""

    def __init__(self, *, kept_runs: int = KEPT_RUNS, kept_bytes: int = KEPT_OUTPUT_BYTES) -> None:
        self._kept_runs = kept_runs
        self._kept_bytes = kept_bytes
        self._runs: deque[Execution] = deque()

    def add(self, run: Execution) -> Execution | None:
        """Keep one that has just ended. Returns the one that is forgotten instead, if any."""
        self._runs.append(run)
        forgotten = self._runs.popleft() if len(self._runs) > self._kept_runs else None
        excess = sum([kept.record.size for kept in self._runs]) - self._kept_bytes
        if excess > 0:
            self._release(excess)
        return forgotten

    def _release(self, excess: int) -> None:
        """Release the oldest outputs, first of those that a notebook has as well."""
        unread = datetime.now(UTC) - timedelta(seconds=READ_SECONDS)
        for run in sorted(self._runs, key=lambda run: run.cell_id is None):
            if excess <= 0:
                return
            if run.record.size and run.ended is not None and run.ended < unread:
                excess -= run.record.size
                run.release_outputs()
