"""Records in Redis (or Valkey): shared by processes, each of which serves its own notebooks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from redis.asyncio import Redis
from redis.exceptions import RedisError

from jmcp.runtime.store import PendingRun, SessionRecord, Store
from jmcp.runtime.stores.encoding import decode_run, decode_session, encode_run, encode_session
from jmcp.runtime.stores.statefile import StateUnavailable

MARGIN_HOURS = 2
"""How long Redis keeps a record past its idle time: the sweep, which knows what runs, decides."""
RUNS_SECONDS = 7 * 24 * 3600
"""Runs that no successor asked for in that time are nobody's."""
SOCKET_SECONDS = 5.0
ACCESSED = "jmcp:accessed"
"""All sessions by last access, for the sweep. Members are JSON: [owner, session id]."""

# One step, so that a session which another process removed is never revived by half.
TOUCH = """
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'last_accessed', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
redis.call('ZADD', KEYS[3], ARGV[1], ARGV[3])
return 1
"""


class RedisStore:
    """`Store` in Redis. Its keys lie in several slots: one server or its replicas, no cluster.

    `keeper` names what a process and its successor have in common: only a process of the same
    keeper takes up the runs that another one left. `idle_hours` is the lifetime of the policy.
    """

    def __init__(self, url: str, *, keeper: str, idle_hours: float) -> None:
        self._redis: Any = Redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=SOCKET_SECONDS,
            socket_connect_timeout=SOCKET_SECONDS,
        )
        self._touch = self._redis.register_script(TOUCH)
        self._runs = f"jmcp:runs:{quote(keeper, safe='')}"
        self._expiry_ms = int((idle_hours + MARGIN_HOURS) * 3_600_000)

    async def get(self, owner: str, session_id: str) -> SessionRecord | None:
        with _reported():
            fields = await self._redis.hgetall(_key(owner, session_id))
        return _record(owner, session_id, fields)

    async def put(self, record: SessionRecord) -> None:
        key, ids = _key(record.owner, record.session_id), _ids(record.owner)
        fields = {"last_accessed": repr(record.last_accessed), "data": encode_session(record)}
        with _reported():
            async with self._redis.pipeline(transaction=True) as steps:
                steps.hset(key, mapping=fields)
                steps.pexpire(key, self._expiry_ms)
                steps.sadd(ids, record.session_id)
                steps.pexpire(ids, self._expiry_ms)
                steps.zadd(
                    ACCESSED, {_member(record.owner, record.session_id): record.last_accessed}
                )
                await steps.execute()

    async def touch(self, owner: str, session_id: str, moment: float) -> bool:
        with _reported():
            touched = await self._touch(
                keys=[_key(owner, session_id), _ids(owner), ACCESSED],
                args=[repr(moment), self._expiry_ms, _member(owner, session_id)],
            )
        return bool(touched)

    async def remove(self, owner: str, session_id: str) -> bool:
        with _reported():
            async with self._redis.pipeline(transaction=True) as steps:
                steps.delete(_key(owner, session_id))
                steps.srem(_ids(owner), session_id)
                steps.zrem(ACCESSED, _member(owner, session_id))
                removed, *_ = await steps.execute()
        return bool(removed)

    async def of_owner(self, owner: str) -> Sequence[SessionRecord]:
        with _reported():
            ids = await self._redis.smembers(_ids(owner))
        records = await self._existing([(owner, session_id) for session_id in ids])
        return sorted(records, key=lambda record: record.last_accessed, reverse=True)

    async def idle_since(self, moment: float) -> Sequence[SessionRecord]:
        with _reported():
            members = await self._redis.zrangebyscore(ACCESSED, "-inf", f"({moment!r}")
        named = [tuple(json.loads(member)) for member in members]
        # Another process may have used one since the index was read.
        return [found for found in await self._existing(named) if found.last_accessed < moment]

    async def count(self, since: float) -> int:
        with _reported():
            return int(await self._redis.zcount(ACCESSED, repr(since), "+inf"))

    async def put_run(self, run: PendingRun) -> None:
        with _reported():
            async with self._redis.pipeline(transaction=True) as steps:
                steps.hset(self._runs, run.execution_id, encode_run(run))
                steps.expire(self._runs, RUNS_SECONDS)
                await steps.execute()

    async def remove_run(self, execution_id: str) -> None:
        with _reported():
            await self._redis.hdel(self._runs, execution_id)

    async def runs(self) -> Sequence[PendingRun]:
        with _reported():
            texts = await self._redis.hvals(self._runs)
        found = (decode_run(text) for text in texts)
        return sorted((run for run in found if run is not None), key=lambda run: run.began)

    async def close(self) -> None:
        await self._redis.aclose()

    async def _existing(self, named: Sequence[tuple[str, str]]) -> list[SessionRecord]:
        """The records of those names; what expired leaves the indexes."""
        if not named:
            return []
        with _reported():
            async with self._redis.pipeline(transaction=False) as steps:
                for owner, session_id in named:
                    steps.hgetall(_key(owner, session_id))
                found = await steps.execute()
            gone = [name for name, fields in zip(named, found, strict=True) if not fields]
            for owner, session_id in gone:
                await self.remove(owner, session_id)
        records = (
            _record(owner, session_id, fields)
            for (owner, session_id), fields in zip(named, found, strict=True)
        )
        return [record for record in records if record is not None]


@contextmanager
def _reported() -> Iterator[None]:
    try:
        yield
    except (RedisError, OSError) as error:
        # Its text may hold the URL, and that a password.
        raise StateUnavailable(
            f"The Redis server that keeps the sessions does not answer ({type(error).__name__})."
        ) from error


def _record(owner: str, session_id: str, fields: dict[str, str]) -> SessionRecord | None:
    if not fields:
        return None
    return decode_session(owner, session_id, float(fields["last_accessed"]), fields["data"])


def _key(owner: str, session_id: str) -> str:
    return f"jmcp:session:{quote(owner, safe='')}:{quote(session_id, safe='')}"


def _ids(owner: str) -> str:
    return f"jmcp:sessions:{quote(owner, safe='')}"


def _member(owner: str, session_id: str) -> str:
    return json.dumps([owner, session_id])


def _conforms(store: RedisStore) -> Store:
    return store
