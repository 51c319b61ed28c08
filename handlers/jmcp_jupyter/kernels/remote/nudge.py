"""Asking a kernel over a websocket whether it answers, and whether it is done with its runs.

Jupyter Server calls that a nudge: a kernel that has just started may miss the first requests, and
what it publishes does not come before the subscription is through.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from jmcp_jupyter.kernels.common.messages import Message
from jmcp_jupyter.kernels.remote.kernel_websocket import KernelWebsocket

NUDGE_INTERVAL_SECONDS = 1.0
"""After so long a kernel that did not answer is asked again."""

UNANSWERED_NUDGES = 15
"""So many without an answer mean that the websocket leads nowhere: the kernel was restarted on
other ports."""


class Nudge:
    """Asks until the kernel answers and its published messages arrive.

    The control channel is asked as well as the shell, because a kernel that is busy with
    somebody's long run answers only there, and is ready to queue ours. `first` is the request on
    the shell: the kernel answers it when it is done with all runs that it was sent before.
    """

    def __init__(
        self,
        websocket: KernelWebsocket,
        *,
        on_ready: Callable[[], None],
        on_deaf: Callable[[], None],
        on_passed: Callable[[str], None],
    ) -> None:
        """`on_ready` is called when it answered, `on_deaf` when it does not.

        `on_passed` gets the id of each request of which all has come: so has all before it.
        """
        self._websocket = websocket
        self._on_ready = on_ready
        self._on_deaf = on_deaf
        self._on_passed = on_passed
        self._answered = self._published = False
        self._complete = asyncio.Event()
        self._came: dict[str, set[str]] = {}
        self.first = self._ask("shell")
        self._ask("control")
        self._task = asyncio.create_task(self._go())

    def note(self, message: Message) -> None:
        """A message came, to whichever request of whomever."""
        if message.channel == "iopub":
            self._published = True
            if message.state == "idle":
                self._note_part(message.parent_id, "idle")
        elif message.kind == "kernel_info_reply":
            self._answered = self._answered or message.parent_id in self._came
            self._note_part(message.parent_id, "reply")
        if self._answered and self._published:
            self._complete.set()

    def stop(self) -> None:
        """Ask no more."""
        self._task.cancel()

    def _note_part(self, request: str, part: str) -> None:
        """With both its reply and its idle status, all that was before it is here too."""
        if request in self._came:
            self._came[request].add(part)
            if len(self._came[request]) == 2:
                self._on_passed(request)

    async def _go(self) -> None:
        nudges = 1
        while not self._complete.is_set():
            try:
                async with asyncio.timeout(NUDGE_INTERVAL_SECONDS):
                    await self._complete.wait()
            except TimeoutError:
                nudges += 1
                if nudges > UNANSWERED_NUDGES and not self._answered and not self._published:
                    self._on_deaf()
                    return
                self._ask("shell")
                self._ask("control")
        self._on_ready()

    def _ask(self, channel: str) -> str:
        request = self._websocket.identity.request("kernel_info_request", {})
        self._came[request.message_id] = set()
        self._websocket.send(channel, request)
        return request.message_id
