"""Cuts and stalls between jmcp and the Jupyter Server of a running kernel: what may be missing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from jupyter_server.serverapp import ServerApp
from websockets.asyncio.client import ClientConnection, connect

from jmcp.core.errors import JupyterUnreachable, KernelMissing
from jmcp.core.ports import NotebookRef, Reply, Request
from jmcp_jupyter.http_api import JupyterApi
from jmcp_jupyter.kernels.remote import connection, reconnecting_channel
from jmcp_jupyter.kernels.remote.kernels import RemoteKernels
from tests.jupyter_process import TOKEN
from tests.network import Network, network
from tests.ports.kernels.conftest import LIMIT, Heard
from tests.thorough import fast_only

TICKS = 30
TICKING = f"""
import time
for i in range({TICKS}):
    print(i, flush=True)
    time.sleep(.1)
"""
ALL = "".join(f"{i}\n" for i in range(TICKS))

HALTED = f"""
import os, time
for i in range({TICKS}):
    print(i, flush=True)
    while i == 5 and not os.path.exists('go'):
        time.sleep(.02)
    time.sleep(.1)
"""

WAITING = """
import os, time
print('begun', flush=True)
while not os.path.exists('go'):
    time.sleep(.05)
print('ended', flush=True)
"""


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what nobody announces."""
    async with asyncio.timeout(LIMIT):
        while not condition():  # noqa: ASYNC110 # it is the server's state
            await asyncio.sleep(0.02)


class Printing(Heard):
    """Lets a test wait for a text."""

    def __init__(self) -> None:
        super().__init__()
        self.changed = asyncio.Event()

    def __call__(self, kind: str, content: dict[str, Any], metadata: dict[str, Any]) -> None:
        super().__call__(kind, content, metadata)
        self.changed.set()

    async def until(self, text: str) -> None:
        async with asyncio.timeout(LIMIT):
            while text not in self.text:
                self.changed.clear()
                await self.changed.wait()


class Far:
    """Kernels behind a network."""

    def __init__(self, server: ServerApp, net: Network) -> None:
        self.server = server
        self.net = net
        self.api = JupyterApi(
            server.connection_url.replace(f":{server.port}/", f":{net.port}/"), TOKEN
        )
        self.kernels = RemoteKernels(self.api)
        self.requests: list[Request] = []

    async def begin(self, kernel_id: str, code: str, heard: Heard) -> asyncio.Task[Reply]:
        connection = await self.kernels.connect(kernel_id)
        return asyncio.create_task(
            connection.run(code, heard, on_sent=lambda request: self.requests.append(request))
        )

    @asynccontextmanager
    async def other(self, kernel_id: str) -> AsyncIterator[ClientConnection]:
        """Another client of the kernel, as JupyterLab is one, on another way."""
        url = (
            f"{self.server.connection_url.replace('http', 'ws', 1)}api/kernels/{kernel_id}/channels"
        )
        async with connect(
            f"{url}?session_id={uuid4()}",
            additional_headers={"Authorization": f"token {TOKEN}"},
            max_queue=None,  # it reads nothing, and must still be able to close
        ) as websocket:
            yield websocket

    async def missed(self, kernel_id: str, heard: Heard, other: ClientConnection | None) -> None:
        """Wait until a tick that we did not hear went to the other client, or was kept for us."""
        async with asyncio.timeout(LIMIT):
            if other is None:
                buffers = self.server.kernel_manager._kernel_buffers
                await until(lambda: bool(buffers[kernel_id]["buffer"]))
                return
            async for message in other:
                text = json.loads(message)["content"].get("text")
                if text is not None and text not in heard.text:
                    return

    async def connections(self, kernel_id: str, count: int) -> None:
        """Wait until Jupyter knows of so many websockets."""
        await until(lambda: self.model(kernel_id)["connections"] == count)

    def go(self) -> None:
        """Let code go on that waits."""
        (Path(self.server.root_dir) / "work" / "go").touch()

    def model(self, kernel_id: str) -> dict[str, Any]:
        return dict(self.server.kernel_manager.kernel_model(kernel_id))

    async def close(self) -> None:
        await self.kernels.close()
        await self.api.close()


