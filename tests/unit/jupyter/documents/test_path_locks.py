"""Locks of paths: who waits for whom, and who does not."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from jmcp_jupyter.documents.local.files.path_locks import PathLocks

BOUND_SECONDS = 5.0


class Holder:
    """Holds paths in a task of its own, from `there` to `let_go`."""

    def __init__(self, locks: PathLocks, *paths: str) -> None:
        self._locks, self._paths = locks, paths
        self.there, self._over = asyncio.Event(), asyncio.Event()
        self.task = asyncio.create_task(self._hold())

    async def _hold(self) -> None:
        async with self._locks.held(*self._paths):
            self.there.set()
            await self._over.wait()

    async def holds(self) -> bool:
        """Whether it holds them, once everybody had a turn."""
        for _ in range(10):
            await asyncio.sleep(0)
        return self.there.is_set()

    async def let_go(self) -> None:
        self._over.set()
        await asyncio.wait_for(self.task, BOUND_SECONDS)


async def test_a_path_is_held_by_one_and_others_come_in_order() -> None:
    locks = PathLocks()
    first, second, third = (Holder(locks, "/a/b") for _ in range(3))
    assert await first.holds()
    assert not await second.holds()
    await first.let_go()
    assert await second.holds()
    assert not await third.holds()
    await second.let_go()
    assert await third.holds()
    await third.let_go()


async def test_a_folder_is_held_with_all_that_is_below_it() -> None:
    locks = PathLocks()
    file, beside = Holder(locks, "/a/b/c"), Holder(locks, "/a/bc")
    assert await file.holds()
    folder, elsewhere = Holder(locks, "/a/b", "/a/d"), Holder(locks, "/a/e")
    assert not await folder.holds()
    assert await beside.holds()
    assert await elsewhere.holds()
    below = Holder(locks, "/a/d/x")  # it begins while somebody waits for its folder
    await file.let_go()
    assert await folder.holds()
    assert not await below.holds()
    await folder.let_go()
    assert await below.holds()
    for holder in (below, beside, elsewhere):
        await holder.let_go()


async def test_who_wants_two_waits_for_none_that_waits_for_it() -> None:
    locks = PathLocks()
    one, other = Holder(locks, "/a", "/b"), Holder(locks, "/b", "/a")
    assert await one.holds()
    await one.let_go()
    assert await other.holds()
    await other.let_go()


async def test_what_is_done_for_a_holder_does_not_wait() -> None:
    """Also in a task that it starts, as `asyncio.wait_for` does before Python 3.12."""
    locks = PathLocks()

    async def again() -> None:
        async with locks.held("/a"):
            pass

    async with locks.held("/a"):
        await asyncio.wait_for(again(), BOUND_SECONDS)
        await asyncio.wait_for(asyncio.create_task(again()), BOUND_SECONDS)


async def test_a_task_of_a_holder_that_is_gone_waits_as_all_do() -> None:
    locks, go_on = PathLocks(), asyncio.Event()

    async def later() -> None:
        await go_on.wait()
        async with locks.held("/a"):
            pass

    async with locks.held("/a"):
        task = asyncio.create_task(later())
    other = Holder(locks, "/a")
    assert await other.holds()
    go_on.set()
    done, _ = await asyncio.wait({task}, timeout=0.05)
    assert not done
    await other.let_go()
    await asyncio.wait_for(task, BOUND_SECONDS)


async def test_who_gives_up_waiting_keeps_nobody() -> None:
    locks = PathLocks()
    first, second, third = (Holder(locks, "/a") for _ in range(3))
    assert not await second.holds()
    second.task.cancel()
    with suppress(asyncio.CancelledError):
        await second.task
    await first.let_go()
    assert await third.holds()
    await third.let_go()
