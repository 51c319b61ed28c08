"""The events of calls and sessions that the audit log, the metrics and the log observe."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable


def masked(session_id: str) -> str:
    """A session id as logs may have it: enough to follow one, not enough to use it."""
    return f"{session_id[:2]}***"


def session_key(owner: str, session_id: str) -> int:
    """What tells sessions apart in this process, and cannot be turned back into an id."""
    return hash((owner, session_id))


@dataclass(slots=True, kw_only=True)
class CallEvent:
    """One call, filled in while it runs and reported when it is over.

    `outcome` is `ok`, the code of an error, or `cancelled`; `error` is that error's message. `session`
    is masked, `edited` the cell that it changed last, `session_key` tells it apart, and `session_id` is for its owner alone, never for a log.
    `client` is the name that the caller's program gave
    itself; `user` is what people call the owner, where that is something else. `began` is in seconds since the epoch, `seconds` how long it took. `arguments`, `result`
    and `error` are the caller's own data, for whoever was asked to keep those.
    """

    tool: str
    owner: str
    request_id: str
    arguments: Mapping[str, Any]
    client: str | None = None
    user: str | None = None
    session: str | None = None
    session_key: int | None = None
    session_id: str | None = field(default=None, repr=False)
    notebook_path: str | None = None
    edited: str | None = None
    outcome: str = "cancelled"
    result: Mapping[str, Any] | None = None
    error: str | None = None
    began: float = field(default_factory=time.time)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEvent:
    """Something in the life of a session: `opened`, `closed`, `expired`, `switched`, `moved` (its current
    notebook has another path), `healed`, and by a person `paused`, `resumed`."""

    what: str
    owner: str
    session: str
    details: Mapping[str, Any] = field(default_factory=dict)


class Observer(Protocol):
    """Is told of events. It neither waits nor raises: what it cannot keep, it logs."""

    def on_call(self, call: CallEvent) -> None: ...
    def on_session_event(self, event: SessionEvent) -> None: ...


@runtime_checkable
class Closeable(Protocol):
    """An observer that holds something open until the server is closed."""

    def close(self) -> None: ...
