"""Keeping a websocket to one kernel open: retries after a cut, and signs of life."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any, Protocol

from jmcp.core.errors import BackendError, JupyterRefused, KernelDown, KernelMissing
from jmcp_jupyter.http_api import JupyterApi, quoted
from jmcp_jupyter.kernels.remote.kernel_websocket import Closed, Message, Wire

log = logging.getLogger(__name__)

OPENING_LIMIT = 75.0
"""Seconds for the server to open a channel; it waits up to 60 itself for a kernel that starts."""

ANSWER_LIMIT = 5.0
"""Seconds for the server to say whether it has the kernel."""

PING = 5.0
"""Seconds between signs of life that are asked of the server."""

SILENT_PINGS = 3
"""So many unanswered in a row, without any other byte, mean that the network stalls."""

RETRY = 0.1
RETRY_MOST = 3.0
"""Seconds before the first and the later attempts to reach a server again."""

AWAY_LIMIT = 600.0
"""Seconds without contact after which whoever still waits is told so."""


class Listener(Protocol):
    """What a link tells. All in the event loop, in the order in which it happened."""

    def on_opening(self, model: dict[str, Any]) -> None:
        """A websocket is about to be opened; `model` is what REST says of the kernel."""

    def on_open(self) -> None:
        """The websocket is open. Messages that Jupyter kept may have come already."""

    def on_message(self, message: Message) -> None: ...
    def on_cut(self) -> None:
        """The websocket is closed, and what was on its way may be lost."""

    def on_gone(self) -> None:
        """Jupyter has no such kernel any more. The link has ended."""

    def on_away(self) -> None:
        """There was no contact for `AWAY_LIMIT`. The link has ended until `start` is called."""


class Link:
    """One websocket at a time to one kernel, opened again under the same channel id when cut."""

    def __init__(
        self, api: JupyterApi, kernel_id: str, channel: str, username: str, listener: Listener
    ) -> None:
        self.channel = channel
        self.wire: Wire | None = None
        self.failure: BackendError | None = None
        """Why the last attempt to open failed, until one succeeds."""
        self._api = api
        self._kernel_id = kernel_id
        self._username = username
        self._listener = listener
        self._v1 = True
        self._keeper: asyncio.Task[None] | None = None
        self._closed = asyncio.Event()
        self._wanted = asyncio.Event()

    def start(self) -> None:
        """Open it, and keep it open. While it is closed: try again now, `failure` is of the past."""
        if self.wire is None:
            self.failure = None
            self._wanted.set()
        if self._keeper is None or self._keeper.done():
            self._keeper = asyncio.create_task(self._keep())

    def reopen(self, channel: str) -> None:
        """Open a new websocket with another channel id: nothing of before matters any more."""
        self.channel = channel
        self._drop()

    async def close(self) -> None:
        """Close it for good."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        self._drop()

    def _drop(self) -> None:
        wire, self.wire = self.wire, None
        if wire is not None:
            wire.stop_channels()
        self._closed.set()

    async def _keep(self) -> None:
        pause, since = RETRY, time.monotonic()
        while True:
            try:
                await self._open()
            except KernelMissing as error:
                self.failure = error
                self._listener.on_gone()
                return
            except BackendError as error:
                self.failure = error
                if time.monotonic() - since > AWAY_LIMIT:
                    self._listener.on_away()
                    return
                await self._pause(pause)
                pause = min(2 * pause, RETRY_MOST)
                continue
            await self._watch()
            self._drop()
            self._listener.on_cut()
            pause, since = RETRY, time.monotonic()

    async def _pause(self, seconds: float) -> None:
        self._wanted.clear()
        try:
            await asyncio.wait_for(self._wanted.wait(), seconds)
        except TimeoutError:
            return

    async def _open(self) -> None:
        path = f"api/kernels/{quoted(self._kernel_id)}"
        # Not longer: it may go out over a connection that stalls, and the next attempt does not.
        answer = await self._api.request("GET", path, seconds=ANSWER_LIMIT)
        if answer.status_code == 404:
            raise missing(self._kernel_id)
        self._listener.on_opening(answer.json() if answer.status_code == 200 else {})
        channel = self.channel
        wire = Wire(
            self._api.websocket_url(f"{path}/channels"),
            self._api.headers,
            channel,
            self._username,
            self._listener.on_message,
            self._on_closed,
            v1=self._v1,
        )
        self._closed.clear()
        try:
            wire.start()
            closed = await asyncio.wait_for(asyncio.shield(wire.opened), OPENING_LIMIT)
        except TimeoutError:
            wire.stop_channels()
            raise self._refused(Closed(None, "timeout")) from None
        except BaseException:
            wire.stop_channels()
            raise
        if closed is not None:
            wire.stop_channels()
            # A server that knows only the default protocol opens the websocket without one, which
            # the client takes for an error.
            self._v1 = not self._v1 or closed.reason != "WebSocketException"
            raise self._refused(closed)
        self.wire = wire
        self.failure = None
        self._listener.on_open()
        if channel != self.channel:
            self._drop()

    def _refused(self, closed: Closed) -> BackendError:
        if closed.status == 404:
            return missing(self._kernel_id)
        if closed.status in (401, 403):
            return JupyterRefused(
                "The Jupyter Server does not let this token use the channels of its kernels."
            )
        return KernelDown(
            f"The channels of kernel {self._kernel_id} could not be opened "
            f"({closed.status or closed.reason}).",
            kernel_id=self._kernel_id,
        )

    def _on_closed(self, closed: Closed) -> None:
        self._closed.set()

    async def _watch(self) -> None:
        """Until it closes, or is as good as closed: a stalled network looks like a silent kernel."""
        unanswered = 0
        while self.wire is not None and unanswered <= SILENT_PINGS:
            try:
                await asyncio.wait_for(self._closed.wait(), PING)
            except TimeoutError:
                if self.wire is None:
                    return
                unanswered = 0 if self.wire.progress() else unanswered + 1
                self.wire.ping()
            else:
                return


def missing(kernel_id: str) -> KernelMissing:
    """The error for a kernel that Jupyter does not list."""
    return KernelMissing(f"No running kernel has the id {kernel_id}.", kernel_id=kernel_id)