@pytest.fixture
async def far(server: ServerApp) -> AsyncIterator[Far]:
    async with network(server.port) as net:
        far = Far(server, net)
        yield far
        await far.close()


async def test_a_cut_while_we_are_alone_loses_nothing(far: Far, ref: NotebookRef) -> None:
    kernel_id = await far.kernels.start(ref, None)
    heard = Printing()
    run = await far.begin(kernel_id, HALTED, heard)
    await heard.until("5\n")
    far.net.cut()
    await far.connections(kernel_id, 0)
    far.go()  # what is on its way when a cut comes is lost, and said to be
    await far.missed(kernel_id, heard, None)
    far.net.mend()
    async with asyncio.timeout(LIMIT):
        reply = await run
    assert (reply.status, reply.incomplete) == ("ok", None)
    assert heard.text == ALL


async def test_a_run_that_ended_during_the_cut_is_whole(far: Far, ref: NotebookRef) -> None:
    kernel_id = await far.kernels.start(ref, None)
    heard = Printing()
    run = await far.begin(kernel_id, TICKING, heard)
    await heard.until("5\n")
    far.net.cut()
    await until(lambda: far.model(kernel_id)["execution_state"] == "idle")
    far.net.mend()
    async with asyncio.timeout(LIMIT):
        reply = await run
    assert (reply.status, reply.incomplete) == ("ok", None)
    assert heard.text == ALL


async def test_a_cut_in_silence_is_whole_even_with_others_on_the_kernel(
    far: Far, ref: NotebookRef
) -> None:
    kernel_id = await far.kernels.start(ref, None)
    heard = Printing()
    run = await far.begin(kernel_id, WAITING, heard)
    await heard.until("begun\n")
    async with far.other(kernel_id):
        await far.connections(kernel_id, 2)
        far.net.cut()
        await far.connections(kernel_id, 1)
        far.net.mend()
        await far.connections(kernel_id, 2)
        await far.kernels.connect(kernel_id)
        far.go()
        async with asyncio.timeout(LIMIT):
            reply = await run
    assert reply.status == "ok"
    assert heard.text == "begun\nended\n"


@pytest.mark.parametrize("when", fast_only(["before", "during", "passing"], "before"))
async def test_what_is_lost_to_another_client_is_told(
    far: Far, ref: NotebookRef, when: str
) -> None:
    kernel_id = await far.kernels.start(ref, None)
    heard = Printing()
    run = await far.begin(kernel_id, TICKING, heard)
    other = far.other(kernel_id)
    if when == "before":
        websocket = await other.__aenter__()
    await heard.until("5\n")
    far.net.cut()
    await far.connections(kernel_id, 1 if when == "before" else 0)
    if when != "before":
        websocket = await other.__aenter__()
    await far.missed(kernel_id, heard, websocket)
    if when == "passing":
        await other.__aexit__(None, None, None)
        await far.connections(kernel_id, 0)
    far.net.mend()
    async with asyncio.timeout(LIMIT):
        reply = await run
    if when != "passing":
        await other.__aexit__(None, None, None)
    assert (reply.status, reply.incomplete) == ("ok", "lost_contact")
    assert heard.text.startswith("0\n1\n")
    assert heard.text.endswith(f"{TICKS - 1}\n")
    assert heard.text != ALL


async def test_a_reply_that_went_to_nobody_is_lost_contact(far: Far, ref: NotebookRef) -> None:
    kernel_id = await far.kernels.start(ref, None)
    heard = Printing()
    run = await far.begin(kernel_id, TICKING, heard)
    async with far.other(kernel_id):
        await heard.until("5\n")
        far.net.cut()
        await until(lambda: far.model(kernel_id)["execution_state"] == "idle")
        far.net.mend()
        async with asyncio.timeout(LIMIT):
            reply = await run
    assert (reply.status, reply.lost) == ("lost", "lost_contact")
    connection = await far.kernels.connect(kernel_id)
    assert (await connection.run("1", Heard())).status == "ok"


