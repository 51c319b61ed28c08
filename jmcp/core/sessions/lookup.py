"""How a call finds its session, and how long sessions live: `sessions.yaml` at work."""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
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
from jmcp.core.sessions.read_cells import Reading
from jmcp.core.sessions.records import HeldNotebook, SessionRecord, Store

# Crockford's alphabet, lower case: without i, l, o and u a model does not misread an id.
BASE32 = "0123456789abcdefghjkmnpqrstvwxyz"
COUNT_SECONDS = 5.0
"""However often it is asked how many sessions live, the store is asked at most once in that time."""
NAMED_SESSIONS = 10
"""Sessions that the sentence of an error names; its details have them all."""
Change = Callable[[SessionRecord], SessionRecord]
NO_READINGS: Mapping[str, Reading] = MappingProxyType({})


def iso(moment: float) -> str:
    """Seconds since the epoch as ISO 8601 in UTC."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")


class Sessions:
    """The live sessions of all owners."""

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
        self._deferred = DeferredWrites(store, clock)
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
            named = [await self.held(record, notebook_path) for record in mine]
            return [record for record, held in zip(mine, named, strict=True) if held is not None]
        if rule == "read_only_single" and tool.read_only:
            return list(mine)
        return []

    async def held(self, record: SessionRecord, notebook_path: str) -> HeldNotebook | None:
        """The notebook of that path or name in a session. A path wins over a name."""
        notebooks = record.notebooks.values()
        for held in notebooks:
            if held.ref.path == notebook_path:
                return held
        named = [held for held in notebooks if held.name == notebook_path]
        if len(named) == 1:
            return named[0]
        try:
            ref = await self._documents.identify(notebook_path)
        except BackendError:
            return None
        return record.notebooks.get(ref.key)

    async def get(self, owner: str, session_id: str) -> SessionRecord | None:
        """A live session, or None; one past its idle time is ended, never returned."""
        record = await self._store.get(owner, session_id)
        if record is not None and self.lifetimes.over(record):
            await self.lifetimes.end(record)
            return None
        return record

    async def of_owner(self, owner: str) -> list[SessionRecord]:
        """The owner's live sessions, the one used last first."""
        await self._deferred.flush()
        known = await self._store.of_owner(owner)
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
            not self.lifetimes.over(record)
            for record in await self._store.holders(key)
            if (record.owner, record.session_id) != (than.owner, than.session_id)
        )

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

    # -- living --------------------------------------------------------------------------------

    async def open(self, caller: Caller, session_id: str | None) -> SessionRecord:
        """A new session, stored at once so that two calls never make the same one."""
        mine = await self.of_owner(caller.owner)
        if len(mine) >= self._policy.sessions_per_owner:
            raise self._policy.errors.session_limit.sessions(
                count=len(mine), limit=self._policy.sessions_per_owner
            )
        if session_id == self._policy.reserved_handle:
            raise self._policy.errors.invalid_arguments.reserved(
                session_id=session_id, param="session_id"
            )
        now = self._clock()
        record = SessionRecord(
            owner=caller.owner,
            session_id=session_id or await self._mint(caller),
            created=now,
            last_accessed=now,
            connection=caller.connection,
        )
        await self._store.put(record)
        return record

    async def _mint(self, caller: Caller) -> str:
        policy = self._policy
        kind = policy.minted_authenticated if caller.authenticated else policy.minted_anonymous
        if kind == "uuid4":
            return str(uuid.uuid4())
        while True:
            minted = "".join(secrets.choice(BASE32) for _ in range(policy.minted_length))
            if await self._store.get(caller.owner, minted) is None:
                return minted

    async def update(
        self,
        record: SessionRecord,
        changes: Sequence[Change],
        notices_to_deliver: Collection[str] = (),
        *,
        readings: Mapping[str, Reading] = NO_READINGS,
    ) -> list[str]:
        """Apply a call's changes to the record as it is stored now, and mark it as used.

        A use alone, and what the call has read, is stored a moment later.

        Other calls on the session may have changed it since this one began: their changes stay,
        and a session that was closed meanwhile is not revived. Returns the notices that this call
        has to notify of the notebooks with the keys `notices_to_deliver`: what another call told is not there.
        """
        self._deferred.note(record, readings)
        if record.notebooks and not changes and not notices_to_deliver:
            return []
        told: list[str] = []

        def changed(now: SessionRecord) -> SessionRecord | None:
            told.clear()
            for change in changes:
                now = change(now)
            if not now.notebooks:
                return None
            named = [held for key, held in now.notebooks.items() if key in notices_to_deliver]
            told.extend(held.pending_notice for held in named if held.pending_notice is not None)
            news = {held.ref.key: replace(held, pending_notice=None) for held in named}
            return self._deferred.applied(replace(now, notebooks=now.notebooks | news))

        done = await self._store.change(record.owner, record.session_id, changed)
        if done is None or done[1] is None:
            self._deferred.forget(record)
        else:
            self._deferred.confirm(record.owner, record.session_id)
        if done is not None:
            self.lifetimes.changed(*done)
        return told

    async def latest(self, record: SessionRecord, held: HeldNotebook) -> HeldNotebook:
        """What the session knows of the notebook by now; as it was if the session let it go."""
        stored = await self._store.get(record.owner, record.session_id)
        return stored.notebooks.get(held.ref.key, held) if stored is not None else held

    async def change(
        self,
        record: SessionRecord,
        held: HeldNotebook,
        change: Callable[[HeldNotebook], HeldNotebook],
    ) -> tuple[HeldNotebook, HeldNotebook]:
        """Change at once what the session knows of a notebook; returns it before and after.

        A notebook that it let go meanwhile, or does not hold so far, changes for the caller only.
        """
        key = held.ref.key

        def changed(now: SessionRecord) -> SessionRecord:
            if key not in now.notebooks:
                return now
            return replace(now, notebooks={**now.notebooks, key: change(now.notebooks[key])})

        done = await self._store.change(record.owner, record.session_id, changed)
        if done is None or done[1] is None or key not in done[0].notebooks:
            return held, change(held)
        return done[0].notebooks[key], done[1].notebooks[key]

    async def private_kernels(
        self, *kernel_ids: str
    ) -> dict[str, tuple[SessionRecord, HeldNotebook]]:
        """Those among these kernels that are private to a live session of any owner, by id."""
        return {
            held.kernel_id: (record, held)
            for record in await self._store.holders(*kernel_ids)
            if not self.lifetimes.over(record)
            for held in record.notebooks.values()
            if held.private and held.kernel_id in kernel_ids
        }

    async def remove(self, record: SessionRecord) -> None:
        self._deferred.forget(record)
        await self._store.remove(record.owner, record.session_id)

    async def sweep(self) -> list[SessionRecord]:
        """End all sessions that have expired; returns them."""
        await self._deferred.flush()
        return await self.lifetimes.sweep()

    async def close(self) -> None:
        """Store what calls left to be stored."""
        await self._deferred.close()


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
