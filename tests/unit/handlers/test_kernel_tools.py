"""Seeing and controlling kernels."""

from __future__ import annotations

import asyncio
from typing import Any

from jmcp_api.backend_errors import KernelMissing
from tests.calls import BOB
from tests.fakes.jmcp import FakeJmcp

SLEEP = "time.sleep(60)"


def codes(result: dict[str, Any]) -> list[str]:
    return [notice["code"] for notice in result["notices"]]


async def test_without_a_kernel_there_is_none_to_control(jmcp: FakeJmcp, session: str) -> None:
    for tool in ("interrupt_kernel", "restart_notebook"):
        error = await jmcp.fail(tool, session_id=session)
        assert error["code"] == "no_kernel"
        assert "a.ipynb has no kernel yet" in error["message"]


async def test_a_kernel_that_ends_while_it_is_asked_for_is_told(
    jmcp: FakeJmcp, session: str
) -> None:
    await jmcp.call("execute_code", session_id=session, code="x = 1")
    gone = KernelMissing.unknown(kernel_id="kernel-1")
    run = await jmcp.call("execute_code", session_id=session, code=SLEEP, wait=0)
    await jmcp.kernels.sleeping.reached.wait()
    jmcp.faults.fail("kernels.interrupt", gone)
    error = await jmcp.fail("interrupt_kernel", session_id=session)
    assert (error["code"], error["details"]["kernel_id"]) == ("kernel_unavailable", "kernel-1")
    await jmcp.call("interrupt_kernel", session_id=session)
    await jmcp.call("get_execution", session_id=session, execution_id=run["execution_id"])
    jmcp.faults.fail("kernels.connect", gone, nth=2)
    error = await jmcp.fail("execute_code", session_id=session, code="1")
    assert (error["code"], error["retry"]) == ("kernel_unavailable", "later")


async def test_an_interrupt_ends_what_runs_and_nothing_else(jmcp: FakeJmcp, session: str) -> None:
    idle = await jmcp.call("execute_code", session_id=session, code="x = 1")
    assert idle["status"] == "ok"
    nothing = await jmcp.call("interrupt_kernel", session_id=session)
    assert (nothing["action"], nothing["state"]) == ("already_idle", "idle")
    run = await jmcp.call("execute_code", session_id=session, code=SLEEP, wait=0)
    await jmcp.kernels.sleeping.reached.wait()
    stopped = await jmcp.call("interrupt_kernel", session_id=session)
    assert stopped["action"] == "interrupted"
    asked = {"session_id": session, "execution_id": run["execution_id"]}
    assert (await jmcp.call("get_execution", **asked))["status"] == "interrupted"
    assert (await jmcp.call("execute_code", session_id=session, code="x"))["status"] == "ok"


async def test_an_interrupt_ends_a_batch_between_its_cells_too(
    jmcp: FakeJmcp, session: str
) -> None:
    await jmcp.call("overwrite_cell_source", session_id=session, cell_index=0, cell_source=SLEEP)
    early = await jmcp.call("run_cells", session_id=session, stop_on_error=False, wait=0)
    await jmcp.kernels.sleeping.reached.wait()
    assert (await jmcp.call("interrupt_kernel", session_id=session))["action"] == "interrupted"
    asked = {"session_id": session, "execution_id": early["execution_id"]}
    ended = await jmcp.call("get_execution", **asked)
    assert [cell["status"] for cell in ended["batch"]["cells"]] == [
        "interrupted",
        "not_run",
        "not_run",
    ]


async def test_a_restart_drops_what_waits_and_tells_the_others_once(
    jmcp: FakeJmcp, session: str
) -> None:
    other = await jmcp.open("a.ipynb", BOB)
    await jmcp.call("execute_code", BOB, session_id=other, code="x = 1")
    running = await jmcp.call("execute_code", session_id=session, code=SLEEP, wait=0)
    await jmcp.kernels.sleeping.reached.wait()
    waiting = await jmcp.call("execute_code", session_id=session, code="2", wait=0)
    restarted = await jmcp.call("restart_notebook", session_id=session)
    assert (restarted["action"], restarted["state"]) == ("restarted", "idle")
    assert "1 waiting run was dropped." in [n["message"] for n in restarted["notices"]]
    for run, status in ((running, "kernel_restarted"), (waiting, "aborted")):
        asked = {"session_id": session, "execution_id": run["execution_id"]}
        assert (await jmcp.call("get_execution", **asked))["status"] == status
    told = await jmcp.call("execute_code", BOB, session_id=other, code="x")
    assert (told["status"], codes(told)) == ("error", ["kernel_restarted"])
    assert codes(await jmcp.call("execute_code", BOB, session_id=other, code="1")) == []


