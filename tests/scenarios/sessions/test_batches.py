"""run_cells: one summary, the right cells, and an end when there has to be one."""

from __future__ import annotations

import asyncio
from typing import Any

import nbformat as untyped_nbformat
import pytest

from tests.scenarios.sessions.conftest import SessionServer
from tests.scenarios.sessions.test_executions import begun

nbformat: Any = untyped_nbformat


async def notebook(server: SessionServer, *sources: str, markdown: tuple[int, ...] = ()) -> str:
    """A session on a notebook of those cells, with ids cell0, cell1 and so on."""
    made = nbformat.v4.new_notebook()
    for index, source in enumerate(sources):
        make: Any = nbformat.v4.new_code_cell
        if index in markdown:
            make = nbformat.v4.new_markdown_cell
        made.cells.append(make(source, id=f"cell{index}"))
    server.put_text("batch.ipynb", nbformat.writes(made))
    return await server.open("batch.ipynb")


def statuses(result: dict[str, Any]) -> dict[str, str]:
    return {cell["cell_id"]: cell["status"] for cell in result["batch"]["cells"]}


async def ended(server: SessionServer, session: str, execution_id: str) -> dict[str, Any]:
    """The summary of a batch that has to end."""
    result = await server.call(
        "get_execution", session_id=session, execution_id=execution_id, wait=600
    )
    assert result["status"] != "running"
    return result


async def test_markdown_is_skipped_and_each_cell_summed_up(server: SessionServer) -> None:
    session = await notebook(server, "x = 6", "# title", "print(x)\nx * 7", markdown=(1,))
    result = await server.call("run_cells", session_id=session)
    assert (result["status"], result["complete"], result["outputs"]) == ("ok", True, [])
    assert (result["cell_id"], result["batch"]["done"], result["batch"]["total"]) == (None, 2, 2)
    first, second = result["batch"]["cells"]
    assert (first["cell_index"], first["cell_id"], first["execution_count"]) == (0, "cell0", 1)
    assert (second["cell_index"], second["output"]) == (2, "6\n42")
    listed = await server.call("list_executions", session_id=session)
    assert "cell2" in [row["cell_id"] for row in listed["executions"]], "each is a run of its own"


@pytest.mark.parametrize(("stop", "last"), [(True, "not_run"), (False, "ok")])
async def test_an_error_in_the_middle(server: SessionServer, stop: bool, last: str) -> None:
    session = await notebook(server, "x = 1", "1 / 0", "x")
    result = await server.call("run_cells", session_id=session, stop_on_error=stop)
    assert result["status"] == "error"
    assert statuses(result) == {"cell0": "ok", "cell1": "error", "cell2": last}
    assert result["batch"]["cells"][1]["error"] == "ZeroDivisionError: division by zero"
    assert result["batch"]["done"] == (2 if stop else 3)


async def test_ranges(server: SessionServer) -> None:
    session = await notebook(server, *"abcd")
    wanted: list[tuple[dict[str, Any], list[str]]] = [
        ({"start_index": 1, "end_index": 2}, ["cell1", "cell2"]),
        ({"start_index": 3}, ["cell3"]),
        ({"start_cell_id": "cell2"}, ["cell2", "cell3"]),
        ({"end_index": 0}, ["cell0"]),
    ]
    for call, ids in wanted:
        result = await server.call("run_cells", session_id=session, stop_on_error=False, **call)
        assert list(statuses(result)) == ids
    for call, code in (
        ({"start_index": 4}, "cell_not_found"),
        ({"start_index": 2, "end_index": 1}, "invalid_arguments"),
        ({"start_index": 2, "start_cell_id": "cell1"}, "invalid_arguments"),
    ):
        assert (await server.fail("run_cells", session_id=session, **call))["code"] == code


async def test_edits_of_others_never_make_it_run_a_wrong_cell(server: SessionServer) -> None:
    waits = f"{server.begins}{server.until_go}"
    session = await notebook(server, waits, "print('one')", "print('two')", "print('three')", "4")
    early = await server.call("run_cells", session_id=session, wait=0)
    assert early["status"] == "running"
    await server.begun()
    other = await server.open("batch.ipynb")
    for tool, call in (
        ("move_cell", {"cell_id": "cell3", "target_index": 0}),
        ("delete_cell", {"cell_ids": ["cell1"]}),
        ("insert_cell", {"cell_index": 0, "cell_type": "code", "cell_source": "new = True"}),
        ("overwrite_cell_source", {"cell_id": "cell2", "cell_source": "print('edited')"}),
    ):
        await server.call(tool, session_id=other, **call)
    server.go()
    result = await ended(server, session, early["execution_id"])
    assert result["status"] == "ok"
    assert statuses(result) == {
        "cell0": "ok",
        "cell1": "deleted",
        "cell2": "ok",
        "cell3": "ok",
        "cell4": "ok",
    }
    rows = {row["cell_id"]: row for row in result["batch"]["cells"]}
    assert (rows["cell2"]["output"], rows["cell3"]["output"]) == ("edited", "three")
    assert rows["cell3"]["cell_index"] == 1
    for cell_id, text in (("cell2", "edited\n"), ("cell3", "three\n")):
        read = await server.call("read_cell", session_id=session, cell_id=cell_id)
        assert [output["text"] for output in read["outputs"]] == [text]
    new = await server.call("read_cell", session_id=session, cell_index=0)
    assert new["execution_count"] is None


