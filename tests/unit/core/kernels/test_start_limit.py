"""Kernels start a few at a time, and none for ever."""

from __future__ import annotations

import asyncio

import pytest

from jmcp.core.kernels.start_limit import StartLimit


async def test_so_many_at_once_and_the_others_in_order() -> None:
    starts = StartLimit(at_once=2)
    began: list[int] = []
    ends = [asyncio.Event() for _ in range(5)]

    async def start(number: int) -> None:
        async with starts.turn():
            began.append(number)
            await ends[number].wait()

    async with asyncio.TaskGroup() as group:
        for number in range(5):
            group.create_task(start(number))
        await settled()
        assert began == [0, 1]
        ends[1].set()
        await settled()
        assert began == [0, 1, 2]
        for end in ends:
            end.set()
    assert began == [0, 1, 2, 3, 4]


async def test_one_that_hangs_gives_its_turn_away_once() -> None:
    starts = StartLimit(at_once=1, turn_seconds=0.02)
    hangs, third = asyncio.Event(), asyncio.Event()

    async def start() -> None:
        async with starts.turn():
            await hangs.wait()

    hanging = asyncio.create_task(start())
    await settled()
    async with asyncio.timeout(10), starts.turn():
        hangs.set()
        await hanging
        # The first has ended now: its turn was given away already, and not a second one.
        waiting = asyncio.create_task(took(starts, third))
        await settled()
        assert not third.is_set()
    await waiting


async def test_one_that_fails_and_one_that_is_cancelled_give_it_back() -> None:
    starts = StartLimit(at_once=1)
    with pytest.raises(RuntimeError, match="no such program"):
        async with starts.turn():
            raise RuntimeError("no such program")
    async with starts.turn():
        waiting = asyncio.create_task(took(starts, asyncio.Event()))
        await settled()
        waiting.cancel()
        await asyncio.wait({waiting})
    async with asyncio.timeout(10), starts.turn():
        pass


async def took(starts: StartLimit, done: asyncio.Event) -> None:
    async with starts.turn():
        done.set()


async def settled() -> None:
    """Let what can go on go on."""
    for _ in range(10):
        await asyncio.sleep(0)
