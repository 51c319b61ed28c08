"""Runs beside other clients of a kernel, and what Jupyter does to its process meanwhile."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from jupyter_server.serverapp import ServerApp

from jmcp.core.ports import Kernels, NextInput, NotebookRef, Reply
from jmcp_jupyter.kernels.local.kernels import LocalKernels
from tests.ports.kernels.conftest import LIMIT, Heard, both, kill, manager, process_id

DrainGate = Callable[[ServerApp, Kernels, str], Coroutine[Any, Any, None]]


class Started(Heard):
    """Says when the code has begun to print."""

    def __init__(self) -> None:
        super().__init__()
        self.printed = asyncio.Event()

    def __call__(self, kind: str, content: dict[str, object], metadata: dict[str, object]) -> None:
        super().__call__(kind, content, metadata)
        if kind == "stream":
            self.printed.set()


SLEEP = "import time; print('begun', flush=True); time.sleep(60)"


async def run_until_printed(
    kernels: Kernels, kernel_id: str, heard: Started, code: str = SLEEP
) -> asyncio.Task[Reply]:
    connection = await kernels.connect(kernel_id)
    run = asyncio.create_task(connection.run(code, heard))
    async with asyncio.timeout(LIMIT):
        await heard.printed.wait()
    return run


@both
async def test_input_is_refused_and_does_no_harm(kernels: Kernels, ref: NotebookRef) -> None:
    connection = await kernels.connect(await kernels.start(ref, None))
    reply = await connection.run("input('name? ')", Heard())
    assert (reply.status, reply.ename) == ("error", "StdinNotImplementedError")
    reply = await connection.run("1", Heard(), store_history=False)
    assert reply.status == "ok"


@both
async def test_another_client_in_the_same_server_takes_no_replies(
    server: ServerApp, kernels: Kernels, ref: NotebookRef
) -> None:
    kernel_id = await kernels.start(ref, None)
    connection = await kernels.connect(kernel_id)
    await connection.run("1", Heard())
    client = manager(server, kernel_id).client()
    client.start_channels(hb=False, stdin=False)
    try:
        await client.wait_for_ready(timeout=LIMIT)
        async with asyncio.timeout(LIMIT):
            assert (await connection.run("1", Heard())).status == "ok"
            reply = await client.execute("print('theirs')", reply=True, timeout=LIMIT)
            assert reply["content"]["status"] == "ok"
            heard = Heard()
            assert (await connection.run("print('ours')", heard)).status == "ok"
    finally:
        client.stop_channels()
    assert heard.text == "ours\n"


@both
async def test_a_kernel_that_is_busy_for_somebody_else_can_be_connected(
    server: ServerApp, kernels: Kernels, ref: NotebookRef
) -> None:
    kernel_id = await kernels.start(ref, None)
    client = manager(server, kernel_id).client()
    client.start_channels(hb=False, stdin=False)
    try:
        await client.wait_for_ready(timeout=LIMIT)
        theirs = client.execute(SLEEP)
        while (await client.get_iopub_msg(timeout=LIMIT))["msg_type"] != "stream":
            pass
        async with asyncio.timeout(LIMIT):
            connection = await kernels.connect(kernel_id)
        ours = asyncio.create_task(connection.run("1", Heard()))
        await kernels.interrupt(kernel_id)
        reply = await client.get_shell_msg(timeout=LIMIT)
        while reply["parent_header"]["msg_id"] != theirs:
            reply = await client.get_shell_msg(timeout=LIMIT)
        assert reply["content"]["ename"] == "KeyboardInterrupt"
        async with asyncio.timeout(LIMIT):
            assert (await ours).status in ("ok", "aborted")
    finally:
        client.stop_channels()


@both
async def test_a_flood_of_messages_arrives_whole(kernels: Kernels, ref: NotebookRef) -> None:
    connection = await kernels.connect(await kernels.start(ref, None))
    heard = Heard()
    code = "from IPython.display import display\nfor i in range(3000): display(i)"
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    other = asyncio.create_task(others())
    async with asyncio.timeout(LIMIT):
        reply = await connection.run(code, heard)
    other.cancel()
    assert reply.status == "ok"
    shown = [d["data"]["text/plain"] for d in heard.of("display_data")]
    if reply.incomplete is None:
        assert shown == [str(i) for i in range(3000)]
    else:  # a server that is too slow for its kernel gets only some, and that is told
        assert not isinstance(kernels, LocalKernels)
        assert len(shown) < 3000
    assert turns > 30


@both
async def test_what_code_asks_of_the_front_end_comes_with_its_reply(
    kernels: Kernels, ref: NotebookRef
) -> None:
    connection = await kernels.connect(await kernels.start(ref, None))
    reply = await connection.run("len?", Heard())
    assert reply.page is not None
    assert "Return the number of items" in reply.page["text/plain"]
    reply = await connection.run("get_ipython().set_next_input('1', replace=True)", Heard())
    assert (reply.page, reply.next_input) == (None, NextInput(text="1", replace=True))


async def killed(server: ServerApp, kernels: Kernels, kernel_id: str) -> None:
    kill(server, kernel_id)


async def restarted(server: ServerApp, kernels: Kernels, kernel_id: str) -> None:
    kernel_manager: Any = server.kernel_manager
    await (await kernel_manager.restart_kernel(kernel_id))


@both
@pytest.mark.parametrize(
    ("ending", "lost"),
    [
        (killed, "kernel_died"),
        (restarted, "kernel_restarted"),
    ],
)
async def test_a_run_ends_with_its_process(
    server: ServerApp,
    kernels: Kernels,
    ref: NotebookRef,
    ending: DrainGate,
    lost: str,
) -> None:
    kernel_id = await kernels.start(ref, None)
    heard = Started()
    run = await run_until_printed(kernels, kernel_id, heard)
    before = (await kernels.health(kernel_id)).generation
    restarter = manager(server, kernel_id)._restarter
    if isinstance(kernels, LocalKernels):
        restarter.stop()  # jmcp notices by itself, and does not wait for Jupyter's look every 3 s
    end = asyncio.create_task(ending(server, kernels, kernel_id))
    if ending is not killed:
        await asyncio.wait({end}, timeout=LIMIT)
    async with asyncio.timeout(LIMIT):
        reply = await run
    await end
    if ending is killed:
        restarter.start()
    assert (reply.status, reply.lost) == ("lost", lost)
    # A kernel that is asked to end may print a warning of its own on the way out.
    assert heard.text.startswith("begun\n")
    # The same id is usable again, when Jupyter's restarter has done its work.
    async with asyncio.timeout(LIMIT):
        connection = await kernels.connect(kernel_id)
        after = Heard()
        reply = await connection.run("print('time' in globals())", after)
    assert (reply.status, after.text) == ("ok", "False\n")
    assert connection.generation == before + 1


@both
async def test_a_kernel_killed_while_idle_comes_back_for_the_next_run(
    server: ServerApp, kernels: Kernels, ref: NotebookRef
) -> None:
    kernel_id = await kernels.start(ref, None)
    connection = await kernels.connect(kernel_id)
    await connection.run("x = 1", Heard())
    old = process_id(server, kernel_id)
    kill(server, kernel_id)
    await asyncio.to_thread(os.waitid, os.P_PID, old, os.WEXITED | os.WNOWAIT)
    if not isinstance(kernels, LocalKernels):  # over REST, not before Jupyter's restarter
        async with asyncio.timeout(LIMIT):
            while (await kernels.health(kernel_id)).alive:  # noqa: ASYNC110 # it is the server's state
                await asyncio.sleep(0.02)
    assert not (await kernels.health(kernel_id)).alive
    async with asyncio.timeout(LIMIT):
        reply = await connection.run("x", Heard())
    assert (reply.status, reply.ename) == ("error", "NameError")
    assert process_id(server, kernel_id) != old
    assert await kernels.connect(kernel_id) is connection


@both
async def test_restarting_between_runs_counts_a_generation(
    server: ServerApp, kernels: Kernels, ref: NotebookRef
) -> None:
    kernel_id = await kernels.start(ref, None)
    connection = await kernels.connect(kernel_id)
    assert connection.generation == 1
    await kernels.restart(kernel_id)
    assert connection.generation == 2
    await restarted(server, kernels, kernel_id)
    async with asyncio.timeout(LIMIT):  # remotely, the new process must be heard first
        while (await kernels.health(kernel_id)).generation < 3:
            assert not isinstance(kernels, LocalKernels)
            await asyncio.sleep(0.02)
    async with asyncio.timeout(LIMIT):
        assert (await connection.run("1", Heard())).status == "ok"
    assert connection.generation == 3


async def test_a_crash_stays_one_when_the_next_process_is_noticed_first(
    server: ServerApp, ref: NotebookRef
) -> None:
    kernels = LocalKernels(server)
    connection = await kernels.connect(kernel_id := await kernels.start(ref, None))
    before = connection.process.pid
    kill(server, kernel_id)
    async with asyncio.timeout(LIMIT):
        while connection.generation == 1:  # noqa: ASYNC110 # it is the process's state
            await asyncio.sleep(0.02)
    assert await connection.process.loss(before) == "kernel_died"
    async with asyncio.timeout(LIMIT):
        await kernels.connect(kernel_id)  # Jupyter cannot stop a kernel that just restarts
    await kernels.close()