async def test_a_restart_of_a_dead_kernel_starts_one(jmcp: FakeJmcp, session: str) -> None:
    await jmcp.call("execute_code", session_id=session, code="1")
    (old,) = jmcp.kernels.kernels
    await jmcp.kernels.shutdown(old)
    restarted = await jmcp.call("restart_notebook", session_id=session)
    assert restarted["kernel_id"] != old
    assert [*jmcp.kernels.kernels] == [restarted["kernel_id"]]


async def test_a_kernel_that_does_not_come_back_is_unavailable(
    jmcp: FakeJmcp, session: str
) -> None:
    await jmcp.call("execute_code", session_id=session, code="1")
    jmcp.kernels.broken_specs.add("python3")
    (old,) = jmcp.kernels.kernels
    await jmcp.kernels.shutdown(old)
    error = await jmcp.fail("restart_notebook", session_id=session)
    assert error["code"] == "kernel_unavailable"


async def test_a_kernel_that_has_just_gone_is_described_as_unknown(
    jmcp: FakeJmcp, session: str
) -> None:
    await jmcp.call("execute_code", session_id=session, code="1")
    hold = jmcp.faults.hold("kernels.list", nth=2)  # the first asks whether it is busy
    call = asyncio.create_task(jmcp.call("interrupt_kernel", session_id=session))
    await hold.reached.wait()
    jmcp.kernels.kernels.clear()
    hold.release()
    assert ((await call)["state"], (await call)["kernel_name"]) == ("unknown", "")


async def test_private_kernels_are_listed_for_their_owner_alone(
    jmcp: FakeJmcp, session: str
) -> None:
    await jmcp.call("execute_code", session_id=session, code="1")
    private = await jmcp.open("a.ipynb", BOB, kernel="private")
    await jmcp.call("execute_code", BOB, session_id=private, code="1")
    mine = await jmcp.call("list_kernels")
    assert [(row["kernel_id"], row["notebook_path"]) for row in mine["kernels"]] == [
        ("kernel-1", "a.ipynb")
    ]
    theirs = await jmcp.call("list_kernels", BOB)
    assert [(row["kernel_id"], row["notebook_path"]) for row in theirs["kernels"]] == [
        ("kernel-1", "a.ipynb"),
        ("kernel-2", "a.ipynb"),
    ]
    assert [row["default"] for row in mine["kernelspecs"]] == [True]


async def test_a_run_of_its_own_is_ended_and_that_of_another_session_goes_on(
    jmcp: FakeJmcp,
) -> None:
    first, second = await jmcp.open("a.ipynb"), await jmcp.open("a.ipynb")
    going = await jmcp.call("execute_code", session_id=first, code=SLEEP, wait=0)
    waiting = await jmcp.call("execute_code", session_id=second, code="1", wait=0)
    ended = {"session_id": second, "execution_id": waiting["execution_id"]}
    assert (await jmcp.call("interrupt_kernel", **ended))["action"] == "interrupted"
    assert (await jmcp.call("get_execution", **ended, wait=5))["status"] == "aborted"
    mine = {"session_id": first, "execution_id": going["execution_id"]}
    assert (await jmcp.call("get_execution", **mine, wait=0))["status"] == "running"
    assert (await jmcp.call("interrupt_kernel", **ended))["action"] == "already_idle"
    assert (await jmcp.call("interrupt_kernel", **mine))["action"] == "interrupted"
    assert (await jmcp.call("get_execution", **mine, wait=5))["status"] == "interrupted"


async def test_a_run_of_another_session_is_not_ended_by_its_id(jmcp: FakeJmcp) -> None:
    first, second = await jmcp.open("a.ipynb"), await jmcp.open("a.ipynb")
    going = await jmcp.call("execute_code", session_id=first, code=SLEEP, wait=0)
    asked = {"session_id": second, "execution_id": going["execution_id"]}
    assert (await jmcp.fail("interrupt_kernel", **asked))["code"] == "execution_not_found"
