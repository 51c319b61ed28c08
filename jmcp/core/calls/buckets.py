"""Token buckets: how often each of many may do something. The gateway of a Hub has them too."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

from token_bucket import Limiter, MemoryStorage

BUCKET_SECONDS = 10
"""Seconds after which an empty bucket is full: what an idle agent may do at once."""

ONLY = "calls"
"""The one key in the limiter's store: each bucket has a store of its own."""


@dataclass(slots=True, kw_only=True)
class Bucket:
    """`used` is when it was last asked, by the monotonic clock."""

    limiter: Limiter
    storage: MemoryStorage
    used: float


class Buckets:
    """One bucket a key, all of one rate, in calls a second.

    A bucket that nobody asked for as long as it takes to fill is dropped, because a new one is the
    same. So there are never more of them than keys that called in that time.
    """

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._capacity = max(1, round(rate * BUCKET_SECONDS))
        self._fill_seconds = self._capacity / rate
        self._by_key: OrderedDict[Hashable, Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._by_key)

    def wait(self, key: Hashable) -> float:
        """0 when a call may go on, which is counted; else the seconds until one may."""
        now = time.monotonic()
        bucket = self._by_key.get(key)
        if bucket is None:
            storage = MemoryStorage()
            limiter = Limiter(self.rate, self._capacity, storage)
            bucket = self._by_key[key] = Bucket(limiter=limiter, storage=storage, used=now)
        bucket.used = now
        self._by_key.move_to_end(key)
        self._drop(now - self._fill_seconds)
        if bucket.limiter.consume(ONLY):
            return 0.0
        return (1 - bucket.storage.get_token_count(ONLY)) / self.rate

    def _drop(self, before: float) -> None:
        while next(iter(self._by_key.values())).used < before:
            self._by_key.popitem(last=False)
