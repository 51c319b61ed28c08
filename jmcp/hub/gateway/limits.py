"""What one user may ask of the gateway at a time, so that none is in the way of the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from jmcp.core.calls.buckets import Buckets
from jmcp.transport.problems import Problem

UNTIL_FREE_SECONDS = "5"
UNKNOWN_PER_SECOND = 5.0
"""Requests without a valid token, by address: each may cost the Hub a question."""


class Held:
    """What one request, and as much of its answer as is read before it is passed back, has in the
    gateway's memory. All of one user share `most` bytes: one gateway serves everybody."""

    def __init__(self, user: str, by_user: Counter[str], most: int) -> None:
        self._user, self._by_user, self._most = user, by_user, most
        self._bytes = 0

    def add(self, size: int) -> bool:
        """Whether these bytes may be kept too. Less than 0: so many are not kept any more."""
        self._bytes += size
        self._by_user[self._user] += size
        return self._by_user[self._user] <= self._most

    def release(self) -> None:
        self.add(-self._bytes)
        if not self._by_user[self._user]:
            del self._by_user[self._user]


class UserLimits:
    """`per_second` requests, on average of ten seconds, and `at_once` that are open; 0 is no limit.
    `held_bytes` are of all bodies of a user's open requests together."""

    def __init__(self, per_second: float, at_once: int, held_bytes: int) -> None:
        self._rates = Buckets(per_second) if per_second else None
        self._refused = Buckets(UNKNOWN_PER_SECOND)
        self._at_once = at_once
        self._open: Counter[str] = Counter()
        self._held_bytes = held_bytes
        self._held: Counter[str] = Counter()

    @property
    def open(self) -> int:
        """Requests that are open now."""
        return self._open.total()

    @contextmanager
    def request(self, user: str) -> Iterator[Held]:
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
        held = Held(user, self._held, self._held_bytes)
        try:
            yield held
        finally:
            held.release()
            self._open[user] -= 1
            if not self._open[user]:
                del self._open[user]

    def too_much_held(self) -> Problem:
        """The refusal of a body for which there is no room."""
        most = f"{self._held_bytes / 1_000_000:.0f} MB"
        return Problem(
            413,
            f"Your open requests have more than {most} together; wait for the end of one.",
            code="too_much_at_once",
            **{"Retry-After": UNTIL_FREE_SECONDS},
        )

    def refused(self, address: str) -> None:
        """One request from there had no valid token. Raises Problem 429 when there are too many."""
        if wait := self._refused.wait(address):
            raise too_many("Too many requests without a valid token from your address.", wait)


def too_many(detail: str, seconds: float) -> Problem:
    return Problem(429, detail, code="rate_limited", **{"Retry-After": str(max(1, round(seconds)))})
