"""How far a call is that had to start its server first: the start is its first step.

Progress of MCP has to grow with each notification of one call, and the server that was started counts
from 0.
"""

from __future__ import annotations

START_STEPS = 1
"""What the whole start counts, in the unit of the server: cells of a batch, seconds of a run."""
READY_FRACTION = 0.98
"""What 100 percent of the start are; what is reported after that comes a little closer to 1, so that
the server's own 0 comes after it."""


class StartProgress:
    """The fraction of a start that was reported last."""

    def __init__(self) -> None:
        self._fraction = 0.0

    def next(self, percent: float) -> float:
        """What is to be reported: more than the last time, and less than START_STEPS."""
        grown = self._fraction + (START_STEPS - self._fraction) / 1_000
        self._fraction = max(grown, min(percent / 100, 1.0) * READY_FRACTION)
        return self._fraction
