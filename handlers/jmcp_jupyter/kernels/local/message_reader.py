"""The one reader of a kernel's messages: it hands each to the run that caused it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from queue import Empty
from typing import Any, Literal

import zmq
import zmq.asyncio

from jmcp.core.errors import KernelDown
from jmcp.core.ports import OnMessage, Reply
from jmcp_jupyter.kernels.common.late_messages import Afterwards
from jmcp_jupyter.kernels.common.requests import execute_request
from jmcp_jupyter.kernels.common.run_loss import NO_REPLY

log = logging.getLogger(__name__)

Lost = Literal["kernel_died", "kernel_restarted", "lost_contact"]

GREETING = 1.0
"""Seconds until a kernel that did not answer is asked again."""

SLICE = 0.005
"""Seconds that a flood of messages may hold the event loop before others get a turn."""


class Run:
    """One request that the kernel has: `ended` holds the reply when the idle status came too."""

    def __init__(self, on_message: OnMessage) -> None:
        self.on_message = on_message
        self.ended: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self.reply: Reply | None = None
        self.idle = False
        self.barrier: str | None = None
        """A request behind this one in the kernel's queue, while it is unanswered."""

    def settle(self) -> None:
        """End the run if both the reply and the idle status are here."""
        if self.reply is not None and self.idle:
            self.end(self.reply)

    def end(self, reply: Reply) -> None:
        """End the run with that reply, unless it ended before."""
        if not self.ended.done():
            self.ended.set_result(reply)


