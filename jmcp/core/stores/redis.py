"""Records in Redis (or Valkey): shared by processes that work on the same place."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from jmcp.core.errors import StateUnavailable
from jmcp.core.sessions.records import Change, PendingRun, SessionRecord, Store
from jmcp.core.stores.encoding import decode_session, encode_session
from jmcp.core.stores.redis_scripts import ADD, CHANGE, PUT, REMOVE, TOUCH

MARGIN_HOURS = 24
"""How long Redis keeps a record past its idle time: the sweep, which knows what runs and stops
kernels, comes first; where nothing sweeps any more, nothing stays."""
SOCKET_SECONDS = 5.0
CHANGE_ATTEMPTS = 100
"""To change a record that other processes change at the same moment: two at once are rare."""


class RedisStore:
    """`Store` in Redis. Its keys lie in several slots: one server or its replicas, no cluster.

    `place` names what the processes that share these records work on: those of another place
    are not seen. It stands in all names of keys as it is. `idle_hours` is the lifetime of the policy. `local` keeps the runs, which are a
    process's own and go to the next one on its machine; `close` closes it too.
    """

    def __init__(
        self,
        url: str,
        *,
        place: str,
        idle_hours: float,
        local: Store,
        unavailable: type[StateUnavailable] = StateUnavailable,
    ) -> None:
        self._unavailable = unavailable
        self._redis: Any = Redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=SOCKET_SECONDS,
            socket_connect_timeout=SOCKET_SECONDS,
            # Once, for a connection that the server has closed; a call is not to wait for more.
            retry=Retry(NoBackoff(), 1),
        )
        self._local = local
        self._root = f"jmcp:{place}"
        self._expiry_ms = int((idle_hours + MARGIN_HOURS) * 3_600_000)
        self._put = self._redis.register_script(PUT)
        self._add = self._redis.register_script(ADD)
        self._change = self._redis.register_script(CHANGE)
        self._touch = self._redis.register_script(TOUCH)
        self._remove = self._redis.register_script(REMOVE)

    async def get(self, owner: str, session_id: str) -> SessionRecord | None:
        with self._reported():
            fields = await self._redis.hgetall(self._key(owner, session_id))
        return _record(owner, session_id, fields)

    async def put(self, record: SessionRecord) -> None:
        await self._run(self._put, record.owner, record.session_id, *self._fields(record))

    async def add(self, record: SessionRecord) -> bool:
        return await self._run(self._add, record.owner, record.session_id, *self._fields(record))

    async def touch(self, owner: str, session_id: str, moment: float) -> bool:
        return await self._run(self._touch, owner, session_id, repr(moment), self._expiry_ms)

    async def change(
        self, owner: str, session_id: str, change: Change
    ) -> tuple[SessionRecord, SessionRecord | None] | None:
        for _ in range(CHANGE_ATTEMPTS):
            with self._reported():
                fields = await self._redis.hgetall(self._key(owner, session_id))
            before = _record(owner, session_id, fields)
            if before is None:
                return None
            after = change(before)
            if after == before or await self._replace(fields["data"], before, after):
                return before, after
        raise self._unavailable.contended_in_redis()

    async def _replace(self, data: str, before: SessionRecord, after: SessionRecord | None) -> bool:
        """Whether the record was still that data, and is replaced."""
        name = (before.owner, before.session_id)
        if after is None:
            return await self._run(self._remove, *name, data, "")
        return await self._run(self._change, *name, *self._fields(after), data)

    async def remove(self, owner: str, session_id: str) -> bool:
        return await self._run(self._remove, owner, session_id, "", "")

    async def expire(self, owner: str, session_id: str, moment: float) -> bool:
        return await self._run(self._remove, owner, session_id, "", repr(moment))

    async def of_owner(self, owner: str) -> Sequence[SessionRecord]:
        with self._reported():
            ids = await self._redis.smembers(self._ids(owner))
        records = await self._existing([(owner, session_id) for session_id in ids])
        return sorted(records, key=lambda record: record.last_accessed, reverse=True)

    async def idle_since(self, moment: float) -> Sequence[SessionRecord]:
        with self._reported():
            members = await self._redis.zrangebyscore(self._accessed, "-inf", f"({moment!r}")
        # Another process may have used one since the index was read.
        found = await self._existing([json.loads(member) for member in members])
        return [record for record in found if record.last_accessed < moment]

    async def holders(self, *holdings: str) -> Sequence[SessionRecord]:
        if not holdings:
            return []
        with self._reported():
            members = await self._redis.sunion([f"{self._holders}{one}" for one in holdings])
        found = await self._existing([json.loads(member) for member in members])
        return [record for record in found if not record.claims.isdisjoint(holdings)]

    async def count(self, since: float) -> int:
        with self._reported():
            return int(await self._redis.zcount(self._accessed, repr(since), "+inf"))

    async def put_run(self, run: PendingRun) -> None:
        await self._local.put_run(run)

    async def remove_run(self, execution_id: str) -> None:
        await self._local.remove_run(execution_id)

    async def runs(self) -> Sequence[PendingRun]:
        return await self._local.runs()

    async def close(self) -> None:
        try:
            await self._redis.aclose()
        finally:
            await self._local.close()

    async def _existing(self, named: Sequence[Sequence[str]]) -> list[SessionRecord]:
        """The records of those names; what Redis has expired leaves the indexes."""
        if not named:
            return []
        with self._reported():
            async with self._redis.pipeline(transaction=False) as steps:
                for owner, session_id in named:
                    steps.hgetall(self._key(owner, session_id))
                found = await steps.execute()
        records = []
        for (owner, session_id), fields in zip(named, found, strict=True):
            if not fields:
                await self.remove(owner, session_id)
            elif (record := _record(owner, session_id, fields)) is not None:
                records.append(record)
        return records

    async def _run(self, script: Any, owner: str, session_id: str, *values: Any) -> bool:
        """One of the scripts, each of which is one step that no other process interrupts."""
        member = json.dumps([owner, session_id])
        keys = [self._key(owner, session_id), self._ids(owner), self._accessed, self._holders]
        with self._reported():
            return bool(await script(keys=keys, args=[session_id, member, *values]))

    def _fields(self, record: SessionRecord) -> tuple[Any, ...]:
        holdings = json.dumps(sorted(record.claims))
        return repr(record.last_accessed), self._expiry_ms, encode_session(record), holdings

    def _key(self, owner: str, session_id: str) -> str:
        return f"{self._root}:session:{quote(owner, safe='')}:{quote(session_id, safe='')}"

    def _ids(self, owner: str) -> str:
        return f"{self._root}:sessions:{quote(owner, safe='')}"

    @property
    def _accessed(self) -> str:
        """All sessions by last access, for the sweep. Members are JSON: [owner, session id]."""
        return f"{self._root}:accessed"

    @contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except (RedisError, OSError) as error:
            # Its text may hold the URL, and that a password.
            raise self._unavailable.silent_redis(reason=type(error).__name__) from None

    @property
    def _holders(self) -> str:
        """What the sets of those who hold something begin with; members are as above."""
        return f"{self._root}:holders:"


def _record(owner: str, session_id: str, fields: dict[str, str]) -> SessionRecord | None:
    if not fields:
        return None
    return decode_session(owner, session_id, float(fields["last_accessed"]), fields["data"])
