"""The live sessions of all owners: opened, changed and ended."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType

from jmcp.core.calls.call import Caller
from jmcp.core.errors import StateUnavailable
from jmcp.core.sessions.lookup import SessionLookup
from jmcp.core.sessions.readings.read_cells import Reading
from jmcp.core.sessions.records import HeldNotebook, SessionRecord

# Crockford's alphabet, lower case: without i, l, o and u a model does not misread an id.
BASE32 = "0123456789abcdefghjkmnpqrstvwxyz"
Change = Callable[[SessionRecord], SessionRecord]
NO_READINGS: Mapping[str, Reading] = MappingProxyType({})


class Sessions(SessionLookup):
    """The session records of all owners: opened, changed by calls, and ended."""

    async def open(self, caller: Caller, session_id: str | None) -> tuple[SessionRecord, bool]:
        """A new session, stored at once so that two calls never make the same one; or the one of
        that id that another process made just now. Says whether it is new."""
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
            of_page=caller.of_page,
        )
        try:
            if not await self._store.add(record):
                known = await self.get(caller.owner, record.session_id)
                if known is not None:
                    return known, False
                await self._store.put(record)  # one that is over, and not removed yet
        except BaseException:  # also cancelled: whether the store has it is not known
            self._deferred.owe(record, [_unless_used(record)])
            raise
        self._deferred.forget(record)
        return record, True

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
        losses: dict[str, str] | None = None,
    ) -> None:
        """Apply a call's changes to the record as it is stored now, and mark it as used.

        A use alone, and what the call has read, is stored a moment later.

        Other calls on the session may have changed it since this one began: their changes stay,
        and a session that was closed meanwhile is not revived. Of the notebooks with the keys
        `notices_to_deliver`, `losses` gets by key the notices that this call has to tell: what
        another call told is not there.
        """
        self._deferred.note(record, readings)
        if record.notebooks and not changes and not notices_to_deliver:
            return
        told = {} if losses is None else losses
        attempt = self._deferred.attempt(record)

        def clean(now: SessionRecord) -> SessionRecord:
            """Without the notices that this call tells."""
            told.clear()
            named = {key: held for key, held in now.notebooks.items() if key in notices_to_deliver}
            for key, held in named.items():
                if held.pending_notice is not None:
                    told[key] = held.pending_notice
            news = {key: replace(held, pending_notice=None) for key, held in named.items()}
            return replace(now, notebooks=now.notebooks | news)

        def changed(stored: SessionRecord) -> SessionRecord | None:
            told.clear()
            now = attempt.with_owed(stored)
            if now is None:
                return None
            for change in changes:
                now = change(now)
            return attempt.applied(clean(now)) if now.notebooks else None

        try:
            done = await self._store.change(record.owner, record.session_id, changed)
        except StateUnavailable as error:
            clean(record)  # which has the changes
            cleaned = [clean] if told else []
            ended = [_unless_used(record)] if not record.notebooks else []
            self._deferred.owe(record, [*changes, *cleaned, *ended], error)
            return
        if done is None or done[1] is None:
            self._deferred.forget(record)
        else:
            self._deferred.confirm(record.owner, record.session_id, attempt)
        if done is not None:
            self.lifetimes.changed(*done)

    async def give_back(self, record: SessionRecord, losses: Mapping[str, str]) -> None:
        """No result has these notices, which `update` took out of the record: a later call tells
        them."""
        for key, code in losses.items():
            held = record.notebooks.get(key)
            if held is not None:
                await self.change(record, held, partial(_with_notice, code))

    def note(self, record: SessionRecord, readings: Mapping[str, Reading]) -> None:
        """The session was used, and has read that: stored a moment later."""
        self._deferred.note(record, readings)

    async def require_store(self, record: SessionRecord) -> None:
        """Before work that changes the session: raises StateUnavailable where that could not be
        stored."""
        await self._deferred.require(record)

    def unstored(self, record: SessionRecord) -> str | None:
        """Why changes of the session are not stored, unless a caller was told already. From now on
        one is."""
        return self._deferred.tell(record)

    async def latest(self, record: SessionRecord, held: HeldNotebook) -> HeldNotebook:
        """What the session knows of the notebook by now; as it was if the session let it go."""
        stored = await self._store.get(record.owner, record.session_id)
        known = self._deferred.known(stored) if stored is not None else None
        return known.notebooks.get(held.ref.key, held) if known is not None else held

    async def holds(self, record: SessionRecord, held: HeldNotebook) -> bool:
        """Whether the session still holds the notebook."""
        stored = await self._store.get(record.owner, record.session_id)
        known = self._deferred.known(stored) if stored is not None else None
        return known is not None and held.ref.key in known.notebooks

    async def change(
        self,
        record: SessionRecord,
        held: HeldNotebook,
        change: Callable[[HeldNotebook], HeldNotebook],
    ) -> tuple[HeldNotebook, HeldNotebook]:
        """Change at once what the session knows of a notebook; returns it before and after.

        A notebook that it let go meanwhile, or does not hold so far, changes for the caller only.
        Where the store does not take it, the session knows it in this process.
        """
        key = held.ref.key
        attempt = self._deferred.attempt(record)
        seen: list[SessionRecord] = []

        def altered(now: SessionRecord) -> SessionRecord:
            if key not in now.notebooks:
                return now
            return replace(now, notebooks={**now.notebooks, key: change(now.notebooks[key])})

        def changed(stored: SessionRecord) -> SessionRecord | None:
            seen.clear()
            now = attempt.with_owed(stored)
            if now is None:
                return None
            seen.extend((now, altered(now)))
            return attempt.applied(seen[1])

        try:
            done = await self._store.change(record.owner, record.session_id, changed)
        except StateUnavailable as error:
            if key in record.notebooks:
                self._deferred.owe(altered(record), [altered], error)
            return held, change(held)
        if done is None or done[1] is None:
            return held, change(held)
        self._deferred.confirm(record.owner, record.session_id, attempt)
        if key not in seen[0].notebooks:
            return held, change(held)
        return seen[0].notebooks[key], seen[1].notebooks[key]

    async def mark(
        self, record: SessionRecord, change: Change
    ) -> tuple[SessionRecord, SessionRecord] | None:
        """Change a session at once, for whoever is no call of its own; returns it before and after,
        None where it is over. Where the store does not take it, the session is so in this process,
        and stored later."""
        attempt = self._deferred.attempt(record, used=False)
        seen: list[SessionRecord] = []

        def changed(stored: SessionRecord) -> SessionRecord | None:
            seen.clear()
            now = attempt.with_owed(stored)
            if now is None:
                return None
            seen.extend((now, change(now)))
            return attempt.applied(seen[1])

        try:
            done = await self._store.change(record.owner, record.session_id, changed)
        except StateUnavailable:
            after = change(record)
            self._deferred.owe(after, [change])
            self.lifetimes.changed(record, after)
            return record, after
        if done is None or done[1] is None:
            return None
        self._deferred.confirm(record.owner, record.session_id, attempt)
        self.lifetimes.changed(seen[0], seen[1])
        return seen[0], seen[1]

    async def private_kernels(
        self, *kernel_ids: str
    ) -> dict[str, tuple[SessionRecord, HeldNotebook]]:
        """Those among these kernels that are private to a live session of any owner, by id."""
        return {
            held.kernel_id: (record, held)
            for record in await self._holders(*kernel_ids)
            for held in record.notebooks.values()
            if held.private and held.kernel_id in kernel_ids
        }

    async def remove(self, record: SessionRecord) -> None:
        self._deferred.forget(record)
        await self._store.remove(record.owner, record.session_id)

    async def discard(self, record: SessionRecord) -> None:
        """Remove a session that was opened for a call which then did not succeed, unless another
        call has opened a notebook in it. Where the store does not answer, it is removed later."""
        unless_used = _unless_used(record)
        try:
            done = await self._store.change(record.owner, record.session_id, unless_used)
        except BaseException as error:  # also cancelled: whether it was removed is not known
            self._deferred.owe(record, [unless_used])
            if isinstance(error, StateUnavailable):
                return
            raise
        if done is None or done[1] is None:
            self._deferred.forget(record)

    async def sweep(self) -> list[SessionRecord]:
        """End all sessions that have expired; returns them."""
        await self._deferred.flush()
        return await self.lifetimes.sweep()

    async def close(self) -> None:
        """Store what calls left to be stored."""
        await self._deferred.close()


def _with_notice(code: str, held: HeldNotebook) -> HeldNotebook:
    return replace(held, pending_notice=held.pending_notice or code)


def _unless_used(record: SessionRecord) -> Callable[[SessionRecord], SessionRecord | None]:
    """Ends that session, if no notebook is open in it and it is not another one of that id."""

    def ended(now: SessionRecord) -> SessionRecord | None:
        return now if now.notebooks or now.created != record.created else None

    return ended