class Reader:
    """Open sockets to one process of a kernel. A new process needs a new reader."""

    def __init__(self, client: Any, pid: int | None) -> None:
        self.pid = pid
        self.heard_at = time.monotonic()
        self.state: str | None = None
        self.process_name: str | None = None
        """The session in the headers of what the kernel makes, if that is its own."""
        self._client = client
        self._runs: dict[str, Run] = {}
        self._afterwards = Afterwards()
        self._pumps: list[asyncio.Task[None]] = []
        self._answered = asyncio.Event()
        self._published = asyncio.Event()

    @property
    def open(self) -> bool:
        """Whether all channels are being read."""
        return bool(self._pumps) and not any(pump.done() for pump in self._pumps)

    async def start(self, limit: float, alive: Callable[[], Any]) -> None:
        """Connect; returns when the kernel answers and its published messages arrive.

        The control channel is asked as well as the shell, because a kernel that is busy with
        somebody's long run answers only there, and is ready to queue ours. Raises KernelDown.
        """
        self._client.start_channels(stdin=False, hb=False)
        iopub, shell, control = self._channels()
        self._pumps = [
            asyncio.create_task(self._pump(iopub, self._on_iopub)),
            asyncio.create_task(self._pump(shell, self._on_reply)),
            asyncio.create_task(self._pump(control, self._on_reply)),
        ]
        ready = asyncio.create_task(self._greeted())
        deadline = time.monotonic() + limit
        try:
            while not ready.done():
                if not self.open or not await alive():
                    raise KernelDown("The kernel died before it answered.")
                if time.monotonic() > deadline:
                    raise KernelDown(f"The kernel did not answer within {limit:g} s.")
                for channel in (shell, control):
                    self._send(channel, self._client.session.msg("kernel_info_request", {}))
                await asyncio.wait({ready}, timeout=GREETING)
        finally:
            ready.cancel()

    def execute(
        self,
        code: str,
        on_message: OnMessage,
        *,
        store_history: bool,
        on_send: Callable[[str, str], None] | None = None,
    ) -> Run:
        """Send an execute request. `input()` in the code raises at once: nobody could answer.

        `on_send` is told the channel and the id of the message before it goes.
        """
        run = Run(on_message)
        content = execute_request(code, store_history=store_history)
        message = self._client.session.msg("execute_request", content)
        request: str = message["header"]["msg_id"]
        if on_send is not None:
            on_send(self._client.session.session, request)
        self._runs[request] = run
        run.ended.add_done_callback(lambda ended: self._over(request, ended, on_message))
        self._send(self._client.shell_channel, message)
        return run

    def doubt(self, run: Run) -> None:
        """Ask the kernel, which says that it is done with the run, something else meanwhile.

        It answers in order: without a reply to the run before that answer, there will be none.
        """
        if run.barrier is None:
            message = self._client.session.msg("kernel_info_request", {})
            run.barrier = message["header"]["msg_id"]
            self._send(self._client.shell_channel, message)

    async def quiet(self, seconds: float, limit: float) -> None:
        """Wait until no message came for `seconds`: what a dead process still sent has arrived."""
        for _ in range(int(limit / seconds)):
            if time.monotonic() - self.heard_at >= seconds:
                return
            await asyncio.sleep(seconds)

    async def stop(self, why: Lost) -> None:
        """Close the sockets. Runs that are still here end as lost, for that reason."""
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)
        # Not `stop_channels`: that would open the two channels that are not used.
        for channel in self._channels():
            channel.stop()
        for run in list(self._runs.values()):
            run.end(Reply(status="lost", lost=why))

    def _channels(self) -> tuple[Any, Any, Any]:
        client = self._client
        return client.iopub_channel, client.shell_channel, client.control_channel

    def _send(self, channel: Any, message: dict[str, Any]) -> None:
        """Send a message.

        Not by the channel's own `send`: that writes past the asyncio socket, which then may never
        learn that a message arrived meanwhile, and reads no more until the next one is sent. A run
        whose request crossed a greeting's answer stayed without its reply.
        """
        socket = getattr(channel, "socket", None)
        if isinstance(socket, zmq.asyncio.Socket):
            socket.send_multipart(self._client.session.serialize(message))
        else:
            channel.send(message)

    async def _greeted(self) -> None:
        await self._answered.wait()
        await self._published.wait()

    async def _pump(self, channel: Any, handle: Callable[[dict[str, Any]], None]) -> None:
        since = time.monotonic()
        while True:
            try:
                message = await _receive(channel)
            except ValueError:
                # A bad signature, a duplicate or broken JSON spoils one message, not the kernel.
                log.warning("A kernel message could not be read.", exc_info=True)
                continue
            self.heard_at = time.monotonic()
            handle(message)
            if self.heard_at - since > SLICE:
                # Receiving does not yield to the event loop while messages are waiting.
                await asyncio.sleep(0)
                since = time.monotonic()

    def _over(self, request: str, ended: asyncio.Future[Reply], on_message: OnMessage) -> None:
        self._runs.pop(request, None)
        self._afterwards.keep(request, ended, on_message)

    def _on_iopub(self, message: dict[str, Any]) -> None:
        self._published.set()
        header, parent = message["header"], message["parent_header"]
        kind, content = header["msg_type"], message["content"]
        if kind == "status" and parent.get("msg_type") == "execute_request":
            # Jupyter notes this too, but perhaps only after a run here has returned.
            self.state = content["execution_state"]
        run = self._runs.get(parent.get("msg_id", ""))
        if run is None:
            self._afterwards.tell(parent.get("msg_id", ""), kind, content, message["metadata"])
            return
        try:
            run.on_message(kind, content, message["metadata"])
        except Exception as error:  # noqa: BLE001 # the reader serves all runs: a bug ends its own
            if not run.ended.done():
                run.ended.set_exception(error)
            return
        if kind == "status" and content["execution_state"] == "idle":
            run.idle = True
            run.settle()

    def _on_reply(self, message: dict[str, Any]) -> None:
        kind = message["header"]["msg_type"]
        if kind == "kernel_info_reply":
            session = str(message["header"].get("session") or "")
            if session != self._client.session.session:  # some kernels echo the asker's
                self.process_name = session or None
            self._answered.set()
            for doubted in list(self._runs.values()):
                if doubted.barrier == message["parent_header"].get("msg_id", ""):
                    doubted.end(NO_REPLY)
        run = self._runs.get(message["parent_header"].get("msg_id", ""))
        if run is not None and kind == "execute_reply":
            run.reply = read_reply(message["content"])
            run.settle()


def read_reply(content: dict[str, Any]) -> Reply:
    """The end of a run as an `execute_reply` tells it."""
    status = content.get("status")
    if status == "error" and content.get("ename"):
        return Reply(
            status="error",
            execution_count=content.get("execution_count"),
            ename=str(content["ename"]),
            evalue=str(content.get("evalue", "")),
            traceback=tuple(str(line) for line in content.get("traceback", ())),
        )
    return Reply(
        status="ok" if status == "ok" else "aborted",
        execution_count=content.get("execution_count"),
    )


async def _receive(channel: Any) -> dict[str, Any]:
    socket = getattr(channel, "socket", None)
    if isinstance(socket, zmq.asyncio.Socket):
        _, parts = channel.session.feed_identities(await socket.recv_multipart())
        message: dict[str, Any] = channel.session.deserialize(parts)
        return message
    while True:  # a gateway's channel: its own waiting spins, so ask at intervals
        try:
            message = await channel.get_msg(timeout=0)
        except Empty:
            await asyncio.sleep(0.01)
        else:
            return message
