"""Shutdown of a process. First signal: graceful stop. Second: immediate. After a deadline: forced."""

from __future__ import annotations

import asyncio
import faulthandler
import os
import signal
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopSignal:
    """Sets `requested` at the first SIGINT or SIGTERM; a second one ends the process.

    A graceful stop may take `seconds`; then the process prints what it waits for and ends.
    Created in the main thread, in the running loop.
    """

    def __init__(self, seconds: float) -> None:
        self.requested = asyncio.Event()
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        for number in SIGNALS:
            signal.signal(number, self._signalled)

    def begin(self) -> None:
        """Begin the stop: the process ends within `seconds`."""
        faulthandler.dump_traceback_later(self._seconds, exit=True)
        self.requested.set()

    def _signalled(self, _: int, __: object) -> None:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        self._loop.call_soon_threadsafe(self.begin)


async def until_requested(
    stop: StopSignal, serving: Coroutine[Any, Any, None], drain: Callable[[], Awaitable[None]]
) -> None:
    """Serve until that ends by itself or a stop is requested; then `drain` is awaited first."""
    task = asyncio.ensure_future(serving)
    requested = asyncio.ensure_future(stop.requested.wait())
    await asyncio.wait([task, requested], return_when=asyncio.FIRST_COMPLETED)
    requested.cancel()
    if not task.done():
        await drain()
        task.cancel()
        await asyncio.wait([task])
    if not task.cancelled():
        task.result()


def leave_within(seconds: float, status: int = 0) -> None:
    """End the process with that status, even if a thread hangs in a call to a server that is gone."""
    timer = threading.Timer(seconds, os._exit, [status])
    timer.daemon = True
    timer.start()
