"""The connection to one kernel of a remote Jupyter Server, across cuts and restarts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from jmcp.core.ports import Health, OnMessage, Reply, Request
from jmcp_api.backend_errors import KernelDown, KernelMissing
from jmcp_jupyter.http_api import JupyterApi
from jmcp_jupyter.kernels.common.connection import JupyterConnection
from jmcp_jupyter.kernels.common.messages import ChannelIdentity, Message
from jmcp_jupyter.kernels.common.run_loss import (
    IDLE_LIMIT_SECONDS,
    STOPPING_LIMIT_SECONDS,
)
from jmcp_jupyter.kernels.remote.kernel_lookup import KernelLookup
from jmcp_jupyter.kernels.remote.kernel_websocket import KernelWebsocket
from jmcp_jupyter.kernels.remote.nudge import Nudge
from jmcp_jupyter.kernels.remote.process import RemoteProcess
from jmcp_jupyter.kernels.remote.reconnecting_channel import ReconnectingChannel
from jmcp_jupyter.kernels.remote.run import RemoteRun
from jmcp_jupyter.kernels.remote.runs import RemoteRuns
from jmcp_jupyter.kernels.remote.server_messages import PROCESS_STATES, made_by_server

READY_LIMIT_SECONDS = 75.0
"""Until a kernel must have answered. Jupyter itself waits 60 before it opens the channel."""

UNREACHABLE_LIMIT_SECONDS = 5.0
"""So long a call waits for a server that does not answer."""

SIGN_OF_LIFE_SECONDS = 1.0
"""After so long without one Jupyter is asked again whether it still has the kernel."""

HEALTH_LIMIT_SECONDS = 2.0
"""So long its answer may take; then what was known before counts."""

STOPPING_LOOKUP_SECONDS = 0.2
"""Between questions for a kernel that others are restarting."""

POLL_SECONDS = 0.05


class RemoteConnection(JupyterConnection[KernelWebsocket, RemoteRun]):
    """A connection through one websocket at a time.

    The channel id is the websocket's `session_id`: Jupyter's address for the kernel's replies, the
    key under which it keeps messages while nobody is connected, and the session in the headers of
    messages that it makes itself.
    """

    look_interval_seconds = 1.0

    def __init__(self, api: JupyterApi, kernel_id: str, *, channel: str | None = None) -> None:
        """`channel` is the id of one that an earlier process had, a new one by default."""
        super().__init__(kernel_id)
        self.process = RemoteProcess()
        self._state: str | None = None
        self._username = f"jmcp-{uuid4().hex[:8]}"
        self._channel = ReconnectingChannel(api, kernel_id, self._identity(channel), self)
        self._lookup = KernelLookup(api, kernel_id, self._on_model)
        self._runs = RemoteRuns()
        self._heard_at = time.monotonic()
        self._alive_at = float("-inf")
        """When the kernel itself was last heard."""
        self._ready = asyncio.Event()
        self._nudge: Nudge | None = None

    @property
    def channel(self) -> str:
        """The id of the channel."""
        return self._channel.identity.session

    @property
    def generation(self) -> int:
        return self.process.generation

    @property
    def process_name(self) -> str | None:
        return self.process.name

    @property
    def state(self) -> str | None:
        return self._state

    @property
    def dead(self) -> bool:
        return self.process.dead

    @property
    def gone(self) -> bool:
        return self.process.gone

    @property
    def connected(self) -> bool:
        return self._channel.websocket is not None

    @property
    def counted(self) -> bool:
        return self.connected

    def open(self) -> None:
        """Begin to connect: Jupyter lets nobody in while a new kernel is busy with its first run."""
        self._channel.start()

    async def health(self) -> Health:
        await self._make_sure()
        return Health(
            alive=not (self.process.gone or self.process.dead),
            generation=self.process.generation,
            process_name=self.process.name,
        )

    async def prepare(self) -> None:
        if self._channel.websocket is not None:  # else it is looked up before it is connected
            await self._make_sure()
            await self._settled()
        await self.ready()

    async def ready(self) -> KernelWebsocket:
        now = time.monotonic()
        deadline, patience = now + READY_LIMIT_SECONDS, now + UNREACHABLE_LIMIT_SECONDS
        look_at = now + self.look_interval_seconds
        self.open()
        while not self._ready.is_set() or self._channel.websocket is None:
            if self.process.gone:
                raise KernelMissing.unknown(kernel_id=self.kernel_id)
            if self.process.dead and not self.process.successor_due:
                raise KernelDown.dead(kernel_id=self.kernel_id)
            now, failure = time.monotonic(), self._channel.failure
            if failure is not None and now > patience:
                raise failure
            if now > deadline:
                raise KernelDown.silent(kernel_id=self.kernel_id, seconds=READY_LIMIT_SECONDS)
            if now > look_at:
                # Jupyter opens no channel of a kernel that dies at once, and says nothing of that.
                look_at = now + self.look_interval_seconds
                self._lookup.ask()
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await self._ready.wait()
            except TimeoutError:
                continue
        return self._channel.websocket

    async def resume(self, request: Request, on_message: OnMessage) -> Reply:
        """Listen to a run that an earlier process sent over this channel, as far as it got."""
        run = self._runs.resume(request.message_id, on_message, request.heard)
        if self._channel.websocket is not None:
            self._ask_to_answer(behind=[run])
        try:
            await self.ready()
        except BaseException:
            run.ended.cancel()
            raise
        return await self._outcome(run)

    def expect_interrupt(self) -> None:
        self.process.expect_interrupt()

    def expect_end(self) -> None:
        self.process.expect_stop("kernel_died")
        self._ready.clear()

    @contextmanager
    def restarting(self) -> Iterator[None]:
        self.process.expect_stop("kernel_restarted")
        self._ready.clear()
        try:
            yield
        except KernelMissing:
            self.kernel_gone()
            raise
        except BaseException:
            self.process.expect_stop(None)
            self._ask_to_answer()
            raise
        self.process.stopping = None
        self._runs.end("kernel_restarted")
        self._renew_channel()

    async def close(self) -> None:
        if self._nudge is not None:
            self._nudge.stop()
        self._lookup.stop()
        await self._channel.close()
        self._runs.abandon()

    # What the channel tells (`ChannelListener`).

    def on_opening(self) -> None:
        self._lookup.note_answer()

    def on_open(self) -> None:
        self._heard_at = time.monotonic()
        self._ask_to_answer(behind=self._runs.under_way())

    def on_cut(self) -> None:
        self._ready.clear()
        self._runs.lose_contact()

    def on_away(self) -> None:
        self._runs.abandon()

    def kernel_gone(self) -> None:
        if self.process.mark_gone():
            self._ready.clear()
            self._runs.end("kernel_died")

    def on_message(self, message: Message) -> None:
        self._heard_at = time.monotonic()
        if made_by_server(message, self._channel.identity, self.process.session):
            self._on_server(message)
            return
        if self.process.is_past(message.session):
            return
        self._alive_at = self._heard_at
        if message.session not in ("", self.channel) and (
            message.kind == "status" or message.channel != "iopub"
        ):
            self._on_process(message)
        if message.channel == "iopub":
            self._on_published(message)
        else:
            self._on_reply(message)

    def _on_server(self, message: Message) -> None:
        if message.state in PROCESS_STATES:
            self._ready.clear()
            self._runs.end("kernel_died")
            self.process.mark_dead(successor_due=message.state != "dead")
            self._renew_channel()  # the next process may have other ports
            return
        run = self._runs.get(message.parent_id)
        if run is not None:
            if message.kind == "stream":
                run.limited = True
            run.deliver(message)

    def _on_process(self, message: Message) -> None:
        """Notice a process that was not heard before: its session is new."""
        old = self.process.note_session(message.session)
        if old is None:
            return
        self._runs.forget_numbers()
        self._runs.end("kernel_restarted", session=old)
        self.process.count_successor()
        self._ask_to_answer(behind=self._runs.under_way_but(message.parent_id))

    def _on_published(self, message: Message) -> None:
        if message.state is not None and message.parent.get("msg_type") == "execute_request":
            self._state = message.state
        self.process.note_stop(message)
        if self._nudge is not None:
            self._nudge.note(message)
        self._runs.published(message)

    def _on_reply(self, message: Message) -> None:
        if self._nudge is not None:
            self._nudge.note(message)
        self._runs.replied(message)

    def _on_model(self, model: dict[str, Any] | None) -> None:
        """What Jupyter says of the kernel when it is asked; None: it has none."""
        if model is None:
            self.kernel_gone()
        elif model.get("execution_state") == "dead":
            self.process.dead = True
            self._runs.end("kernel_died")
        elif self.process.stopping is not None and self._channel.websocket is not None:
            # A process that takes its place says nothing by itself that surely comes.
            websocket = self._channel.websocket
            websocket.send("control", websocket.identity.request("kernel_info_request", {}))

    def _identity(self, channel: str | None = None) -> ChannelIdentity:
        return ChannelIdentity(session=channel or str(uuid4()), username=self._username)

    def _renew_channel(self) -> None:
        """Open a new channel: what may still come over this one does not matter."""
        self._channel.reopen(self._identity())

    def _ask_to_answer(self, *, behind: Iterable[RemoteRun] = ()) -> None:
        """Not ready until the kernel answers; when it does on the shell, it is done with the runs
        `behind` which the question is."""
        self._ready.clear()
        if self._nudge is not None:
            self._nudge.stop()
        websocket = self._channel.websocket
        if websocket is None:
            return
        self._nudge = Nudge(
            websocket,
            on_ready=self._on_answer,
            on_deaf=self._renew_channel,
            on_passed=self._runs.pass_barrier,
        )
        self._runs.put_behind(self._nudge.first, behind)

    def _on_answer(self) -> None:
        if self.process.successor_due:  # it does not tell its processes apart, but we know
            self.process.count_successor()
        self._ready.set()

    async def _make_sure(self) -> None:
        """Ask Jupyter for the kernel, unless there was a sign of life a moment ago."""
        age = time.monotonic() - max(self._lookup.answered_at, self._alive_at)
        if not self.process.gone and (age > SIGN_OF_LIFE_SECONDS or self.process.doubtful):
            await asyncio.wait({self._lookup.ask()}, timeout=HEALTH_LIMIT_SECONDS)

    async def _settled(self) -> None:
        """Wait, bounded, until a stop that was heard of shows as a new process or as the end.

        A process that others restarted says nothing by itself that would surely reach us.
        """
        until = time.monotonic() + STOPPING_LIMIT_SECONDS
        while self.process.stopping and not self.process.gone and self.counted:
            if time.monotonic() > until:
                self.process.stopping = None  # it goes on, or does not tell its processes apart
                return
            await asyncio.sleep(STOPPING_LOOKUP_SECONDS)
            await asyncio.wait({self._lookup.ask()})

    async def _answered(self) -> None:
        """Wait, bounded, until a process answered over the channel that was opened after a cut.

        What Jupyter kept meanwhile comes first, and need not tell that the process ended.
        """
        until = time.monotonic() + STOPPING_LIMIT_SECONDS
        while not (self._ready.is_set() or self.process.gone or self.process.dead):
            if time.monotonic() > until:
                return
            await asyncio.sleep(POLL_SECONDS)

    def _listen(self, sender: KernelWebsocket, message_id: str, on_message: OnMessage) -> RemoteRun:
        return self._runs.listen(message_id, on_message)

    async def _look_at(self, run: RemoteRun) -> None:
        pending: set[asyncio.Future[Any]] = {self._lookup.ask(), run.ended}
        await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        silence = time.monotonic() - self._heard_at
        if run.reply is not None and self.counted and silence > IDLE_LIMIT_SECONDS:
            run.pass_barrier()
        elif run.idle and run.reply is None and run.barrier is None:
            self._ask_to_answer(behind=[run])

    async def _judged(self, run: RemoteRun, reply: Reply) -> Reply:
        if reply.ename == "KeyboardInterrupt" or reply.status == "aborted":
            if run.cut:
                await self._answered()
            return await self.process.reply_or_loss(reply, run.session)
        return reply
