"""What one user may ask of the gateway at a time, so that none is in the way of the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from jmcp.core.calls.buckets import Buckets
from jmcp.transport.problems import Problem

UNKNOWN_PER_SECOND = 5.0
"""Requests without a valid token, by address: each may cost the Hub a question."""


class UserLimits:
    """`per_second` requests, on average of ten seconds, and `at_once` that are open; 0 is no limit."""

    def __init__(self, per_second: float, at_once: int) -> None:
        self._rates = Buckets(per_second) if per_second else None
        self._refused = Buckets(UNKNOWN_PER_SECOND)
        self._at_once = at_once
        self._open: Counter[str] = Counter()

    @property
    def open(self) -> int:
        """Requests that are open now."""
        return self._open.total()

    @contextmanager
    def request(self, user: str) -> Iterator[None]:
        """One request of that user. Raises Problem 429."""
        if self._at_once and self._open[user] >= self._at_once:
            raise too_many(
                f"You have {self._at_once} requests open at this gateway, which is its limit; end one.",
                1,
            )
        if self._rates is not None and (wait := self._rates.wait(user)):
            raise too_many(
                f"More than {self._rates.rate:g} requests a second; try again in {wait:.1f} s.",
                wait,
            )
        self._open[user] += 1
        try:
            yield
        finally:
            self._open[user] -= 1
            if not self._open[user]:
                del self._open[user]

    def refused(self, address: str) -> None:
        """One request from there had no valid token. Raises Problem 429 when there are too many."""
        if wait := self._refused.wait(address):
            raise too_many("Too many requests without a valid token from your address.", wait)


def too_many(detail: str, seconds: float) -> Problem:
    return Problem(429, detail, code="rate_limited", **{"Retry-After": str(max(1, round(seconds)))})
