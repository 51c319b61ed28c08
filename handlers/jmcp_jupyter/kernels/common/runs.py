"""The runs that a connection has in its kernel, and who gets which message."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Generic, TypeVar

from jmcp.core.errors import ENDS_TASK
from jmcp.core.ports import OnInput, OnMessage, Reply
from jmcp_jupyter.kernels.common.late_messages import LateMessages
from jmcp_jupyter.kernels.common.messages import Message

AnyRun = TypeVar("AnyRun", bound="Run")


class Run:
    """One request that the kernel has: `ended` holds the reply when the idle status came too."""

    def __init__(self, on_message: OnMessage) -> None:
        self.on_message = on_message
        self.ended: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self.reply: Reply | None = None
        self.idle = False
        self.barrier: str | None = None
        """A request behind this one in the kernel's queue, while it is unanswered."""
        self._on_input: OnInput | None = None
        self._answers: set[asyncio.Task[None]] = set()

    def answer_input(self, on_input: OnInput, send: Callable[[str], None]) -> None:
        """Have what the code asks for on stdin answered by `on_input`."""
        self._on_input, self._send_input = on_input, send

    def asked(self, message: Message) -> None:
        """The code asks for input, and waits until it gets some."""
        if message.kind == "input_request" and self._on_input is not None:
            task = asyncio.create_task(
                self._answer(self._on_input, str(message.content.get("prompt", ""))),
                name="jmcp-kernel-input",
            )
            self._answers.add(task)
            task.add_done_callback(self._answers.discard)

    async def _answer(self, on_input: OnInput, prompt: str) -> None:
        try:
            value = await on_input(prompt)
            if not self.ended.done():
                self._send_input(value)
        except ENDS_TASK:
            raise
        except BaseException as error:  # noqa: BLE001 # the listener's bug ends its own run
            if not self.ended.done():
                self.ended.set_exception(error)

    def stop_answering(self) -> None:
        """The run is over, or nobody listens to it any more: what is being answered is cancelled."""
        self._on_input = None
        for task in self._answers:
            task.cancel()

    def deliver(self, message: Message) -> bool:
        """Pass a message on. A bug of the listener ends its own run and no other: then False."""
        try:
            self.on_message(message.kind, message.content, message.metadata)
        except ENDS_TASK:
            raise
        except BaseException as error:  # noqa: BLE001 # whatever it is, it is the listener's
            if not self.ended.done():
                self.ended.set_exception(error)
            return False
        return True

    def settle(self) -> None:
        """End the run if both the reply and the idle status are here."""
        if self.reply is not None and self.idle:
            self.end(self.reply)

    def end(self, reply: Reply) -> None:
        """End the run with that reply, unless it ended before."""
        if not self.ended.done():
            self.ended.set_result(reply)


class Runs(Generic[AnyRun]):
    """Runs by the id of their request until they end; late messages go to those that ended last."""

    def __init__(self) -> None:
        self._runs: dict[str, AnyRun] = {}
        self._late = LateMessages()

    def add(self, message_id: str, run: AnyRun) -> AnyRun:
        """Listen for the messages of that request until the run ends."""
        self._runs[message_id] = run
        run.ended.add_done_callback(partial(self._over, message_id, run.on_message))
        return run

    def get(self, message_id: str) -> AnyRun | None:
        return self._runs.get(message_id)

    def under_way(self) -> list[AnyRun]:
        return list(self._runs.values())

    def end_all(self, reply: Reply) -> None:
        for run in self.under_way():
            run.end(reply)

    def deliver(self, message: Message) -> None:
        """Pass a published message on to its run; the idle status settles it."""
        run = self._runs.get(message.parent_id)
        if run is None:
            self._late.deliver(message)
        elif run.deliver(message) and message.state == "idle":
            run.idle = True
            run.settle()

    def _over(self, message_id: str, on_message: OnMessage, ended: asyncio.Future[Reply]) -> None:
        self._runs.pop(message_id, None)
        self._late.keep(message_id, ended, on_message)
