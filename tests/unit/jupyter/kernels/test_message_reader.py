"""The reader against a kernel that is only sockets, for what depends on the moment."""

from __future__ import annotations

import asyncio
import select
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import zmq
from jupyter_client.client import KernelClient
from jupyter_client.session import Session

from jmcp_jupyter.kernels.common.large_messages import LARGE_BYTES, PART_CHARACTERS
from jmcp_jupyter.kernels.common.messages import execute_request
from jmcp_jupyter.kernels.local.message_reader import MessageReader
from jmcp_jupyter.kernels.local.sockets import TURN_SECONDS, KernelSockets

BOUND_SECONDS = 5


class Sockets:
    """The kernel's end: it answers when it is told to."""

    def __init__(self) -> None:
        self.session = Session(key=b"key")
        self.context: zmq.Context[Any] = zmq.Context()
        self.shell = self.context.socket(zmq.ROUTER)
        self.control = self.context.socket(zmq.ROUTER)
        self.iopub = self.context.socket(zmq.XPUB)
        self.ports = {
            name: socket.bind_to_random_port("tcp://127.0.0.1")
            for name, socket in (
                ("shell_port", self.shell),
                ("control_port", self.control),
                ("iopub_port", self.iopub),
            )
        }

    def answer(self, kind: str, content: dict[str, Any]) -> None:
        """Answer the next request on the shell, and say on iopub that all is done."""
        assert self.shell.poll(BOUND_SECONDS * 1000), "no request came"
        identities, request = self.session.recv(self.shell)
        assert request is not None
        self.session.send(self.iopub, "status", {"execution_state": "idle"}, parent=request)
        self.session.send(self.shell, kind, content, parent=request, ident=identities)

    def publish(
        self,
        kind: str,
        content: dict[str, Any],
        request: dict[str, Any],
        *,
        key: bytes | None = None,
    ) -> None:
        """Publish a message of that request, signed with the kernel's key or another one."""
        session = self.session if key is None else Session(key=key)
        session.send(self.iopub, kind, content, parent={"header": request})

    def close(self) -> None:
        self.context.destroy(linger=0)


@pytest.fixture
async def sockets() -> AsyncIterator[Sockets]:
    made = Sockets()
    yield made
    made.close()


async def started(sockets: Sockets) -> tuple[MessageReader, KernelSockets]:
    """A reader that the kernel has answered."""
    session = Session(key=b"key")
    channels = KernelSockets(
        KernelClient(ip="127.0.0.1", context=sockets.context, session=session, **sockets.ports)
    )
    reader = MessageReader(channels, 1)

    async def alive() -> bool:
        return True

    starting = asyncio.create_task(reader.start(BOUND_SECONDS, alive))
    assert await asyncio.to_thread(sockets.iopub.poll, BOUND_SECONDS * 1000)  # it has subscribed
    await asyncio.to_thread(sockets.answer, "kernel_info_reply", {"status": "ok"})
    await starting
    return reader, channels


async def test_a_request_that_crosses_a_late_answer_gets_its_reply(sockets: Sockets) -> None:
    reader, channels = await started(sockets)
    # A slow kernel is nudged twice. Its second answer arrives, the loop has yet to see that ...
    reader.nudge("shell")
    sockets.answer("kernel_info_reply", {"status": "ok"})
    socket = channels._sockets["shell"]
    assert select.select([socket.FD], [], [], BOUND_SECONDS)[0]
    # ... and the request is sent. ZeroMQ signals an arrival once: whoever writes to the socket may
    # take note of it (it looks about every millisecond), and here surely does.
    assert socket.poll(0)
    content = execute_request("1", store_history=True)
    request = reader.identity.request("execute_request", content)
    run = reader.listen(request.message_id, lambda *_: None)
    reader.send("shell", request)
    sockets.answer("execute_reply", {"status": "ok", "execution_count": 1})
    reply = await asyncio.wait_for(run.ended, BOUND_SECONDS)
    assert reply.status == "ok"
    reader.stop("lost_contact")


async def test_a_long_message_leaves_turns_to_others(sockets: Sockets) -> None:
    reader, _ = await started(sockets)
    loop = asyncio.get_running_loop()
    texts: list[str] = []
    turns: set[int] = set()
    turn = 0

    def count() -> None:
        nonlocal turn
        turn += 1
        counting = loop.call_soon(count)
        handles.append(counting)

    def take(kind: str, content: dict[str, Any], metadata: dict[str, Any]) -> None:
        if kind == "stream":
            texts.append(content["text"])
            turns.add(turn)
            time.sleep(TURN_SECONDS)  # each part takes longer than a turn may

    handles: list[asyncio.Handle] = []
    request = reader.identity.request("execute_request", execute_request("1", store_history=True))
    run = reader.listen(request.message_id, take)
    reader.send("shell", request)
    text = "0123456789" * (PART_CHARACTERS // 2)
    loop.call_soon(count)
    sockets.publish("stream", {"name": "stdout", "text": text}, request.header)
    sockets.answer("execute_reply", {"status": "ok", "execution_count": 1})
    await asyncio.wait_for(run.ended, BOUND_SECONDS)
    handles[-1].cancel()
    assert "".join(texts) == text  # all of it before the idle status ended the run
    assert len(texts) == len(turns) > 1
    reader.stop("lost_contact")


async def test_a_large_message_is_signed_as_any_other(sockets: Sockets) -> None:
    reader, _ = await started(sockets)
    heard: list[str] = []
    request = reader.identity.request("execute_request", execute_request("1", store_history=True))
    run = reader.listen(request.message_id, lambda kind, content, _: heard.append(kind))
    reader.send("shell", request)
    large = {"data": {"text/plain": "x" * (LARGE_BYTES + 1)}}
    sockets.publish("display_data", large, request.header, key=b"another")
    sockets.publish("display_data", large, request.header)
    sockets.answer("execute_reply", {"status": "ok", "execution_count": 1})
    await asyncio.wait_for(run.ended, BOUND_SECONDS)
    assert heard == ["display_data", "status"]
    reader.stop("lost_contact")


async def test_a_reader_outlives_native_code_that_panics(
    sockets: Sockets, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, _ = await started(sockets)

    class Panic(BaseException):
        pass

    request = reader.identity.request("execute_request", execute_request("1", store_history=True))
    run = reader.listen(request.message_id, lambda *_: None)
    reader.send("shell", request)

    def panic(message: object) -> None:
        monkeypatch.undo()
        raise Panic

    monkeypatch.setattr(reader, "_note", panic)
    sockets.publish("stream", {"name": "stdout", "text": "x"}, request.header)
    sockets.answer("execute_reply", {"status": "ok", "execution_count": 1})
    assert (await asyncio.wait_for(run.ended, BOUND_SECONDS)).status == "ok"
    reader.stop("lost_contact")
