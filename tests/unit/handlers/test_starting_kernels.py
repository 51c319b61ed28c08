"""What runs while its kernel still starts: it exists, it can be stopped, and nobody loses the kernel."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.fakes.faults import Hold
from tests.fakes.jmcp import FakeJmcp

LIMIT = 10


def codes(result: dict[str, Any]) -> list[str]:
    return [notice["code"] for notice in result["notices"]]


async def starting(
    jmcp: FakeJmcp, tool: str, session: str, **arguments: Any
) -> tuple[Hold, asyncio.Task[dict[str, Any]]]:
    """A call of that tool whose kernel does not start before the test says so."""
    hold = jmcp.faults.hold("kernels.start process")
    call = asyncio.create_task(jmcp.call(tool, session_id=session, **arguments))
    async with asyncio.timeout(LIMIT):
        await hold.reached.wait()
    return hold, call


async def leave(call: asyncio.Task[dict[str, Any]]) -> None:
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)


async def rows(jmcp: FakeJmcp, session: str) -> list[dict[str, Any]]:
    listed = await jmcp.call("list_executions", session_id=session)
    return list(listed["executions"])


async def ended(jmcp: FakeJmcp, session: str) -> dict[str, Any]:
    (row,) = await rows(jmcp, session)
    return await jmcp.call("get_execution", session_id=session, execution_id=row["execution_id"])


def ran(jmcp: FakeJmcp) -> list[str]:
    return [code for kernel in jmcp.kernels.kernels.values() for code in kernel.codes]


async def test_cell_and_run_exist_before_their_kernel(jmcp: FakeJmcp, session: str) -> None:
    hold, call = await starting(
        jmcp, "insert_execute_code_cell", session, cell_index=0, cell_source="print(1)"
    )
    (row,) = await rows(jmcp, session)
    cell = await jmcp.call("read_cell", session_id=session, cell_index=0)
    assert (cell["source"], cell["outputs"]) == ("print(1)", [])
    assert (row["status"], row["cell_id"]) == ("queued", cell["cell_id"])
    asked = {"session_id": session, "execution_id": row["execution_id"]}
    early = await jmcp.call("get_execution", **asked, wait=0)
    assert (early["status"], early["cell_index"]) == ("running", 0)
    hold.release()
    result = await call
    assert (result["status"], codes(result)) == ("ok", ["kernel_started"])
    assert result["execution_id"] == row["execution_id"]
    assert ran(jmcp) == ["print(1)"]


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("execute_cell", {"cell_index": 1}),
        ("insert_execute_code_cell", {"cell_index": 0, "cell_source": "print(1)"}),
        ("run_cells", {"start_index": 0, "end_index": 0}),
    ],
)
async def test_a_caller_who_leaves_meanwhile_does_not_take_the_run_along(
    jmcp: FakeJmcp, session: str, tool: str, arguments: dict[str, Any]
) -> None:
    await jmcp.call("overwrite_cell_source", session_id=session, cell_index=1, cell_source="1")
    hold, call = await starting(jmcp, tool, session, **arguments)
    await leave(call)
    hold.release()
    result = await ended(jmcp, session) if tool != "run_cells" else None
    if result is not None:
        assert result["status"] == "ok"
    else:
        (batch,) = [one for one in await rows(jmcp, session) if one["cell_id"] is None]
        asked = {"session_id": session, "execution_id": batch["execution_id"]}
        assert (await jmcp.call("get_execution", **asked))["status"] == "ok"
    assert len(ran(jmcp)) == 1
    after = await jmcp.call("execute_code", session_id=session, code="2")
    assert (codes(after), jmcp.kernels.started) == ([], 1)


async def test_code_whose_caller_left_meanwhile_never_runs(jmcp: FakeJmcp, session: str) -> None:
    hold, call = await starting(jmcp, "execute_code", session, code="1")
    await leave(call)
    result = await ended(jmcp, session)
    assert (result["status"], codes(result)) == ("aborted", ["run_abandoned"])
    hold.release()
    after = await jmcp.call("execute_code", session_id=session, code="2")
    assert (after["status"], ran(jmcp), jmcp.kernels.started) == ("ok", ["2"], 1)


@pytest.mark.parametrize("tool", ["execute_cell", "run_cells"])
async def test_a_run_is_interrupted_while_its_kernel_starts(
    jmcp: FakeJmcp, session: str, tool: str
) -> None:
    arguments = {"cell_index": 0} if tool == "execute_cell" else {}
    hold, call = await starting(jmcp, tool, session, **arguments)
    interrupt = asyncio.create_task(jmcp.call("interrupt_kernel", session_id=session))
    if tool == "execute_cell":
        assert (await ended(jmcp, session))["status"] == "interrupted"
    hold.release()
    assert (await call)["status"] == "interrupted"
    stopped = await interrupt
    assert (stopped["action"], stopped["kernel_id"]) == ("interrupted", *jmcp.kernels.kernels)
    assert ran(jmcp) == []


async def test_without_a_kernel_a_cell_that_somebody_edited_stays(
    jmcp: FakeJmcp, session: str
) -> None:
    jmcp.kernels.broken_specs.add("python3")
    hold, call = await starting(
        jmcp, "insert_execute_code_cell", session, cell_index=0, cell_source="1"
    )
    cell = await jmcp.call("read_cell", session_id=session, cell_index=0)
    jmcp.documents.type_over("a.ipynb", cell["cell_id"], "mine now")
    hold.release()
    result = await call
    assert (result["status"], codes(result)) == ("aborted", ["cell_not_run", "cells_changed"])
    assert (result["cell_index"], result["cell_id"]) == (0, cell["cell_id"])


async def test_a_batch_without_a_kernel_says_so(jmcp: FakeJmcp, session: str) -> None:
    jmcp.kernels.broken_specs.add("python3")
    error = await jmcp.fail("run_cells", session_id=session)
    assert error["code"] == "kernel_unavailable"
    (row,) = await rows(jmcp, session)
    asked = {"session_id": session, "execution_id": row["execution_id"]}
    assert (await jmcp.fail("get_execution", **asked))["code"] == "kernel_unavailable"


async def test_a_private_kernel_whose_caller_left_is_the_session_s(jmcp: FakeJmcp) -> None:
    session = (await jmcp.call("use_notebook", notebook_path="a.ipynb", kernel="private"))[
        "session_id"
    ]
    hold, call = await starting(jmcp, "execute_code", session, code="1")
    await leave(call)
    hold.release()
    await jmcp.call("execute_code", session_id=session, code="2")
    (kernel,) = jmcp.kernels.kernels.values()
    assert (kernel.private, kernel.codes) == (True, ["2"])
    await jmcp.call("unuse_notebook", session_id=session)
    assert jmcp.kernels.kernels == {}


async def test_a_private_kernel_whose_session_ended_meanwhile_is_stopped(jmcp: FakeJmcp) -> None:
    session = (await jmcp.call("use_notebook", notebook_path="a.ipynb", kernel="private"))[
        "session_id"
    ]
    hold, call = await starting(jmcp, "execute_code", session, code="1")
    await jmcp.call("unuse_notebook", session_id=session)
    hold.release()
    await asyncio.gather(call, return_exceptions=True)
    assert jmcp.kernels.kernels == {}


async def test_a_private_kernel_that_cannot_be_noted_is_stopped(jmcp: FakeJmcp) -> None:
    session = (await jmcp.call("use_notebook", notebook_path="a.ipynb", kernel="private"))[
        "session_id"
    ]
    hold, call = await starting(jmcp, "execute_code", session, code="1")
    jmcp.faults.fail("store.change", RuntimeError("locked"))
    hold.release()
    await asyncio.gather(call, return_exceptions=True)
    assert jmcp.kernels.kernels == {}


async def test_a_stop_ends_what_waits_for_its_kernel(jmcp: FakeJmcp, session: str) -> None:
    hold, call = await starting(jmcp, "execute_code", session, code="1")
    await jmcp.dispatcher.runs.stop()
    hold.release()
    result = await call
    assert (result["status"], "run_not_begun" in codes(result)) == ("aborted", True)
    assert ran(jmcp) == []
