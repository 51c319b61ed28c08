"""Reading a notebook: states of cells, outputs and headings."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from jmcp.core.errors import KernelDown
from jmcp_handlers.cells import reading
from tests.fakes.jmcp import FakeJmcp


async def states(jmcp: FakeJmcp, session: str) -> list[Any]:
    """The state of each cell, with the exception where there is one."""
    read = await jmcp.call("read_notebook", session_id=session)
    return [
        f"{cell['state']} {cell['ename']}" if cell.get("ename") else cell.get("state")
        for cell in read["cells"]
    ]


async def run(jmcp: FakeJmcp, session: str, *cell_ids: str, **arguments: Any) -> None:
    for cell_id in cell_ids:
        await jmcp.call("execute_cell", session_id=session, cell_id=cell_id, **arguments)


async def test_each_state(jmcp: FakeJmcp, session: str) -> None:
    sources = ("x = 6", "1 / 0", "y = 1", "time.sleep(9)", "z", "new")
    jmcp.documents.write("b.ipynb", *sources)
    session = await jmcp.open("b.ipynb")
    await run(jmcp, session, "c0", "c1", "c2")
    jmcp.documents.type_over("b.ipynb", "c2", "y = 2")
    await run(jmcp, session, "c3", "c4", wait=0)
    await asyncio.wait_for(jmcp.kernels.sleeping.reached.wait(), 10)
    found = await states(jmcp, session)
    assert found == ["ok", "error ZeroDivisionError", "stale", "running", "queued", "never_run"]
    read = await jmcp.call("read_notebook", session_id=session)
    assert [cell["ename"] is not None for cell in read["cells"]].count(True) == 1
    jmcp.kernels.sleeping.released.set()


async def test_who_opens_it_sees_what_failed_and_what_runs(jmcp: FakeJmcp) -> None:
    jmcp.documents.write("b.ipynb", "x = 6", "1 / 0", "time.sleep(9)", "z", "new")
    session = await jmcp.open("b.ipynb")
    await run(jmcp, session, "c0", "c1")
    await run(jmcp, session, "c2", "c3", wait=0)
    await asyncio.wait_for(jmcp.kernels.sleeping.reached.wait(), 10)
    opened = await jmcp.call("use_notebook", notebook_path="b.ipynb")
    shown = [(cell["state"], cell["ename"]) for cell in opened["cells"]]
    waiting = [("running", None), ("queued", None), (None, None)]
    assert shown == [(None, None), ("error", "ZeroDivisionError"), *waiting]
    jmcp.kernels.sleeping.released.set()


async def test_a_failed_cell_that_was_mended_is_stale_until_it_runs(
    jmcp: FakeJmcp, session: str
) -> None:
    jmcp.documents.type_over("a.ipynb", "c0", "1 / 0")
    await run(jmcp, session, "c0")
    assert (await states(jmcp, session))[0] == "error ZeroDivisionError"
    jmcp.documents.type_over("a.ipynb", "c0", "x = 1")
    assert (await states(jmcp, session))[0] == "stale"
    await run(jmcp, session, "c0")
    assert (await states(jmcp, session))[0] == "ok"


async def test_what_ran_in_an_earlier_kernel_is_stale(jmcp: FakeJmcp, session: str) -> None:
    await run(jmcp, session, "c0", "c1")
    kernel_id = jmcp.kernels.made[0].kernel_id
    jmcp.kernels.revive(kernel_id)
    await run(jmcp, session, "c0")
    assert await states(jmcp, session) == ["ok", "stale", "never_run"]
    jmcp.kernels.kill(kernel_id)
    assert await states(jmcp, session) == ["stale", "stale", "never_run"]


async def test_runs_of_others_are_known_by_what_the_cell_shows(jmcp: FakeJmcp) -> None:
    error = {"output_type": "error", "ename": "KeyError", "evalue": "'a'", "traceback": []}
    figure = {"output_type": "display_data", "data": {}, "metadata": {}}
    stored = [(3, []), (4, [error, figure]), (None, []), (None, [figure])]
    cells = [
        {"cell_type": "code", "id": f"c{index}", "source": "s", "metadata": {},
         "execution_count": count, "outputs": outputs}
        for index, (count, outputs) in enumerate(stored)
    ]  # fmt: skip
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    jmcp.documents.put_text("c.ipynb", json.dumps(notebook))
    session = await jmcp.open("c.ipynb")
    # No kernel runs, so whatever ran did so in one that is gone.
    assert await states(jmcp, session) == ["stale", "error KeyError", "never_run", "stale"]
    await jmcp.call("execute_code", session_id=session, code="1")
    assert await states(jmcp, session) == ["ok", "error KeyError", "never_run", "ok"]


async def test_a_server_that_cannot_say_which_kernel_runs_is_no_error(
    jmcp: FakeJmcp, session: str
) -> None:
    await run(jmcp, session, "c0")
    jmcp.kernels.kill(jmcp.kernels.made[0].kernel_id)
    jmcp.faults.fail("kernels.health", KernelDown("away"))
    assert (await states(jmcp, session))[0] == "ok"


async def test_outputs_fill_one_result_and_no_more(
    jmcp: FakeJmcp, monkeypatch: pytest.MonkeyPatch
) -> None:
    jmcp.documents.write("big.ipynb", *("print('x' * 5000)" for _ in range(30)), "1")
    session = await jmcp.open("big.ipynb")
    await jmcp.call("run_cells", session_id=session)
    read = await jmcp.call("read_notebook", session_id=session, limit=100, include_outputs=True)
    shown = [cell for cell in read["cells"] if cell.get("outputs")]
    size = sum(len(output["text"]) for cell in shown for output in cell["outputs"])
    assert 15_000 < size < 22_000
    (notice,) = [one for one in read["notices"] if one["code"] == "cell_outputs_not_shown"]
    assert notice["details"]["count"] == 31 - len(shown)


async def test_headings_come_in_pages(
    jmcp: FakeJmcp, session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "SHOWN_HEADINGS", 2)
    await jmcp.call(
        "insert_cell",
        session_id=session,
        cell_index=1,
        cell_type="markdown",
        cell_source="# A\n## B\n### C",
    )
    call = {"session_id": session, "response_format": "headings"}
    first = await jmcp.call("read_notebook", **call)
    assert [one["heading"] for one in first["headings"]] == ["# A", "## B"]
    assert (first["more"]["count"], first["cells"]) == (1, [])
    rest = await jmcp.call("read_notebook", start_index=2, **call)
    assert [one["heading"] for one in rest["headings"]] == ["### C"]
    assert rest["more"] is None
