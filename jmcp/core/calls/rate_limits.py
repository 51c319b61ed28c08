"""How often a principal and a session may call. A call is refused, never delayed."""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import Protocol

from jmcp.core.calls.buckets import Buckets
from jmcp.core.calls.call import Caller
from jmcp.core.calls.tool import Tool
from jmcp.core.errors import ToolError
from jmcp.core.sentences import RateLimited
from jmcp.core.sessions.records import SessionRecord


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
