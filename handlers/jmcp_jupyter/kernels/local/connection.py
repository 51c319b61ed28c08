"""The kept-open connection to one kernel, across restarts of its process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import zmq
import zmq.asyncio

from jmcp.core.ports import OnMessage, Reply, Request
from jmcp_jupyter.kernels.common.run_loss import IDLE_LIMIT
from jmcp_jupyter.kernels.local.message_reader import Reader, Run
from jmcp_jupyter.kernels.local.process import KernelProcess

READY_LIMIT = 60.0
"""Seconds for a new kernel to answer; Jupyter's own `kernel_info_timeout`."""

WATCH = 0.25
"""Seconds between looks at the process while a run is active."""


class LocalConnection:
    """A `KernelConnection` through the sockets of the kernel's own machine."""

    def __init__(self, kernel: Any, process: KernelProcess) -> None:
        self.kernel_id = process.kernel_id
        self.process = process
        self._kernel = kernel
        self._reader: Reader | None = None
        self._opening = asyncio.Lock()

    @property
    def generation(self) -> int:
        return self.process.look()

    @property
    def process_name(self) -> str | None:
        reader = self._reader
        return reader.process_name if reader is not None and self._current(reader) else None

    @property
    def state(self) -> str | None:
        """What the kernel last said of itself, if it was heard."""
        return self._reader.state if self._reader is not None else None

    async def run(
        self,
        code: str,
        on_message: OnMessage,
        *,
        store_history: bool = True,
        on_sent: Callable[[Request], None] | None = None,
    ) -> Reply:
        reader = await self.ready()

        def on_send(channel: str, message_id: str) -> None:
            if on_sent is not None:
                on_sent(Request(kernel_id=self.kernel_id, channel=channel, message_id=message_id))

        run = reader.execute(code, on_message, store_history=store_history, on_send=on_send)
        try:
            while not run.ended.done():
                await asyncio.wait({run.ended}, timeout=WATCH)
                if not run.ended.done():
                    await self._watch(reader, run)
            reply = run.ended.result()
            if reply.status in ("error", "aborted") and self.process.stopping:
                # Jupyter interrupts a kernel before it restarts it: this KeyboardInterrupt is that.
                return Reply(status="lost", lost=await self.process.outcome(reader.pid))
            return reply
        finally:
            run.ended.cancel()

    async def ready(self) -> Reader:
        """A reader on the process of now, after a restart a new one. Raises KernelDown."""
        reader = self._reader
        if reader is not None and self._current(reader) and await self.process.alive():
            return reader
        async with self._opening:
            await self.process.revived()
            if self._reader is not None and self._current(self._reader):
                return self._reader
            await self.drop()
            self._reader = reader = Reader(self._client(), self.process.pid)
            try:
                await reader.start(READY_LIMIT, self.process.alive)
            except BaseException:
                await self.drop()
                raise
            return reader

    def _client(self) -> Any:
        """A client with an identity of its own.

        The kernel manager gives all its clients one and the same, and the kernel answers the last
        that connected: another extension's client would take the replies to our requests.
        """
        session = self._kernel.session.clone()
        session.session = str(uuid4())
        context = zmq.asyncio.Context.shadow(self._kernel.context)
        # Let the sockets hold any number of messages: at the default of 1000 the kernel drops more.
        # A dropped output is lost for good, and a dropped idle status leaves a run without its end.
        context.setsockopt(zmq.RCVHWM, 0)
        return self._kernel.client(session=session, context=context)

    async def drop(self) -> None:
        """Close the sockets, if any."""
        reader, self._reader = self._reader, None
        if reader is not None:
            await reader.stop(await self.process.loss(reader.pid) or "lost_contact")

    async def close(self) -> None:
        """Close the sockets and stop listening to Jupyter's restarter."""
        self.process.close()
        await self.drop()

    def _current(self, reader: Reader) -> bool:
        self.process.look()
        return reader.open and reader.pid == self.process.pid and not self.process.stopping

    async def _watch(self, reader: Reader, run: Run) -> None:
        if loss := await self.process.loss(reader.pid):
            await reader.quiet(0.05, 0.5)
            run.end(Reply(status="lost", lost=loss))
        elif not reader.open:
            run.end(Reply(status="lost", lost="lost_contact"))
        elif run.reply is not None and time.monotonic() - reader.heard_at > IDLE_LIMIT:
            run.end(run.reply)
        elif run.idle and run.reply is None:
            reader.doubt(run)
