"""Which finished runs and batches stay at hand, and which runs with their outputs."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime, timedelta

from jmcp.core.runs.batch import Batch
from jmcp.core.runs.record.run import Run

KEPT_RUNS = 256
"""Finished runs that can still be asked for."""

KEPT_BATCHES = 64
"""Finished batches that can still be asked for."""

KEPT_OUTPUT_BYTES = 64 * 2**20
"""What the outputs of all finished runs may take together."""

MEASURED_RUNS = 32
"""After so many ends all outputs are measured anew: those of runs that are over may still grow."""

READ_SECONDS = 5.0
"""Seconds after its end in which a run keeps its outputs in any case, so that its caller reads them."""


class FinishedRuns:
    """What has ended on one server, in the order of that."""

    def __init__(
        self,
        *,
        kept_runs: int = KEPT_RUNS,
        kept_batches: int = KEPT_BATCHES,
        kept_bytes: int = KEPT_OUTPUT_BYTES,
    ) -> None:
        self._kept_runs = kept_runs
        self._kept_batches = kept_batches
        self._kept_bytes = kept_bytes
        self._runs: deque[Run] = deque()
        self._batches: deque[Batch] = deque()
        self._bytes = 0
        """What the outputs took when all were measured, and those of each run since."""
        self._unmeasured = 0

    def add(self, entry: Run | Batch) -> Run | Batch | None:
        """Keep one that has just ended. Returns the one that is forgotten instead, if any."""
        if isinstance(entry, Batch):
            self._batches.append(entry)
            return self._batches.popleft() if len(self._batches) > self._kept_batches else None
        self._runs.append(entry)
        forgotten = self._runs.popleft() if len(self._runs) > self._kept_runs else None
        self._bytes += entry.record.size
        self._unmeasured += 1
        if self._bytes > self._kept_bytes or self._unmeasured >= MEASURED_RUNS:
            self._measure()
        return forgotten

    def _measure(self) -> None:
        """Measure all outputs, and release what is too much."""
        self._bytes = sum([run.record.size for run in self._runs])
        self._unmeasured = 0
        excess = self._bytes - self._kept_bytes
        if excess > 0:
            self._release(excess)

    def _release(self, excess: int) -> None:
        """Release the oldest outputs, first of those that a notebook has as well."""
        unread = datetime.now(UTC) - timedelta(seconds=READ_SECONDS)
        for run in sorted(self._runs, key=lambda run: run.request.cell_id is None):
            if excess <= 0:
                return
            if run.record.size and run.ended is not None and run.ended < unread:
                excess -= run.record.size
                run.release_outputs()
