"""The connection to one kernel of a Jupyter Server elsewhere, across cuts and restarts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Literal
from uuid import uuid4

from jmcp.runtime.backend import OnMessage, Reply, Request
from jmcp.runtime.errors import BackendError, KernelDown
from jmcp_handlers.jupyter_api import JupyterApi, quoted
from jmcp_handlers.kernels.afterwards import Afterwards
from jmcp_handlers.kernels.continuity import Numbers
from jmcp_handlers.kernels.endings import IDLE_LIMIT, STOPPING_LIMIT, Loss
from jmcp_handlers.kernels.greeting import Greeting
from jmcp_handlers.kernels.link import Link, missing
from jmcp_handlers.kernels.reader import read_reply
from jmcp_handlers.kernels.remote_run import LOST_CONTACT, RemoteRun
from jmcp_handlers.kernels.requests import execute_request
from jmcp_handlers.kernels.wire import Message, Wire

READY_LIMIT = 75.0
"""Seconds until a kernel must have answered. Jupyter itself waits 60 before it opens the channel."""

UNREACHABLE_LIMIT = 5.0
"""Seconds that a call waits for a server that does not answer."""

WATCH = 1.0
"""Seconds between looks, while a run is active, at whether Jupyter still has its kernel: a
websocket stays open when its kernel is shut down."""

AFTERMATH = 0.25
"""Seconds after an interrupt in which the shutdown that it belongs to shows: Jupyter interrupts a
kernel right before it asks it to end."""

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
        self.generation = 1
        self.gone = False
        """Whether Jupyter has no such kernel any more."""
        self.dead = False
        """Whether the process ended and no new one was heard."""
        self.state: str | None = None
        """What the kernel last said of itself, if it was heard."""
        self.looked_at = float("-inf")
        self._api = api
        self._announce = announce
        self._username = f"jmcp-{uuid4().hex[:8]}"
        self._link = Link(api, kernel_id, channel or str(uuid4()), self._username, self)
        self._runs: dict[str, RemoteRun] = {}
        self._afterwards = Afterwards()
        self._numbers = Numbers()
        self._resumed = False
        self._activity: datetime | None = None
        self._session: str | None = None
        self._past: set[str] = set()
        self._successor_due = False
        self._stopping: Loss | Literal["unknown"] | None = None
        self._interrupted_at = float("-inf")
        self._heard_at = time.monotonic()
        self._alive_at = float("-inf")
        self._ready = asyncio.Event()
        self._greeting: Greeting | None = None
        self._looking: asyncio.Task[None] | None = None

    @property
    def channel(self) -> str:
        return self._link.channel

    @property
    def process_name(self) -> str | None:
        return None if self.dead or self._successor_due else self._session

    @property
    def sure_at(self) -> float:
        """When Jupyter last said that it has the kernel, or the kernel itself was heard."""
        return max(self.looked_at, self._alive_at)

    @property
    def doubtful(self) -> bool:
        """Whether it is about to end, or ended: what was heard before says nothing."""
        return self.dead or self._stopping is not None

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
        run = self._add(message_id, on_message)
        wire.request("shell", message)
        return await self._outcome(run)

    async def resume(self, message_id: str, on_message: OnMessage) -> Reply:
        """Listen to a run that an earlier process sent over this channel, as far as it got."""
        run = self._add(message_id, on_message)
        run.lose_contact(None)
        if self._link.wire is None:
            self._resumed = True
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
            if self.gone:
                raise missing(self.kernel_id)
            if self.dead and not self._successor_due:
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
        """Ask Jupyter whether it still has the kernel; at most one question at a time."""
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
        while self._stopping is not None and not self.gone and self._link.wire is not None:
            if time.monotonic() > until:
                self._stopping = None  # it goes on, or does not tell its processes apart
                return
            self._ask()
            await asyncio.sleep(ASKING)
            await self.look()

    def _ask(self) -> None:
        if self._link.wire is not None:
            request = self._link.wire.session.msg("kernel_info_request", {})
            self._link.wire.request("control", request)

    def interrupting(self) -> None:
        """We are about to interrupt it: a KeyboardInterrupt is no sign of a restart."""
        self._interrupted_at = time.monotonic()

    def stop(self, loss: Loss) -> None:
        """We are about to restart it or to shut it down."""
        self._stopping = loss
        self._successor_due = loss == "kernel_restarted"
        self._ready.clear()

    def restarted(self) -> None:
        """The restart that `stop` announced was done."""
        self._stopping = None
        self._end_runs("kernel_restarted")
        self._renew()

    def not_stopped(self) -> None:
        """What `stop` announced did not happen."""
        self._stopping = None
        self._successor_due = False
        self._greet()

    async def close(self) -> None:
        """Leave the kernel alone; runs go on without us."""
        if self._greeting is not None:
            self._greeting.stop()
        if self._looking is not None:
            self._looking.cancel()
        await self._link.close()
        for run in list(self._runs.values()):
            run.end(LOST_CONTACT)

    def on_opening(self, model: dict[str, Any]) -> None:
        self.looked_at = time.monotonic()
        self._activity = _moment(model.get("last_activity"))

    def on_open(self) -> None:
        self._heard_at = time.monotonic()
        self._greet(behind=self._runs.values())

    def on_cut(self) -> None:
        self._ready.clear()
        for run in self._runs.values():
            run.lose_contact(self._numbers.last)

    def on_away(self) -> None:
        for run in list(self._runs.values()):
            run.end(LOST_CONTACT)

    def on_gone(self) -> None:
        if not self.gone:
            self.gone = self.dead = True
            self._ready.clear()
            self._end_runs("kernel_died")
            self._announce(self.kernel_id, self.generation)

    def on_message(self, message: Message) -> None:
        self._heard_at = time.monotonic()
        if self._by_server(message):
            self._on_server(message)
            return
        session = str(message.header.get("session") or "")
        if session in self._past:
            return  # a process that is gone
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
            and header.get("session") != self._session is not None
            and str(content.get("text", "")).startswith(LIMITED)
        )

    def _on_server(self, message: Message) -> None:
        state = message.content.get("execution_state")
        if message.kind == "status" and state in ("restarting", "autorestarting", "dead"):
            self.dead = True
            self._successor_due = state != "dead"
            self._ready.clear()
            self._end_runs("kernel_died")
            self._announce(self.kernel_id, self.generation)
            self._renew()  # the next process may have other ports
            return
        run = self._runs.get(message.parent_id)
        if run is not None:
            if message.kind == "stream":
                run.limited = True
            run.tell(message)

    def _on_process(self, session: str, message: Message) -> None:
        """Notice a process that was not heard before: its session is new."""
        if session == self._session:
            return
        old, self._session = self._session, session
        if old is None:
            return
        self._past.add(old)
        self._forget_numbers()
        self._end_runs("kernel_restarted", session=old)
        self._stopping = None
        self._count()
        self._greet(behind=[r for i, r in self._runs.items() if i != message.parent_id])

    def _count(self) -> None:
        self.generation += 1
        self.dead = self._successor_due = False
        self._announce(self.kernel_id, self.generation)

    def _on_iopub(self, message: Message) -> None:
        state = message.content.get("execution_state") if message.kind == "status" else None
        run = self._runs.get(message.parent_id)
        self._number(message, state, run)
        request = message.parent.get("msg_type")
        if state is not None and request == "execute_request":
            self.state = str(state)
        if state is not None and request == "shutdown_request":
            self._stopping = self._stopping or "unknown"
        if message.kind == "shutdown_reply":
            self._stopping = "kernel_restarted" if message.content.get("restart") else "kernel_died"
        if self._greeting is not None:
            self._greeting.published()
            if state == "idle":
                self._greeting.idle(message.parent_id)
        if run is None:
            self._afterwards.tell(
                message.parent_id, message.kind, message.content, message.metadata
            )
            return
        run.session = run.session or str(message.header.get("session") or "")
        if run.tell(message) and state == "idle":
            run.idle = True
            run.settle()

    def _number(self, message: Message, state: str | None, run: RemoteRun | None) -> None:
        # What Jupyter kept for a resumed channel begins in the middle of a run, without a status.
        own = state is not None or self._resumed
        number = self._numbers.of(message.header, status=own)
        replayed = self._replayed(message)
        if number is None:
            if state is not None:  # it was a forked process that we took for the kernel's own
                self._forget_numbers()
            return
        self._numbers.last = number
        if run is not None and state == "busy":
            run.began(number)
        for other in self._runs.values():
            if replayed:
                other.regain(number)
            other.published(number, message, state, mine=run is not None)

    def _replayed(self, message: Message) -> bool:
        """Whether this is the first message of a resumed channel, and one that Jupyter kept.

        It keeps messages for the last channel that was connected only. What it heard of before we
        asked cannot come any other way.
        """
        if not self._resumed:
            return False
        self._resumed = False
        made = _moment(message.header.get("date"))
        return made is not None and self._activity is not None and made <= self._activity

    def _forget_numbers(self) -> None:
        self._numbers = Numbers()
        for run in self._runs.values():
            run.doubt()

    def _on_reply(self, message: Message) -> None:
        if self._greeting is not None and message.kind == "kernel_info_reply":
            self._greeting.replied(message.parent_id)
        run = self._runs.get(message.parent_id)
        if run is not None and message.kind == "execute_reply":
            run.replied(read_reply(message.content), self._numbers.of(message.header))

    def _add(self, message_id: str, on_message: OnMessage) -> RemoteRun:
        self._runs[message_id] = run = RemoteRun(on_message)

        def over(ended: asyncio.Future[Reply]) -> None:
            self._runs.pop(message_id, None)
            self._afterwards.keep(message_id, ended, on_message)

        run.ended.add_done_callback(over)
        return run

    def _end_runs(self, loss: Loss, *, session: str | None = None) -> None:
        for run in list(self._runs.values()):
            if session is None or run.session == session:
                run.end(Reply(status="lost", lost=loss))

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
            wire, on_ready=self._on_ready, on_deaf=self._renew, on_passed=self._on_passed
        )
        for run in {*behind, *(run for run in self._runs.values() if run.barrier is not None)}:
            run.barrier = self._greeting.first

    def _on_ready(self) -> None:
        if self._successor_due:  # it does not tell its processes apart, but we know
            self._count()
        self._ready.set()

    def _on_passed(self, request: str) -> None:
        for run in list(self._runs.values()):
            if run.barrier == request:
                run.passed()

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
                return await self._aftermath(reply)
            return reply
        finally:
            run.ended.cancel()

    async def _watch(self, run: RemoteRun) -> None:
        looking = asyncio.create_task(self.look())
        ended: set[asyncio.Future[Any]] = {looking, run.ended}
        await asyncio.wait(ended, return_when=asyncio.FIRST_COMPLETED)
        looking.cancel()
        silence = time.monotonic() - self._heard_at
        if run.reply is not None and self._link.wire is not None and silence > IDLE_LIMIT:
            run.passed()

    async def _aftermath(self, reply: Reply) -> Reply:
        """The reply, or the loss of the kernel if the interrupt was the beginning of its end."""
        if time.monotonic() - self._interrupted_at < STOPPING_LIMIT and self._stopping is None:
            return reply
        process, since = self.generation, time.monotonic()
        while time.monotonic() - since < (AFTERMATH if self._stopping is None else STOPPING_LIMIT):
            if self._stopping in ("kernel_died", "kernel_restarted"):
                return Reply(status="lost", lost=self._stopping)
            if self.generation != process:
                return Reply(status="lost", lost="kernel_restarted")
            if self.gone or self.dead:
                return Reply(status="lost", lost="kernel_died")
            await asyncio.sleep(POLL)
        return reply

    async def _look(self) -> None:
        try:
            answer = await self._api.request("GET", f"api/kernels/{quoted(self.kernel_id)}")
        except BackendError:
            return  # the link notices, and knows how long it may last
        self.looked_at = time.monotonic()
        if answer.status_code == 404:
            self.on_gone()
        elif answer.status_code == 200 and answer.json().get("execution_state") == "dead":
            self.dead = True
            self._end_runs("kernel_died")


def _moment(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None
