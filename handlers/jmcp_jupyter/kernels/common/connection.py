"""The kept-open connection to one kernel, whichever way it goes."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from jmcp.core.ports import Health, OnInput, OnMessage, Reply, Request
from jmcp_jupyter.kernels.common.messages import (
    ChannelIdentity,
    KernelRequest,
    ask_request,
    execute_request,
)
from jmcp_jupyter.kernels.common.runs import AnyRun


class RequestSender(Protocol):
    """An open way to a kernel that answers."""

    @property
    def identity(self) -> ChannelIdentity: ...
    def send(self, channel: str, request: KernelRequest) -> None:
        """Put it on its way, after all that was sent before."""


Sender = TypeVar("Sender", bound=RequestSender)


class JupyterConnection(ABC, Generic[Sender, AnyRun]):
    """A `KernelConnection`. What is given to it: how it gets ready, and how a loss shows."""

    look_interval_seconds: ClassVar[float]
    """While a run is active, it is looked so often whether the kernel still has it."""

    def __init__(self, kernel_id: str) -> None:
        self.kernel_id = kernel_id

    @property
    @abstractmethod
    def generation(self) -> int: ...
    @property
    @abstractmethod
    def process_name(self) -> str | None: ...
    @property
    @abstractmethod
    def state(self) -> str | None:
        """What the kernel last said of itself, if it was heard."""

    @property
    def dead(self) -> bool:
        """Whether the kernel is known to be dead, without asking anybody."""
        return False

    @property
    def gone(self) -> bool:
        """Whether Jupyter is known to have no such kernel any more."""
        return False

    @property
    @abstractmethod
    def connected(self) -> bool:
        """Whether what the kernel sends arrives just now."""

    @property
    def counted(self) -> bool:
        """Whether Jupyter counts this among the kernel's connections: it counts websockets."""
        return False

    @abstractmethod
    async def health(self) -> Health:
        """Whether the kernel's process lives; costs next to nothing when asked a moment ago."""

    async def prepare(self) -> None:
        """Make sure that a run can be sent. Raises KernelMissing, KernelDown."""
        await self.ready()

    @abstractmethod
    async def ready(self) -> Sender:
        """The way to a process that answers, after a restart a new one.

        Raises KernelMissing, KernelDown.
        """

    @abstractmethod
    async def close(self) -> None:
        """Leave the kernel alone; what runs in it goes on."""

    def expect_interrupt(self) -> None:
        """jmcp is about to interrupt the kernel."""

    def expect_end(self) -> None:
        """jmcp is about to shut the kernel down."""

    def restarting(self) -> AbstractContextManager[None]:
        """Entered while jmcp restarts the kernel, whatever comes of that."""
        return nullcontext()

    def kernel_gone(self) -> None:
        """Jupyter has no such kernel any more."""

    async def run(
        self,
        code: str,
        on_message: OnMessage,
        *,
        store_history: bool = True,
        on_sent: Callable[[Request], None] | None = None,
        on_input: OnInput | None = None,
    ) -> Reply:
        content = execute_request(
            code, store_history=store_history, allow_stdin=on_input is not None
        )
        return await self._requested(content, on_message, on_sent, on_input)

    async def ask(
        self,
        expression: str,
        on_message: OnMessage,
        *,
        on_sent: Callable[[Request], None] | None = None,
    ) -> Reply:
        return await self._requested(ask_request(expression), on_message, on_sent)

    async def _requested(
        self,
        content: dict[str, Any],
        on_message: OnMessage,
        on_sent: Callable[[Request], None] | None,
        on_input: OnInput | None = None,
    ) -> Reply:
        sender = await self.ready()
        request = sender.identity.request("execute_request", content)
        if on_sent is not None:
            on_sent(
                Request(
                    kernel_id=self.kernel_id,
                    channel=sender.identity.session,
                    message_id=request.message_id,
                )
            )
        run = self._listen(sender, request.message_id, on_message)
        if on_input is not None:
            run.answer_input(on_input, partial(_send_input, sender))
        sender.send("shell", request)
        return await self._outcome(run)

    async def _outcome(self, run: AnyRun) -> Reply:
        """How the run ends. Cancelled, it leaves the kernel running and listens no more."""
        try:
            while not run.ended.done():
                await asyncio.wait({run.ended}, timeout=self.look_interval_seconds)
                if not run.ended.done():
                    await self._look_at(run)
            return await self._judged(run, run.ended.result())
        finally:
            run.ended.cancel()
            run.stop_answering()

    @abstractmethod
    def _listen(self, sender: Sender, message_id: str, on_message: OnMessage) -> AnyRun:
        """The run of that request, whose messages go to `on_message` from now on."""

    @abstractmethod
    async def _look_at(self, run: AnyRun) -> None:
        """End the run if its kernel is gone, or if its end will not come by itself."""

    @abstractmethod
    async def _judged(self, run: AnyRun, reply: Reply) -> Reply:
        """The reply, or the loss of the kernel where the reply was a part of that."""


def _send_input(sender: RequestSender, value: str) -> None:
    sender.send("stdin", sender.identity.request("input_reply", {"value": value}))
