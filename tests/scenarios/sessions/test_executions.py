"""Runs after their calls: waited for, listed, left alone, and whose they are."""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import Any

from tests.calls import ALICE, BOB
from tests.scenarios.sessions.conftest import BOUND_SECONDS, SessionServer
from tests.thorough import thorough


async def begun(server: SessionServer, session: str, **call: Any) -> str:
    """The id of a run that was not waited for."""
    result = await server.call("execute_code", session_id=session, wait=0, **call)
    assert result["status"] == "running"
    execution_id = result["execution_id"]
    assert isinstance(execution_id, str)
    return execution_id


async def test_a_run_goes_on_after_its_wait_and_can_be_waited_for(server: SessionServer) -> None:
    session = await server.open("a.ipynb")
    execution_id = await begun(
        server, session, code=f"print('first')\n{server.until_go}print('last')"
    )
    call = {"session_id": session, "execution_id": execution_id}
    waiting = asyncio.create_task(server.call("get_execution", **call))
    assert (await server.call("get_execution", **call, wait=0))["status"] == "running"
    server.go()
    ended = await waiting
    assert (ended["status"], ended["complete"]) == ("ok", True)
    assert [output["text"] for output in ended["outputs"]] == ["first\nlast\n"]
    assert await server.call("get_execution", **call) == ended


async def test_executions_belong_to_their_session(server: SessionServer) -> None:
    mine, other = await server.open("a.ipynb"), await server.open("a.ipynb")
    foreign = await server.open("b.ipynb", BOB)
    execution_id = (await server.call("execute_code", session_id=mine, code="1"))["execution_id"]
    for caller, session in ((ALICE, other), (BOB, foreign)):
        error = await server.fail(
            "get_execution", caller, session_id=session, execution_id=execution_id
        )
        assert error["code"] == "execution_not_found"
        assert "get_execution" in error["message"]
        listed = await server.call("list_executions", caller, session_id=session)
        assert listed["executions"] == []


async def test_running_ones_are_listed_first_then_the_latest(server: SessionServer) -> None:
    session = await server.open("a.ipynb")
    for number in range(3):
        await server.call("execute_code", session_id=session, code=f"{number}\npass")
    running = await begun(server, session, code=server.until_go)
    queued = await begun(server, session, code="'queued'")
    listed = await server.call("list_executions", session_id=session, limit=4)
    rows = listed["executions"]
    assert listed["total"] == 5
    assert [row["execution_id"] for row in rows[:2]] == [running, queued]
    assert [row["status"] for row in rows] == ["running", "queued", "ok", "ok"]
    assert [row["code"] for row in rows] == [server.until_go.splitlines()[0], "'queued'", "2", "1"]
    server.go()
    await server.call("get_execution", session_id=session, execution_id=queued)


async def test_listing_one_notebook_leaves_out_the_others(server: SessionServer) -> None:
    session = await server.open("a.ipynb")
    await server.call("execute_code", session_id=session, code="'in a'")
    await server.call("use_notebook", session_id=session, notebook_path="b.ipynb")
    await server.call("execute_code", session_id=session, code="'in b'")
    listed = await server.call("list_executions", session_id=session)
    assert {row["notebook_path"] for row in listed["executions"]} == {"a.ipynb", "b.ipynb"}
    listed = await server.call("list_executions", session_id=session, notebook_path="a.ipynb")
    assert [row["code"] for row in listed["executions"]] == ["'in a'"]
    execution_id = listed["executions"][0]["execution_id"]
    result = await server.call("get_execution", session_id=session, execution_id=execution_id)
    assert result["notebook_path"] == "a.ipynb"


async def test_a_limit_that_is_broken_is_named(server: SessionServer) -> None:
    session = await server.open("a.ipynb")
    for tool, rest in (("execute_cell", {"cell_index": 0}), ("execute_code", {"code": "1"})):
        for timeout, limit in ((-1, "0"), (86_401, "86400")):
            error = await server.fail(tool, session_id=session, timeout=timeout, **rest)
            assert error["code"] == "invalid_arguments"
            assert f" {limit}" in error["message"]


