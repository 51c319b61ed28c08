"""Messages on their way from a reading thread to the event loop."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")

SLICE = 0.005
"""Seconds that a flood of messages may hold the event loop before others get a turn."""

LIMIT = 32 * 2**20
"""Bytes that may wait. Beyond that the thread reads no more, and the sender has to wait."""

OVERHEAD = 2**10
"""Bytes that a small message takes up as Python objects, roughly."""


class Inbox(Generic[Item]):
    """A bounded queue with one reading thread at one end and the event loop at the other.

    `handle` is called in the loop, in order, with all that is there at one wake-up: waking the loop
    for each message costs more than the message.
    """

    def __init__(self, handle: Callable[[Item], None], *, limit: int = LIMIT) -> None:
        self._handle = handle
        self._limit = limit
        self._loop = asyncio.get_running_loop()
        self._items: deque[tuple[Item, int]] = deque()
        self._room = threading.Condition()
        self._bytes = 0
        self._woken = False
        self._closed = False

    @property
    def full(self) -> bool:
        """Whether the thread may be waiting for the loop."""
        return self._bytes > self._limit

    def put(self, item: Item, size: int = 0) -> None:
        """From the thread: hand over a message of `size` bytes; waits while the inbox is full."""
        with self._room:
            while self.full and not self._closed:
                self._room.wait()
            if self._closed:
                return
            self._items.append((item, size + OVERHEAD))
            self._bytes += size + OVERHEAD
            if self._woken:
                return
            self._woken = True
        try:
            self._loop.call_soon_threadsafe(self._drain)
        except RuntimeError:
            self.close()  # the loop ended first

    def close(self) -> None:
        """Drop what is here and what comes, and let the thread go."""
        with self._room:
            self._closed = True
            self._items.clear()
            self._room.notify_all()

    def _drain(self) -> None:
        until = time.monotonic() + SLICE
        while True:
            with self._room:
                if not self._items:
                    self._woken = False
                    return
                item, size = self._items.popleft()
                was_full = self.full
                self._bytes -= size
                if was_full and not self.full:
                    self._room.notify_all()
            self._handle(item)
            if time.monotonic() > until:
                self._loop.call_soon(self._drain)
                return
