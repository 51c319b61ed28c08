"""Users' servers that start: each once, whoever waits for it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Callable

from jmcp.hub.gateway.hub_api import HubApi, HubRefusal, HubUnreachable, StartEvent
from jmcp.hub.gateway.start_failures import StartFailures

QUEUE_PAUSE_SECONDS = 5.0
"""The longest pause before the Hub is asked again for a place among those that start."""
PAUSE_SECONDS = 1.0
"""Until the Hub is asked again about a server that stops, or that it believes to run while nothing
answers."""
IN_LINE = "waiting for a free place to start"
STOPPING = "waiting until the server of before has stopped"
GONE = "the server does not answer; waiting until JupyterHub starts it again"


class ServerFailed(Exception):
    """The server did not start. `status` and `retry_after` are of the answer."""

    def __init__(self, status: int, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.retry_after = retry_after


class Start:
    """One start of one user's server, which goes on when those who wait for it leave."""

    def __init__(self) -> None:
        self.anew = False
        """Whether the server did not run when the Hub was asked for it."""
        self._events: list[StartEvent] = []
        self._news = asyncio.Event()
        self._ended = False
        self._failure: ServerFailed | None = None

    def report(self, event: StartEvent) -> None:
        self._events.append(event)
        self._wake()

    def end(self, failure: ServerFailed | None) -> None:
        self._failure, self._ended = failure, True
        self._wake()

    async def follow(self) -> AsyncGenerator[StartEvent, None]:
        """What is reported, from the beginning, until the server runs. Raises ServerFailed."""
        seen = 0
        while True:
            for event in self._events[seen:]:
                yield event
            seen = len(self._events)
            if self._ended:
                break
            await self._news.wait()
        if self._failure is not None:
            failure = self._failure
            raise ServerFailed(failure.status, failure.message, failure.retry_after)

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


class Servers:
    """The starts that go on. A start may take `seconds`; `ended` hears how each ended: `ready`,
    `capacity` or `failed`, nothing where the server ran already."""

    def __init__(self, hub: HubApi, seconds: float, ended: Callable[[str], None]) -> None:
        self._hub = hub
        self._seconds = seconds
        self._ended = ended
        self.failures = StartFailures()
        self._starts: dict[str, Start] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._starts)

    def start(self, name: str, token: str, *, gone: bool = False) -> Start:
        """The start of that user's server: the one that goes on already, or a new one. `gone`: it
        does not answer, although the Hub may not know yet."""
        start = self._starts.get(name)
        if start is None:
            start = self._starts[name] = Start()
            task = asyncio.create_task(self._run(name, token, start, gone))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return start

    @property
    def under_way(self) -> int:
        """Starts that go on or wait for a place."""
        return len(self._starts)

    def is_starting(self, name: str) -> bool:
        return name in self._starts

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _run(self, name: str, token: str, start: Start, gone: bool) -> None:
        failure: ServerFailed | None = ServerFailed(503, "the gateway stops", 5)
        stopped = failure
        try:
            async with asyncio.timeout(self._seconds):
                await self._started(name, token, start, gone)
            failure = None
        except TimeoutError:
            failure = ServerFailed(
                503, f"the server did not start within {self._seconds:g} s", QUEUE_PAUSE_SECONDS
            )
        except HubRefusal as refusal:
            failure = ServerFailed(refusal.status, refusal.message, refusal.retry_after)
        except HubUnreachable as error:
            failure = ServerFailed(503, f"JupyterHub does not answer ({error})", 5)
        except ServerFailed as error:
            failure = error
        finally:
            del self._starts[name]
            if failure is not None and failure is not stopped:
                self.failures.note(name, failure.message)
            start.end(failure)
            if failure is not None:
                self._ended("capacity" if is_capacity(failure) else "failed")
            elif start.anew:
                self._ended("ready")

    async def _started(self, name: str, token: str, start: Start, gone: bool) -> None:
        while True:
            try:
                state = await self._hub.start(name, token)
            except HubRefusal as refusal:
                # Too many start at once: the Hub says when to come again. Too many run: it does not.
                if refusal.status != 429 or refusal.retry_after is None:
                    raise
                start.report(StartEvent(percent=0, message=IN_LINE))
                pause = min(refusal.retry_after, QUEUE_PAUSE_SECONDS)
                await asyncio.sleep(pause * random.uniform(0.5, 1))
                continue
            start.anew = start.anew or state != "running"
            if state == "starting":
                await self._followed(name, token, start)
                return
            if state == "running":
                if gone:
                    # Never stopped by the gateway: what does not answer now may be back in a second
                    # with all its kernels. The Hub looks every few seconds whether it has died.
                    start.report(StartEvent(percent=0, message=GONE))
                    await asyncio.sleep(PAUSE_SECONDS)
                return
            start.report(StartEvent(percent=0, message=STOPPING))
            await asyncio.sleep(PAUSE_SECONDS)

    async def _followed(self, name: str, token: str, start: Start) -> None:
        async for event in self._hub.progress(name, token):
            if event.failed:
                raise ServerFailed(503, event.message, QUEUE_PAUSE_SECONDS)
            start.report(event)
            if event.ready:
                return
        # The stream ended without a word: the Hub itself went away.
        raise HubUnreachable("the progress of the start broke off")


def is_capacity(failure: ServerFailed) -> bool:
    """Whether the Hub has no place for the server just now, which is no fault of the server's."""
    return failure.status == 429 or "capacity" in failure.message.lower()
