"""The connection to one kernel of a Jupyter Server elsewhere, across cuts and restarts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Any
from uuid import uuid4

from jmcp.core.errors import BackendError, KernelDown
from jmcp.core.ports import OnMessage, Reply, Request
from jmcp_jupyter.http_api import JupyterApi, quoted
from jmcp_jupyter.kernels.common.requests import execute_request
from jmcp_jupyter.kernels.common.run_loss import IDLE_LIMIT, STOPPING_LIMIT, Loss
from jmcp_jupyter.kernels.remote.kernel_websocket import Message, Wire
from jmcp_jupyter.kernels.remote.nudge import Greeting
from jmcp_jupyter.kernels.remote.process import RemoteProcess
from jmcp_jupyter.kernels.remote.reconnecting_channel import Link, missing
from jmcp_jupyter.kernels.remote.run import RemoteRun
from jmcp_jupyter.kernels.remote.runs import RemoteRuns, moment

READY_LIMIT = 75.0
"""Seconds until a kernel must have answered. Jupyter itself waits 60 before it opens the channel."""

UNREACHABLE_LIMIT = 5.0
"""Seconds that a call waits for a server that does not answer."""

WATCH = 1.0
"""Seconds between looks, while a run is active, at whether Jupyter still has its kernel: a
websocket stays open when its kernel is shut down."""

ASKING = 0.2
"""Seconds between questions to a kernel that others are restarting."""

POLL = 0.05

LIMITED = ("IOPub data rate exceeded", "IOPub message rate exceeded")
"""How Jupyter's words begin when it drops outputs."""


