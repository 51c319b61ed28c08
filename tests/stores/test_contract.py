"""What every store promises."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from jmcp.runtime.store import Store
from tests.stores.conftest import record, run


async def test_a_record_comes_back_as_it_was_put(store: Store) -> None:
    await store.put(record())
    assert await store.get("alice", "s1") == record()


async def test_an_empty_record_too(store: Store) -> None:
    bare = replace(record(), connection=None, current=None, notebooks={})
    await store.put(bare)
    assert await store.get("alice", "s1") == bare


async def test_a_record_replaces_the_one_before(store: Store) -> None:
    await store.put(record())
    changed = replace(record(at=200.0), current=None, notebooks={})
    await store.put(changed)
    assert await store.get("alice", "s1") == changed
    assert await store.of_owner("alice") == [changed]


async def test_the_order_of_the_notebooks_stays(store: Store) -> None:
    """The one opened last becomes current when another one is released."""
    turned = dict(reversed(record().notebooks.items()))
    await store.put(replace(record(), notebooks=turned))
    found = await store.get("alice", "s1")
    assert found is not None
    assert list(found.notebooks) == list(turned)


async def test_a_foreign_id_is_unknown(store: Store) -> None:
    await store.put(record())
    assert await store.get("bob", "s1") is None
    assert await store.of_owner("bob") == []
    assert await store.remove("bob", "s1") is False
    assert await store.touch("bob", "s1", 900.0) is False
    assert await store.get("alice", "s1") == record()


async def test_names_that_contain_separators_are_different_names(store: Store) -> None:
    names = [("a", "b:c"), ("a:b", "c"), ("a/b", "c"), ("a%3Ab", "c"), ("é %", "c*"), ("", "c")]
    for owner, session_id in names:
        await store.put(record(session_id, owner))
    for owner, session_id in names:
        assert await store.get(owner, session_id) == record(session_id, owner)
        assert len(await store.of_owner(owner)) == 1


async def test_a_removed_record_is_gone_everywhere(store: Store) -> None:
    await store.put(record())
    assert await store.remove("alice", "s1") is True
    assert await store.remove("alice", "s1") is False
    assert await store.get("alice", "s1") is None
    assert await store.of_owner("alice") == []
    assert await store.idle_since(float("inf")) == []


async def test_records_are_counted_by_last_access(store: Store) -> None:
    assert await store.count(float("-inf")) == 0
    await store.put(record("s1", "alice"))
    await store.put(record("s2", "bob"))
    await store.touch("bob", "s2", 300.125)
    assert await store.count(float("-inf")) == 2
    assert await store.count(300.125) == 1
    assert await store.count(300.25) == 0


async def test_a_touch_changes_the_last_access_alone(store: Store) -> None:
    await store.put(record())
    assert await store.touch("alice", "s1", 300.125) is True
    assert await store.get("alice", "s1") == record(at=300.125)
    assert await store.idle_since(300.0) == []


async def test_a_touch_never_revives(store: Store) -> None:
    await store.put(record())
    await store.remove("alice", "s1")
    assert await store.touch("alice", "s1", 300.0) is False
    assert await store.get("alice", "s1") is None
    assert await store.idle_since(float("inf")) == []


async def test_an_owner_s_records_come_with_the_last_used_first(store: Store) -> None:
    for name, at in (("old", 1.0), ("new", 3.0), ("middle", 2.0)):
        await store.put(record(name, at=at))
    await store.touch("alice", "old", 4.0)
    assert [found.session_id for found in await store.of_owner("alice")] == ["old", "new", "middle"]


async def test_idle_ones_are_found_for_all_owners(store: Store) -> None:
    await store.put(record("s1", "alice", at=10.0))
    await store.put(record("s2", "bob", at=20.0))
    await store.put(record("s3", "carol", at=30.5))
    assert {found.owner for found in await store.idle_since(30.5)} == {"alice", "bob"}
    assert len(await store.idle_since(float("inf"))) == 3


async def test_runs_come_oldest_first_until_they_are_removed(store: Store) -> None:
    assert await store.runs() == []
    for execution_id, began in (("late", 3.0), ("early", 1.0), ("middle", 2.0)):
        await store.put_run(run(execution_id, began=began))
    await store.remove_run("middle")
    await store.remove_run("unknown")
    assert await store.runs() == [run("early", began=1.0), run("late", began=3.0)]


async def test_many_calls_at_once_lose_nothing(store: Store) -> None:
    names = [f"s{number}" for number in range(100)]
    await asyncio.gather(*(store.put(record(name)) for name in names))
    await asyncio.gather(*(store.touch("alice", name, 200.0) for name in names))
    found = await store.of_owner("alice")
    assert {one.session_id for one in found} == set(names)
    assert {one.last_accessed for one in found} == {200.0}


async def test_processes_share_sessions(processes: Callable[[str], Store]) -> None:
    one, other = processes("a"), processes("b")
    await one.put(record())
    assert await other.get("alice", "s1") == record()
    await other.touch("alice", "s1", 200.0)
    assert await one.get("alice", "s1") == record(at=200.0)
    await other.remove("alice", "s1")
    assert await one.of_owner("alice") == []


async def test_runs_are_for_the_successor_alone(processes: Callable[[str], Store]) -> None:
    one, other = processes("a"), processes("b")
    await one.put_run(run("x"))
    assert await other.runs() == []
    await one.close()
    assert await processes("a").runs() == [run("x")]
