"""The connection to one notebook's room: what is sent, and what the server proves to have."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from jupyter_nbmodel_client import NbModelClient
from pycrdt import (
    Decoder,
    Encoder,
    YMessageType,
    YSyncMessageType,
    create_update_message,
    handle_sync_message,
    merge_updates,
    read_message,
)
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from jmcp_api import phrases
from jmcp_jupyter.documents.remote.update_echoes import Echoes, Mark
from jmcp_jupyter.documents.remote.update_proof import contains, has

OPEN_SECONDS = 30.0
"""For the first copy of a document: the server may have to load hundreds of megabytes."""
REPLY_SECONDS = 10.0
"""For a question about a document that is open: it takes a millisecond."""
SAVE_SECONDS = 30.0
FRESH_SECONDS = 0.005
"""A document that was fetched less than this ago is not fetched again: what others write is pushed
here in as much time, and one run asks for its document three times in a row."""

HOLD_SECONDS = 0.02
"""Writes wait this long for others to go along, unless somebody asks for their confirmation: each
message costs the server, which also hands on the kernel's, half a millisecond."""

ECHO_SECONDS = 0.25
"""For what was written to come back, which takes as long as an answer and costs the server less.
What does not come back is asked for."""

RAW = 2
"""Jupyter's message type for saving, beside those of the Y protocol."""
NOTHING = b"\0"
"""The state vector of an empty document."""
QUICK_ACK = getattr(socket, "TCP_QUICKACK", None)
LOG = logging.getLogger(__name__)


class Lost(Exception):
    """The connection is gone; what was not confirmed may or may not be there.

    `code` is the websocket's close code where the server sent one.
    """

    def __init__(self, reason: str, code: int | None = None) -> None:
        super().__init__(reason)
        self.code = code


