"""Session records in the memory of this process, which are lost with it."""

from __future__ import annotations

import marshal
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter

from jmcp.core.ports import NotebookRef
from jmcp.core.sessions.records import Change, HeldNotebook, Pause, PendingRun, SessionRecord

NAMES = tuple(field.name for field in fields(HeldNotebook) if field.name != "ref")
VALUES = attrgetter(*NAMES)


@dataclass(slots=True, eq=False)
class _Kept:
    """A record in its packed form, because an agent's session is idle nearly all the time.

    It takes half the memory of the objects, and five microseconds for each access.
    """

    owner: str
    session_id: str
    last_accessed: float
    packed: bytes

    @classmethod
    def of(cls, record: SessionRecord) -> _Kept:
        held, pause = record.notebooks.values(), record.paused
        packed = marshal.dumps(
            (
                record.created,
                record.connection,
                record.current,
                None if pause is None else (pause.at, pause.client),
                record.resumed,
                record.of_page,
                [(one.ref.key, one.ref.path, *VALUES(one)) for one in held],
            )
        )
        return cls(record.owner, record.session_id, record.last_accessed, packed)

    def record(self) -> SessionRecord:
        created, connection, current, paused, resumed, of_page, notebooks = marshal.loads(
            self.packed
        )
        held = (
            HeldNotebook(
                ref=NotebookRef(key=key, path=path), **dict(zip(NAMES, values, strict=True))
            )
            for key, path, *values in notebooks
        )
        return SessionRecord(
            owner=self.owner,
            session_id=self.session_id,
            created=created,
            last_accessed=self.last_accessed,
            connection=connection,
            current=current,
            notebooks={one.ref.key: one for one in held},
            paused=Pause(at=paused[0], client=paused[1]) if paused else None,
            resumed=resumed,
            of_page=of_page,
        )


class MemoryStore:
    """`Store` in dictionaries."""

    def __init__(self) -> None:
        self._owners: dict[str, dict[str, _Kept]] = {}
        # By hash, which is smaller than the key: what is found is looked at again.
        self._holders: dict[int, tuple[_Kept, ...]] = {}
        self._runs: dict[str, PendingRun] = {}

    async def get(self, owner: str, session_id: str) -> SessionRecord | None:
        kept = self._owners.get(owner, {}).get(session_id)
        return kept.record() if kept is not None else None

    async def put(self, record: SessionRecord) -> None:
        self._take(record.owner, record.session_id)
        kept = _Kept.of(record)
        self._owners.setdefault(record.owner, {})[record.session_id] = kept
        for number in map(hash, record.claims):
            self._holders[number] = (*self._holders.get(number, ()), kept)

    async def add(self, record: SessionRecord) -> bool:
        if record.session_id in self._owners.get(record.owner, {}):
            return False
        await self.put(record)
        return True

    async def touch(self, owner: str, session_id: str, moment: float) -> bool:
        kept = self._owners.get(owner, {}).get(session_id)
        if kept is None:
            return False
        kept.last_accessed = moment
        return True

    async def change(
        self, owner: str, session_id: str, change: Change
    ) -> tuple[SessionRecord, SessionRecord | None] | None:
        kept = self._owners.get(owner, {}).get(session_id)
        if kept is None:
            return None
        before = kept.record()
        after = change(before)
        if after is None:
            self._take(owner, session_id)
        elif after.claims != before.claims:
            await self.put(after)
        elif after != before:
            kept.last_accessed, kept.packed = after.last_accessed, _Kept.of(after).packed
        return before, after

    async def remove(self, owner: str, session_id: str) -> bool:
        return self._take(owner, session_id) is not None

    async def expire(self, owner: str, session_id: str, moment: float) -> bool:
        kept = self._owners.get(owner, {}).get(session_id)
        if kept is None or kept.last_accessed >= moment:
            return False
        return self._take(owner, session_id) is not None

    async def of_owner(self, owner: str) -> Sequence[SessionRecord]:
        kept = self._owners.get(owner, {}).values()
        return [one.record() for one in sorted(kept, key=_accessed, reverse=True)]

    async def idle_since(self, moment: float) -> Sequence[SessionRecord]:
        return [one.record() for one in self._all() if one.last_accessed < moment]

    async def holders(self, *holdings: str) -> Sequence[SessionRecord]:
        found = {kept for name in holdings for kept in self._holders.get(hash(name), ())}
        records = (kept.record() for kept in found)
        return [record for record in records if not record.claims.isdisjoint(holdings)]

    async def count(self, since: float) -> int:
        return sum(one.last_accessed >= since for one in self._all())

    async def put_run(self, run: PendingRun) -> None:
        self._runs[run.execution_id] = run

    async def remove_run(self, execution_id: str) -> None:
        self._runs.pop(execution_id, None)

    async def runs(self) -> Sequence[PendingRun]:
        return sorted(self._runs.values(), key=lambda run: run.began)

    async def close(self) -> None:
        self._owners.clear()
        self._holders.clear()
        self._runs.clear()

    def _all(self) -> Iterable[_Kept]:
        return (kept for sessions in self._owners.values() for kept in sessions.values())

    def _take(self, owner: str, session_id: str) -> _Kept | None:
        """Take a record out of every index."""
        sessions = self._owners.get(owner, {})
        kept = sessions.pop(session_id, None)
        if kept is None:
            return None
        if not sessions:
            del self._owners[owner]
        for number in map(hash, kept.record().claims):
            rest = tuple(one for one in self._holders.get(number, ()) if one is not kept)
            if rest:
                self._holders[number] = rest
            else:
                self._holders.pop(number, None)
        return kept


def _accessed(kept: _Kept) -> float:
    return kept.last_accessed
