"""ZeroMQ sockets to one process of a kernel, read by the event loop.

Those of iopub, shell, control and stdin: whether the kernel is alive its process tells.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Generator, Iterator
from functools import partial
from hmac import compare_digest
from typing import Any

import zmq
from jupyter_client.adapter import adapt
from jupyter_client.client import KernelClient
from jupyter_client.session import DELIM
from tornado.ioloop import IOLoop

from jmcp.core.errors import ENDS_TASK
from jmcp.core.kernels import odd_messages
from jmcp_jupyter.kernels.common.large_messages import LARGE_BYTES, parts_of
from jmcp_jupyter.kernels.common.messages import (
    ChannelIdentity,
    KernelRequest,
    Message,
    message,
    unpacked,
)

log = logging.getLogger(__name__)

OnKernelMessage = Callable[[Message], None]

POLLIN = int(zmq.POLLIN)
"""As a number: operations of enums take longer than the question of what a socket has."""

TURN_SECONDS = 0.005
"""A flood of messages may hold the event loop so long before others get a turn."""

STEP_BYTES = 2**24
"""Of a large message that is signed at once, in some 10 milliseconds."""

KEPT_SIGNATURES = 2**13
"""So many of the last messages are known, and none of them is taken a second time."""


class KernelSockets:
    """Reads all that is there at each wake-up, without a task or a future for each message.

    `docs/decisions/0007` says why these are not jupyter_client's channels.
    """

    def __init__(self, client: KernelClient) -> None:
        """`client` knows the addresses and the key; its own channels stay closed."""
        self.identity = ChannelIdentity(
            session=client.session.session, username=client.session.username
        )
        self._client = client
        self._sign = client.session.sign
        self._signed = client.session.auth is not None
        self._sockets: dict[str, zmq.Socket[bytes]] = {}
        self._handles: dict[str, int] = {}
        self._signatures: set[bytes] = set()
        self._taken: dict[str, Iterator[Message | None]] = {}
        """The message of each channel that was received last, as far as it is not handed on."""
        self._failed = False

    @property
    def open(self) -> bool:
        """Whether all channels are being read."""
        return bool(self._sockets) and not self._failed

    def start(self, on_message: OnKernelMessage) -> None:
        """Connect. `on_message` is called in the event loop, for each channel in its order."""
        client, loop = self._client, IOLoop.current()
        self._on_message = on_message
        address = client.session.bsession
        self._sockets = {
            "iopub": client.connect_iopub(),
            "shell": client.connect_shell(identity=address),
            "control": client.connect_control(identity=address),
            "stdin": client.connect_stdin(identity=address),
        }
        for name, socket in self._sockets.items():
            self._handles[name] = socket.FD
            # Tornado's loop, which also has a selector where asyncio's own has none (Windows).
            loop.add_handler(socket.FD, partial(self._on_readable, name), IOLoop.READ)
            self._read_soon(name)

    def send(self, channel: str, request: KernelRequest) -> None:
        """Send a request, after all that was sent before."""
        parts = request.parts
        self._sockets[channel].send_multipart([DELIM, self._sign(list(parts)), *parts], zmq.NOBLOCK)
        # ZeroMQ signals an arrival once, and sending may take note of it: what arrived meanwhile
        # would stay unread until the next message comes.
        if _has_messages(self._sockets[channel]):
            self._read_soon(channel)

    def close(self) -> None:
        """Close the sockets; what is still in them is lost."""
        loop = IOLoop.current()
        for handle in self._handles.values():
            loop.remove_handler(handle)
        sockets, self._sockets = self._sockets, {}
        for socket in sockets.values():
            socket.close(linger=0)

    def _read_soon(self, channel: str) -> None:
        asyncio.get_running_loop().call_soon(self._read, channel)

    def _on_readable(self, channel: str, handle: int, events: int) -> None:
        self._read(channel)

    def _read(self, channel: str) -> None:
        """Take messages until there is none: only then ZeroMQ signals the next one."""
        socket = self._sockets.get(channel)
        until = time.monotonic() + TURN_SECONDS
        while socket is not None:
            try:
                if channel not in self._taken:
                    if not _has_messages(socket):
                        return
                    parts = socket.recv_multipart(zmq.NOBLOCK)
                    self._taken[channel] = self._messages(channel, parts)
            except zmq.Again:
                return
            except zmq.ZMQError:
                log.warning(
                    "A kernel's %s channel cannot be read any more.", channel, exc_info=True
                )
                self._failed = True
                return
            self._go_on(channel)
            if time.monotonic() > until:
                self._read_soon(channel)
                return
            socket = self._sockets.get(channel)

    def _go_on(self, channel: str) -> None:
        """Take the next step with the message that was taken from that channel last."""
        try:
            message = next(self._taken[channel])
            if message is not None:
                self._on_message(message)
        except StopIteration:
            self._taken.pop(channel, None)
        except ENDS_TASK:
            raise
        except BaseException as error:  # noqa: BLE001 # it spoils one message, not the kernel
            self._taken.pop(channel, None)
            odd_messages.note("unreadable", channel, error)

    def _messages(self, channel: str, parts: list[bytes]) -> Iterator[Message | None]:
        """The message in these parts, step by step: None where another step follows.

        Raises ValueError for one that this kernel did not make.
        """
        start = parts.index(DELIM) + 1
        signature, content = parts[start], parts[start + 1 : start + 5]
        if self._signed:
            seen = self._signatures
            if signature in seen:
                raise ValueError("a kernel message with a used signature")
            if sum(map(len, content)) > LARGE_BYTES:
                signed = yield from self._signed_in_steps(content)
            else:
                signed = self._sign(content)
            if not compare_digest(signature, signed):
                raise ValueError("a kernel message with a bad signature")
            if len(seen) >= KEPT_SIGNATURES:
                seen.clear()
            seen.add(signature)
        yield from parts_of(message(channel, *_current(*unpacked(content))))

    def _signed_in_steps(self, content: list[bytes]) -> Generator[None, None, bytes]:
        """As `_sign`, of much content: it takes a second for each gigabyte."""
        auth = self._client.session.auth.copy()
        for part in content:
            whole = memoryview(part)
            for at in range(0, len(part), STEP_BYTES):
                auth.update(whole[at : at + STEP_BYTES])
                yield
        return str(auth.hexdigest()).encode()


def _has_messages(socket: zmq.Socket[bytes]) -> bool:
    return bool(int(socket.get(zmq.EVENTS)) & POLLIN)


def _current(header: Any, parent: Any, metadata: Any, content: Any) -> tuple[Any, Any, Any, Any]:
    """The same in the form of protocol 5, which all kernels but the oldest speak."""
    if not isinstance(header, dict) or str(header.get("version", "")).startswith("5"):
        return header, parent, metadata, content
    if isinstance(parent, dict):
        parent = {**parent}  # which other messages have as well
    found = adapt(
        {"header": header, "parent_header": parent, "metadata": metadata, "content": content}
    )
    return found["header"], found["parent_header"], found["metadata"], found["content"]
