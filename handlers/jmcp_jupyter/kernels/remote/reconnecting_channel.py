"""Keeping a websocket to one kernel open: attempts after a cut, and signs of life."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

from jmcp.core.background import supervised
from jmcp.core.errors import BackendError
from jmcp_api.backend_errors import JupyterRefused, KernelDown, KernelMissing
from jmcp_jupyter.http_api import JupyterApi
from jmcp_jupyter.kernels.common.messages import ChannelIdentity, Message
from jmcp_jupyter.kernels.remote.kernel_websocket import KernelWebsocket, WebsocketRefused
from jmcp_jupyter.kernels.remote.rest_kernels import kernel_path

OPENING_LIMIT_SECONDS = 75.0
"""For the server to open a channel; it waits up to 60 itself for a kernel that starts."""

ANSWER_LIMIT_SECONDS = 5.0
"""For the server to say whether it has the kernel."""

PING_INTERVAL_SECONDS = 5.0
"""Between signs of life that are asked of the server."""

SILENT_PINGS = 3
"""So many unanswered in a row, without any other byte, mean that the network stalls."""

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 3.0
"""Before the first and the later attempts to reach a server again."""

LEAVING_LIMIT_SECONDS = 1.0
"""For the server to send what it had for a channel that is closed in order."""

AWAY_LIMIT_SECONDS = 600.0
"""After so long without contact, whoever still waits gets an error."""


class ChannelListener(Protocol):
    """What a channel tells. All in the event loop, in the order in which it happened."""

    def on_opening(self) -> None:
        """A websocket is about to be opened: Jupyter has the kernel."""

    def on_open(self) -> None:
        """The websocket is open. Messages that Jupyter kept come next."""

    def on_message(self, message: Message) -> None: ...
    def on_cut(self) -> None:
        """The websocket is closed, and what was on its way may be lost."""

    def kernel_gone(self) -> None:
        """Jupyter has no such kernel any more. The channel has ended."""

    def on_away(self) -> None:
        """There was no contact for AWAY_LIMIT_SECONDS. The channel has ended until `start`."""


class ReconnectingChannel:
    """One websocket at a time to one kernel, opened again under the same channel id when cut."""

    def __init__(
        self,
        api: JupyterApi,
        kernel_id: str,
        identity: ChannelIdentity,
        listener: ChannelListener,
    ) -> None:
        """The session of `identity` is the channel id."""
        self.identity = identity
        self.websocket: KernelWebsocket | None = None
        self.failure: BackendError | None = None
        """Why the last attempt to open failed, until one succeeds."""
        self._api = api
        self._kernel_id = kernel_id
        self._listener = listener
        self._keeper: asyncio.Task[None] | None = None
        self._ended = asyncio.Event()
        self._wanted = asyncio.Event()

    def start(self) -> None:
        """Open it, and keep it open. While it is closed: try again now, `failure` is of the past."""
        if self.websocket is None:
            self.failure = None
            self._wanted.set()
        if self._keeper is None or self._keeper.done():
            self._keeper = supervised(self._keep, "kernel-channel")

    def reopen(self, identity: ChannelIdentity) -> None:
        """Open a new websocket under another channel id: nothing of before matters any more."""
        self.identity = identity
        self._drop()

    async def close(self) -> None:
        """Close it for good, in order: what is on its way is still heard."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        if self.websocket is not None:
            await self.websocket.leave(LEAVING_LIMIT_SECONDS)
        if websocket := self._drop():
            await websocket.closed()

    def _drop(self) -> KernelWebsocket | None:
        websocket, self.websocket = self.websocket, None
        if websocket is not None:
            websocket.abort()
        self._ended.set()
        return websocket

    async def _keep(self) -> None:
        self._drop()  # what an attempt may have left that failed
        pause, since = FIRST_PAUSE_SECONDS, time.monotonic()
        while True:
            try:
                await self._open()
            except KernelMissing as error:
                self.failure = error
                self._listener.kernel_gone()
                return
            except BackendError as error:
                self.failure = error
                if time.monotonic() - since > AWAY_LIMIT_SECONDS:
                    self._listener.on_away()
                    return
                await self._pause(pause)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
                continue
            await self._watch()
            self._drop()
            self._listener.on_cut()
            pause, since = FIRST_PAUSE_SECONDS, time.monotonic()

    async def _pause(self, seconds: float) -> None:
        self._wanted.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._wanted.wait()
        except TimeoutError:
            return

    async def _open(self) -> None:
        path = kernel_path(self._kernel_id)
        # Not longer: it may go out over a connection that stalls, and the next attempt does not.
        answer = await self._api.request("GET", path, seconds=ANSWER_LIMIT_SECONDS)
        if answer.status_code == 404:
            raise KernelMissing.unknown(kernel_id=self._kernel_id)
        self._listener.on_opening()
        identity = self.identity
        url = self._api.websocket_url(f"{path}/channels", session_id=identity.session)
        self._ended.clear()
        try:
            websocket = await KernelWebsocket.open(
                url, self._api.headers, identity, seconds=OPENING_LIMIT_SECONDS
            )
        except WebsocketRefused as error:
            raise self._refused(error) from error
        self.websocket = websocket
        self.failure = None
        self._listener.on_open()
        websocket.start(self._listener.on_message, self._ended.set)
        if identity != self.identity:  # another one was asked for meanwhile
            self._drop()

    def _refused(self, refusal: WebsocketRefused) -> BackendError:
        if refusal.status == 404:
            return KernelMissing.unknown(kernel_id=self._kernel_id)
        if refusal.status in (401, 403):
            return JupyterRefused.channels()
        reason = str(refusal.status or refusal)
        return KernelDown.no_channels(kernel_id=self._kernel_id, reason=reason)

    async def _watch(self) -> None:
        """Until it closes, or is as good as closed: a stalled network looks like a silent kernel."""
        unanswered = 0
        while self.websocket is not None and unanswered <= SILENT_PINGS:
            try:
                async with asyncio.timeout(PING_INTERVAL_SECONDS):
                    await self._ended.wait()
            except TimeoutError:
                if self.websocket is None:
                    return
                unanswered = 0 if self.websocket.progress() else unanswered + 1
                self.websocket.ping()
            else:
                return