async def test_an_interrupt_ends_it(server: SessionServer) -> None:
    session = await notebook(server, f"{server.begins}{server.until_go}", server.marks("ran"))
    early = await server.call("run_cells", session_id=session, stop_on_error=False, wait=0)
    await server.begun()
    stopped = await server.call("interrupt_kernel", session_id=session)
    assert stopped["action"] == "interrupted"
    result = await ended(server, session, early["execution_id"])
    assert result["status"] == "interrupted"
    assert statuses(result) == {"cell0": "interrupted", "cell1": "not_run"}
    assert not server.is_marked("ran")


async def test_an_interrupt_ends_it_while_its_cell_waits_for_its_turn(
    server: SessionServer,
) -> None:
    session = await notebook(server, server.marks("ran"))
    await begun(server, session, code=f"{server.begins}{server.until_go}")
    await server.begun()
    early = await server.call("run_cells", session_id=session, wait=0)
    await server.call("interrupt_kernel", session_id=session)
    result = await ended(server, session, early["execution_id"])
    assert result["status"] == "interrupted"
    await server.call("execute_code", session_id=session, code="1")
    assert not server.is_marked("ran")


async def test_a_cell_over_its_time_stops_it_as_an_error_does(server: SessionServer) -> None:
    session = await notebook(server, server.until_go, "1")
    result = await server.call("run_cells", session_id=session, timeout=1)
    assert result["status"] == "timed_out"
    assert statuses(result) == {"cell0": "timed_out", "cell1": "not_run"}


async def test_the_death_of_the_kernel_ends_it(server: SessionServer) -> None:
    session = await notebook(server, "import os; os._exit(1)", "1")
    result = await server.call("run_cells", session_id=session, stop_on_error=False)
    assert result["status"] == "kernel_died"
    assert statuses(result) == {"cell0": "kernel_died", "cell1": "not_run"}
    assert [notice["code"] for notice in result["notices"]][-1] == "kernel_restarted"


async def test_a_restart_ends_it(server: SessionServer) -> None:
    session = await notebook(server, f"{server.begins}{server.until_go}", "1")
    early = await server.call("run_cells", session_id=session, stop_on_error=False, wait=0)
    await server.begun()
    await server.call("restart_notebook", session_id=session)
    result = await ended(server, session, early["execution_id"])
    assert statuses(result)["cell1"] == "not_run"
    assert result["status"] in ("kernel_restarted", "kernel_died", "interrupted")


async def test_two_sessions_take_turns_on_one_kernel(server: SessionServer) -> None:
    first = await notebook(server, "try:\n  n += 1\nexcept NameError:\n  n = 1", "n += 1", "n += 1")
    second = await server.open("batch.ipynb")
    results = await asyncio.gather(
        server.call("run_cells", session_id=first), server.call("run_cells", session_id=second)
    )
    assert [result["status"] for result in results] == ["ok", "ok"]
    counts = await server.call("execute_code", session_id=first, code="n")
    assert counts["outputs"][0]["text"] == "6"
    # Each knows its own batch only.
    for session, result in zip((second, first), results, strict=True):
        error = await server.fail(
            "get_execution", session_id=session, execution_id=result["execution_id"]
        )
        assert error["code"] == "execution_not_found"


async def test_a_batch_is_listed_with_its_runs(server: SessionServer) -> None:
    session = await notebook(server, server.until_go, "1")
    early = await server.call("run_cells", session_id=session, wait=0)
    listed = await server.call("list_executions", session_id=session)
    rows = {row["execution_id"]: row for row in listed["executions"]}
    assert rows[early["execution_id"]]["code"] == "run_cells: 0 of 2 cells"
    server.go()
    await ended(server, session, early["execution_id"])
    assert (await server.call("list_executions", session_id=session))["total"] == 3


async def test_a_renamed_notebook_goes_on(server: SessionServer) -> None:
    session = await notebook(server, f"{server.begins}{server.until_go}", "print('after')")
    early = await server.call("run_cells", session_id=session, wait=0)
    await server.begun()
    await server.rename("batch.ipynb", "renamed.ipynb")
    server.go()
    result = await ended(server, session, early["execution_id"])
    assert result["status"] == "ok"
    (moved,) = [one for one in result["notices"] if one["code"] == "notebook_moved"]
    assert moved["details"]["new"] == "renamed.ipynb"
    assert result["batch"]["cells"][1]["output"] == "after"


async def test_many_cells_and_long_outputs_stay_a_summary(server: SessionServer) -> None:
    noisy = "print('x' * 5000)"
    session = await notebook(server, *[noisy] * 100, "1 / 0", *[noisy] * 29)
    outcome = await server.outcome("run_cells", session_id=session, stop_on_error=False, wait=600)
    assert outcome.result is not None, outcome.text
    batch = outcome.result["batch"]
    assert (batch["done"], batch["total"], len(batch["cells"])) == (130, 130, 100)
    assert batch["left_out"] == 30
    assert "error" in {cell["status"] for cell in batch["cells"]}
    assert len(outcome.text) < 20_000
