"""A cell that runs in two kernels at once shows the run that was begun last."""

from __future__ import annotations

from typing import Any

from tests.calls import BOB
from tests.fakes.jmcp import FakeJmcp

SOURCE = "print(name)\ntime.sleep(60)\nprint(name)"


def codes(result: dict[str, Any]) -> list[str]:
    return [notice["code"] for notice in result["notices"]]


async def sessions(jmcp: FakeJmcp) -> tuple[str, str]:
    """Two sessions on one notebook, each with a kernel of its own and a `name` in it."""
    await jmcp.call(
        "overwrite_cell_source",
        session_id=await jmcp.open("a.ipynb"),
        cell_id="c0",
        cell_source=SOURCE,
        force=True,
    )
    mine = await jmcp.open("a.ipynb", kernel="private")
    theirs = await jmcp.open("a.ipynb", BOB, kernel="private")
    await jmcp.call("execute_code", session_id=mine, code="name = 'mine'")
    await jmcp.call("execute_code", BOB, session_id=theirs, code="name = 'theirs'")
    return mine, theirs


async def text(jmcp: FakeJmcp, session: str, run: dict[str, Any] | None = None) -> str:
    """What the cell shows, as soon as that run has shown all that it has."""
    if run is not None:
        asked = {"session_id": session, "execution_id": run["execution_id"]}
        await jmcp.call("get_execution", **asked, wait=0)
    cell = await jmcp.call("read_cell", session_id=session, cell_id="c0")
    return "".join(output["text"] for output in cell["outputs"])


async def test_who_runs_last_has_the_cell_and_the_other_is_told(jmcp: FakeJmcp) -> None:
    mine, theirs = await sessions(jmcp)
    first = await jmcp.call("execute_cell", session_id=mine, cell_id="c0", wait=0)
    await jmcp.kernels.sleeping.reached.wait()
    assert await text(jmcp, mine, first) == "mine\n"
    second = await jmcp.call("execute_cell", BOB, session_id=theirs, cell_id="c0", wait=0.2)
    assert await text(jmcp, mine) == "theirs\n"
    jmcp.kernels.sleeping.release()
    asked = {"execution_id": first["execution_id"], "session_id": mine}
    ended = await jmcp.call("get_execution", **asked)
    assert "run_cell_taken" in codes(ended)
    assert ended["outputs"][0]["text"] == "mine\nmine\n"
    asked = {"execution_id": second["execution_id"], "session_id": theirs}
    other = await jmcp.call("get_execution", BOB, **asked)
    assert "run_cell_taken" not in codes(other)
    assert await text(jmcp, mine) == "theirs\ntheirs\n"


async def test_a_run_that_never_begins_leaves_the_cell_to_the_other(jmcp: FakeJmcp) -> None:
    mine, theirs = await sessions(jmcp)
    first = await jmcp.call("execute_cell", session_id=mine, cell_id="c0", wait=0)
    await jmcp.kernels.sleeping.reached.wait()
    hold = jmcp.kernels.hold(SOURCE)
    await jmcp.call("execute_cell", BOB, session_id=theirs, cell_id="c0", wait=0.2)
    await hold.reached.wait()
    assert await text(jmcp, mine, first) == "mine\n"
    await jmcp.call("interrupt_kernel", BOB, session_id=theirs)
    jmcp.kernels.sleeping.release()
    asked = {"execution_id": first["execution_id"], "session_id": mine}
    ended = await jmcp.call("get_execution", **asked)
    assert "run_cell_taken" not in codes(ended)
    assert await text(jmcp, mine) == "mine\nmine\n"