async def test_a_cancelled_call_leaves_the_run_of_a_cell_alone(server: SessionServer) -> None:
    session = await server.open("a.ipynb")
    source = f"{server.begins}{server.until_go}print('done')"
    cell = {"session_id": session, "cell_index": 0}
    await server.call("overwrite_cell_source", cell_source=source, **cell)
    call = asyncio.create_task(server.call("execute_cell", **cell))
    await server.begun()
    call.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await call
    listed = await server.call("list_executions", session_id=session)
    (row,) = listed["executions"]
    assert row["status"] == "running"
    server.go()
    ended = await server.call("get_execution", session_id=session, execution_id=row["execution_id"])
    assert (ended["status"], ended["cell_index"]) == ("ok", 0)
    read = await server.call("read_cell", **cell)
    assert [output["text"] for output in read["outputs"]] == ["done\n"]


async def test_a_session_remembers_a_kernel_that_a_cancelled_call_started(
    server: SessionServer,
) -> None:
    session = await server.open("a.ipynb")
    code = f"{server.begins}{server.until_go}"
    call = asyncio.create_task(server.call("execute_code", session_id=session, code=code))
    await server.begun()
    call.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await call
    # Waits for what the cancelled call left to do, as it comes after it in the kernel's queue.
    again = await server.call("execute_code", session_id=session, code="1")
    told = [notice["code"] for notice in again["notices"]]
    assert told == ["kernel_started"], "which the cancelled call told nobody"
    assert (await server.call("unuse_notebook", session_id=session))["kernel"] == "stopped"


async def test_a_cancelled_call_interrupts_code_of_no_cell(server: SessionServer) -> None:
    session = await server.open("a.ipynb")
    code = f"{server.begins}{server.until_go}"
    call = asyncio.create_task(server.call("execute_code", session_id=session, code=code))
    await server.begun()
    call.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await call
    await server.call("execute_code", session_id=session, code="1")
    listed = await server.call("list_executions", session_id=session)
    assert [row["status"] for row in listed["executions"]] == ["ok", "interrupted"]


async def test_a_cancelled_call_takes_its_code_out_of_the_queue(server: SessionServer) -> None:
    session = await server.open("a.ipynb")
    running = await begun(server, session, code=server.until_go)
    code = server.marks("ran")
    call = asyncio.create_task(server.call("execute_code", session_id=session, code=code))
    async with asyncio.timeout(BOUND_SECONDS):
        while (await server.call("list_executions", session_id=session))["total"] < 2:
            await asyncio.to_thread(os.sched_yield)
    call.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await call
    server.go()
    ended = await server.call("get_execution", session_id=session, execution_id=running)
    assert ended["status"] == "ok"  # it was not its turn to be interrupted
    await server.call("execute_code", session_id=session, code="1")
    listed = await server.call("list_executions", session_id=session)
    assert [row["status"] for row in listed["executions"]] == ["ok", "aborted", "ok"]
    assert not server.is_marked("ran")


@thorough
async def test_a_hundred_thousand_lines_fit_the_budget(server: SessionServer) -> None:
    session = await server.open("a.ipynb")
    code = "for number in range(100_000): print(f'line {number:06}', 'x' * 87)"
    cell = {"session_id": session, "cell_index": 0}
    await server.call("overwrite_cell_source", cell_source=code, **cell)
    ran = await server.outcome("execute_cell", wait=600, **cell)
    assert ran.result is not None, ran.text
    again = await server.outcome(
        "get_execution", session_id=session, execution_id=ran.result["execution_id"]
    )
    for outcome in (ran, again):
        assert len(outcome.text) < 5_000
        (output,) = outcome.result["outputs"]  # type: ignore[index]
        assert output["text"].startswith("line 000000")
        assert output["text"].rstrip().endswith("x" * 87)
        assert "line 099999" in output["text"]
        # Every line has 99 characters with its line break.
        assert output["left_out"] + len(output["text"]) > 100_000 * 99
