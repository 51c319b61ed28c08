"""Work beside the calls goes on after failures, and ends when it returns or is cancelled."""

from __future__ import annotations

import asyncio
import logging

import pytest

from jmcp.core import background
from jmcp.core.background import supervised
from jmcp.core.errors import KernelDown
from jmcp.core.observe.metrics import Metrics

SECONDS = 10


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "FIRST_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(background, "failures", type(background.failures)())


async def test_work_that_fails_is_tried_again_until_it_returns(
    caplog: pytest.LogCaptureFixture,
) -> None:
    errors = [KernelDown("no kernel"), ValueError("a bug")]

    async def work() -> None:
        if errors:
            raise errors.pop(0)

    await asyncio.wait_for(supervised(work, "looking"), SECONDS)
    assert background.failures["looking"] == 2
    levels = [(record.levelno, record.exc_info is not None) for record in caplog.records]
    assert levels == [(logging.WARNING, False), (logging.ERROR, True)]
    counted = {
        sample.labels["work"]: sample.value
        for metric in Metrics().collect()
        if metric.name == "jmcp_background_failures"
        for sample in metric.samples
    }
    assert counted == {"looking": 2}


async def test_pauses_grow_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "FIRST_PAUSE_SECONDS", 1.0)
    pauses: list[float] = []

    async def slept(seconds: float) -> None:
        pauses.append(seconds)

    async def work() -> None:
        if len(pauses) < 8:
            raise KernelDown("still none")

    monkeypatch.setattr(asyncio, "sleep", slept)
    await asyncio.wait_for(supervised(work, "looking"), SECONDS)
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]


async def test_a_cancelled_task_ends_and_counts_no_failure() -> None:
    begun = asyncio.Event()

    async def work() -> None:
        begun.set()
        await asyncio.Event().wait()

    task = supervised(work, "looking")
    await asyncio.wait_for(begun.wait(), SECONDS)
    task.cancel()
    await asyncio.wait({task}, timeout=SECONDS)
    assert task.cancelled()
    assert not background.failures


async def test_a_native_panic_is_a_failure_as_any_other(caplog: pytest.LogCaptureFixture) -> None:
    class Panic(BaseException):
        """As PyO3's PanicException."""

    errors = [Panic("integer too large")]

    async def work() -> None:
        if errors:
            raise errors.pop()

    await asyncio.wait_for(supervised(work, "looking"), SECONDS)
    assert background.failures["looking"] == 1
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
