"""Kernels that end, however they do: each session on them is told once, and one takes their place."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.calls import ALICE, BOB
from tests.scenarios.healing.conftest import LIMIT, PATH, HealingServer, eventually, notices
from tests.thorough import thorough

TOGETHER = 3
"""Calls of one session at once."""


async def crowd(server: HealingServer, *whose: tuple[str, Any]) -> list[list[dict[str, Any]]]:
    """Several calls of each session at once; their results by session."""
    calls = [server.run(one, "1", caller) for one, caller in whose for _ in range(TOGETHER)]
    async with asyncio.timeout(LIMIT):
        results = await asyncio.gather(*calls)
    return [results[at : at + TOGETHER] for at in range(0, len(results), TOGETHER)]


async def kill(server: HealingServer, kernel_id: str) -> None:
    server.kill(kernel_id)


async def remove(server: HealingServer, kernel_id: str) -> None:
    await server.rest("DELETE", f"api/kernels/{kernel_id}")


async def cull(server: HealingServer, kernel_id: str) -> None:
    manager = server.app.kernel_manager
    manager.cull_idle_timeout, manager.cull_connected = 1, True

    async def culled() -> bool:
        await manager.cull_kernel_if_idle(kernel_id)
        return kernel_id not in manager

    await eventually(culled)
    manager.cull_idle_timeout = 0


async def restart(server: HealingServer, kernel_id: str) -> None:
    await server.rest("POST", f"api/kernels/{kernel_id}/restart")


@pytest.mark.parametrize("end", [kill, remove, cull, restart])
async def test_every_session_is_told_once_and_goes_on(
    server: HealingServer, end: Callable[[HealingServer, str], Awaitable[None]]
) -> None:
    server.install("second")
    server.write(kernel_name="second")
    server.write("other.ipynb")
    alice = await server.open()
    await server.open("other.ipynb", session_id=alice)
    await server.run(alice, "1")
    await server.open(session_id=alice)
    bob = await server.open(PATH, BOB)
    await server.run(alice, "x = 1")
    assert notices(await server.run(bob, "x", BOB)) == []
    before = await server.record(alice)
    ((kept, other),) = [row for row in await server.jupyter_sessions() if row[0] == "other.ipynb"]
    ((_, old),) = [row for row in await server.jupyter_sessions() if row[0] == PATH]

    await end(server, old)
    of_alice, of_bob = await crowd(server, (alice, ALICE), (bob, BOB))
    assert notices(*of_alice) == ["kernel_restarted"]
    assert notices(*of_bob) == ["kernel_restarted"]
    for session, caller in ((alice, ALICE), (bob, BOB)):
        again = await server.run(
            session, "import os; print(os.getcwd(), os.environ['SPEC'])", caller
        )
        assert again["outputs"][0]["text"].split() == [f"{server.root}/work/deep", "second"]
        assert notices(again) == []
        assert await server.prints(session, "x", caller) == "NameError"

    # One kernel, which JupyterLab shows; nothing else of the session changed.
    ((_, new),) = [row for row in await server.jupyter_sessions() if row[0] == PATH]
    assert sorted(await server.jupyter_sessions()) == sorted([(PATH, new), (kept, other)])
    assert set(server.kernel_ids) == {new, other}
    assert (new == old) is (end in (kill, restart))
    after = await server.record(alice)
    changed = [key for key in before.notebooks if before.notebooks[key] != after.notebooks[key]]
    assert [before.notebooks[key].ref.path for key in changed] == [PATH]


@pytest.mark.parametrize("end", [kill, remove])
async def test_a_run_whose_kernel_ends_says_so_once(
    server: HealingServer, end: Callable[[HealingServer, str], Awaitable[None]]
) -> None:
    alice = await server.open()
    await server.run(alice, "x = 1")
    (old,) = server.kernel_ids
    code = "import threading\nprint('up', flush=True)\nthreading.Event().wait()"
    early = await server.call("execute_code", session_id=alice, code=code, wait=0)

    async def up() -> bool:
        return bool((await running(server, alice, early))["outputs"])

    await eventually(up)
    await end(server, old)
    async with asyncio.timeout(LIMIT):
        ended = await running(server, alice, early, wait=LIMIT)
    assert ended["status"] in ("kernel_died", "kernel_restarted")
    polled = await running(server, alice, early)
    after = await server.run(alice, "x")
    assert after["outputs"][0]["ename"] == "NameError"
    assert notices(ended, polled, after) == ["kernel_restarted"]


async def running(server: HealingServer, session: str, run: dict[str, Any], wait: float = 0) -> Any:
    return await server.call(
        "get_execution", session_id=session, execution_id=run["execution_id"], wait=wait
    )


async def test_who_restarts_a_kernel_is_not_told_and_others_are(server: HealingServer) -> None:
    alice, bob = await server.open(), await server.open(PATH, BOB)
    await server.run(alice, "x = 1")
    await server.run(bob, "x", BOB)
    restarted = await server.call("restart_notebook", session_id=alice)
    of_alice, of_bob = await crowd(server, (alice, ALICE), (bob, BOB))
    assert notices(restarted, *of_alice) == []
    assert notices(*of_bob) == ["kernel_restarted"]


async def test_opening_a_notebook_again_does_not_hide_a_loss(server: HealingServer) -> None:
    alice = await server.open()
    await server.run(alice, "x = 1")
    (kernel_id,) = server.kernel_ids
    await restart(server, kernel_id)
    opened = await server.call("use_notebook", session_id=alice, notebook_path=PATH)
    assert notices(opened, await server.run(alice, "1")) == ["kernel_restarted"]
    await remove(server, kernel_id)
    opened = await server.call("use_notebook", session_id=alice, notebook_path=PATH)
    assert opened["kernel"] is None
    assert notices(opened, await server.run(alice, "1")) == ["kernel_restarted"]


async def test_a_call_that_fails_leaves_the_loss_to_be_told(server: HealingServer) -> None:
    alice = await server.open()
    await server.run(alice, "x = 1")
    (kernel_id,) = server.kernel_ids
    await restart(server, kernel_id)
    call = asyncio.create_task(server.run(alice, "import time; time.sleep(60)"))

    async def started() -> bool:
        listed = await server.call("list_executions", session_id=alice)
        going = [row for row in listed["executions"] if row["status"] == "running"]
        return any(row["started"] for row in going)

    await eventually(started)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await server.call("interrupt_kernel", session_id=alice)  # what was cancelled still ran
    assert notices(await server.run(alice, "1")) == ["kernel_restarted"]


@thorough
async def test_a_kernel_that_is_being_shut_down_is_replaced_when_that_is_over(
    server: HealingServer,
) -> None:
    alice = await server.open()
    await server.run(alice, "import atexit, time; atexit.register(time.sleep, 0.5)")
    (old,) = server.kernel_ids
    ending = asyncio.create_task(remove(server, old))
    try:
        await eventually(lambda: _stopping(server, old))
        async with asyncio.timeout(LIMIT):
            after = await server.run(alice, "print(1)")
    finally:
        await ending
    assert after["outputs"][0]["text"] == "1\n"
    assert notices(after) == ["kernel_restarted"]
    assert old not in server.kernel_ids


async def _stopping(server: HealingServer, kernel_id: str) -> bool:
    manager = server.app.kernel_manager
    return kernel_id not in manager or bool(manager.get_kernel(kernel_id).shutting_down)
