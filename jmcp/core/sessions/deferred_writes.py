"""What calls change of sessions without waiting for the store: written a moment later, once for
many calls."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from jmcp.core.background import end, supervised
from jmcp.core.errors import BackendError, StateUnavailable
from jmcp.core.sessions.readings.read_cells import Reading
from jmcp.core.sessions.readings.session_readings import with_reading
from jmcp.core.sessions.records import Change, SessionRecord, Store

WRITE_SECONDS = 1.0
"""Seconds that a session's use and its readings wait to be stored: what a crash can cost of them.
No acknowledged edit is among them. Storing them takes 0.2 ms, as much as a call spends on its
arguments and its result; an agent at work makes several calls in that time."""
LONGEST_PAUSE_SECONDS = 30.0
"""Longest pause between two attempts to write to a store that does not answer; the first pauses
double up to it."""

log = logging.getLogger("jmcp")

Name = tuple[str, str]
"""Owner and id of a session."""


@dataclass(slots=True)
class _Use:
    """When a session was last used, and what it read since that was stored, by notebook key.

    `owed` are changes that the store did not take, `record` the session as its last call knew it;
    `untold` says why they were not taken, until a caller knows.
    """

    moment: float
    readings: dict[str, Reading] = field(default_factory=dict)
    owed: list[Change] = field(default_factory=list)
    record: SessionRecord | None = None
    untold: str | None = None


@dataclass(slots=True)
class Attempt:
    """One attempt to store what the stored record of a session lacks.

    It remembers what it put into the record, because more may come while the store writes.
    """

    use: _Use
    moment: float = 0.0
    revisions: dict[str, int] = field(default_factory=dict)
    owed: list[Change] = field(default_factory=list)

    def with_owed(self, record: SessionRecord) -> SessionRecord | None:
        """The record with the changes that the store did not take; None if the session is over."""
        self.owed = list(self.use.owed)
        return _after(record, self.owed)

    def applied(self, record: SessionRecord) -> SessionRecord:
        """The record with its use and all that was read."""
        self.moment = self.use.moment
        for key, reading in self.use.readings.items():
            self.revisions[key] = reading.revision
            record = with_reading(key, reading, record)
        return replace(record, last_accessed=max(record.last_accessed, self.moment))

    def __call__(self, record: SessionRecord) -> SessionRecord | None:
        changed = self.with_owed(record)
        return None if changed is None else self.applied(changed)


class DeferredWrites:
    """What this process knows of sessions and their stored records lack: uses, readings, and
    changes that the store did not take.

    `clock` is in seconds since the epoch. `on_stored` is called with a record before and after such
    changes are stored.
    """

    def __init__(
        self,
        store: Store,
        clock: Callable[[], float],
        on_stored: Callable[[SessionRecord, SessionRecord | None], None] = lambda before, now: None,
    ) -> None:
        self.pause_seconds = WRITE_SECONDS
        self._store = store
        self._clock = clock
        self._on_stored = on_stored
        self._uses: dict[Name, _Use] = {}
        self._soon: asyncio.TimerHandle | None = None
        self._writing = asyncio.Lock()
        self._flushing: asyncio.Task[None] | None = None

    def note(self, record: SessionRecord, readings: Mapping[str, Reading]) -> None:
        """The session was used now, and has read these notebooks, by key."""
        name = (record.owner, record.session_id)
        use = self._uses.setdefault(name, _Use(0.0))
        use.moment = max(use.moment, self._clock())
        use.readings.update(readings)
        self._flush_soon()

    def owe(
        self,
        record: SessionRecord,
        changes: Sequence[Change],
        error: StateUnavailable | None = None,
    ) -> None:
        """The store did not take these changes, which `record` has. The session goes on with them
        in this process, and they are stored as soon as the store takes them."""
        use = self._uses.setdefault((record.owner, record.session_id), _Use(self._clock()))
        use.owed.extend(changes)
        use.record = record
        if error is not None:
            use.untold = error.message
            log.warning("What a call changed of its session is stored later: %s", error.message)
        self._flush_soon()

    def tell(self, record: SessionRecord) -> str | None:
        """Why changes of the session are not stored, unless a caller was told already. From now on
        one is."""
        use = self._uses.get((record.owner, record.session_id))
        if use is None or use.untold is None:
            return None
        reason, use.untold = use.untold, None
        return reason if use.owed else None

    def known(self, stored: SessionRecord) -> SessionRecord | None:
        """A record as this process knows it; None if the session is over."""
        use = self._uses.get((stored.owner, stored.session_id))
        if use is None:
            return stored
        record = _after(stored, use.owed)
        if record is None or record.last_accessed >= use.moment:
            return record
        return replace(record, last_accessed=use.moment)

    def owing(self) -> list[SessionRecord]:
        """The sessions with changes that the store did not take, as their last calls knew them."""
        return [use.record for use in self._uses.values() if use.owed and use.record is not None]

    def attempt(self, record: SessionRecord, *, used: bool = True) -> Attempt:
        """An attempt for a change of the session's record, which takes along what waits to be
        stored. `used`: the change is a use of the session."""
        name = (record.owner, record.session_id)
        moment = self._clock() if used else record.last_accessed
        return Attempt(self._uses.setdefault(name, _Use(moment)))

    def confirm(self, owner: str, session_id: str, attempt: Attempt) -> None:
        """What the attempt put into the session's record is stored."""
        use = attempt.use
        for key, revision in attempt.revisions.items():
            use.readings[key].stored = max(use.readings[key].stored, revision)
        use.owed = [one for one in use.owed if not any(one is other for other in attempt.owed)]
        newer = bool(use.owed) or any(reading.unsaved for reading in use.readings.values())
        if newer or use.moment != attempt.moment:
            return
        if self._uses.get((owner, session_id)) is use:
            del self._uses[owner, session_id]

    def last_used(self, record: SessionRecord) -> float:
        """When it was last used, in seconds since the epoch, as far as this process knows."""
        use = self._uses.get((record.owner, record.session_id))
        return record.last_accessed if use is None else max(record.last_accessed, use.moment)

    def forget(self, record: SessionRecord) -> None:
        """The session is gone."""
        self._uses.pop((record.owner, record.session_id), None)

    async def flush(self) -> None:
        """Store all that waits. Raises StateUnavailable, and then keeps it."""
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None
        async with self._writing:
            for name in tuple(self._uses):
                await self._store_use(name)
        self.pause_seconds = WRITE_SECONDS

    async def require(self, record: SessionRecord) -> None:
        """Store all of this session. Raises StateUnavailable where it cannot be changed now."""
        name = record.owner, record.session_id
        # A call that is refused later is no use of the session, so its last one stays.
        self._uses.setdefault(name, _Use(record.last_accessed))
        async with self._writing:
            await self._store_use(name)

    async def close(self) -> None:
        """Store the rest, if the store answers."""
        await end(self._flushing)
        try:
            await self.flush()
        except BackendError as error:
            log.warning("What sessions have read last was not stored: %s", error.message)
        if self._soon is not None:
            self._soon.cancel()

    async def _store_use(self, name: Name) -> None:
        use = self._uses.get(name)
        if use is None:
            return
        attempt = Attempt(use)
        if use.readings or use.owed:
            done = await self._store.change(*name, attempt)
            stored = done is not None and done[1] is not None
            if done is not None and attempt.owed:
                self._on_stored(*done)
        else:
            attempt.moment = use.moment
            stored = await self._store.touch(*name, use.moment)
        if stored:
            self.confirm(*name, attempt)
        else:  # there is no such session any more
            self._uses.pop(name, None)

    def _flush_soon(self) -> None:
        if self._soon is None:
            self._soon = asyncio.get_running_loop().call_later(self.pause_seconds, self._flush_now)

    def _flush_now(self) -> None:
        self._soon = None
        if self._flushing is None or self._flushing.done():
            self._flushing = supervised(self._flush_again, "session-writes")

    async def _flush_again(self) -> None:
        try:
            await self.flush()
        except BackendError as error:
            if self.pause_seconds == WRITE_SECONDS:
                log.warning("What sessions have read is stored later: %s", error.message)
            self.pause_seconds = min(2 * self.pause_seconds, LONGEST_PAUSE_SECONDS)
        except Exception:
            log.exception("What sessions have read is stored later.")
            self.pause_seconds = min(2 * self.pause_seconds, LONGEST_PAUSE_SECONDS)
        if self._uses:
            self._flush_soon()


def _after(record: SessionRecord, changes: Sequence[Change]) -> SessionRecord | None:
    """The record after these changes; None if one of them ends the session."""
    for change in changes:
        changed = change(record)
        if changed is None:
            return None
        record = changed
    return record
