"""A kernel that runs the code of others is neither restarted nor stopped unless somebody says so."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from jmcp.core.calls.confirmation import marks
from tests.calls import ALICE, BOB
from tests.fakes.documents import MOMENT
from tests.fakes.jmcp import FakeJmcp
from tests.fakes.kernels import FakeKernel

SLEEP = "time.sleep(60)"
ENDING: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("restart_notebook", {}),
    ("unuse_notebook", {"kernel": "stop"}),
    ("run_cells", {"restart": True}),
)
EACH = pytest.mark.parametrize(("tool", "arguments"), ENDING, ids=[tool for tool, _ in ENDING])


async def running(jmcp: FakeJmcp, session: str, caller: Any = ALICE) -> str:
    """Begin code that goes on; returns its execution id."""
    run = await jmcp.call("execute_code", caller, session_id=session, code=SLEEP, wait=0)
    await jmcp.kernels.sleeping.reached.wait()
    return str(run["execution_id"])


async def status(jmcp: FakeJmcp, session: str, execution_id: str, caller: Any = ALICE) -> str:
    asked = {"session_id": session, "execution_id": execution_id, "wait": 0}
    return str((await jmcp.call("get_execution", caller, **asked))["status"])


@EACH
async def test_a_run_of_another_session_is_asked_about(
    jmcp: FakeJmcp, session: str, tool: str, arguments: dict[str, Any]
) -> None:
    other = await jmcp.open("a.ipynb")
    run = await running(jmcp, other)
    waiting = await jmcp.call("execute_code", session_id=session, code="2", wait=0)
    error = await jmcp.fail(tool, session_id=session, **arguments)
    assert error["code"] == "confirmation_required"
    (row,) = error["details"]["runs"]
    assert row["what"] == f"a run of your session {other[:2]}***"
    assert row["since"] in error["message"]
    assert "confirm: true" in error["message"]
    # Nothing was done, neither to that run nor to what waits.
    assert await status(jmcp, other, run) == "running"
    assert await status(jmcp, session, waiting["execution_id"]) == "running"
    await jmcp.call(tool, session_id=session, confirm=True, **arguments)
    assert await status(jmcp, other, run) in ("kernel_restarted", "kernel_died")


@EACH
async def test_a_run_of_another_user_is_not_named(
    jmcp: FakeJmcp, session: str, tool: str, arguments: dict[str, Any]
) -> None:
    bob = await jmcp.open("a.ipynb", BOB)
    await running(jmcp, bob, BOB)
    error = await jmcp.fail(tool, session_id=session, **arguments)
    assert [row["what"] for row in error["details"]["runs"]] == ["a run of another user"]
    assert bob[:2] + "***" not in error["message"]


async def test_what_others_have_waiting_behind_an_own_run_is_asked_about(
    jmcp: FakeJmcp, session: str
) -> None:
    other = await jmcp.open("a.ipynb")
    await running(jmcp, session)
    await jmcp.call("execute_code", session_id=other, code="2", wait=0)
    error = await jmcp.fail("restart_notebook", session_id=session)
    assert len(error["details"]["runs"]) == 1


async def test_a_batch_of_others_is_one_thing(jmcp: FakeJmcp, session: str) -> None:
    await jmcp.call("overwrite_cell_source", session_id=session, cell_index=0, cell_source=SLEEP)
    other = await jmcp.open("a.ipynb")
    await jmcp.call("run_cells", session_id=other, wait=0)
    await jmcp.kernels.sleeping.reached.wait()
    error = await jmcp.fail("restart_notebook", session_id=session)
    assert len(error["details"]["runs"]) == 1


@EACH
async def test_own_runs_are_not_asked_about(
    jmcp: FakeJmcp, session: str, tool: str, arguments: dict[str, Any]
) -> None:
    await running(jmcp, session)
    await jmcp.call("execute_code", session_id=session, code="2", wait=0)
    await jmcp.call(tool, session_id=session, **arguments)


@EACH
async def test_code_that_jmcp_did_not_send_is_asked_about(
    jmcp: FakeJmcp,
    session: str,
    tool: str,
    arguments: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await jmcp.call("execute_code", session_id=session, code="1")
    with monkeypatch.context() as busy:
        busy.setattr(FakeKernel, "state", "busy")
        error = await jmcp.fail(tool, session_id=session, **arguments)
    (row,) = error["details"]["runs"]
    assert (row["last_heard"], "since" in row) == (MOMENT, False)
    assert (
        f"code that jmcp did not send, as of a person in JupyterLab, last heard of at {MOMENT}"
        in (error["message"])
    )
    await jmcp.call(tool, session_id=session, **arguments)


async def test_an_own_run_that_waits_for_code_of_others_does_not_hide_it(
    jmcp: FakeJmcp, session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await jmcp.call("execute_code", session_id=session, code="1")
    # The kernel has the run and has not begun with it: a person's code comes first.
    hold = jmcp.faults.hold("kernel.run")
    await jmcp.call("execute_code", session_id=session, code="2", wait=0)
    await hold.reached.wait()
    with monkeypatch.context() as busy:
        busy.setattr(FakeKernel, "state", "busy")
        error = await jmcp.fail("restart_notebook", session_id=session)
    assert [row["what"][:4] for row in error["details"]["runs"]] == ["code"]
    hold.release()


async def test_a_question_to_the_kernel_is_nobodys_code(jmcp: FakeJmcp, session: str) -> None:
    await jmcp.call("execute_code", session_id=session, code="1")
    hold = jmcp.faults.hold("kernel.ask")
    asking = asyncio.create_task(jmcp.outcome("list_variables", session_id=session))
    await hold.reached.wait()
    await jmcp.call("restart_notebook", session_id=session)
    hold.release()
    await asking


async def test_an_answer_is_for_what_was_asked_about(jmcp: FakeJmcp, session: str) -> None:
    other, third = await jmcp.open("a.ipynb"), await jmcp.open("a.ipynb", BOB)
    await running(jmcp, other)
    error = await jmcp.fail("restart_notebook", session_id=session)
    agreed = replace(ALICE, confirmed=marks(error["details"]["runs"]))
    await jmcp.call("execute_code", BOB, session_id=third, code="3", wait=0)
    again = await jmcp.fail("restart_notebook", agreed, session_id=session)
    assert len(again["details"]["runs"]) == 2
    agreed = replace(ALICE, confirmed=marks(again["details"]["runs"]))
    await jmcp.call("restart_notebook", agreed, session_id=session)
