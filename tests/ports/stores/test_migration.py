"""Session records that move from one store to another, whatever happens on the way."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jmcp.core.errors import StateUnavailable
from jmcp.core.sessions.records import SessionRecord, Store
from jmcp.core.stores.memory import MemoryStore
from jmcp.core.stores.migration import ALL, Migration, migrate
from jmcp.core.stores.redis import RedisStore
from jmcp.core.stores.sqlite import SqliteStore
from jmcp.core.stores.state_file import StateFile
from tests.ports.stores.conftest import record

NOW = time.time()
RECORDS = [
    record("s1", "alice", NOW - 1.25),
    record("s1", "bob", NOW - 3600),
    record("old", "alice", NOW - 30 * 3600),
]
MOVED = Migration(found=3, copied=3, removed=3)
Pair = tuple[Store, Store]


@pytest.fixture(params=["to redis", "to sqlite"])
async def pair(
    request: pytest.FixtureRequest, redis_url: str, tmp_path: Path
) -> AsyncIterator[Pair]:
    """A store with RECORDS, and an empty one."""
    shared = RedisStore(redis_url, place="migration", idle_hours=24, local=MemoryStore())
    await shared._redis.flushall()
    file = SqliteStore(StateFile(tmp_path / "state.db"))
    source, target = (file, shared) if request.param == "to redis" else (shared, file)
    for one in RECORDS:
        await source.put(one)
    yield source, target
    await source.close()
    await target.close()


async def held(store: Store) -> list[SessionRecord]:
    found = await store.idle_since(ALL)
    return sorted(found, key=lambda one: one.last_accessed, reverse=True)


class Interrupted:
    """A store whose process ends at that step of its: before it is done, or right after."""

    def __init__(self, store: Store, step: Callable[[], bool], *, after: bool) -> None:
        self._store = store
        self._step = step
        self._after = after

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)

        async def ending(*args: Any) -> Any:
            last = self._step()
            result = await method(*args) if self._after or not last else None
            if last:
                raise StateUnavailable("gone")
            return result

        return ending


async def test_all_move_with_their_contents_and_their_age(pair: Pair) -> None:
    source, target = pair
    assert await migrate(source, target, keep=False, dry_run=True) == Migration(found=3, copied=3)
    assert await held(target) == []
    assert await migrate(source, target, keep=False, dry_run=False) == MOVED
    assert await held(target) == RECORDS
    assert await held(source) == []
    # They expire when they would have, and are found by what they hold.
    idle = await target.idle_since(NOW - 24 * 3600)
    assert [one.session_id for one in idle] == ["old"]
    [key, *_] = RECORDS[0].notebooks
    assert len(await target.holders(key)) == 3
    assert await migrate(source, target, keep=False, dry_run=False) == Migration()


async def test_one_that_ends_anywhere_is_done_by_the_next(pair: Pair) -> None:
    source, target = pair
    steps, ended = 0, True
    while ended:
        steps += 1
        for after in (False, True):
            for one in RECORDS:
                await target.remove(one.owner, one.session_id)
                await source.put(one)
            left = [steps]

            def step(left: list[int] = left) -> bool:
                left[0] -= 1
                return left[0] == 0

            parts: list[Any] = [Interrupted(store, step, after=after) for store in pair]
            try:
                await migrate(*parts, keep=False, dry_run=False)
                ended = False
            except StateUnavailable:
                # No record is gone, whoever goes on.
                both = {(one.owner, one.session_id) for one in await held(source)}
                both |= {(one.owner, one.session_id) for one in await held(target)}
                assert len(both) == 3, steps
            await migrate(source, target, keep=False, dry_run=False)
            assert await held(target) == RECORDS, steps
            assert await held(source) == [], steps
    assert steps > 12  # two to begin with, and for each record copied, read back, removed


async def test_what_was_used_since_stays_and_what_is_older_is_replaced(pair: Pair) -> None:
    source, target = pair
    newer = replace(RECORDS[0], last_accessed=NOW + 5, current=None)
    await target.put(newer)
    await target.put(replace(RECORDS[1], last_accessed=NOW - 4000, connection=None))
    await target.put(RECORDS[2])
    done = await migrate(source, target, keep=True, dry_run=False)
    assert done == Migration(found=3, newer=1, replaced=1, there=1)
    assert await held(target) == [newer, *RECORDS[1:]]
    assert await held(source) == RECORDS


async def test_what_somebody_uses_meanwhile_is_not_removed(pair: Pair) -> None:
    source, target = pair
    used = replace(RECORDS[1], last_accessed=NOW + 5)

    class Used:
        """Somebody goes on with a session in the source once everything was copied."""

        def __getattr__(self, name: str) -> Any:
            async def first(*args: Any) -> Any:
                if name == "change":
                    await source.put(used)
                return await getattr(source, name)(*args)

            return first

    using: Any = Used()
    done = await migrate(using, target, keep=False, dry_run=False)
    assert (done.removed, done.changed) == (2, 1)
    assert await held(source) == [used]
    done = await migrate(source, target, keep=False, dry_run=False)
    assert (done.replaced, done.removed) == (1, 1)
    assert (await held(target))[0] == used


async def test_nothing_is_removed_when_one_cannot_be_read_back(pair: Pair) -> None:
    source, target = pair

    class Full:
        """As a Redis whose memory is full and which evicts."""

        def __getattr__(self, name: str) -> Any:
            async def forgets(*args: Any) -> Any:
                result = await getattr(target, name)(*args)
                if name == "add" and args[0] == RECORDS[2]:
                    await target.remove("alice", "old")
                return result

            return forgets

    full: Any = Full()
    done = await migrate(source, full, keep=False, dry_run=False)
    assert (done.lost, done.removed) == (1, 0)
    assert await held(source) == RECORDS


async def test_records_of_a_later_version_stay(tmp_path: Path) -> None:
    state = StateFile(tmp_path / "state.db")
    source, target = SqliteStore(state), MemoryStore()
    await source.put(RECORDS[0])
    state.change("INSERT INTO sessions VALUES ('alice', 'later', 1.0, '{\"v\": 99}')")
    done = await migrate(source, target, keep=False, dry_run=False)
    assert (done.removed, done.unreadable) == (1, 1)
    assert await source.count(-ALL) == 1
    await source.close()
