"""How long sessions live, and what happens when they expire."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection
from typing import Any

from jmcp.core.calls.tool import Policy
from jmcp.core.errors import BackendError
from jmcp.core.observe.events import SessionEvent, masked
from jmcp.core.sessions.records import SessionRecord, Store

SECONDS_PER_HOUR = 3600
SWEEPS_PER_LIFE = 4
"""Sweeps within the idle time of a session, at least: so often other processes see that a session
is in use here."""
log = logging.getLogger("jmcp")

LastUsed = Callable[[SessionRecord], float]
Users = Callable[[], Collection[tuple[str, str]]]
OnExpired = Callable[[SessionRecord], Awaitable[None]]
Notify = Callable[[SessionEvent], None]


def stored_use(record: SessionRecord) -> float:
    """When a session was last used, in seconds since the epoch."""
    return record.last_accessed


def nobody() -> Collection[tuple[str, str]]:
    """A default for `users`: no session is in use."""
    return ()


async def nothing(_: SessionRecord) -> None:
    """A default for `on_expired`: an expired session leaves nothing behind."""


def unnotified(_: SessionEvent) -> None:
    """A default for `notify`: nobody is told."""


class Lifetimes:
    """Ends sessions that were idle too long, once for all processes that share the store.

    `last_used` says when a session was used, which its record may not have yet. `users` are the
    sessions (owner, id) for which something still runs in this process: those do not expire.
    `on_expired` is called with each session that has expired, and `notify` with each event.
    """

    def __init__(
        self,
        *,
        policy: Policy,
        store: Store,
        clock: Callable[[], float],
        last_used: LastUsed = stored_use,
        users: Users = nobody,
        on_expired: OnExpired = nothing,
        notify: Notify = unnotified,
    ) -> None:
        self._store = store
        self._clock = clock
        self._last_used = last_used
        self._users = users
        self._on_expired = on_expired
        self._notify = notify
        self.idle_seconds = policy.idle_hours * SECONDS_PER_HOUR
        self.pause_seconds = min(
            policy.sweep_hours * SECONDS_PER_HOUR, self.idle_seconds / SWEEPS_PER_LIFE
        )
        """Between two sweeps."""

    @property
    def limit(self) -> float:
        """Sessions that were last used before this moment have expired."""
        return self._clock() - self.idle_seconds

    def over(self, record: SessionRecord) -> bool:
        if self._last_used(record) >= self.limit:
            return False
        return (record.owner, record.session_id) not in self._users()

    async def end(self, record: SessionRecord) -> bool:
        """Remove an expired session and let go what it held. False if another process was faster,
        or has used the session meanwhile."""
        if not await self._store.expire(record.owner, record.session_id, self.limit):
            return False
        self.report("expired", record)
        try:
            await self._on_expired(record)
        except BackendError as error:
            log.warning(
                "The kernels of the expired session %s could not be let go: %s",
                masked(record.session_id),
                error.message,
            )
        return True

    async def sweep(self) -> list[SessionRecord]:
        """End all expired sessions and return them. Those in use are marked as used before that."""
        for owner, session_id in self._users():
            await self._store.touch(owner, session_id, self._clock())
        idle = await self._store.idle_since(self.limit)
        return [record for record in idle if self.over(record) and await self.end(record)]

    def changed(self, before: SessionRecord, after: SessionRecord | None) -> None:
        """Notify of what this change of a record means: the session was opened, closed, has another
        current notebook, or has it at another path; a person has paused or resumed it."""
        if after is not None and (before.paused is None) != (after.paused is None):
            self.report("resumed" if after.paused is None else "paused", after)
        if after is None:
            if before.current is not None:
                self.report("closed", before)
        elif before.current is None and after.current is not None:
            self.report("opened", after)
        elif before.current != after.current:
            self.report("switched", after)
        elif _path(before) != _path(after):
            self.report("moved", after)

    def report(self, what: str, record: SessionRecord) -> None:
        details: dict[str, Any] = {"notebook_path": _path(record)}
        session = masked(record.session_id)
        self._notify(SessionEvent(what=what, owner=record.owner, session=session, details=details))


def _path(record: SessionRecord) -> str | None:
    """Of the session's current notebook."""
    held = record.notebooks.get(record.current or "")
    return held.ref.path if held is not None else None
