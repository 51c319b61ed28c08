"""The connection to one kernel of this process's Jupyter Server, across restarts of its process."""

from __future__ import annotations

import asyncio
import time
from typing import Any
from uuid import uuid4

import zmq
from jupyter_client.client import KernelClient

from jmcp.core.ports import Health, OnMessage, Reply
from jmcp_jupyter.kernels.common.connection import JupyterConnection
from jmcp_jupyter.kernels.common.run_loss import IDLE_LIMIT_SECONDS
from jmcp_jupyter.kernels.local.activity import ActivityRecord
from jmcp_jupyter.kernels.local.message_reader import LocalRun, MessageReader
from jmcp_jupyter.kernels.local.process import LocalProcess
from jmcp_jupyter.kernels.local.sockets import KernelSockets

READY_LIMIT_SECONDS = 60.0
"""For a new kernel to answer; Jupyter's own `kernel_info_timeout`."""

SILENCE_SECONDS, SILENCE_LIMIT_SECONDS = 0.05, 0.5
"""All that a dead process sent is here when nothing came for so long; it is waited for at most so
long."""


class LocalConnection(JupyterConnection[MessageReader, LocalRun]):
    """A connection through the sockets of the kernel's own machine."""

    look_interval_seconds = 0.25

    def __init__(self, kernel: Any, process: LocalProcess, activity: ActivityRecord) -> None:
        super().__init__(process.kernel_id)
        self.process = process
        self._kernel = kernel
        self._activity = activity
        self._reader: MessageReader | None = None
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
        return self._reader.state if self._reader is not None else None

    @property
    def connected(self) -> bool:
        return self._reader is not None and self._reader.open

    async def health(self) -> Health:
        alive = await self.process.alive()
        # In this order: the name is that of the process that was looked at.
        generation = self.generation
        return Health(alive=alive, generation=generation, process_name=self.process_name)

    async def ready(self) -> MessageReader:
        reader = self._reader
        if reader is not None and self._current(reader) and await self.process.alive():  # noqa: SIM102
            if reader is self._reader:  # it may have been dropped while that was asked
                self._activity.take_over()
                return reader
        async with self._opening:
            await self.process.revived()
            if self._reader is not None and self._current(self._reader):
                return self._reader
            await self.drop()
            self._activity.begin()
            self._reader = reader = MessageReader(
                self._sockets(), self.process.pid, on_published=self._activity.note
            )
            try:
                await reader.start(READY_LIMIT_SECONDS, self.process.alive)
            except BaseException:
                await self.drop()
                raise
            self._activity.take_over()
            return reader

    async def drop(self) -> None:
        """Close the sockets, if any."""
        reader, self._reader = self._reader, None
        if reader is not None:
            self._activity.give_back()
            reader.stop(await self.process.loss(reader.pid) or "lost_contact")

    async def close(self) -> None:
        self.process.close()
        await self.drop()

    def _sockets(self) -> KernelSockets:
        """Sockets with an identity of their own.

        The kernel manager gives all its clients one and the same, and the kernel answers the last
        that connected: another extension's client would take the replies to our requests.
        """
        kernel = self._kernel
        session = kernel.session.clone()
        session.session = str(uuid4())
        context: zmq.Context[Any] = zmq.Context.shadow(kernel.context)
        # Let the sockets hold any number of messages: at the default of 1000 the kernel drops more.
        # A dropped output is lost for good, and a dropped idle status leaves a run without its end.
        context.setsockopt(zmq.RCVHWM, 0)
        context.setsockopt(zmq.SNDHWM, 0)
        info = kernel.get_connection_info(session=True) | {"session": session}
        return KernelSockets(KernelClient(context=context, **info))

    def _current(self, reader: MessageReader) -> bool:
        self.process.look()
        return reader.open and reader.pid == self.process.pid and not self.process.stopping

    def _listen(self, sender: MessageReader, message_id: str, on_message: OnMessage) -> LocalRun:
        return sender.listen(message_id, on_message)

    async def _look_at(self, run: LocalRun) -> None:
        reader = run.reader
        if loss := await self.process.loss(reader.pid):
            await reader.quiet(SILENCE_SECONDS, SILENCE_LIMIT_SECONDS)
            run.end(Reply(status="lost", lost=loss))
        elif not reader.open:
            run.end(Reply(status="lost", lost="lost_contact"))
        elif run.reply is not None and time.monotonic() - reader.heard_at > IDLE_LIMIT_SECONDS:
            run.end(run.reply)
        elif run.idle and run.reply is None:
            reader.doubt(run)

    async def _judged(self, run: LocalRun, reply: Reply) -> Reply:
        if reply.status in ("error", "aborted") and self.process.stopping:
            # Jupyter interrupts a kernel before it restarts it: this KeyboardInterrupt is that.
            return Reply(status="lost", lost=await self.process.outcome(run.reader.pid))
        return reply
