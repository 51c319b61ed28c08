"""Serving before the Jupyter Server answers: calls wait for it, or end with why it does not."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from types import MappingProxyType
from typing import Any

from jmcp.core.background import end, run_each
from jmcp.core.calls.call import (
    Caller,
    Calls,
    Follows,
    KernelStatus,
    NotebooksStatus,
    Outcome,
    UnknownToolError,
    Watching,
)
from jmcp.core.calls.drain import DrainGate
from jmcp.core.calls.model import Result
from jmcp.core.calls.rendering import Texts
from jmcp.core.calls.tool import Api
from jmcp.core.errors import ENDS_TASK, BackendError, ToolError
from jmcp.core.observe.metrics import Metrics
from jmcp_api.backend_errors import JupyterUnreachable

FIRST_PAUSE_SECONDS = 0.5
"""Between attempts to connect; each pause is twice as long as the one before."""
LONGEST_PAUSE_SECONDS = 15.0
NOTHING_UNCONNECTED: Mapping[str, Callable[[BackendError], Result]] = MappingProxyType({})
log = logging.getLogger("jmcp")


class DeferredCalls:
    """`Calls` that exist at once and pass on to the real ones as soon as `connect` returns those.

    `connect` raises a BackendError while that is impossible; it is tried again after a pause, and
    at once when a call needs it. A call waits `call_seconds` for an attempt and then ends with the
    tool error of the last failure, of which `notify` gets each new one as a sentence. Closing may
    take `close_seconds`. With `owns`, the real calls are started and closed here, else elsewhere.
    `unconnected` are the tools, by name, that answer something else than that failure.
    """

    def __init__(
        self,
        api: Api,
        connect: Callable[[], Awaitable[Calls]],
        *,
        notify: Callable[[str], None],
        call_seconds: float,
        close_seconds: float,
        owns: bool = True,
        unconnected: Mapping[str, Callable[[BackendError], Result]] = NOTHING_UNCONNECTED,
    ) -> None:
        self.api = api
        self._connect = connect
        self._notify = notify
        self._call_seconds = call_seconds
        self._close_seconds = close_seconds
        self._owns = owns
        self._unconnected = unconnected
        self._texts = Texts(api.texts, api.policy.phrases)
        self._gate = DrainGate(api.policy.errors.server_stopping)
        self._real: Calls | None = None
        self._failure: BackendError | None = None
        self._reconnecting = asyncio.Lock()
        self._wanted = asyncio.Event()
        self._attempted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to connect, in a task."""
        self._task = asyncio.create_task(self._connecting(), name="jmcp-connect")

    async def close(self) -> None:
        """Stop connecting and close the real calls, which a server that is gone may delay."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        if self._real is not None and self._owns:
            await self._closed(self._real)

    async def _closed(self, calls: Calls) -> None:
        try:
            async with asyncio.timeout(self._close_seconds):
                await calls.close()
        except TimeoutError:
            log.warning("connections did not close within %g s", self._close_seconds)

    @property
    def real(self) -> Calls | None:
        """The real calls; None while there are none."""
        return self._real

    async def reconnect(self, change: Callable[[], Awaitable[None]], seconds: float) -> None:
        """Leave the real calls for those that `connect` returns after `change`.

        Calls under way end in the ones that are left, as at a stop: what they edited is saved, and
        runs that go on are taken up again by whoever works there next. Calls that come meanwhile
        wait for the new ones. Raises the BackendError of a connection that fails; it is tried again.
        """
        async with self._reconnecting:
            # To its end, also where whoever asked for it leaves: else nobody would connect again.
            await asyncio.shield(asyncio.create_task(self._reconnected(change, seconds)))
            if self._real is None:
                raise self._last_failure

    async def _reconnected(self, change: Callable[[], Awaitable[None]], seconds: float) -> None:
        if self._task is not None:
            await end(self._task)
        left, self._real = self._real, None
        attempted = self._attempted
        try:
            if left is not None:
                await run_each(partial(left.drain, seconds), partial(self._closed, left), change)
            else:
                await change()
        finally:
            self._failure = None
            if not self.stopping:
                self._task = asyncio.create_task(self._connecting(), name="jmcp-connect")
        if not self.stopping:
            await attempted.wait()

    @property
    def metrics(self) -> Metrics | None:
        return None if self._real is None else self._real.metrics

    @property
    def lab_url(self) -> str | None:
        return None if self._real is None else self._real.lab_url

    @property
    def stopping(self) -> bool:
        return self._gate.stopping

    async def drain(self, seconds: float) -> None:
        await self._gate.stop_accepting(0)
        # Calls that wait for a connection end now, with the reason that there is none.
        self._attempted.set()
        if self._real is not None:
            await self._real.drain(seconds)

    async def live_sessions(self) -> int | None:
        return None if self._real is None else await self._real.live_sessions()

    async def notebooks(self) -> NotebooksStatus:
        return NotebooksStatus() if self._real is None else await self._real.notebooks()

    async def kernel_status(self, caller: Caller) -> KernelStatus:
        return "unknown" if self._real is None else await self._real.kernel_status(caller)

    async def call(self, name: str, arguments: dict[str, Any], caller: Caller) -> Outcome:
        """Run one tool, as the real calls do once there are some."""
        if name not in self.api.tools:
            raise UnknownToolError(name)
        if self._real is None and self.stopping:
            error = self._gate.refusal(name)
            return Outcome(tool=name, text=self._texts.error(error), error=error)
        if self._real is None:
            await self._attempt()
        if self._real is None:
            return self._unavailable(name)
        return await self._real.call(name, arguments, caller)

    async def watch(
        self,
        path: str,
        cell_id: str | None,
        caller: Caller,
        *,
        tell: Callable[[], Awaitable[None]],
        reachable: Callable[[], bool | None],
    ) -> Watching:
        """As the real calls do."""
        if self._real is None:
            await self._attempt()
        if self._real is None:
            raise self._unavailable_error()
        return await self._real.watch(path, cell_id, caller, tell=tell, reachable=reachable)

    def follow(self, arguments: dict[str, Any], caller: Caller) -> Follows:
        """As the real calls do."""
        if self._real is None:
            raise self._unavailable_error()
        return self._real.follow(arguments, caller)

    async def _attempt(self) -> None:
        """Wait for the attempt to connect that is under way, or for one made now."""
        self._wanted.set()
        attempted = self._attempted
        with suppress(TimeoutError):
            async with asyncio.timeout(self._call_seconds):
                await attempted.wait()

    @property
    def _last_failure(self) -> BackendError:
        return self._failure or JupyterUnreachable.not_yet()

    def _unavailable_error(self) -> ToolError:
        failure = self._last_failure
        return self.api.policy.backend_errors[failure.kind](failure.message, **failure.details)

    def _unavailable(self, name: str) -> Outcome:
        if said := self._unconnected.get(name):
            result = said(self._last_failure)
            text = self._texts.result(type(result).__name__, vars(result))
            return Outcome(tool=name, text=text, result=result.dump())
        error = self._unavailable_error()
        return Outcome(tool=name, text=self._texts.error(error), error=error)

    async def _connecting(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while not await self._connected():
            self._wanted.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wanted.wait()
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _connected(self) -> bool:
        """Try once. The same failure as before is not notified again."""
        attempted, known = self._attempted, self._failure
        try:
            real = await self._connect()
            if self._owns:
                try:
                    await real.start()
                except BaseException:
                    # Else its lock on the state folder would look like another jmcp.
                    await real.close()
                    raise
            self._real = real
        except BackendError as error:
            self._failure = error
            if known is None or known.message != error.message:
                self._notify(f"{error.message} Trying again until it is there.")
        except ENDS_TASK:
            raise
        except BaseException:  # a bug must not end the attempts silently
            log.exception("connecting failed")
            self._failure = JupyterUnreachable.bug()
        finally:
            self._attempted = asyncio.Event()
            attempted.set()
        return self._real is not None
