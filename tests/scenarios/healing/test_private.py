"""`kernel: private`: a kernel that one session has for itself."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.calls import ALICE, BOB
from tests.scenarios.healing.conftest import LIMIT, PATH, HealingServer, eventually, notices
from tests.scenarios.healing.test_deaths import crowd, kill, remove, restart


async def kernel_of(server: HealingServer, session: str, caller: Any = ALICE) -> str | None:
    ((_, held),) = (await server.record(session, caller)).notebooks.items()
    return held.kernel_id


async def test_variables_are_its_own_and_outputs_are_everyones(server: HealingServer) -> None:
    server.install("second")
    server.write(kernel_name="second")
    alice, bob = await server.open(), await server.open(PATH, BOB, kernel="private")
    await server.run(alice, "x = 'of alice'")
    (shared,) = server.kernel_ids
    assert await server.jupyter_sessions() == [(PATH, shared)]

    # It starts with the first run, once, in the notebook's folder and with its kernelspec.
    (of_bob,) = await crowd(server, (bob, BOB))
    assert notices(*of_bob) == ["kernel_started"]
    (private,) = set(server.kernel_ids) - {shared}
    where = await server.prints(bob, "import os; print(os.getcwd(), os.environ['SPEC'])", BOB)
    assert where.split() == [f"{server.root}/work/deep", "second"]
    assert await server.prints(bob, "x", BOB) == "NameError"
    await server.run(bob, "x = 'of bob'", BOB)
    assert await server.prints(alice, "print(x)") == "of alice"
    # JupyterLab goes on showing the notebook's own.
    assert await server.jupyter_sessions() == [(PATH, shared)]

    await server.call(
        "overwrite_cell_source", session_id=alice, cell_index=0, cell_source="print(x)"
    )
    await server.call("execute_cell", BOB, session_id=bob, cell_index=0)
    cell = await server.call("read_cell", session_id=alice, cell_index=0)
    assert [output["text"] for output in cell["outputs"]] == ["of bob\n"]

    # Opening it again leaves it private; and a third session gets the notebook's own.
    await server.open(PATH, BOB, session_id=bob)
    assert await server.prints(bob, "print(x)", BOB) == "of bob"
    assert await server.prints(await server.open(), "print(x)") == "of alice"
    assert set(server.kernel_ids) == {shared, private}


async def test_it_is_for_nobody_else(server: HealingServer) -> None:
    alice, bob = await server.open(), await server.open(PATH, BOB, kernel="private")
    await server.run(bob, "x = 1", BOB)
    (private,) = server.kernel_ids
    for arguments in ({"session_id": alice}, {}):
        taken = await server.fail(
            "use_notebook", notebook_path=PATH, kernel_id=private, **arguments
        )
        assert taken["code"] == "kernel_taken"
    server.write("other.ipynb")
    mine = {"session_id": bob, "kernel_id": private}
    taken = await server.fail("use_notebook", BOB, notebook_path="other.ipynb", **mine)
    assert taken["code"] == "kernel_taken"
    await server.open(PATH, BOB, **mine)
    asked = {"notebook_path": PATH, "kernel": "private", "kernel_id": private}
    assert (await server.fail("use_notebook", BOB, **asked))["code"] == "kernel_taken"

    rows = (await server.call("list_kernels", BOB))["kernels"]
    assert [(row["kernel_id"], row["notebook_path"]) for row in rows] == [(private, PATH)]
    assert (await server.call("list_kernels", ALICE))["kernels"] == []
    rows = (await server.call("list_notebooks", BOB))["notebooks"]
    assert {row["notebook_path"]: row["kernel_id"] for row in rows}[PATH] == private


async def test_it_heals_alone(server: HealingServer) -> None:
    alice, bob = await server.open(), await server.open(PATH, BOB, kernel="private")
    await server.run(alice, "x = 1")
    (shared,) = server.kernel_ids
    await server.run(bob, "x = 2", BOB)
    for end in (kill, remove, restart):
        private = await kernel_of(server, bob, BOB)
        assert private is not None
        await end(server, private)
        of_alice, of_bob = await crowd(server, (alice, ALICE), (bob, BOB))
        assert (notices(*of_alice), notices(*of_bob)) == ([], ["kernel_restarted"]), end
        assert set(server.kernel_ids) == {shared, await kernel_of(server, bob, BOB)}
        assert await server.jupyter_sessions() == [(PATH, shared)]
        # All of the crowd may have been lost with the process: the next end is news only to
        # whoever ran something since.
        assert (await server.run(bob, "x = 2", BOB))["status"] == "ok"
    await remove(server, shared)
    of_alice, of_bob = await crowd(server, (alice, ALICE), (bob, BOB))
    assert (notices(*of_alice), notices(*of_bob)) == (["kernel_restarted"], [])


async def test_restart_and_interrupt_mean_it(server: HealingServer) -> None:
    alice, bob = await server.open(), await server.open(PATH, BOB, kernel="private")
    assert (await server.fail("restart_notebook", BOB, session_id=bob))["code"] == "no_kernel"
    await server.run(alice, "x = 1")
    assert (await server.fail("interrupt_kernel", BOB, session_id=bob))["code"] == "no_kernel"
    await server.run(bob, "x = 2", BOB)
    private = await kernel_of(server, bob, BOB)
    restarted = await server.call("restart_notebook", BOB, session_id=bob)
    assert restarted["kernel_id"] == private
    assert await server.prints(bob, "x", BOB) == "NameError"
    code = "import threading; threading.Event().wait()"
    begun = await server.call("execute_code", BOB, session_id=bob, code=code, wait=0)

    async def started() -> bool:
        return (await executions(server, bob))[0]["started"] is not None

    await eventually(started)
    async with asyncio.timeout(LIMIT):
        await server.call("interrupt_kernel", BOB, session_id=bob)
        ended = await server.call(
            "get_execution",
            BOB,
            session_id=bob,
            execution_id=begun["execution_id"],
            wait=LIMIT,
        )
    assert ended["status"] == "interrupted"
    assert notices(await server.run(alice, "x")) == []


async def executions(server: HealingServer, session: str) -> list[dict[str, Any]]:
    listed = await server.call("list_executions", BOB, session_id=session)
    rows: list[dict[str, Any]] = listed["executions"]
    return rows


async def test_going_back_and_letting_go_stop_it(server: HealingServer) -> None:
    alice, bob = await server.open(), await server.open(PATH, BOB, kernel="private")
    await server.run(alice, "x = 'of alice'")
    (shared,) = server.kernel_ids
    await server.run(bob, "x = 1", BOB)
    back = await server.call(
        "use_notebook", BOB, session_id=bob, notebook_path=PATH, kernel="shared"
    )
    assert [one["code"] for one in back["notices"]] == ["private_kernel_stopped"]
    assert back["kernel"]["kernel_id"] == shared
    again = await server.run(bob, "print(x)", BOB)
    assert (again["outputs"][0]["text"], notices(again)) == ("of alice\n", [])
    assert list(server.kernel_ids) == [shared]

    await server.open(PATH, BOB, session_id=bob, kernel="private")
    await server.run(bob, "x = 1", BOB)
    released = await server.call("unuse_notebook", BOB, session_id=bob)
    assert released["kernel"] == "stopped"
    assert list(server.kernel_ids) == [shared]
