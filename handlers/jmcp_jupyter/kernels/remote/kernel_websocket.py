"""One websocket to a kernel's channels: a reading and a sending thread, and the loop's inbox."""

from __future__ import annotations

import asyncio
import json
import logging
import queue
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import websocket
from jupyter_kernel_client.utils import deserialize_msg_from_ws_default, deserialize_msg_from_ws_v1
from jupyter_kernel_client.wsclient import JupyterSubprotocol, KernelWebSocketClient

from jmcp_jupyter.kernels.remote.inbox import Inbox

log = logging.getLogger(__name__)

logging.getLogger("websocket").setLevel(logging.CRITICAL)  # it logs what `Closed` tells

V1 = "v1.kernel.websocket.jupyter.org"

QUICK_ACK: int | None = getattr(socket, "TCP_QUICKACK", None)
"""Linux only. The server's Nagle algorithm waits for our delayed ACK: 40 ms a run without it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What of a kernel's message is of interest here; buffers are for widgets in browsers."""

    channel: str
    header: dict[str, Any]
    parent: dict[str, Any]
    metadata: dict[str, Any]
    content: dict[str, Any]

    @property
    def kind(self) -> str:
        return str(self.header.get("msg_type", ""))

    @property
    def parent_id(self) -> str:
        return str(self.parent.get("msg_id", ""))


@dataclass(frozen=True, slots=True)
class Closed:
    """The end of a wire. `status` is that of the HTTP answer, if the server refused to open it."""

    status: int | None
    reason: str


