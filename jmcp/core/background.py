"""Work that goes on beside the calls: it is restarted when it fails, and each failure is counted."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from jmcp.core.errors import ENDS_TASK, BackendError

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0

failures: Counter[str] = Counter()
"""How often work of each name has failed in this process; the metrics show it."""

log = logging.getLogger("jmcp")


def supervised(work: Callable[[], Awaitable[None]], name: str) -> asyncio.Task[None]:
    """Run `work` in a task, again whenever it fails, until it returns or the task is cancelled.

    A failure is logged (with its traceback, unless it is a BackendError) and counted in `failures`.
    The pause before the next attempt doubles from FIRST_PAUSE_SECONDS to LONGEST_PAUSE_SECONDS; an
    attempt that lasted longer than that begins anew with the first. `name` is a label of a metric:
    it says what kind of work this is, never for which notebook, session or person.
    """
    return asyncio.create_task(_repeated(work, name), name=f"jmcp-{name}")


async def end(task: asyncio.Task[None] | None) -> None:
    """Cancel supervised work, and return when it has ended."""
    if task is not None:
        task.cancel()
        await asyncio.wait({task})


async def run_each(*steps: Callable[[], Awaitable[object]]) -> None:
    """Run the steps of a shutdown in this order, each whatever became of those before it.

    Raises the last failure; its context has the ones before.
    """
    async with AsyncExitStack() as stack:
        for step in reversed(steps):
            stack.push_async_callback(step)


async def run_together(*steps: Callable[[], Awaitable[object]]) -> None:
    """Run the steps of a shutdown side by side, and return when all have ended.

    Raises their failures as a group.
    """
    ended = await asyncio.gather(*(step() for step in steps), return_exceptions=True)
    if failed := [one for one in ended if isinstance(one, BaseException)]:
        raise BaseExceptionGroup("steps of a shutdown failed", failed)


async def _repeated(work: Callable[[], Awaitable[None]], name: str) -> None:
    clock = asyncio.get_running_loop().time
    pause = FIRST_PAUSE_SECONDS
    while True:
        began = clock()
        try:
            await work()
        except ENDS_TASK:
            raise
        except BaseException as error:  # noqa: BLE001  whatever it is, the work has to go on
            if clock() - began > LONGEST_PAUSE_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            _failed(name, error, pause)
        else:
            return
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


def _failed(name: str, error: BaseException, pause: float) -> None:
    failures[name] += 1
    expected = isinstance(error, BackendError)
    log.log(
        logging.WARNING if expected else logging.ERROR,
        "%s failed and is tried again in %g s: %s",
        name,
        pause,
        error,
        exc_info=None if expected else error,
    )
