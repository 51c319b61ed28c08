"""An event loop in a thread of its own, for callers that have none, or one that they cannot wait in.

A notebook runs its cells within a running loop, where a synchronous call can wait for no coroutine.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")
Tell = Callable[[Any], Coroutine[Any, Any, None]]


class BackgroundLoop:
    """The thread begins with the first call, and ends with `close` or with the process."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def run(
        self,
        begin: Callable[[Tell], Coroutine[Any, Any, T]],
        on_told: Callable[[Any], object] | None = None,
    ) -> T:
        """What the coroutine of `begin` returns or raises.

        What it tells is passed to `on_told` in the thread of the caller, and it waits for that. An
        exception there, or of a signal (Ctrl-C), cancels the coroutine.
        """
        news: SimpleQueue[tuple[Any, asyncio.Event] | None] = SimpleQueue()
        loop = self._running()

        async def tell(what: Any) -> None:
            taken = asyncio.Event()
            news.put((what, taken))
            await taken.wait()

        future = asyncio.run_coroutine_threadsafe(begin(tell), loop)
        future.add_done_callback(lambda _: news.put(None))
        try:
            while (told := news.get()) is not None:
                what, taken = told
                if on_told is not None:
                    on_told(what)
                loop.call_soon_threadsafe(taken.set)
        except BaseException:
            future.cancel()
            raise
        return future.result()

    def close(self) -> None:
        """End the thread. Idempotent; a later call begins another one."""
        with self._starting:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._starting:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=_serve, args=(self._loop,), name="jmcp-client", daemon=True
                )
                self._thread.start()
            return self._loop


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.get_loop().run_forever()