class NotebookClient(NbModelClient):  # type: ignore[misc]  # an untyped package
    """One connection with one document: after a loss both are done with.

    The base class goes on with an empty document after a loss, sends what it received back, and
    spins when a server closes the connection in an orderly way; so the connection is made here.
    """

    def __init__(
        self,
        url: str,
        path: str,
        headers: dict[str, str],
        max_bytes: int,
        on_lost: Callable[[], None],
    ) -> None:
        super().__init__(
            url, path=path, log=LOG, ws_max_body_size=max_bytes, additional_headers=headers
        )
        self._on_lost = on_lost
        self.on_received: Callable[[], None] = lambda: None
        """Called after each change of the document by others."""
        self._websocket: ClientConnection | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._outgoing: asyncio.Queue[bytes] = asyncio.Queue()
        self._held: list[bytes] = []
        self._release: asyncio.TimerHandle | None = None
        self._answers: deque[asyncio.Future[bytes]] = deque()
        """Whoever sent a sync step 1, in the order in which the server answers."""
        self._saves: dict[int, asyncio.Future[str]] = {}
        self._save_number = 0
        self._loss: Lost | None = None
        self._whole = False
        self.receiving = False
        """Whether the change being made is somebody else's."""
        self._changes = 0
        """Counts transactions of this client."""
        self._confirmed = 0
        self._fetched = -FRESH_SECONDS
        self._saved = -FRESH_SECONDS
        """When the room last answered that it had saved: what that changed is pushed later."""
        self._base = NOTHING
        """The state vector up to which the server has everything."""
        self._echoes = Echoes()
        self._proven = asyncio.Event()
        """Set, and replaced, when more is confirmed."""
        self._updates: Any = None

    @property
    def notebook(self) -> Any:
        """The `jupyter_ydoc.YNotebook`."""
        return self._doc

    @property
    def synced(self) -> bool:
        """Whether the document is whole and connected."""
        return self._whole and self._loss is None

    @property
    def autosave(self) -> bool:
        """Whether the room saves by itself: where at least one person has not switched it off."""
        states = [state for state in self._doc.awareness.states.values() if state]
        return not states or any(state.get("autosave", True) for state in states)

    async def start(self) -> None:
        """Connect and fetch the document. Raises Lost, OSError, TimeoutError, WebSocketException."""
        websocket = await connect(
            self._ws_url,
            user_agent_header=self.user_agent,
            additional_headers=self._additional_headers,
            max_size=self._ws_max_body_size,
            compression=None,
            open_timeout=REPLY_SECONDS,
        )
        self._websocket = websocket
        self._updates = self._doc.ydoc.observe(self._changed)
        self._tasks = [
            asyncio.create_task(self._receive_all(websocket)),
            asyncio.create_task(self._send_all(websocket)),
        ]
        await self._ask(NOTHING, OPEN_SECONDS)
        self._base = self._doc.ydoc.get_state()
        self._whole = True

    async def stop(self) -> None:
        """Close the connection; what was not confirmed may be lost."""
        self._on_lost = lambda: None
        if self._websocket is not None and self._loss is None:
            # A stalled network does not take the closing handshake either.
            self._websocket.close_timeout = 1.0
            await self._websocket.close()
        self._lose(Lost("closed"))
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def sync(self) -> bool:
        """Fetch what the server has now; whether it has all that was written here. Raises Lost."""
        ydoc = self._doc.ydoc
        changes, base = self._changes, self._base
        asked = time.monotonic()
        if changes == self._confirmed:
            if asked - self._fetched > FRESH_SECONDS or self._fetched < self._saved:
                await self._ask(ydoc.get_state())
                self._fetched = asked
            self._check()
            return True
        wanted, state = ydoc.get_update(base), ydoc.get_state()
        answer = await self._ask(base)
        if not contains(answer, wanted) and not has(await self._ask(NOTHING), wanted):
            return False
        self._confirm(Mark(changes=changes, state=state))
        self._echoes.forget(changes)
        self._fetched = asked
        return True

    async def prove(self) -> bool:
        """Whether the server has all that was written here so far. Raises Lost."""
        changes, asked = self._changes, time.monotonic()
        self._send_held()
        try:
            async with asyncio.timeout(ECHO_SECONDS):
                while self._confirmed < changes and self._loss is None:
                    await self._proven.wait()
        except TimeoutError:
            return await self.sync()
        self._check()
        # Changes come in the order in which the document took them: those before it are here.
        self._fetched = max(self._fetched, asked)
        return True

    @property
    def unconfirmed(self) -> bool:
        return self._changes > self._confirmed

    async def save(self) -> str:
        """Have the room saved: `success` (which proves nothing), `skipped`, `failed`, or
        `unanswered` by servers that do not know how. Raises Lost.
        """
        self._check()
        self._save_number += 1
        number = self._save_number
        encoder = Encoder()
        encoder.write_var_uint(RAW)
        encoder.write_var_string("save")
        encoder.write_var_uint(number)
        reply = self._saves[number] = asyncio.get_running_loop().create_future()
        self._send_held()
        self._outgoing.put_nowait(encoder.to_bytes())
        try:
            return await asyncio.wait_for(reply, SAVE_SECONDS)
        except TimeoutError:
            return "unanswered"
        finally:
            self._saved = time.monotonic()
            self._saves.pop(number, None)

    async def _ask(self, state: bytes, seconds: float = REPLY_SECONDS) -> bytes:
        """Send a sync step 1 after all that was written so far; the server's reply, applied."""
        self._check()
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._answers.append(answer)
        self._send_held()
        self._outgoing.put_nowait(_step1(state))
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.shield(answer)
        except TimeoutError:
            loss = Lost(phrases.no_answer_within(seconds=seconds))
            self._lose(loss)
            raise loss from None

    def _check(self) -> None:
        if self._loss is not None:
            raise Lost(str(self._loss), self._loss.code)

    def _changed(self, event: Any) -> None:
        if not self.receiving and self._loss is None:
            self._changes += 1
            self._held.append(event.update)
            if self._release is None:
                loop = asyncio.get_running_loop()
                self._release = loop.call_later(HOLD_SECONDS, self._send_held)

    def _send_held(self) -> None:
        """Send what was written since the last time, as one update."""
        if self._release is not None:
            self._release.cancel()
            self._release = None
        if self._held:
            merged = self._held[0] if len(self._held) == 1 else merge_updates(*self._held)
            self._held.clear()
            self._outgoing.put_nowait(create_update_message(merged))
            self._echoes.expect(
                merged, Mark(changes=self._changes, state=self._doc.ydoc.get_state())
            )

    def _confirm(self, mark: Mark) -> None:
        """The server has all up to that mark."""
        if mark.changes > self._confirmed:
            self._confirmed, self._base = mark.changes, mark.state
            self._proven.set()
            self._proven = asyncio.Event()

    async def _send_all(self, websocket: ClientConnection) -> None:
        try:
            while True:
                await websocket.send(await self._outgoing.get())
        except (WebSocketException, OSError) as error:
            self._lose(_loss(error))

    async def _receive_all(self, websocket: ClientConnection) -> None:
        loss = Lost(phrases.closed_by_server())
        try:
            sock = websocket.transport.get_extra_info("socket")
            async for message in websocket:
                if QUICK_ACK is not None and sock is not None:
                    # Or the server's next message waits 40 ms for this one's acknowledgement.
                    sock.setsockopt(socket.IPPROTO_TCP, QUICK_ACK, 1)
                if isinstance(message, bytes) and message:
                    self._receive(message)
            loss = Lost(phrases.closed_by_server(), websocket.close_code)
        except (WebSocketException, OSError, RuntimeError, ValueError) as error:
            # pycrdt raises RuntimeError and ValueError for what it cannot apply or decode.
            loss = _loss(error)
        finally:
            self._lose(loss)

    def _receive(self, message: bytes) -> None:
        if message[0] == YMessageType.SYNC:
            self._receive_sync(message)
        elif message[0] == YMessageType.AWARENESS:
            self._doc.awareness.apply_awareness_update(read_message(message[1:]), self)
        elif message[0] == RAW:
            decoder = Decoder(message)
            decoder.read_var_uint()
            said = json.loads(decoder.read_var_string())
            reply = self._saves.get(said.get("responseTo"))
            if reply is not None and not reply.done():
                reply.set_result(str(said.get("status")))

    def _receive_sync(self, message: bytes) -> None:
        ydoc = self._doc.ydoc
        self.receiving = True
        try:
            reply = handle_sync_message(message[1:], ydoc)
        finally:
            self.receiving = False
        if reply is not None:
            self._outgoing.put_nowait(reply)
        elif self._changes == self._confirmed:
            self._base = ydoc.get_state()
        if message[1] == YSyncMessageType.SYNC_UPDATE:
            mark = self._echoes.heard(read_message(message[2:]))
            if mark is not None:
                self._confirm(mark)
        if message[1] == YSyncMessageType.SYNC_STEP2 and self._answers:
            answer = self._answers.popleft()
            if not answer.done():
                answer.set_result(read_message(message[2:]))
        self.on_received()

    def _lose(self, loss: Lost) -> None:
        if self._loss is not None:
            return
        self._loss = loss
        if self._updates is not None:
            self._doc.ydoc.unobserve(self._updates)
        waits: list[asyncio.Future[Any]] = [*self._answers, *self._saves.values()]
        for waiting in waits:
            if not waiting.done():
                waiting.set_exception(loss)
                waiting.exception()  # whoever asked may be gone
        self._answers.clear()
        self._proven.set()
        if self._release is not None:
            self._release.cancel()
        mine = asyncio.current_task()
        for task in self._tasks:
            if task is not mine:
                task.cancel()
        if self._websocket is not None:
            self._websocket.transport.abort()
        self._on_lost()


def _step1(state: bytes) -> bytes:
    encoder = Encoder()
    for number in (YMessageType.SYNC, YSyncMessageType.SYNC_STEP1, len(state)):
        encoder.write_var_uint(number)
    return encoder.to_bytes() + state


def _loss(error: Exception) -> Lost:
    if isinstance(error, ConnectionClosed):
        frame = error.rcvd or error.sent
        return Lost(str(error), None if frame is None else frame.code)
    return Lost(str(error) or type(error).__name__)
