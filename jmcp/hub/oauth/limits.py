"""How often an address may do what costs the gateway memory or a request to others."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

KEPT_ADDRESSES = 10_000


class RateLimit:
    """`burst` at once, then `per_minute`, for each address and separately for all together."""

    def __init__(
        self,
        *,
        burst: int,
        per_minute: float,
        all_burst: int,
        all_per_minute: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._one = (burst, per_minute / 60)
        self._all = (all_burst, all_per_minute / 60)
        self._clock = clock
        self._addresses: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._together = (float(all_burst), clock())

    def admit(self, address: str) -> float:
        """0 where it may; else the seconds after which it may."""
        now = self._clock()
        here = self._filled(self._addresses.get(address), self._one, now)
        together = self._filled(self._together, self._all, now)
        wait = max(_wait(here, self._one[1]), _wait(together, self._all[1]))
        if not wait:
            here, together = here - 1, together - 1
            self._together = (together, now)
        self._addresses[address] = (here, now)
        self._addresses.move_to_end(address)
        if len(self._addresses) > KEPT_ADDRESSES:
            self._addresses.popitem(last=False)
        return wait

    def is_empty(self, address: str) -> bool:
        """Whether it may not just now. Nothing is counted."""
        now = self._clock()
        here = self._filled(self._addresses.get(address), self._one, now)
        return min(here, self._filled(self._together, self._all, now)) < 1

    @staticmethod
    def _filled(bucket: tuple[float, float] | None, rate: tuple[int, float], now: float) -> float:
        if bucket is None:
            return float(rate[0])
        tokens, at = bucket
        return min(float(rate[0]), tokens + (now - at) * rate[1])


def for_each() -> RateLimit:
    """For what leaves a record behind that lives for weeks, and that nobody honest does often: 30 at
    once and 2 each minute, for each grant or person."""
    return RateLimit(burst=30, per_minute=2, all_burst=10_000, all_per_minute=60_000)


def _wait(tokens: float, per_second: float) -> float:
    return 0.0 if tokens >= 1 else (1 - tokens) / per_second
