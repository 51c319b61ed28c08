"""Asking a kernel over a websocket whether it answers, and whether it is done with its runs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from jmcp_jupyter.kernels.remote.kernel_websocket import Wire

AGAIN = 1.0
"""Seconds until a kernel that did not answer is asked again."""

DEAF = 15
"""So many questions without an answer mean that the websocket leads nowhere: the kernel was
restarted on other ports."""

LOOK = 0.002
LOOK_LATER = 0.05
"""Seconds between looks at what came, in the first second and later."""


class Greeting:
    """Asks until the kernel answers and its published messages arrive.

    The control channel is asked as well as the shell, because a kernel that is busy with
    somebody's long run answers only there, and is ready to queue ours. `first` is the request on
    the shell: the kernel answers it when it is done with all runs that it was sent before.
    """

    def __init__(
        self,
        wire: Wire,
        *,
        on_ready: Callable[[], None],
        on_deaf: Callable[[], None],
        on_passed: Callable[[str], None],
    ) -> None:
        self._wire = wire
        self._on_ready = on_ready
        self._on_deaf = on_deaf
        self._on_passed = on_passed
        self._answered = self._published = False
        self._marks: dict[str, set[str]] = {}
        self.first = self._ask("shell")
        self._ask("control")
        self._task = asyncio.create_task(self._go())

    def published(self) -> None:
        """Any published message arrived."""
        self._published = True

    def replied(self, request: str) -> None:
        """A reply arrived to that request, whoever sent it."""
        if request in self._marks:
            self._answered = True
            self._mark(request, "reply")

    def idle(self, request: str) -> None:
        """The kernel said that it is done with that request, whoever sent it."""
        if request in self._marks:
            self._mark(request, "idle")

    def stop(self) -> None:
        """Ask no more."""
        self._task.cancel()

    def _mark(self, request: str, what: str) -> None:
        """With both its reply and its idle status, all that was before it is here too."""
        self._marks[request].add(what)
        if len(self._marks[request]) == 2:
            self._on_passed(request)

    async def _go(self) -> None:
        since, asked = time.monotonic(), 1
        while not (self._answered and self._published):
            waited = time.monotonic() - since
            await asyncio.sleep(LOOK if waited < AGAIN else LOOK_LATER)
            if waited < asked * AGAIN:
                continue
            asked += 1
            if asked > DEAF and not self._answered and not self._published:
                self._on_deaf()
                return
            self._ask("shell")
            self._ask("control")
        self._on_ready()

    def _ask(self, channel: str) -> str:
        message = self._wire.session.msg("kernel_info_request", {})
        request: str = message["header"]["msg_id"]
        self._marks[request] = set()
        self._wire.request(channel, message)
        return request
