"""Starts of servers that failed, for who runs the Hub."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

HOUR_SECONDS = 3_600.0
KEPT_FAILURES = 200
MAX_CHARACTERS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class StartFailure:
    """`at` is in seconds since the epoch; `message` says why, in the words of the Hub or its spawner."""

    at: float
    user: str
    message: str


class StartFailures:
    """The newest failures, which a restart of the gateway forgets."""

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._kept: deque[StartFailure] = deque(maxlen=KEPT_FAILURES)

    def note(self, user: str, message: str) -> None:
        message = message[:MAX_CHARACTERS]
        self._kept.append(StartFailure(at=self._clock(), user=user, message=message))

    def of_last_hour(self) -> list[StartFailure]:
        """The newest first."""
        since = self._clock() - HOUR_SECONDS
        return [failure for failure in reversed(self._kept) if failure.at >= since]
