"""How a process ends: asked once it stops in order, asked twice at once, and never not at all."""

from __future__ import annotations

import asyncio
import faulthandler
import os
import signal
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """`requested` is set by the first SIGINT or SIGTERM; a second one ends the process.

    Stopping in order may take `seconds`; then the process says what it waited for and ends.
    Belongs to the running loop of the main thread.
    """

    def __init__(self, seconds: float) -> None:
        self.requested = asyncio.Event()
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        for number in SIGNALS:
            signal.signal(number, self._signalled)

    def begin(self) -> None:
        """From now on the process has `seconds` left."""
        faulthandler.dump_traceback_later(self._seconds, exit=True)
        self.requested.set()

    def _signalled(self, _: int, __: object) -> None:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        self._loop.call_soon_threadsafe(self.begin)


async def until_requested(
    stop: Stop, serving: Coroutine[Any, Any, None], last: Callable[[], Awaitable[None]]
) -> None:
    """Serve until it ends by itself, or is asked to: then `last` comes first."""
    task = asyncio.ensure_future(serving)
    requested = asyncio.ensure_future(stop.requested.wait())
    await asyncio.wait([task, requested], return_when=asyncio.FIRST_COMPLETED)
    requested.cancel()
    if not task.done():
        await last()
        task.cancel()
        await asyncio.wait([task])
    if not task.cancelled():
        task.result()


def leave_within(seconds: float, status: int = 0) -> None:
    """End with that status even if a thread hangs in a call to a server that is gone."""
    timer = threading.Timer(seconds, os._exit, [status])
    timer.daemon = True
    timer.start()
