"""How far a call is that had to start its server first: the start is its first step.

Progress of MCP has to grow with each notification of one call, and the server that was started counts
from 0.
"""

from __future__ import annotations

import json
from typing import Any

from jmcp.transport.json_text import encoded

START_STEPS = 1
"""What the whole start counts, in the unit of the server: cells of a batch, seconds of a run."""
READY_FRACTION = 0.98
"""What 100 percent of the start are; what is reported after that comes a little closer to 1, so that
the server's own 0 comes after it."""
DATA = b"data: "
NOTIFICATION = b'"notifications/progress"'


class StartProgress:
    """The fraction of a start that was reported last."""

    def __init__(self) -> None:
        self._fraction = 0.0

    def next(self, percent: float) -> float:
        """What is to be reported: more than the last time, and less than START_STEPS."""
        grown = self._fraction + (START_STEPS - self._fraction) / 1_000
        self._fraction = max(grown, min(percent / 100, 1.0) * READY_FRACTION)
        return self._fraction


class LaterProgress:
    """Passes the events of the server on, and adds the start to the progress that they report."""

    def __init__(self) -> None:
        self._line = b""

    def passed(self, chunk: bytes) -> bytes:
        """The whole lines of what has come so far; `rest` is what remains at the end."""
        *lines, self._line = (self._line + chunk).split(b"\n")
        return b"".join(shifted(line) + b"\n" for line in lines)

    @property
    def rest(self) -> bytes:
        return self._line


def shifted(line: bytes) -> bytes:
    """A line of an event stream, with START_STEPS added where it reports progress."""
    if not line.startswith(DATA) or NOTIFICATION not in line:
        return line
    try:
        message = json.loads(line[len(DATA) :])
        if message["method"] != "notifications/progress":
            return line
        params: dict[str, Any] = message["params"]
        params["progress"] += START_STEPS
        if params.get("total") is not None:
            params["total"] += START_STEPS
    except (ValueError, KeyError, TypeError):
        return line
    end = b"\r" if line.endswith(b"\r") else b""
    return DATA + encoded(message) + end
