"""What is particular to Redis."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from jmcp.core.errors import StateUnavailable
from jmcp.core.stores.memory import MemoryStore
from jmcp.core.stores.redis import MARGIN_HOURS, RedisStore
from jmcp_api.backend_errors import StateUnavailable as Unavailable
from tests.ports.stores.conftest import record
from tests.ports.stores.redis_server import MISSING, installed, redis_server


@pytest.fixture
async def store(redis_url: str) -> AsyncIterator[RedisStore]:
    made = RedisStore(redis_url, place="here", idle_hours=24, local=MemoryStore())
    await made._redis.flushall()
    yield made
    await made.close()


async def test_everything_expires_by_itself(store: RedisStore) -> None:
    await store.put(record())
    longest = (24 + MARGIN_HOURS) * 3600
    keys = await store._redis.keys("*")
    assert len(keys) == 3 + len(record().claims)
    for key in keys:
        assert longest - 600 < await store._redis.ttl(key) <= longest


async def test_a_touch_puts_the_expiry_off(store: RedisStore) -> None:
    await store.put(record())
    for key in await store._redis.keys("*"):
        await store._redis.expire(key, 60)
    await store.touch("alice", "s1", 200.0)
    for key in await store._redis.keys("*"):
        assert await store._redis.ttl(key) > 3600


async def test_what_redis_expired_leaves_the_indexes(store: RedisStore) -> None:
    await store.put(record())
    await store.put(record("s2"))
    await store._redis.delete("jmcp:here:session:alice:s1")
    assert [found.session_id for found in await store.of_owner("alice")] == ["s2"]
    assert await store._redis.smembers("jmcp:here:sessions:alice") == {"s2"}
    assert [found.session_id for found in await store.idle_since(float("inf"))] == ["s2"]
    assert await store._redis.zcard("jmcp:here:accessed") == 1
    key = next(iter(record().notebooks))
    assert [found.session_id for found in await store.holders(key)] == ["s2"]


async def test_another_place_is_not_seen(store: RedisStore, redis_url: str) -> None:
    await store.put(record())
    other = RedisStore(redis_url, place="there", idle_hours=24, local=MemoryStore())
    assert await other.get("alice", "s1") is None
    assert await other.idle_since(float("inf")) == []
    await other.close()


async def test_a_server_that_is_gone_is_a_clear_error_without_its_password(tmp_path: Path) -> None:
    if not installed():
        pytest.skip(MISSING)
    with redis_server(tmp_path) as url:
        store = RedisStore(
            url.replace("//", "//:secret@"),
            place="",
            idle_hours=24,
            local=MemoryStore(),
            unavailable=Unavailable,
        )
    with pytest.raises(StateUnavailable, match="does not answer") as caught:
        await store.get("alice", "s1")
    assert "secret" not in str(caught.value)
    await store.close()
