"""Listing the variables of a kernel: what it leaves alone, and when it cannot be asked."""

from __future__ import annotations

import asyncio
from typing import Any

from jmcp.core.runs.execution import questions
from tests.calls import BOB
from tests.fakes.jmcp import FakeJmcp
from tests.fakes.kernels import FakeKernel, R

LIMIT = 10


async def names(jmcp: FakeJmcp, session: str, **arguments: Any) -> list[str]:
    found = await jmcp.call("list_variables", session_id=session, **arguments)
    return [row["name"] for row in found["variables"]]


async def execute(jmcp: FakeJmcp, session: str, code: str, **arguments: Any) -> dict[str, Any]:
    return await jmcp.call("execute_code", session_id=session, code=code, **arguments)


def kernel(jmcp: FakeJmcp) -> FakeKernel:
    return jmcp.kernels.made[0]


async def test_it_is_no_run_and_has_no_number(jmcp: FakeJmcp, session: str) -> None:
    await execute(jmcp, session, "b = 1\na = 'x'")
    assert await names(jmcp, session) == ["a", "b"]
    assert (await jmcp.call("list_executions", session_id=session))["total"] == 1
    assert (await execute(jmcp, session, "1"))["execution_count"] == 2
    assert set(kernel(jmcp).variables) == {"a", "b", "print", "open", "__builtins__"}


async def test_names_that_hide_builtins_are_no_hindrance(jmcp: FakeJmcp, session: str) -> None:
    await execute(jmcp, session, "globals = exec = len = str = json = listing = 1")
    assert await names(jmcp, session) == sorted(
        ["globals", "exec", "len", "str", "json", "listing"]
    )


async def test_a_page_is_as_long_as_a_result_may_be(jmcp: FakeJmcp, session: str) -> None:
    await execute(jmcp, session, "globals().update({f'v{n:03}': 'x' * 200 for n in range(300)})")
    found = await jmcp.call("list_variables", session_id=session, limit=0)
    shown = len(found["variables"])
    assert (found["total"], 60 < shown < 200) == (300, True)
    rest = await names(jmcp, session, start_index=shown, limit=2)
    assert rest == [f"v{shown:03}", f"v{shown + 1:03}"]


async def test_a_kernel_that_runs_code_says_whose(jmcp: FakeJmcp, session: str) -> None:
    run = await execute(jmcp, session, "time.sleep(9)", wait=0)
    error = await jmcp.fail("list_variables", session_id=session)
    assert (error["code"], error["details"]["execution_id"]) == ("kernel_busy", run["execution_id"])
    assert "time.sleep(9)" in error["message"]
    other = await jmcp.open("a.ipynb", BOB)
    error = await jmcp.fail("list_variables", BOB, session_id=other)
    assert error["code"] == "kernel_busy"
    assert "time.sleep" not in error["message"]
    assert run["execution_id"] not in str(error)
    jmcp.kernels.sleeping.released.set()


async def test_a_run_waits_for_the_answer_and_an_interrupt_is_nobodys(
    jmcp: FakeJmcp, session: str
) -> None:
    await execute(jmcp, session, "x = 1")
    hold = jmcp.faults.hold("kernel.ask")
    asking = asyncio.create_task(names(jmcp, session))
    await asyncio.wait_for(hold.reached.wait(), LIMIT)
    interrupted = await jmcp.call("interrupt_kernel", session_id=session)
    assert interrupted["action"] == "already_idle"
    running = asyncio.create_task(execute(jmcp, session, "y = 2"))
    for _ in range(20):
        await asyncio.sleep(0)
    assert "y = 2" not in kernel(jmcp).codes
    hold.released.set()
    assert await asyncio.wait_for(asking, LIMIT) == ["x"]
    assert (await asyncio.wait_for(running, LIMIT))["status"] == "ok"


async def test_who_leaves_keeps_no_run_waiting(jmcp: FakeJmcp, session: str) -> None:
    await execute(jmcp, session, "x = 1")
    hold = jmcp.faults.hold("kernel.ask")
    asking = asyncio.create_task(names(jmcp, session))
    await asyncio.wait_for(hold.reached.wait(), LIMIT)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert (await execute(jmcp, session, "y = 2"))["status"] == "ok"


async def test_a_kernel_that_others_keep_busy_is_not_asked(
    jmcp: FakeJmcp, session: str, monkeypatch: Any
) -> None:
    monkeypatch.setattr(questions, "LOOK_AGAIN_SECONDS", 0.0)
    await execute(jmcp, session, "x = 1")
    monkeypatch.setattr(FakeKernel, "state", "busy")
    error = await jmcp.fail("list_variables", session_id=session)
    assert error["code"] == "kernel_busy"
    assert "JupyterLab" in error["message"]
    assert "kernel.ask" not in jmcp.faults.reached


async def test_a_kernel_of_another_language_says_so(jmcp: FakeJmcp) -> None:
    jmcp.kernels._specs["ir"] = R
    opened = await jmcp.call(
        "use_notebook", notebook_path="r.ipynb", mode="create", kernel_name="ir"
    )
    await execute(jmcp, opened["session_id"], "1")
    error = await jmcp.fail("list_variables", session_id=opened["session_id"])
    assert (error["code"], error["details"]["kernel_name"]) == ("kernel_unable", "ir")


async def test_a_dead_kernel_has_none(jmcp: FakeJmcp, session: str) -> None:
    await execute(jmcp, session, "x = 1")
    jmcp.kernels.kill(kernel(jmcp).kernel_id)
    error = await jmcp.fail("list_variables", session_id=session)
    assert error["code"] == "no_kernel"
