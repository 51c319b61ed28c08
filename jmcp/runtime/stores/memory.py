"""Records in this process: gone with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from jmcp.runtime.store import PendingRun, SessionRecord, Store


class MemoryStore:
    """`Store` in dictionaries."""

    def __init__(self) -> None:
        self._owners: dict[str, dict[str, SessionRecord]] = {}
        self._runs: dict[str, PendingRun] = {}

    async def get(self, owner: str, session_id: str) -> SessionRecord | None:
        return self._owners.get(owner, {}).get(session_id)

    async def put(self, record: SessionRecord) -> None:
        self._owners.setdefault(record.owner, {})[record.session_id] = record

    async def touch(self, owner: str, session_id: str, moment: float) -> bool:
        sessions = self._owners.get(owner, {})
        known = sessions.get(session_id)
        if known is None:
            return False
        sessions[session_id] = replace(known, last_accessed=moment)
        return True

    async def remove(self, owner: str, session_id: str) -> bool:
        sessions = self._owners.get(owner, {})
        removed = sessions.pop(session_id, None) is not None
        if not sessions:
            self._owners.pop(owner, None)
        return removed

    async def of_owner(self, owner: str) -> Sequence[SessionRecord]:
        records = self._owners.get(owner, {}).values()
        return sorted(records, key=lambda record: record.last_accessed, reverse=True)

    async def idle_since(self, moment: float) -> Sequence[SessionRecord]:
        return [
            record
            for sessions in self._owners.values()
            for record in sessions.values()
            if record.last_accessed < moment
        ]

    async def count(self, since: float) -> int:
        return sum(
            record.last_accessed >= since
            for sessions in self._owners.values()
            for record in sessions.values()
        )

    async def put_run(self, run: PendingRun) -> None:
        self._runs[run.execution_id] = run

    async def remove_run(self, execution_id: str) -> None:
        self._runs.pop(execution_id, None)

    async def runs(self) -> Sequence[PendingRun]:
        return sorted(self._runs.values(), key=lambda run: run.began)

    async def close(self) -> None:
        self._owners.clear()
        self._runs.clear()


def _conforms(store: MemoryStore) -> Store:
    return store
