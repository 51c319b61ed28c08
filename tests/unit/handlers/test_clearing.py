"""Clearing outputs: which cells, what comes back, and cells that run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from jmcp.core.ports import DocumentMode
from tests.fakes.jmcp import FakeJmcp
from tests.unit.handlers.test_undo import PICTURE, PLOT, notebook, saved

NEVER_RUN = {**PLOT, "id": "never", "execution_count": None, "outputs": []}


@pytest.fixture(params=["live", "file"])
async def jmcp(request: pytest.FixtureRequest) -> AsyncIterator[FakeJmcp]:
    mode: DocumentMode = request.param
    made = FakeJmcp(mode=mode, journaled=True)
    made.documents.put_text("a.ipynb", notebook(PICTURE, PLOT, NEVER_RUN, {**PLOT, "id": "two"}))
    async with made.running():
        yield made


@pytest.fixture
async def session(jmcp: FakeJmcp) -> str:
    return await jmcp.open("a.ipynb")


async def states(jmcp: FakeJmcp, session: str) -> list[str | None]:
    read = await jmcp.call("read_notebook", session_id=session)
    return [cell["state"] for cell in read["cells"]]


@pytest.mark.parametrize(
    ("arguments", "cleared"),
    [
        ({}, ["plot", "two"]),
        ({"cell_indices": [3, 0, 2]}, ["two"]),
        ({"cell_ids": ["plot", "plot"]}, ["plot"]),
        ({"cell_id": "plot"}, ["plot"]),
        ({"cell_ids": ["plot"], "cell_indices": [1]}, ["plot"]),
    ],
)
async def test_outputs_go_and_come_back(
    jmcp: FakeJmcp, session: str, arguments: dict[str, Any], cleared: list[str]
) -> None:
    before = await saved(jmcp)
    made = await jmcp.call("clear_cell_output", session_id=session, **arguments)
    assert [cell["cell_id"] for cell in made["cells"]] == cleared
    assert made["cleared"] == len(cleared)
    blank: dict[str, Any] = {"outputs": [], "execution_count": None}
    wanted = [{**cell, **blank} if cell["id"] in cleared else cell for cell in before]
    assert await saved(jmcp) == wanted
    undone = await jmcp.call("undo_change", session_id=session)
    assert undone["undone"] == made["change_id"]
    assert {cell["change"] for cell in undone["cells"]} == {"outputs_restored"}
    assert await saved(jmcp) == before
    again = await jmcp.call("undo_change", session_id=session, change_id=undone["change_id"])
    assert {cell["change"] for cell in again["cells"]} == {"cleared"}
    assert await saved(jmcp) == wanted


async def test_a_cleared_cell_was_never_run(jmcp: FakeJmcp, session: str) -> None:
    await jmcp.call("execute_cell", session_id=session, cell_id="plot")
    assert (await states(jmcp, session))[1] == "ok"
    await jmcp.call("clear_cell_output", session_id=session)
    assert await states(jmcp, session) == [None, "never_run", "never_run", "never_run"]


async def test_nothing_to_clear_is_no_change(jmcp: FakeJmcp, session: str) -> None:
    made = await jmcp.call("clear_cell_output", session_id=session, cell_ids=["pict", "never"])
    assert (made["cleared"], made["cells"], made["change_id"]) == (0, [], None)


async def test_all_or_none(jmcp: FakeJmcp, session: str) -> None:
    before = await saved(jmcp)
    error = await jmcp.fail("clear_cell_output", session_id=session, cell_ids=["plot", "nope"])
    assert error["code"] == "cell_not_found"
    assert await saved(jmcp) == before


async def test_a_cell_that_was_run_since_keeps_its_outputs(jmcp: FakeJmcp, session: str) -> None:
    await jmcp.call("clear_cell_output", session_id=session, cell_ids=["plot"])
    await jmcp.call("execute_cell", session_id=session, cell_id="plot")
    ran = await saved(jmcp)
    error = await jmcp.fail("undo_change", session_id=session)
    assert error["code"] == "cell_changed"
    assert await saved(jmcp) == ran
    undone = await jmcp.call("undo_change", session_id=session, force=True)
    assert (await saved(jmcp))[1] == PLOT
    await jmcp.call("undo_change", session_id=session, change_id=undone["change_id"])
    assert await saved(jmcp) == ran, "what force took is taken back too"


async def test_outputs_that_are_too_long_for_undo_are_named_at_once(jmcp: FakeJmcp) -> None:
    long = {"name": "stdout", "output_type": "stream", "text": "x" * 1_200_000}
    jmcp.documents.put_text("b.ipynb", notebook(PLOT, {**PLOT, "id": "long", "outputs": [long]}))
    session = await jmcp.open("b.ipynb")
    made = await jmcp.call("clear_cell_output", session_id=session)
    assert [one["details"] for one in made["notices"]] == [{"cells": ["long"]}]
    undone = await jmcp.call("undo_change", session_id=session)
    assert [one["code"] for one in undone["notices"]] == ["outputs_not_kept"]
    cells = [
        await jmcp.call("read_cell", session_id=session, cell_id=one) for one in ("plot", "long")
    ]
    assert [(cell["output_count"], cell["execution_count"]) for cell in cells] == [(2, 3), (0, 3)]


async def test_all_outputs_of_one_edit_have_one_bound(jmcp: FakeJmcp) -> None:
    """A notebook full of figures does not fill the journal with one call."""
    long = {"name": "stdout", "output_type": "stream", "text": "x" * 900_000}
    cells = [{**PLOT, "id": f"c{number}", "outputs": [long]} for number in range(8)]
    jmcp.documents.put_text("b.ipynb", notebook(*cells))
    session = await jmcp.open("b.ipynb")
    made = await jmcp.call("clear_cell_output", session_id=session)
    assert [one["details"]["cells"] for one in made["notices"]] == [["c4", "c5", "c6", "c7"]]


async def test_a_cell_that_runs_shows_what_comes_from_then_on(jmcp: FakeJmcp, session: str) -> None:
    jmcp.documents.put_text("b.ipynb", notebook(PLOT))
    running = await jmcp.open("b.ipynb")
    hold = jmcp.kernels.sleeping
    await jmcp.call(
        "overwrite_cell_source",
        session_id=running,
        cell_id="plot",
        cell_source="print(1)\ntime.sleep(60)\nprint(2)",
    )
    run = await jmcp.call("execute_cell", session_id=running, cell_id="plot", wait=0)
    await hold.reached.wait()
    await jmcp.call("get_execution", session_id=running, execution_id=run["execution_id"], wait=0)
    shown = await jmcp.call("read_cell", session_id=running, cell_id="plot")
    assert [one["text"] for one in shown["outputs"]] == ["1\n"]
    made = await jmcp.call("clear_cell_output", session_id=running)
    assert [cell["running"] for cell in made["cells"]] == [True]
    refused = await jmcp.fail("undo_change", session_id=running, force=True)
    assert refused["code"] == "cell_changed", "it shows its run"
    hold.release()
    ended = await jmcp.call("get_execution", session_id=running, execution_id=run["execution_id"])
    assert [one["text"] for one in ended["outputs"]] == ["1\n2\n"]
    shown = await jmcp.call("read_cell", session_id=running, cell_id="plot")
    assert [one["text"] for one in shown["outputs"]] == ["2\n"]
    assert shown["execution_count"] == 1
