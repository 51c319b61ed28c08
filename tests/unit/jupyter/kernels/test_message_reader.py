"""The reader against a kernel that is only sockets, for what depends on the moment."""

from __future__ import annotations

import asyncio
import select
from collections.abc import AsyncIterator
from typing import Any

import pytest
import zmq
from jupyter_client.client import KernelClient
from jupyter_client.session import Session

from jmcp_jupyter.kernels.common.messages import execute_request
from jmcp_jupyter.kernels.local.message_reader import MessageReader
from jmcp_jupyter.kernels.local.sockets import KernelSockets

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

    def close(self) -> None:
        self.context.destroy(linger=0)


@pytest.fixture
async def sockets() -> AsyncIterator[Sockets]:
    made = Sockets()
    yield made
    made.close()


async def test_a_request_that_crosses_a_late_answer_gets_its_reply(sockets: Sockets) -> None:
    context: zmq.Context[Any] = zmq.Context()
    channels = KernelSockets(
        KernelClient(ip="127.0.0.1", context=context, session=Session(key=b"key"), **sockets.ports)
    )
    reader = MessageReader(channels, 1)

    async def alive() -> bool:
        return True

    starting = asyncio.create_task(reader.start(BOUND_SECONDS, alive))
    assert await asyncio.to_thread(sockets.iopub.poll, BOUND_SECONDS * 1000)  # it has subscribed
    await asyncio.to_thread(sockets.answer, "kernel_info_reply", {"status": "ok"})
    await starting

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
    context.destroy(linger=0)
