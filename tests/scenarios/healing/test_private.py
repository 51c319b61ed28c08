"""`kernel: private`: a kernel that one session has for itself."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.scenarios.healing.conftest import ALICE, BOB, LIMIT, PATH, House, eventually, notices
from tests.scenarios.healing.test_deaths import crowd, kill, remove, restart


async def kernel_of(house: House, session: str, caller: Any = ALICE) -> str | None:
    ((_, held),) = (await house.record(session, caller)).notebooks.items()
    return held.kernel_id


async def test_variables_are_its_own_and_outputs_are_everyones(house: House) -> None:
    house.install("second")
    house.write(kernel_name="second")
    alice, bob = await house.open(), await house.open(PATH, BOB, kernel="private")
    await house.run(alice, "x = 'of alice'")
    (shared,) = house.kernel_ids
    assert await house.shown() == [(PATH, shared)]

    # It starts with the first run, once, in the notebook's folder and with its kernelspec.
    (of_bob,) = await crowd(house, (bob, BOB))
    assert notices(*of_bob) == ["kernel_started"]
    (private,) = set(house.kernel_ids) - {shared}
    where = await house.says(bob, "import os; print(os.getcwd(), os.environ['SPEC'])", BOB)
    assert where.split() == [f"{house.root}/work/deep", "second"]
    assert await house.says(bob, "x", BOB) == "NameError"
    await house.run(bob, "x = 'of bob'", BOB)
    assert await house.says(alice, "print(x)") == "of alice"
    # JupyterLab goes on showing the notebook's own.
    assert await house.shown() == [(PATH, shared)]

    await house.call(
        "overwrite_cell_source", session_id=alice, cell_index=0, cell_source="print(x)"
    )
    await house.call("execute_cell", BOB, session_id=bob, cell_index=0)
    cell = await house.call("read_cell", session_id=alice, cell_index=0)
    assert [output["text"] for output in cell["outputs"]] == ["of bob\n"]

    # Opening it again leaves it private; and a third session gets the notebook's own.
    await house.open(PATH, BOB, session_id=bob)
    assert await house.says(bob, "print(x)", BOB) == "of bob"
    assert await house.says(await house.open(), "print(x)") == "of alice"
    assert set(house.kernel_ids) == {shared, private}


async def test_it_is_for_nobody_else(house: House) -> None:
    alice, bob = await house.open(), await house.open(PATH, BOB, kernel="private")
    await house.run(bob, "x = 1", BOB)
    (private,) = house.kernel_ids
    for arguments in ({"session_id": alice}, {}):
        taken = await house.fail("use_notebook", notebook_path=PATH, kernel_id=private, **arguments)
        assert taken["code"] == "kernel_taken"
    house.write("other.ipynb")
    mine = {"session_id": bob, "kernel_id": private}
    taken = await house.fail("use_notebook", BOB, notebook_path="other.ipynb", **mine)
    assert taken["code"] == "kernel_taken"
    await house.open(PATH, BOB, **mine)
    asked = {"notebook_path": PATH, "kernel": "private", "kernel_id": private}
    assert (await house.fail("use_notebook", BOB, **asked))["code"] == "kernel_taken"

    rows = (await house.call("list_kernels", BOB))["kernels"]
    assert [(row["kernel_id"], row["notebook_path"]) for row in rows] == [(private, PATH)]
    assert (await house.call("list_kernels", ALICE))["kernels"] == []
    rows = (await house.call("list_notebooks", BOB))["notebooks"]
    assert {row["notebook_path"]: row["kernel_id"] for row in rows}[PATH] == private


async def test_it_heals_alone(house: House) -> None:
    alice, bob = await house.open(), await house.open(PATH, BOB, kernel="private")
    await house.run(alice, "x = 1")
    (shared,) = house.kernel_ids
    await house.run(bob, "x = 2", BOB)
    for end in (kill, remove, restart):
        private = await kernel_of(house, bob, BOB)
        assert private is not None
        await end(house, private)
        of_alice, of_bob = await crowd(house, (alice, ALICE), (bob, BOB))
        assert (notices(*of_alice), notices(*of_bob)) == ([], ["kernel_restarted"]), end
        assert set(house.kernel_ids) == {shared, await kernel_of(house, bob, BOB)}
        assert await house.shown() == [(PATH, shared)]
        # All of the crowd may have been lost with the process: the next end is news only to
        # whoever ran something since.
        assert (await house.run(bob, "x = 2", BOB))["status"] == "ok"
    await remove(house, shared)
    of_alice, of_bob = await crowd(house, (alice, ALICE), (bob, BOB))
    assert (notices(*of_alice), notices(*of_bob)) == (["kernel_restarted"], [])


async def test_restart_and_interrupt_mean_it(house: House) -> None:
    alice, bob = await house.open(), await house.open(PATH, BOB, kernel="private")
    assert (await house.fail("restart_notebook", BOB, session_id=bob))["code"] == "no_kernel"
    await house.run(alice, "x = 1")
    assert (await house.fail("interrupt_kernel", BOB, session_id=bob))["code"] == "no_kernel"
    await house.run(bob, "x = 2", BOB)
    private = await kernel_of(house, bob, BOB)
    restarted = await house.call("restart_notebook", BOB, session_id=bob)
    assert restarted["kernel_id"] == private
    assert await house.says(bob, "x", BOB) == "NameError"
    code = "import threading; threading.Event().wait()"
    begun = await house.call("execute_code", BOB, session_id=bob, code=code, wait=0)

    async def started() -> bool:
        return (await executions(house, bob))[0]["started"] is not None

    await eventually(started)
    async with asyncio.timeout(LIMIT):
        await house.call("interrupt_kernel", BOB, session_id=bob)
        ended = await house.call(
            "get_execution",
            BOB,
            session_id=bob,
            execution_id=begun["execution_id"],
            wait=LIMIT,
        )
    assert ended["status"] == "interrupted"
    assert notices(await house.run(alice, "x")) == []


async def executions(house: House, session: str) -> list[dict[str, Any]]:
    listed = await house.call("list_executions", BOB, session_id=session)
    rows: list[dict[str, Any]] = listed["executions"]
    return rows


async def test_going_back_and_letting_go_stop_it(house: House) -> None:
    alice, bob = await house.open(), await house.open(PATH, BOB, kernel="private")
    await house.run(alice, "x = 'of alice'")
    (shared,) = house.kernel_ids
    await house.run(bob, "x = 1", BOB)
    back = await house.call(
        "use_notebook", BOB, session_id=bob, notebook_path=PATH, kernel="shared"
    )
    assert notices(back) == ["kernel_restarted"]
    assert back["kernel"]["kernel_id"] == shared
    again = await house.run(bob, "print(x)", BOB)
    assert (again["outputs"][0]["text"], notices(again)) == ("of alice\n", [])
    assert list(house.kernel_ids) == [shared]

    await house.open(PATH, BOB, session_id=bob, kernel="private")
    await house.run(bob, "x = 1", BOB)
    released = await house.call("unuse_notebook", BOB, session_id=bob)
    assert released["kernel"] == "stopped"
    assert list(house.kernel_ids) == [shared]
