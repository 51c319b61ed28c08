"""How a call finds its session: the lookup of `sessions.yaml` at work."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TypedDict

from jmcp.core.calls.call import Caller
from jmcp.core.calls.tool import Policy, Tool
from jmcp.core.errors import BackendError, ToolError
from jmcp.core.ports import Documents
from jmcp.core.sessions.deferred_writes import DeferredWrites
from jmcp.core.sessions.expiry import (
    Lifetimes,
    Notify,
    OnExpired,
    Users,
    nobody,
    nothing,
    unnotified,
)
from jmcp.core.sessions.records import HeldNotebook, SessionRecord, Store

COUNT_SECONDS = 5.0
"""Seconds for which a count of live sessions is kept before the store is asked again."""
AHEAD_SECONDS = 86400.0
"""By which the clock of another process that shares the store may be ahead."""
NAMED_SESSIONS = 10
"""Sessions that the sentence of an error names; its details have them all."""


def iso(moment: float) -> str:
    """Seconds since the epoch as ISO 8601 in UTC."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")


class SessionLookup:
    """Finds the live session that a call means. Refuses where there is none, or several fit."""

    def __init__(
        self,
        *,
        policy: Policy,
        store: Store,
        documents: Documents,
        clock: Callable[[], float] = time.time,
        users: Users = nobody,
        on_expired: OnExpired = nothing,
        notify: Notify = unnotified,
    ) -> None:
        self._policy = policy
        self._store = store
        self._documents = documents
        self._clock = clock
        self._deferred = DeferredWrites(
            store, clock, on_stored=lambda before, now: self.lifetimes.changed(before, now)
        )
        self.lifetimes = Lifetimes(
            policy=policy,
            store=store,
            clock=clock,
            last_used=self._deferred.last_used,
            users=users,
            on_expired=on_expired,
            notify=notify,
        )
        self.counted: int | None = None
        self._counted_at = float("-inf")

    def now(self) -> float:
        """Seconds since the epoch, by the clock of all sessions."""
        return self._clock()

    # -- finding -------------------------------------------------------------------------------

    async def find(
        self, tool: Tool, session_id: str | None, notebook_path: str | None, caller: Caller
    ) -> SessionRecord:
        """The session that a call means. Raises session_not_found, session_required."""
        if session_id is not None:
            record = await self.get(caller.owner, session_id)
            if record is None:
                raise self._unknown(await self.of_owner(caller.owner))
            return record
        mine = await self.of_owner(caller.owner)
        for rule in self._policy.lookup:
            found = await self._candidates(rule, mine, tool, notebook_path, caller)
            if len(found) == 1:
                return found[0]
        raise self._required(mine)

    async def _candidates(
        self,
        rule: str,
        mine: Sequence[SessionRecord],
        tool: Tool,
        notebook_path: str | None,
        caller: Caller,
    ) -> list[SessionRecord]:
        if rule == "connection" and caller.connection is not None:
            return [record for record in mine if record.connection == caller.connection]
        if rule == "notebook_path" and notebook_path is not None:
            return await self._holding(mine, notebook_path)
        if rule == "read_only_single" and tool.read_only:
            return list(mine)
        return []

    async def _holding(
        self, mine: Sequence[SessionRecord], notebook_path: str
    ) -> list[SessionRecord]:
        """The sessions that hold the notebook of that path or name, for one question to Jupyter."""
        named = [_named(record, notebook_path) is not None for record in mine]
        key = None if all(named) else await self._key(notebook_path)
        return [
            record
            for record, by_name in zip(mine, named, strict=True)
            if by_name or key in record.notebooks
        ]

    async def held(self, record: SessionRecord, notebook_path: str) -> HeldNotebook | None:
        """The notebook of that path or name in a session. A path wins over a name."""
        named = _named(record, notebook_path)
        if named is not None:
            return named
        return record.notebooks.get(await self._key(notebook_path) or "")

    async def _key(self, notebook_path: str) -> str | None:
        """Which notebook is at that path; None where there is none, or nobody knows."""
        try:
            return (await self._documents.identify(notebook_path)).key
        except BackendError:
            return None

    async def get(self, owner: str, session_id: str) -> SessionRecord | None:
        """A live session, or None; one past its idle time is ended, never returned."""
        stored = await self._store.get(owner, session_id)
        record = self._deferred.known(stored) if stored is not None else None
        if record is not None and self.lifetimes.over(record):
            await self.lifetimes.end(record)
            return None
        return record

    async def of_owner(self, owner: str) -> list[SessionRecord]:
        """The owner's live sessions, the one used last first."""
        stored = await self._store.of_owner(owner)
        known = [record for one in stored if (record := self._deferred.known(one)) is not None]
        known.sort(key=lambda record: record.last_accessed, reverse=True)
        return [record for record in known if not self.lifetimes.over(record)]

    async def of_everyone(self) -> list[SessionRecord]:
        """The live sessions of all owners, the one used last first."""
        stored = await self._store.idle_since(self._clock() + AHEAD_SECONDS)
        known = [record for one in stored if (record := self._deferred.known(one)) is not None]
        known.sort(key=lambda record: record.last_accessed, reverse=True)
        return [record for record in known if not self.lifetimes.over(record)]

    async def chosen(self, caller: Caller, session_id: str | None) -> list[SessionRecord]:
        """The owner's session of that id, or all of them. Raises session_not_found."""
        mine = await self.of_owner(caller.owner)
        if session_id is None:
            return mine
        record = await self.get(caller.owner, session_id)
        if record is None:
            raise self._unknown(mine)
        return [record]

    async def live(self) -> int | None:
        """How many live, of all owners, as of a moment ago; None while the store does not answer.

        One that only its run keeps alive, past its idle time, is not counted.
        """
        now = time.monotonic()
        if now - self._counted_at > COUNT_SECONDS:
            self._counted_at = now
            try:
                await self._deferred.flush()
                self.counted = await self._store.count(self.lifetimes.limit)
            except BackendError:
                self.counted = None
        return self.counted

    async def others_hold(self, key: str, than: SessionRecord) -> bool:
        """Whether another session, of any owner, holds that notebook."""
        return any(
            (record.owner, record.session_id) != (than.owner, than.session_id)
            for record in await self._holders(key)
        )

    async def _holders(self, *claims: str) -> list[SessionRecord]:
        """The live sessions of all owners that claim any of these."""
        # With those whose claims the store did not take, and without what it did not let go.
        stored = {(one.owner, one.session_id): one for one in self._deferred.owing()}
        stored |= {(one.owner, one.session_id): one for one in await self._store.holders(*claims)}
        found = (self._deferred.known(record) for record in stored.values())
        return [
            record
            for record in found
            if record is not None
            and not record.claims.isdisjoint(claims)
            and not self.lifetimes.over(record)
        ]

    def _unknown(self, mine: Sequence[SessionRecord]) -> ToolError:
        error, rows = self._policy.errors.session_not_found, [_row(record) for record in mine]
        if not rows:
            return error.none_open(sessions=rows)
        return error.several_open(known=self._known(rows), sessions=rows)

    def _required(self, mine: Sequence[SessionRecord]) -> ToolError:
        error, rows = self._policy.errors.session_required, [_row(record) for record in mine]
        if not rows:
            return error.none_open(sessions=rows)
        return error.several_open(known=self._known(rows), sessions=rows)

    def _known(self, rows: Sequence[Row]) -> list[str]:
        return [
            self._policy.phrases.session_row(
                session_id=row["session_id"],
                notebook_path=str(row["notebook_path"]),
                last_used=row["last_used"],
            )
            for row in rows[:NAMED_SESSIONS]
        ]


def _named(record: SessionRecord, notebook_path: str) -> HeldNotebook | None:
    """The notebook that a session knows by that path, else the only one by that name."""
    notebooks = record.notebooks.values()
    for held in notebooks:
        if held.ref.path == notebook_path:
            return held
    named = [held for held in notebooks if held.name == notebook_path]
    return named[0] if len(named) == 1 else None


class Row(TypedDict):
    """A session as errors list it."""

    session_id: str
    notebook_path: str | None
    last_used: str


def _row(record: SessionRecord) -> Row:
    held = record.notebooks.get(record.current or "")
    return {
        "session_id": record.session_id,
        "notebook_path": held.ref.path if held else None,
        "last_used": iso(record.last_accessed),
    }