class Wire(KernelWebSocketClient):  # type: ignore[misc] # the package has no type information
    """jupyter_kernel_client's client, reduced to one connection that never blocks the event loop.

    Its own reconnecting is not used: it asks a kernel that is gone for ever, and tells nobody when
    contact was lost. Nor are its queues, which have no bound, nor its `_on_message`, which fails
    on every message of the v1 protocol. The token goes in a header, which the package can do.
    """

    def __init__(
        self,
        url: str,
        headers: dict[str, str],
        channel: str,
        username: str,
        on_message: Callable[[Message], None],
        on_closed: Callable[[Closed], None],
        *,
        v1: bool = True,
    ) -> None:
        protocol = JupyterSubprotocol.V1 if v1 else JupyterSubprotocol.DEFAULT
        super().__init__(url, username=username, headers=headers, subprotocol=protocol, log=log)
        self.session.session = channel
        self.heard_at = time.monotonic()
        self.opened: asyncio.Future[Closed | None] = asyncio.get_running_loop().create_future()
        """Done when the websocket is open (None) or could not be opened."""
        self._deliver = on_message
        self._report = on_closed
        self._inbox: Inbox[Message | Closed | None] = Inbox(self._receive)
        self._outbox: queue.SimpleQueue[tuple[bytes, int] | None] = queue.SimpleQueue()
        self._error: Exception | None = None
        self._received = 0
        self._aborted = False

    def start(self) -> None:
        """Begin to open it; `opened` tells how that went."""
        url = f"{self.kernel_ws_endpoint}?{urlencode({'session_id': self.session.session})}"
        self.kernel_socket = websocket.WebSocketApp(
            url,
            header=self._headers,
            subprotocols=[V1] if self._subprotocol is JupyterSubprotocol.V1 else None,
            on_open=self._on_open,
            on_error=self._on_error,
            on_message=self._on_message,
            on_pong=self._on_control,
            on_ping=self._on_control,
        )
        self.connection_thread = threading.Thread(
            target=self._run_websocket, name="kernel wire", daemon=True
        )
        self.connection_thread.start()

    def request(self, channel: str, message: dict[str, Any]) -> None:
        """Send a message of `session.msg`; returns before it is on its way."""
        self.session.send(self, channel, message)

    def send_bytes(self, data: bytes) -> None:
        """Called by the session: a frame of the v1 protocol."""
        self._outbox.put((data, websocket.ABNF.OPCODE_BINARY))

    def send_text(self, text: str) -> None:
        """Called by the session: a frame of the default protocol."""
        self._outbox.put((text.encode(), websocket.ABNF.OPCODE_TEXT))

    def ping(self) -> None:
        """Ask the server for a sign of life; `heard_at` moves when it comes."""
        self._outbox.put((b"", websocket.ABNF.OPCODE_PING))

    def progress(self) -> bool:
        """Whether anything arrived since the last look, be it a part of a large message."""
        before, self._received = self._received, self._read_so_far()
        return self._inbox.full or before != self._received

    def stop_channels(self) -> None:
        """Close it, in this thread or any other; `on_closed` is not called any more."""
        self._inbox.close()
        self.abort()

    def abort(self) -> None:
        """Break the connection off; the threads end by themselves."""
        self._aborted = True
        app = self.kernel_socket
        if app is None:
            return
        app.keep_running = False
        self._outbox.put(None)
        inner = getattr(app.sock, "sock", None)
        if inner is not None:
            try:
                # Wakes the threads that read and write; they close it.
                inner.shutdown(socket.SHUT_RDWR)
            except OSError:
                log.debug("A kernel's websocket was closed already.")

    def _run_websocket(self) -> None:
        assert self.kernel_socket is not None
        sender = threading.Thread(target=self._send, name="kernel wire out", daemon=True)
        sender.start()
        try:
            # Without an Origin the server takes us for the script that we are; behind a proxy the
            # one of our URL may not be the server's own.
            self.kernel_socket.run_forever(suppress_origin=True)
        finally:
            self._outbox.put(None)
            error = self._error
            self.connection_ready.set()
            status = getattr(error, "status_code", None)
            # Not the error's own text: it quotes all headers of the answer.
            self._inbox.put(Closed(status, type(error).__name__ if error else "closed"))

    def _send(self) -> None:
        app = self.kernel_socket
        assert app is not None
        self.connection_ready.wait()
        while (item := self._outbox.get()) is not None:
            try:
                app.send(*item)
            except (OSError, AttributeError, websocket.WebSocketException) as error:
                # AttributeError: the reading thread took the socket away meanwhile.
                self._error = self._error or error
                self.abort()
                return

    def _on_open(self, app: Any) -> None:
        if self._aborted:
            self.abort()
            return
        self._acknowledge(app)
        self.connection_ready.set()
        self._inbox.put(None)

    def _on_error(self, app: Any, error: Exception) -> None:
        self._error = error
        self.connection_ready.set()

    def _on_control(self, app: Any, data: bytes) -> None:
        self.heard_at = time.monotonic()

    def _on_message(self, app: Any, data: bytes | str) -> None:
        self._acknowledge(app)
        self.heard_at = time.monotonic()
        try:
            message = parse(data)
        except (ValueError, LookupError, TypeError, AttributeError):
            # What cannot be read spoils one message, not the kernel.
            log.warning("A kernel message could not be read.", exc_info=True)
            return
        self._inbox.put(message, len(data))

    def _acknowledge(self, app: Any) -> None:
        inner = getattr(app.sock, "sock", None)
        if QUICK_ACK is not None and inner is not None:
            try:
                inner.setsockopt(socket.IPPROTO_TCP, QUICK_ACK, 1)
            except OSError:
                log.debug("No quick ACK on this socket.")

    def _read_so_far(self) -> int:
        """A figure that changes whenever bytes arrive: a large message may take minutes."""
        frames = getattr(getattr(self.kernel_socket, "sock", None), "frame_buffer", None)
        return hash((self.heard_at, len(getattr(frames, "recv_buffer", ()))))

    def _receive(self, item: Message | Closed | None) -> None:
        if isinstance(item, Message):
            self._deliver(item)
            return
        if not self.opened.done():
            self.opened.set_result(item)
        if item is not None:
            self._report(item)


def parse(data: bytes | str) -> Message:
    """A message of either protocol: v1 comes as parts, the default one as JSON."""
    if isinstance(data, bytes) and data[:1] != b"\0":
        channel, parts = deserialize_msg_from_ws_v1(data)
        header, parent, metadata, content = (json.loads(part) for part in parts[:4])
    else:
        message = deserialize_msg_from_ws_default(data)
        channel = message["channel"]
        header, parent = message["header"], message["parent_header"]
        metadata, content = message["metadata"], message["content"]
    return Message(
        channel=channel, header=header, parent=parent or {}, metadata=metadata, content=content
    )
