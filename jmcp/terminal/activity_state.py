"""What is known of a server's activity, from the events of its stream."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

KEPT_CALLS = 200
Row = Mapping[str, Any]


def seconds_of(moment: str | None) -> float | None:
    """A time of the server, in seconds since the epoch."""
    return datetime.fromisoformat(moment).timestamp() if moment else None


def clock(moment: str) -> str:
    """The time of day here, of a time of the server."""
    return datetime.fromisoformat(moment).astimezone().strftime("%H:%M:%S")


@dataclass(slots=True, kw_only=True)
class ActivityState:
    """Built up by `apply`. `now` is the server's clock with the last event, in seconds; `at` the local
    monotonic clock then. `problem` is why nothing comes just now."""

    sessions: list[Row] = field(default_factory=list)
    session_count: int = 0
    runs: list[Row] = field(default_factory=list)
    run_count: int = 0
    under_way: list[Row] = field(default_factory=list)
    calls: deque[Row] = field(default_factory=lambda: deque(maxlen=KEPT_CALLS))
    lost: int = 0
    now: float = 0.0
    at: float = 0.0
    problem: str | None = None

    def apply(self, kind: str, data: Mapping[str, Any], at: float) -> None:
        """Take an event, heard at that moment of the monotonic clock."""
        if (now := seconds_of(data.get("now"))) is not None:
            self.now, self.at = now, at
        if kind in ("activity", "sessions"):
            self.sessions, self.session_count = list(data["sessions"]), data["session_count"]
        if kind in ("activity", "runs"):
            self.runs, self.run_count = list(data["runs"]), data["run_count"]
        if kind == "activity":
            self.problem, self.lost = None, 0
            self.under_way = [call for call in data["calls"] if call["outcome"] == "running"]
            over = [call for call in data["calls"] if call["outcome"] != "running"]
            self.calls = deque(reversed(over), maxlen=KEPT_CALLS)
        elif kind == "under_way":
            self.under_way = list(data["calls"])
        elif kind == "call":
            self.under_way = [one for one in self.under_way if one["call"] != data["call"]]
            self.calls.append(data)
        elif kind == "lost":
            self.lost += data["count"]

    def server_now(self, at: float) -> float:
        """The server's clock at that moment of the monotonic one."""
        return self.now + max(0.0, at - self.at)

    def last_calls(self) -> Iterator[Row]:
        """What goes on, then what is over, the last one first."""
        yield from self.under_way
        yield from reversed(self.calls)
