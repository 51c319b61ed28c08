"""A store in memory whose every answer may fail."""

from __future__ import annotations

from collections.abc import Sequence

from jmcp.core.sessions.records import Change, PendingRun, SessionRecord
from jmcp.core.stores.memory import MemoryStore
from tests.fakes.faults import Faults, passes


class FakeStore:
    """`MemoryStore`, which does not forget when it is closed: another process may take it over."""

    def __init__(self, faults: Faults | None = None) -> None:
        self._kept = MemoryStore()
        self.faults = faults or Faults()
        self.closed = False

    @passes("store.get")
    async def get(self, owner: str, session_id: str) -> SessionRecord | None:
        return await self._kept.get(owner, session_id)

    @passes("store.put")
    async def put(self, record: SessionRecord) -> None:
        await self._kept.put(record)

    @passes("store.add")
    async def add(self, record: SessionRecord) -> bool:
        return await self._kept.add(record)

    @passes("store.touch")
    async def touch(self, owner: str, session_id: str, moment: float) -> bool:
        return await self._kept.touch(owner, session_id, moment)

    @passes("store.change")
    async def change(
        self, owner: str, session_id: str, change: Change
    ) -> tuple[SessionRecord, SessionRecord | None] | None:
        return await self._kept.change(owner, session_id, change)

    @passes("store.remove")
    async def remove(self, owner: str, session_id: str) -> bool:
        return await self._kept.remove(owner, session_id)

    @passes("store.expire")
    async def expire(self, owner: str, session_id: str, moment: float) -> bool:
        return await self._kept.expire(owner, session_id, moment)

    @passes("store.of_owner")
    async def of_owner(self, owner: str) -> Sequence[SessionRecord]:
        return await self._kept.of_owner(owner)

    @passes("store.idle_since")
    async def idle_since(self, moment: float) -> Sequence[SessionRecord]:
        return await self._kept.idle_since(moment)

    @passes("store.holders")
    async def holders(self, *holdings: str) -> Sequence[SessionRecord]:
        return await self._kept.holders(*holdings)

    @passes("store.count")
    async def count(self, since: float) -> int:
        return await self._kept.count(since)

    @passes("store.put_run")
    async def put_run(self, run: PendingRun) -> None:
        await self._kept.put_run(run)

    @passes("store.remove_run")
    async def remove_run(self, execution_id: str) -> None:
        await self._kept.remove_run(execution_id)

    @passes("store.runs")
    async def runs(self) -> Sequence[PendingRun]:
        return await self._kept.runs()

    async def close(self) -> None:
        self.closed = True
