"""Records in Redis (or Valkey), for several gateways in front of one Hub."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from jmcp.core.errors import StateUnavailable
from jmcp.hub.grants.records import Kind, Record

SOCKET_SECONDS = 5.0
MARGIN_SECONDS = 60.0
"""Redis forgets a record so long after its end, by its own clock."""

ADD = """
local now, expires = tonumber(ARGV[5]), tonumber(ARGV[2])
local there = redis.call('HGET', KEYS[1], 'expires')
if there and tonumber(there) > now then return 0 end
local limit = tonumber(ARGV[6])
if limit >= 0 and redis.call('ZCOUNT', KEYS[2], '(' .. ARGV[5], '+inf') >= limit then return 0 end
redis.call('HSET', KEYS[1], 'data', ARGV[1], 'expires', ARGV[2], 'user', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[7])
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[4])
if ARGV[3] ~= '' then
  redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', ARGV[5])
  redis.call('ZADD', KEYS[3], ARGV[2], ARGV[4])
  if redis.call('PTTL', KEYS[3]) < tonumber(ARGV[7]) then
    redis.call('PEXPIRE', KEYS[3], ARGV[7])
  end
end
return 1
"""
CHANGE = """
local found = redis.call('HMGET', KEYS[1], 'data', 'expires')
if not found[1] or found[1] ~= ARGV[8] or tonumber(found[2]) <= tonumber(ARGV[5]) then return 0 end
redis.call('HSET', KEYS[1], 'data', ARGV[1], 'expires', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[7])
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[4])
if ARGV[3] ~= '' then
  redis.call('ZADD', KEYS[3], ARGV[2], ARGV[4])
  if redis.call('PTTL', KEYS[3]) < tonumber(ARGV[7]) then
    redis.call('PEXPIRE', KEYS[3], ARGV[7])
  end
end
return 1
"""
REMOVE = """
local found = redis.call('HMGET', KEYS[1], 'expires', 'user')
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])
if not found[1] then return 0 end
if found[2] ~= '' then redis.call('ZREM', ARGV[3] .. found[2], ARGV[1]) end
if tonumber(found[1]) <= tonumber(ARGV[2]) then return 0 end
return 1
"""
"""Each is one step that no other gateway interrupts. A user's index is named by the record, so that the
keys lie in several slots: one server or its replicas, no cluster."""

KINDS: tuple[Kind, ...] = (
    "client",
    "session",
    "consent",
    "code",
    "grant",
    "access",
    "refresh",
)


class RedisRecords:
    """`Records` in the Redis of `url`. `place` names the gateway: of another one nothing is seen."""

    def __init__(self, url: str, *, place: str, clock: Callable[[], float] = time.time) -> None:
        self._redis: Any = Redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=SOCKET_SECONDS,
            socket_connect_timeout=SOCKET_SECONDS,
            # Once, for a connection that the server has closed; a call is not to wait for more.
            retry=Retry(NoBackoff(), 1),
        )
        self._root = f"jmcp:gateway:{quote(place, safe='')}"
        self._clock = clock
        self._add = self._redis.register_script(ADD)
        self._change = self._redis.register_script(CHANGE)
        self._remove = self._redis.register_script(REMOVE)

    async def get(self, kind: Kind, key: str) -> Record | None:
        with self._reported():
            fields = await self._redis.hgetall(self._key(kind, key))
        return self._record(kind, key, fields)

    async def add(self, record: Record, *, limit: int | None = None) -> bool:
        return await self._run(self._add, record, -1 if limit is None else limit)

    async def change(self, before: Record, after: Record) -> bool:
        return await self._run(self._change, after, -1, before.data)

    async def remove(self, kind: Kind, key: str) -> bool:
        with self._reported():
            removed = await self._remove(
                keys=[self._key(kind, key), self._of_kind(kind)],
                args=[key, repr(self._clock()), f"{self._root}:user:{kind}:"],
            )
        return bool(removed)

    async def count(self, kind: Kind) -> int:
        with self._reported():
            return int(await self._redis.zcount(self._of_kind(kind), f"({self._clock()!r}", "+inf"))

    async def of_user(self, kind: Kind, user: str) -> Sequence[Record]:
        if not user:
            return []
        with self._reported():
            keys = await self._redis.zrangebyscore(
                self._of_user(kind, user), f"({self._clock()!r}", "+inf"
            )
            async with self._redis.pipeline(transaction=False) as steps:
                for key in keys:
                    steps.hgetall(self._key(kind, key))
                found = await steps.execute() if keys else []
        records = (self._record(kind, *one) for one in zip(keys, found, strict=True))
        return sorted((one for one in records if one is not None), key=lambda one: one.key)

    async def sweep(self) -> int:
        """Redis expires the records itself; here they leave the index of their kind."""
        swept = 0
        with self._reported():
            for kind in KINDS:
                swept += await self._redis.zremrangebyscore(
                    self._of_kind(kind), "-inf", repr(self._clock())
                )
        return swept

    async def close(self) -> None:
        await self._redis.aclose()

    async def _run(self, script: Any, record: Record, limit: int, *more: str) -> bool:
        now = self._clock()
        seconds = max(record.expires - now, 0) + MARGIN_SECONDS
        with self._reported():
            done = await script(
                keys=[
                    self._key(record.kind, record.key),
                    self._of_kind(record.kind),
                    self._of_user(record.kind, record.user),
                ],
                args=[
                    record.data,
                    repr(record.expires),
                    record.user,
                    record.key,
                    repr(now),
                    limit,
                    int(seconds * 1000),
                    *more,
                ],
            )
        return bool(done)

    def _record(self, kind: Kind, key: str, fields: dict[str, str]) -> Record | None:
        if not fields or float(fields["expires"]) <= self._clock():
            return None
        return Record(
            kind=kind,
            key=key,
            data=fields["data"],
            expires=float(fields["expires"]),
            user=fields["user"],
        )

    def _key(self, kind: Kind, key: str) -> str:
        return f"{self._root}:{kind}:{key}"

    def _of_kind(self, kind: Kind) -> str:
        """The keys of a kind by their end."""
        return f"{self._root}:kind:{kind}"

    def _of_user(self, kind: Kind, user: str) -> str:
        """A user's keys of a kind by their end."""
        return f"{self._root}:user:{kind}:{user}"

    @contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except (RedisError, OSError) as error:
            # Its text may hold the URL, and that a password.
            raise StateUnavailable.silent_redis(reason=type(error).__name__) from None
