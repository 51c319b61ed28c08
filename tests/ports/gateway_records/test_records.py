"""One contract of the gateway's records, on each store that keeps them."""

from __future__ import annotations

import asyncio
import secrets
import stat
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from jmcp.core.errors import StateUnavailable
from jmcp.hub.grants.records import Record, Records
from jmcp.hub.grants.redis_records import RedisRecords
from jmcp.hub.grants.sqlite_records import FILE, SqliteRecords
from tests.clock import Clock
from tests.served import free_port

HOUR = 3_600.0
Replica = Callable[[], Records]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["sqlite", "redis"])
async def replica(
    request: pytest.FixtureRequest, tmp_path: Path, clock: Clock
) -> AsyncIterator[Replica]:
    """Opens the same records once more, as another gateway does."""
    opened: list[Records] = []
    place = secrets.token_hex(4)

    def replica() -> Records:
        made: Records
        if request.param == "sqlite":
            made = SqliteRecords(tmp_path, clock=clock)
        else:
            url = request.getfixturevalue("redis_url")
            made = RedisRecords(url, place=place, clock=clock)
        opened.append(made)
        return made

    yield replica
    for one in opened:
        await one.close()


@pytest.fixture
def records(replica: Replica) -> Records:
    return replica()


def grant(key: str, *, user: str = "alice", data: str = "{}", at: float = 1_000_000.0) -> Record:
    return Record(kind="grant", key=key, user=user, data=data, expires=at + HOUR)


async def test_a_record_is_there_until_it_expires(records: Records, clock: Clock) -> None:
    record = grant("one", data='{"text": "äöü \\u0000"}')
    assert await records.get("grant", "one") is None
    assert await records.add(record)
    assert await records.get("grant", "one") == record
    assert await records.get("code", "one") is None
    assert not await records.add(replace(record, data="other"))
    clock.now += HOUR
    assert await records.get("grant", "one") is None
    assert not await records.of_user("grant", "alice")
    assert not await records.remove("grant", "one")


async def test_the_key_of_an_expired_record_is_free(records: Records, clock: Clock) -> None:
    await records.add(grant("one"))
    clock.now += HOUR
    assert await records.add(grant("one", user="bob", at=clock.now))
    assert [one.key for one in await records.of_user("grant", "bob")] == ["one"]
    assert not await records.of_user("grant", "alice")


async def test_a_change_counts_where_nobody_was_faster(records: Records, clock: Clock) -> None:
    first = grant("one", data="first")
    await records.add(first)
    second = replace(first, data="second", expires=first.expires + HOUR)
    assert await records.change(first, second)
    assert not await records.change(first, replace(first, data="third"))
    clock.now += HOUR
    assert await records.get("grant", "one") == second
    assert [one.key for one in await records.of_user("grant", "alice")] == ["one"]
    clock.now += HOUR
    assert not await records.change(second, first)
    assert not await records.change(grant("nobody"), grant("nobody"))


async def test_of_several_who_remove_one_is_told_so(replica: Replica) -> None:
    several = [replica() for _ in range(4)]
    await several[0].add(grant("one"))
    removed = await asyncio.gather(*(one.remove("grant", "one") for one in several))
    assert sorted(removed) == [False, False, False, True]
    assert not await several[0].of_user("grant", "alice")


async def test_of_several_who_change_one_does(replica: Replica) -> None:
    several = [replica() for _ in range(4)]
    before = grant("one")
    await several[0].add(before)
    changed = await asyncio.gather(
        *(one.change(before, replace(before, data=str(n))) for n, one in enumerate(several))
    )
    assert changed.count(True) == 1


async def test_users_see_their_own(records: Records) -> None:
    for key, user in (("one", "alice"), ("two", "bob"), ("three", "alice"), ("four", "")):
        await records.add(grant(key, user=user))
    assert {one.key for one in await records.of_user("grant", "alice")} == {"one", "three"}
    assert not await records.of_user("code", "alice")
    assert not await records.of_user("grant", "")
    assert not await records.of_user("grant", "ali*")
    await records.remove("grant", "one")
    assert {one.key for one in await records.of_user("grant", "alice")} == {"three"}


async def test_a_kind_has_a_limit(records: Records, clock: Clock) -> None:
    added = [await records.add(grant(str(n)), limit=3) for n in range(4)]
    assert added == [True, True, True, False]
    assert await records.count("grant") == 3
    await records.remove("grant", "0")
    assert await records.add(grant("4"), limit=3)
    clock.now += HOUR
    assert await records.count("grant") == 0
    assert await records.add(grant("5", at=clock.now), limit=3)


async def test_what_has_expired_is_swept(records: Records, clock: Clock) -> None:
    for number in range(3):
        await records.add(grant(str(number)))
    await records.add(replace(grant("later"), expires=clock.now + 2 * HOUR))
    assert await records.sweep() == 0
    clock.now += HOUR
    assert await records.sweep() == 3
    assert await records.sweep() == 0
    assert await records.get("grant", "later")


async def test_another_gateway_sees_the_same(replica: Replica) -> None:
    one, other = replica(), replica()
    await one.add(grant("one"))
    assert await other.get("grant", "one") == grant("one")
    await other.remove("grant", "one")
    assert await one.get("grant", "one") is None


async def test_records_outlive_the_process(tmp_path: Path, clock: Clock) -> None:
    folder = tmp_path / "state"
    first = SqliteRecords(folder, clock=clock)
    await first.add(grant("one"))
    await first.close()
    second = SqliteRecords(folder, clock=clock)
    assert await second.get("grant", "one") == grant("one")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / FILE).stat().st_mode) == 0o600
    await second.close()


async def test_a_file_of_a_newer_jmcp_is_left_alone(tmp_path: Path) -> None:
    records = SqliteRecords(tmp_path)
    records._state.change("PRAGMA user_version = 99")
    await records.close()
    with pytest.raises(StateUnavailable):
        SqliteRecords(tmp_path)


async def test_a_redis_that_does_not_answer_is_told_without_its_password() -> None:
    records = RedisRecords(f"redis://:secret@127.0.0.1:{free_port()}/0", place="x")
    with pytest.raises(StateUnavailable) as raised:
        await records.get("grant", "one")
    assert "secret" not in str(raised.value)
    await records.close()