async def test_a_stalled_network_is_noticed(
    far: Far, ref: NotebookRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconnecting_channel, "PING_INTERVAL_SECONDS", 0.2)
    kernel_id = await far.kernels.start(ref, None)
    heard = Printing()
    run = await far.begin(kernel_id, TICKING, heard)
    await heard.until("5\n")
    accepted = far.net.accepted
    far.net.stall()
    await until(lambda: far.net.accepted > accepted)
    far.net.cut()
    far.net.flow()
    far.net.mend()
    async with asyncio.timeout(LIMIT):
        reply = await run
    assert reply.status in ("ok", "lost")
    assert reply.incomplete == "lost_contact" or heard.text == ALL


async def test_a_kernel_restarted_or_removed_during_a_cut(far: Far, ref: NotebookRef) -> None:
    kernel_id = await far.kernels.start(ref, None)
    for end, lost in (("restart", "kernel_restarted"), ("remove", "kernel_died")):
        heard = Printing()
        run = await far.begin(kernel_id, WAITING, heard)
        await heard.until("begun\n")
        far.net.cut()
        kernel_manager: Any = far.server.kernel_manager
        if end == "restart":
            await (await kernel_manager.restart_kernel(kernel_id))
        else:
            await kernel_manager.shutdown_kernel(kernel_id, now=True)
        far.net.mend()
        async with asyncio.timeout(LIMIT):
            reply = await run
        assert (reply.status, reply.lost) == ("lost", lost)
    with pytest.raises(KernelMissing):
        await far.kernels.connect(kernel_id)


async def test_a_server_that_stays_away_ends_the_run(
    far: Far, ref: NotebookRef, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconnecting_channel, "AWAY_LIMIT_SECONDS", 0.5)
    kernel_id = await far.kernels.start(ref, None)
    heard = Printing()
    run = await far.begin(kernel_id, WAITING, heard)
    await heard.until("begun\n")
    far.net.cut()
    async with asyncio.timeout(LIMIT):
        reply = await run
    assert (reply.status, reply.lost, heard.text) == ("lost", "lost_contact", "begun\n")
    with monkeypatch.context() as patch:
        patch.setattr(connection, "UNREACHABLE_LIMIT_SECONDS", 0.3)
        with pytest.raises(JupyterUnreachable):
            await far.kernels.connect(kernel_id)
    far.net.mend()
    async with asyncio.timeout(LIMIT):
        await far.kernels.connect(kernel_id)


@pytest.mark.parametrize("others", fast_only([False, True], True))
async def test_another_process_takes_a_run_up(far: Far, ref: NotebookRef, others: bool) -> None:
    kernel_id = await far.kernels.start(ref, None)
    before, after = Printing(), Printing()
    run = await far.begin(kernel_id, HALTED, before)
    await before.until("5\n")
    other = far.other(kernel_id)
    websocket = await other.__aenter__() if others else None
    await far.kernels.close()
    async with asyncio.timeout(LIMIT):
        heard = (await run).heard
    assert heard is not None
    request = replace(far.requests[0], heard=heard)
    await far.connections(kernel_id, 1 if others else 0)
    far.go()
    await far.missed(kernel_id, before, websocket)
    second = Far(far.server, far.net)
    try:
        async with asyncio.timeout(LIMIT):
            reply = await second.kernels.resume(request, after)
            assert reply.status == "ok"
            assert reply.incomplete == ("lost_contact" if others else None)
            assert after.text.endswith(f"{TICKS - 1}\n")
            assert (before.text + after.text == ALL) is not others
            # It ended: nothing to hear any more.
            reply = await second.kernels.resume(far.requests[0], Heard())
            assert (reply.status, reply.lost) == ("lost", "lost_contact")
            connection = await second.kernels.connect(kernel_id)
            assert (await connection.run("1", Heard())).status == "ok"
            await second.kernels.shutdown(kernel_id)
            with pytest.raises(KernelMissing):
                await second.kernels.resume(far.requests[0], Heard())
    finally:
        await second.close()
        if others:
            await other.__aexit__(None, None, None)
