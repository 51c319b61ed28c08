"""How often a principal and a session may call: token buckets. A call is refused, never delayed."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Protocol

from token_bucket import Limiter, MemoryStorage

from jmcp.core.calls.call import Caller
from jmcp.core.calls.tool import Tool
from jmcp.core.errors import ToolError
from jmcp.core.sentences import RateLimited
from jmcp.core.sessions.records import SessionRecord

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


class Refuse(Protocol):
    """Makes the error for too many calls."""

    def __call__(self, *, rate: float, retry_after: float) -> ToolError: ...


class Rates:
    """The gate. Rates are in calls a second; 0 is no limit. `errors` is what it raises.

    Both are counted: a call on a session takes one of its principal and one of the session. A call
    that waits, for code or for a result, is one call.
    """

    def __init__(self, errors: RateLimited, *, session: float, owner: float) -> None:
        self._errors = errors
        self._sessions = Buckets(session) if session else None
        self._owners = Buckets(owner) if owner else None

    def admit(self, tool: Tool, caller: Caller) -> None:
        if self._owners is not None:
            self._check(self._owners, caller.owner, self._errors.caller)

    def admit_session(self, tool: Tool, record: SessionRecord) -> None:
        if self._sessions is not None:
            key = (record.owner, record.session_id)
            self._check(self._sessions, key, self._errors.session)

    def _check(self, buckets: Buckets, key: Hashable, error: Refuse) -> None:
        if seconds := buckets.wait(key):
            # Always a little more: who waits exactly so long must not come too early.
            seconds = math.floor(seconds * 1000 + 1) / 1000
            raise error(rate=buckets.rate, retry_after=seconds)
