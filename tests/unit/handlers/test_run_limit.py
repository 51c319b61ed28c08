"""How many runs a session may have under way, and what is kept of those that are over."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from dataclasses import replace
from weakref import ref

import pytest

from jmcp.compose import API
from jmcp.core.ports import Cell, NotebookRef
from jmcp.core.runs.batch import Batch
from jmcp.core.runs.retention import KEPT_RUNS
from tests.calls import BOB
from tests.fakes.documents import FakeDocuments, FakeSink
from tests.fakes.jmcp import FakeJmcp

SLEEP = "time.sleep(60)"


@pytest.fixture
async def jmcp() -> AsyncIterator[FakeJmcp]:
    """At most three runs of a session go on or wait."""
    api = replace(API, policy=replace(API.policy, runs_per_session=3))
    made = FakeJmcp(options={"api": api})
    made.documents.write("a.ipynb", "1", "2")
    async with made.running():
        yield made


async def test_a_loop_that_waits_for_nothing_is_stopped(jmcp: FakeJmcp) -> None:
    session, other = await jmcp.open("a.ipynb"), await jmcp.open("a.ipynb", BOB)
    runs = [
        await jmcp.call("execute_code", session_id=session, code=SLEEP, wait=0) for _ in range(3)
    ]
    error = await jmcp.fail(
        "insert_execute_code_cell", session_id=session, cell_index=0, cell_source="1"
    )
    assert (error["code"], error["retry"]) == ("session_limit", "later")
    assert "3 runs" in error["message"]
    assert (await jmcp.fail("run_cells", session_id=session))["code"] == "session_limit"
    assert (await jmcp.call("read_notebook", session_id=session))["cell_count"] == 2
    theirs = await jmcp.call("execute_code", BOB, session_id=other, code="1", wait=0)
    assert theirs["status"] == "running"
    jmcp.kernels.sleeping.release()
    asked = {"session_id": session, "execution_id": runs[-1]["execution_id"]}
    assert (await jmcp.call("get_execution", **asked))["status"] == "ok"
    assert (await jmcp.call("execute_cell", session_id=session, cell_index=0))["status"] == "ok"


async def test_what_is_over_holds_no_call(jmcp: FakeJmcp) -> None:
    session = await jmcp.open("a.ipynb")
    runs = jmcp.dispatcher.runs
    first = await jmcp.call("run_cells", session_id=session)
    batch = runs.index.get(first["execution_id"])
    assert isinstance(batch, Batch)
    run = batch.request.steps[0].run
    assert run is not None
    assert run.request.outputs is not None
    assert run.request.outputs._lease._on_notice is None
    assert batch._opened is None


async def test_a_batch_keeps_no_outputs_of_runs_that_are_forgotten(jmcp: FakeJmcp) -> None:
    session = await jmcp.open("a.ipynb")
    first = await jmcp.call("run_cells", session_id=session)
    batch = jmcp.dispatcher.runs.index.get(first["execution_id"])
    assert isinstance(batch, Batch)
    run = batch.request.steps[0].run
    assert run is not None
    assert run.outputs
    for _ in range(KEPT_RUNS):
        await jmcp.call("execute_code", session_id=session, code="1")
    assert jmcp.dispatcher.runs.index.get(run.execution_id) is None
    assert run.outputs == []


async def test_a_finished_run_holds_no_sink(
    jmcp: FakeJmcp, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await jmcp.open("a.ipynb")
    sinks = []
    make = FakeSink.__init__

    def init(sink: FakeSink, documents: FakeDocuments, notebook: NotebookRef, cell: Cell) -> None:
        make(sink, documents, notebook, cell)
        sinks.append(ref(sink))

    monkeypatch.setattr(FakeSink, "__init__", init)
    await jmcp.call("execute_cell", session_id=session, cell_index=0)
    await asyncio.sleep(0)
    gc.collect()
    assert [sink() for sink in sinks] == [None]
