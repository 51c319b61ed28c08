"""The one reader of a kernel process's messages: it hands each to the run that caused it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Literal

from jmcp.core.ports import OnMessage, Reply
from jmcp_api.backend_errors import KernelDown
from jmcp_jupyter.kernels.common.messages import KernelRequest, Message, read_reply
from jmcp_jupyter.kernels.common.run_loss import NO_REPLY
from jmcp_jupyter.kernels.common.runs import Run, Runs
from jmcp_jupyter.kernels.local.sockets import KernelSockets

Lost = Literal["kernel_died", "kernel_restarted", "lost_contact"]

NUDGE_INTERVAL_SECONDS = 1.0
"""After so long a kernel that did not answer is asked again."""


class LocalRun(Run):
    """A run and the reader of the process that has it."""

    def __init__(self, on_message: OnMessage, reader: MessageReader) -> None:
        super().__init__(on_message)
        self.reader = reader


class MessageReader:
    """Reads the channels of one process of a kernel. A new process needs a new reader."""

    def __init__(
        self,
        sockets: KernelSockets,
        pid: int | None,
        *,
        on_published: Callable[[Message], None] = lambda _: None,
    ) -> None:
        """`on_published` gets each message of iopub, of whomever's request, before its run does."""
        self.pid = pid
        self._note = on_published
        self.identity = sockets.identity
        self.heard_at = time.monotonic()
        """When the last message came, on the monotonic clock."""
        self.state: str | None = None
        """What the kernel last said of itself for a run."""
        self.process_name: str | None = None
        """The session in the headers of what the kernel makes, if that is its own."""
        self._sockets = sockets
        self._runs: Runs[LocalRun] = Runs()
        self._answered = self._published = False
        self._ready = asyncio.Event()

    @property
    def open(self) -> bool:
        """Whether all channels are being read."""
        return self._sockets.open

    async def start(self, seconds: float, alive: Callable[[], Awaitable[bool]]) -> None:
        """Connect; returns when the kernel answers and published what it does now.

        The control channel is asked as well as the shell, because a kernel that is busy with
        somebody's long run answers only there, and is ready to queue ours. Raises KernelDown.
        """
        self._sockets.start(self._on_message)
        deadline = time.monotonic() + seconds
        while not self._ready.is_set():
            if not self.open or not await alive():
                raise KernelDown.died_before_answer()
            if time.monotonic() > deadline:
                raise KernelDown.no_answer(seconds=seconds)
            for channel in ("shell", "control"):
                self.nudge(channel)
            try:
                async with asyncio.timeout(NUDGE_INTERVAL_SECONDS):
                    await self._ready.wait()
            except TimeoutError:
                continue

    def nudge(self, channel: str) -> str:
        """Ask the kernel to answer on that channel; returns the id of the request."""
        request = self.identity.request("kernel_info_request", {})
        self._sockets.send(channel, request)
        return request.message_id

    def send(self, channel: str, request: KernelRequest) -> None:
        self._sockets.send(channel, request)

    def listen(self, message_id: str, on_message: OnMessage) -> LocalRun:
        """The run of that request, whose messages go to `on_message`."""
        return self._runs.add(message_id, LocalRun(on_message, self))

    def doubt(self, run: Run) -> None:
        """Ask the kernel, which says that it is done with the run, something else meanwhile.

        It answers in order: without a reply to the run before that answer, there will be none.
        """
        if run.barrier is None:
            run.barrier = self.nudge("shell")

    async def quiet(self, seconds: float, limit: float) -> None:
        """Wait until no message came for `seconds`: what a dead process still sent has arrived."""
        for _ in range(int(limit / seconds)):
            if time.monotonic() - self.heard_at >= seconds:
                return
            await asyncio.sleep(seconds)

    def stop(self, why: Lost) -> None:
        """Close the channels. Runs that are still here end as lost, for that reason."""
        self._sockets.close()
        self._runs.end_all(Reply(status="lost", lost=why))

    def _on_message(self, message: Message) -> None:
        self.heard_at = time.monotonic()
        if message.channel == "iopub":
            self._on_published(message)
        else:
            self._on_reply(message)
        if self._answered and self._published:
            self._ready.set()

    def _on_published(self, message: Message) -> None:
        if message.state not in (None, "starting"):
            # Not any message: with this one it is known, here and in `on_published`, what it does.
            self._published = True
        self._note(message)
        if message.state is not None and message.parent.get("msg_type") == "execute_request":
            # Jupyter notes this too, but perhaps only after a run here has returned.
            self.state = message.state
        self._runs.deliver(message)

    def _on_reply(self, message: Message) -> None:
        if message.kind == "kernel_info_reply":
            if message.session != self.identity.session:  # some kernels echo the asker's
                self.process_name = message.session or None
            self._answered = True
            for doubted in self._runs.under_way():
                if doubted.barrier == message.parent_id:
                    doubted.end(NO_REPLY)
        elif run := self._runs.get(message.parent_id):
            if message.kind == "execute_reply":
                run.reply = read_reply(message.content)
                run.settle()
            else:
                run.asked(message)