class RemoteConnection:
    """A `KernelConnection` through one websocket at a time.

    The channel id is the websocket's `session_id`: Jupyter's address for the kernel's replies, the
    key under which it keeps messages while nobody is connected, and the session in the headers of
    messages that it makes itself. Those can be told from the kernel's by our user name, which
    kernels that echo the session echo as well.
    """

    def __init__(
        self,
        api: JupyterApi,
        kernel_id: str,
        announce: Callable[[str, int], None],
        *,
        channel: str | None = None,
    ) -> None:
        self.kernel_id = kernel_id
        self.process = RemoteProcess(kernel_id, announce)
        self.state: str | None = None
        """What the kernel last said of itself, if it was heard."""
        self.looked_at = float("-inf")
        self._api = api
        self._username = f"jmcp-{uuid4().hex[:8]}"
        self._link = Link(api, kernel_id, channel or str(uuid4()), self._username, self)
        self._runs = RemoteRuns()
        self._heard_at = time.monotonic()
        self._alive_at = float("-inf")
        self._ready = asyncio.Event()
        self._greeting: Greeting | None = None
        self._looking: asyncio.Task[None] | None = None

    @property
    def channel(self) -> str:
        return self._link.channel

    @property
    def generation(self) -> int:
        return self.process.generation

    @property
    def process_name(self) -> str | None:
        return self.process.name

    @property
    def sure_at(self) -> float:
        """When Jupyter last said that it has the kernel, or the kernel itself was heard."""
        return max(self.looked_at, self._alive_at)

    @property
    def connected(self) -> bool:
        """Whether Jupyter counts this among the kernel's connections."""
        return self._link.wire is not None

    async def run(
        self,
        code: str,
        on_message: OnMessage,
        *,
        store_history: bool = True,
        on_sent: Callable[[Request], None] | None = None,
    ) -> Reply:
        wire = await self.ready()
        content = execute_request(code, store_history=store_history)
        message = wire.session.msg("execute_request", content)
        message_id: str = message["header"]["msg_id"]
        if on_sent is not None:
            on_sent(Request(kernel_id=self.kernel_id, channel=self.channel, message_id=message_id))
        run = self._runs.add(message_id, on_message)
        wire.request("shell", message)
        return await self._outcome(run)

    async def resume(self, message_id: str, on_message: OnMessage) -> Reply:
        """Listen to a run that an earlier process sent over this channel, as far as it got."""
        run = self._runs.add(message_id, on_message)
        run.lose_contact(None)
        if self._link.wire is None:
            self._runs.resumed = True
        else:
            self._greet(behind=[run])
        try:
            await self.ready()
        except BaseException:
            run.ended.cancel()
            raise
        return await self._outcome(run)

    def open(self) -> None:
        """Begin to connect: Jupyter lets nobody in while a new kernel is busy with its first run."""
        self._link.start()

    async def ready(self) -> Wire:
        """The open websocket of a kernel that answers. Raises KernelMissing, KernelDown."""
        deadline = time.monotonic() + READY_LIMIT
        patience = time.monotonic() + UNREACHABLE_LIMIT
        look_at = time.monotonic() + WATCH
        self.open()
        while not self._ready.is_set() or self._link.wire is None:
            if self.process.gone:
                raise missing(self.kernel_id)
            if self.process.dead and not self.process.successor_due:
                raise KernelDown(f"Kernel {self.kernel_id} is dead.", kernel_id=self.kernel_id)
            failure = self._link.failure
            if failure is not None and time.monotonic() > patience:
                raise failure
            if time.monotonic() > deadline:
                raise KernelDown(
                    f"Kernel {self.kernel_id} did not answer within {READY_LIMIT:g} s.",
                    kernel_id=self.kernel_id,
                )
            if time.monotonic() > look_at:
                # Jupyter opens no channel of a kernel that dies at once, and says nothing of that.
                look_at = time.monotonic() + WATCH
                self._begin_look()
            try:
                await asyncio.wait_for(self._ready.wait(), POLL)
            except TimeoutError:
                continue
        return self._link.wire

    async def look(self) -> None:
        """Ask Jupyter whether it still has the kernel; at most one question at a time.

        One that somebody stops is asked too: whoever answers may be another process.
        """
        await asyncio.shield(self._begin_look())

    def _begin_look(self) -> asyncio.Task[None]:
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        return self._looking

    async def settled(self) -> None:
        """Wait, bounded, until a stop that was heard of shows as a new process or as the end.

        A process that others restarted says nothing by itself that would surely reach us.
        """
        until = time.monotonic() + STOPPING_LIMIT
        while self.process.stopping and not self.process.gone and self._link.wire is not None:
            if time.monotonic() > until:
                self.process.stopping = None  # it goes on, or does not tell its processes apart
                return
            await asyncio.sleep(ASKING)
            await self.look()

    def _ask(self) -> None:
        if self._link.wire is not None:
            request = self._link.wire.session.msg("kernel_info_request", {})
            self._link.wire.request("control", request)

    def stop(self, loss: Loss) -> None:
        """We are about to restart it or to shut it down."""
        self.process.stop(loss)
        self._ready.clear()

    def restarted(self) -> None:
        """The restart that `stop` announced was done."""
        self.process.stopping = None
        self._runs.end("kernel_restarted")
        self._renew()

    def not_stopped(self) -> None:
        """What `stop` announced did not happen."""
        self.process.stop(None)
        self._greet()

    async def close(self) -> None:
        """Leave the kernel alone; runs go on without us."""
        if self._greeting is not None:
            self._greeting.stop()
        if self._looking is not None:
            self._looking.cancel()
        await self._link.close()
        self._runs.leave()

    def on_opening(self, model: dict[str, Any]) -> None:
        self.looked_at = time.monotonic()
        self._runs.activity = moment(model.get("last_activity"))

    def on_open(self) -> None:
        self._heard_at = time.monotonic()
        self._greet(behind=self._runs.besides(""))

    def on_cut(self) -> None:
        self._ready.clear()
        self._runs.cut()

    def on_away(self) -> None:
        self._runs.leave()

    def on_gone(self) -> None:
        if self.process.vanish():
            self._ready.clear()
            self._runs.end("kernel_died")

    def on_message(self, message: Message) -> None:
        self._heard_at = time.monotonic()
        if self._by_server(message):
            self._on_server(message)
            return
        session = str(message.header.get("session") or "")
        if self.process.is_past(session):
            return
        self._alive_at = self._heard_at
        if session != self.channel and (message.kind == "status" or message.channel != "iopub"):
            self._on_process(session, message)
        if message.channel == "iopub":
            self._on_iopub(message)
        else:
            self._on_reply(message)

    def _by_server(self, message: Message) -> bool:
        """Whether Jupyter made this message itself, and not the kernel."""
        header, content = message.header, message.content
        if header.get("session") == self.channel:
            return header.get("username") != self._username
        if message.kind == "status":
            return content.get("execution_state") in ("restarting", "autorestarting", "dead")
        # A gateway behind the server has a channel of its own. User code prints as the kernel.
        return (
            message.kind == "stream"
            and header.get("session") != self.process.session is not None
            and str(content.get("text", "")).startswith(LIMITED)
        )

    def _on_server(self, message: Message) -> None:
        state = message.content.get("execution_state")
        if message.kind == "status" and state in ("restarting", "autorestarting", "dead"):
            self._ready.clear()
            self._runs.end("kernel_died")
            self.process.end(successor_due=state != "dead")
            self._renew()  # the next process may have other ports
            return
        run = self._runs.get(message.parent_id)
        if run is not None:
            if message.kind == "stream":
                run.limited = True
            run.tell(message)

    def _on_process(self, session: str, message: Message) -> None:
        """Notice a process that was not heard before: its session is new."""
        old = self.process.met(session)
        if old is None:
            return
        self._runs.forget_numbers()
        self._runs.end("kernel_restarted", session=old)
        self.process.count()
        self._greet(behind=self._runs.besides(message.parent_id))

    def _on_iopub(self, message: Message) -> None:
        state = message.content.get("execution_state") if message.kind == "status" else None
        if state is not None and message.parent.get("msg_type") == "execute_request":
            self.state = str(state)
        self.process.hear(message)
        if self._greeting is not None:
            self._greeting.published()
            if state == "idle":
                self._greeting.idle(message.parent_id)
        self._runs.published(message, state)

    def _on_reply(self, message: Message) -> None:
        if self._greeting is not None and message.kind == "kernel_info_reply":
            self._greeting.replied(message.parent_id)
        self._runs.replied(message)

    def _greet(self, *, behind: Iterable[RemoteRun] = ()) -> None:
        """Ask the kernel to answer; when it does on the shell, it is done with the runs `behind`
        which the question is."""
        self._ready.clear()
        if self._greeting is not None:
            self._greeting.stop()
        wire = self._link.wire
        if wire is None:
            return
        self._greeting = Greeting(
            wire, on_ready=self._on_ready, on_deaf=self._renew, on_passed=self._runs.passed
        )
        self._runs.put_behind(self._greeting.first, behind)

    def _on_ready(self) -> None:
        if self.process.successor_due:  # it does not tell its processes apart, but we know
            self.process.count()
        self._ready.set()

    def _renew(self) -> None:
        """Open a new channel: what may still come over this one does not matter."""
        self._link.reopen(str(uuid4()))

    async def _outcome(self, run: RemoteRun) -> Reply:
        try:
            while not run.ended.done():
                await asyncio.wait({run.ended}, timeout=WATCH)
                if not run.ended.done():
                    await self._watch(run)
            reply = run.ended.result()
            if reply.ename == "KeyboardInterrupt" or reply.status == "aborted":
                if run.cut:
                    await self._answer()
                return await self.process.aftermath(reply, run.session)
            return reply
        finally:
            run.ended.cancel()

    async def _answer(self) -> None:
        """Wait, bounded, until a process answered over the channel that was opened after a cut.

        What Jupyter kept meanwhile comes first, and need not tell that the process ended.
        """
        until = time.monotonic() + STOPPING_LIMIT
        while not (self._ready.is_set() or self.process.gone or self.process.dead):
            if time.monotonic() > until:
                return
            await asyncio.sleep(POLL)

    async def _watch(self, run: RemoteRun) -> None:
        looking = asyncio.create_task(self.look())
        ended: set[asyncio.Future[Any]] = {looking, run.ended}
        await asyncio.wait(ended, return_when=asyncio.FIRST_COMPLETED)
        looking.cancel()
        silence = time.monotonic() - self._heard_at
        if run.reply is not None and self._link.wire is not None and silence > IDLE_LIMIT:
            run.passed()
        elif run.idle and run.reply is None and run.barrier is None:
            self._greet(behind=[run])

    async def _look(self) -> None:
        try:
            answer = await self._api.request("GET", f"api/kernels/{quoted(self.kernel_id)}")
        except BackendError:
            return  # the link notices, and knows how long it may last
        self.looked_at = time.monotonic()
        if answer.status_code == 404:
            self.on_gone()
        elif answer.status_code == 200 and answer.json().get("execution_state") == "dead":
            self.process.dead = True
            self._runs.end("kernel_died")
        elif self.process.stopping is not None:
            self._ask()  # a process that takes its place says nothing by itself that surely comes
