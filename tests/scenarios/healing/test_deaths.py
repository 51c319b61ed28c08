"""Kernels that end, however they do: each session on them is told once, and one takes their place."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.scenarios.healing.conftest import ALICE, BOB, LIMIT, PATH, House, eventually, notices

TOGETHER = 3
"""Calls of one session at once."""


async def crowd(house: House, *whose: tuple[str, Any]) -> list[list[dict[str, Any]]]:
    """Several calls of each session at once; their results by session."""
    calls = [house.run(one, "1", caller) for one, caller in whose for _ in range(TOGETHER)]
    async with asyncio.timeout(LIMIT):
        results = await asyncio.gather(*calls)
    return [results[at : at + TOGETHER] for at in range(0, len(results), TOGETHER)]


async def kill(house: House, kernel_id: str) -> None:
    house.kill(kernel_id)


async def remove(house: House, kernel_id: str) -> None:
    await house.rest("DELETE", f"api/kernels/{kernel_id}")


async def cull(house: House, kernel_id: str) -> None:
    manager = house.server.kernel_manager
    manager.cull_idle_timeout, manager.cull_connected = 1, True

    async def culled() -> bool:
        await manager.cull_kernel_if_idle(kernel_id)
        return kernel_id not in manager

    await eventually(culled)
    manager.cull_idle_timeout = 0


async def restart(house: House, kernel_id: str) -> None:
    await house.rest("POST", f"api/kernels/{kernel_id}/restart")


@pytest.mark.parametrize("end", [kill, remove, cull, restart])
async def test_every_session_is_told_once_and_goes_on(
    house: House, end: Callable[[House, str], Awaitable[None]]
) -> None:
    house.install("second")
    house.write(kernel_name="second")
    house.write("other.ipynb")
    alice = await house.open()
    await house.open("other.ipynb", session_id=alice)
    await house.run(alice, "1")
    await house.open(session_id=alice)
    bob = await house.open(PATH, BOB)
    await house.run(alice, "x = 1")
    assert notices(await house.run(bob, "x", BOB)) == []
    before = await house.record(alice)
    ((kept, other),) = [row for row in await house.shown() if row[0] == "other.ipynb"]
    ((_, old),) = [row for row in await house.shown() if row[0] == PATH]

    await end(house, old)
    of_alice, of_bob = await crowd(house, (alice, ALICE), (bob, BOB))
    assert notices(*of_alice) == ["kernel_restarted"]
    assert notices(*of_bob) == ["kernel_restarted"]
    for session, caller in ((alice, ALICE), (bob, BOB)):
        again = await house.run(
            session, "import os; print(os.getcwd(), os.environ['SPEC'])", caller
        )
        assert again["outputs"][0]["text"].split() == [f"{house.root}/work/deep", "second"]
        assert notices(again) == []
        assert await house.says(session, "x", caller) == "NameError"

    # One kernel, which JupyterLab shows; nothing else of the session changed.
    ((_, new),) = [row for row in await house.shown() if row[0] == PATH]
    assert sorted(await house.shown()) == sorted([(PATH, new), (kept, other)])
    assert set(house.kernel_ids) == {new, other}
    assert (new == old) is (end in (kill, restart))
    after = await house.record(alice)
    changed = [key for key in before.notebooks if before.notebooks[key] != after.notebooks[key]]
    assert [before.notebooks[key].ref.path for key in changed] == [PATH]


@pytest.mark.parametrize("end", [kill, remove])
async def test_a_run_whose_kernel_ends_says_so_once(
    house: House, end: Callable[[House, str], Awaitable[None]]
) -> None:
    alice = await house.open()
    await house.run(alice, "x = 1")
    (old,) = house.kernel_ids
    code = "import threading\nprint('up', flush=True)\nthreading.Event().wait()"
    early = await house.call("execute_code", session_id=alice, code=code, wait=0)

    async def up() -> bool:
        return bool((await running(house, alice, early))["outputs"])

    await eventually(up)
    await end(house, old)
    async with asyncio.timeout(LIMIT):
        ended = await running(house, alice, early, wait=LIMIT)
    assert ended["status"] in ("kernel_died", "kernel_restarted")
    polled = await running(house, alice, early)
    after = await house.run(alice, "x")
    assert after["outputs"][0]["ename"] == "NameError"
    assert notices(ended, polled, after) == ["kernel_restarted"]


async def running(house: House, session: str, run: dict[str, Any], wait: float = 0) -> Any:
    return await house.call(
        "get_execution", session_id=session, execution_id=run["execution_id"], wait=wait
    )


async def test_who_restarts_a_kernel_is_not_told_and_others_are(house: House) -> None:
    alice, bob = await house.open(), await house.open(PATH, BOB)
    await house.run(alice, "x = 1")
    await house.run(bob, "x", BOB)
    restarted = await house.call("restart_notebook", session_id=alice)
    of_alice, of_bob = await crowd(house, (alice, ALICE), (bob, BOB))
    assert notices(restarted, *of_alice) == []
    assert notices(*of_bob) == ["kernel_restarted"]


async def test_opening_a_notebook_again_does_not_hide_a_loss(house: House) -> None:
    alice = await house.open()
    await house.run(alice, "x = 1")
    (kernel_id,) = house.kernel_ids
    await restart(house, kernel_id)
    opened = await house.call("use_notebook", session_id=alice, notebook_path=PATH)
    assert notices(opened, await house.run(alice, "1")) == ["kernel_restarted"]
    await remove(house, kernel_id)
    opened = await house.call("use_notebook", session_id=alice, notebook_path=PATH)
    assert opened["kernel"] is None
    assert notices(opened, await house.run(alice, "1")) == ["kernel_restarted"]


async def test_a_call_that_fails_leaves_the_loss_to_be_told(house: House) -> None:
    alice = await house.open()
    await house.run(alice, "x = 1")
    (kernel_id,) = house.kernel_ids
    await restart(house, kernel_id)
    call = asyncio.create_task(house.run(alice, "import time; time.sleep(60)"))

    async def started() -> bool:
        listed = await house.call("list_executions", session_id=alice)
        going = [row for row in listed["executions"] if row["status"] == "running"]
        return any(row["started"] for row in going)

    await eventually(started)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await house.call("interrupt_kernel", session_id=alice)  # what was cancelled still ran
    assert notices(await house.run(alice, "1")) == ["kernel_restarted"]
