"""What SIGINT and SIGTERM do to a command that runs until it is stopped."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress


def cancel_at_signals(task: asyncio.Future[None]) -> None:
    """Have both cancel the task, which then ends as it does by itself."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # on Windows the process ends at once
            loop.add_signal_handler(number, task.cancel)
