"""What every store promises."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from jmcp.core.sessions.records import Pause, SessionRecord, Store
from tests.ports.stores.conftest import record, run


async def test_a_record_comes_back_as_it_was_put(store: Store) -> None:
    await store.put(record())
    assert await store.get("alice", "s1") == record()


async def test_an_empty_record_too(store: Store) -> None:
    bare = replace(record(), connection=None, current=None, notebooks={})
    await store.put(bare)
    assert await store.get("alice", "s1") == bare


async def test_what_a_person_did_to_a_session_is_kept(store: Store) -> None:
    paused = replace(record(), paused=Pause(at=99.5, client="é"), of_page=True)
    await store.put(paused)
    assert await store.get("alice", "s1") == paused

    def resumed(now: SessionRecord) -> SessionRecord:
        return replace(now, paused=None, resumed=True)

    assert await store.change("alice", "s1", resumed) == (paused, resumed(paused))
    assert await store.of_owner("alice") == [resumed(paused)]
    unnamed = replace(record(), paused=Pause(at=0.0))
    await store.change("alice", "s1", lambda _: unnamed)
    assert await store.get("alice", "s1") == unnamed


async def test_a_record_replaces_the_one_before(store: Store) -> None:
    await store.put(record())
    changed = replace(record(at=200.0), current=None, notebooks={})
    await store.put(changed)
    assert await store.get("alice", "s1") == changed
    assert await store.of_owner("alice") == [changed]


async def test_a_new_record_never_replaces_one_that_is_there(store: Store) -> None:
    assert await store.add(record()) is True
    assert await store.add(replace(record(at=200.0), current=None, notebooks={})) is False
    assert await store.get("alice", "s1") == record()
    assert await store.holders(record().current or "") == [record()]
    await store.remove("alice", "s1")
    assert await store.add(record()) is True


async def test_of_processes_that_add_one_record_one_does(
    processes: Callable[[str], Store],
) -> None:
    stores = [processes("here") for _ in range(4)]
    added = await asyncio.gather(*(store.add(record()) for store in stores))
    assert sorted(added) == [False, False, False, True]


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


async def test_a_change_is_what_was_made_of_the_record_as_it_is(store: Store) -> None:
    await store.put(record())
    changed = await store.change("alice", "s1", lambda now: replace(now, current=None))
    assert changed == (record(), replace(record(), current=None))
    assert await store.get("alice", "s1") == replace(record(), current=None)
    assert await store.change("alice", "s1", lambda now: now) == (changed[1], changed[1])
    assert await store.change("bob", "s1", lambda now: None) is None
    assert await store.change("alice", "s1", lambda now: None) == (changed[1], None)
    assert await store.get("alice", "s1") is None
    assert await store.change("alice", "s1", lambda now: record()) is None
    assert await store.idle_since(float("inf")) == []


async def test_a_change_changes_the_last_access_too(store: Store) -> None:
    await store.put(record())
    await store.change("alice", "s1", lambda now: replace(now, last_accessed=300.5, current=None))
    assert await store.idle_since(300.5) == []
    assert await store.count(300.5) == 1


async def test_only_what_is_still_idle_expires(store: Store) -> None:
    await store.put(record(at=100.0))
    assert await store.expire("alice", "s1", 100.0) is False
    assert await store.expire("bob", "s1", 500.0) is False
    await store.touch("alice", "s1", 300.0)
    assert await store.expire("alice", "s1", 200.0) is False
    assert await store.get("alice", "s1") is not None
    assert await store.expire("alice", "s1", 300.25) is True
    assert await store.expire("alice", "s1", 300.25) is False
    assert await store.idle_since(float("inf")) == []
    assert await store.holders(*record().notebooks) == []


def names(records: Sequence[SessionRecord]) -> set[str]:
    return {found.session_id for found in records}


async def test_holders_are_found_by_notebook(store: Store) -> None:
    first, second, third = record().notebooks
    only_first = replace(record("s2", "bob"), notebooks={first: record().notebooks[first]})
    await store.put(record("s1"))
    await store.put(only_first)
    assert names(await store.holders(first)) == {"s1", "s2"}
    assert names(await store.holders(second)) == {"s1"}
    assert names(await store.holders(second, third, "unknown")) == {"s1"}
    assert await store.holders("unknown") == await store.holders() == []
    assert record("s1") in await store.holders(first)

    await store.change("alice", "s1", lambda now: replace(now, notebooks=only_first.notebooks))
    assert await store.holders(second, third) == []
    assert names(await store.holders(first)) == {"s1", "s2"}
    await store.put(replace(only_first, notebooks={}))
    assert names(await store.holders(first)) == {"s1"}
    await store.remove("alice", "s1")
    assert await store.holders(first) == []
    await store.put(only_first)
    assert names(await store.holders(first)) == {"s2"}


async def test_and_by_private_kernel(store: Store) -> None:
    key, held = next(iter(record().notebooks.items()))
    assert held.kernel_id is not None
    await store.put(record())
    assert await store.holders(held.kernel_id) == []
    private = replace(held, private=True)
    await store.change("alice", "s1", lambda now: replace(now, notebooks={key: private}))
    assert names(await store.holders(held.kernel_id)) == {"s1"}
    assert len(await store.holders(held.kernel_id, key)) == 1


async def test_changes_at_once_are_all_there(store: Store) -> None:
    await store.put(replace(record(), created=0.0))
    counted = [store.change("alice", "s1", _counted) for _ in range(50)]
    await asyncio.gather(*counted)
    found = await store.get("alice", "s1")
    assert found is not None
    assert found.created == 50


def _counted(now: SessionRecord) -> SessionRecord:
    return replace(now, created=now.created + 1)


async def test_changes_of_several_processes_at_once_are_all_there(
    processes: Callable[[str], Store],
) -> None:
    stores = [processes(name) for name in ("a", "b", "c")]
    await stores[0].put(replace(record(), created=0.0))
    await asyncio.gather(
        *(one.change("alice", "s1", _counted) for _ in range(20) for one in stores)
    )
    found = await stores[0].get("alice", "s1")
    assert found is not None
    assert found.created == 60


async def test_a_change_that_another_process_overtakes_is_made_again(
    processes: Callable[[str], Store],
) -> None:
    one = processes("a")
    await one.put(replace(record(), created=0.0))
    key = next(iter(record().notebooks))
    seen: list[float] = []

    async def overtake() -> None:
        other = processes("b")
        await other.change("alice", "s1", _counted)
        await other.close()

    def slow(now: SessionRecord) -> SessionRecord:
        seen.append(now.created)
        if len(seen) == 1:
            # What another process does between the read and the write of this one.
            meanwhile = threading.Thread(target=asyncio.run, args=[overtake()])
            meanwhile.start()
            meanwhile.join()
        return replace(now, notebooks={key: now.notebooks[key]})

    await one.change("alice", "s1", slow)
    assert seen == [0.0, 1.0]
    found = await one.get("alice", "s1")
    assert found is not None
    assert (found.created, list(found.notebooks)) == (1.0, [key])


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
