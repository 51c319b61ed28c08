"""A notice counts as told when a result that carries it was made for a client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from jmcp.core.journal.recorder import JournalRecorder
from jmcp.core.ports import DocumentMode
from jmcp.core.stores.journal.memory import MemoryJournal
from jmcp_api import phrases
from jmcp_api.backend_errors import KernelDown
from tests.calls import ALICE
from tests.fakes.jmcp import FakeJmcp

SECONDS = 10
NEW = {"cell_type": "code", "cell_source": "n = 0"}


async def started(mode: DocumentMode) -> FakeJmcp:
    made = FakeJmcp(mode=mode)
    made.options = {
        "recorder": JournalRecorder(
            made.documents, MemoryJournal(), phrases=phrases, look_seconds=3600
        )
    }
    made.documents.write("a.ipynb", "a = 1", "b = 2", "c = 3")
    return made


@pytest.fixture(params=["live", "file"])
async def jmcp(request: pytest.FixtureRequest) -> AsyncIterator[FakeJmcp]:
    made = await started(request.param)
    async with made.running():
        yield made
    assert not +made.documents.held, "a document is still held"


@pytest.fixture
async def live() -> AsyncIterator[FakeJmcp]:
    made = await started("live")
    async with made.running():
        yield made
    assert not +made.documents.held, "a document is still held"


def codes(result: dict[str, Any]) -> list[str]:
    return [notice["code"] for notice in result["notices"]]


async def cancelled(jmcp: FakeJmcp, point: str, tool: str, **arguments: Any) -> None:
    """A call whose caller leaves when it is at that point."""
    hold = jmcp.faults.hold(point)
    call = asyncio.create_task(jmcp.dispatcher.call(tool, arguments, ALICE))
    await asyncio.wait_for(hold.reached.wait(), SECONDS)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    await asyncio.wait_for(jmcp.dispatcher._cleaned_up(), SECONDS)


# -- the file was replaced -------------------------------------------------------------------------


async def test_a_replaced_file_is_told_to_each_session_once(jmcp: FakeJmcp) -> None:
    mine, other = await jmcp.open("a.ipynb"), await jmcp.open("a.ipynb")
    code = jmcp.documents.replace("a.ipynb", "a = 1", "b = 2", "c = 'git'")
    assert code in codes(await jmcp.call("read_notebook", session_id=mine))
    for _ in range(2):
        assert codes(await jmcp.call("read_notebook", session_id=mine)) == []
    write = {"cell_id": "c0", "cell_source": "a = 2"}
    assert code in codes(await jmcp.call("overwrite_cell_source", session_id=other, **write))
    assert code not in codes(await jmcp.call("read_notebook", session_id=other))
    late = await jmcp.call("use_notebook", notebook_path="a.ipynb")
    assert codes(late) == []


async def test_a_file_that_was_merged_is_told_with_the_texts_that_collided(live: FakeJmcp) -> None:
    mine, other = await live.open("a.ipynb"), await live.open("a.ipynb")
    for session in (mine, other):
        await live.call("read_notebook", session_id=session)
    live.documents.merge("a.ipynb", 1, "a = 'git'", "copy")
    for session in (mine, other):
        told = await live.call("read_notebook", session_id=session)
        assert codes(told) == ["file_merged", "texts_collided", "cells_inserted"]
        (collided,) = [one for one in told["notices"] if one["code"] == "texts_collided"]
        assert collided["details"]["cells"] == ["copy"]
        assert codes(await live.call("read_notebook", session_id=session)) == []


async def test_a_call_that_fails_tells_no_replacement(jmcp: FakeJmcp) -> None:
    mine = await jmcp.open("a.ipynb")
    code = jmcp.documents.replace("a.ipynb", "a = 1", "b = 2", "c = 'git'")
    write = {"cell_source": "a = 2"}
    await jmcp.fail("overwrite_cell_source", session_id=mine, cell_id="nope", **write)
    await jmcp.fail("overwrite_cell_source", session_id=mine, cell_id="c2", **write)
    await cancelled(jmcp, "document.edit", "insert_cell", session_id=mine, cell_index=0, **NEW)
    assert code in codes(await jmcp.call("read_cell", session_id=mine, cell_id="c0"))


# -- edits that were lost --------------------------------------------------------------------------


async def crash(jmcp: FakeJmcp) -> None:
    """Jupyter stops without saving, and starts again."""
    jmcp.documents.session = "second"
    jmcp.documents.reload("a.ipynb")


@pytest.mark.parametrize("conflict", [False, True])
async def test_what_was_recovered_or_lost_is_told_by_the_first_result(
    live: FakeJmcp, conflict: bool
) -> None:
    mine, other = await live.open("a.ipynb"), await live.open("a.ipynb")
    write = {"cell_id": "c0", "cell_source": "a = 2"}
    await live.call("overwrite_cell_source", session_id=mine, **write)
    if conflict:
        live.documents.write("a.ipynb", "a = 'git'", "b = 2", "c = 3")
    await crash(live)
    code = "text_not_recovered" if conflict else "edits_recovered"
    await live.fail("read_cell", session_id=mine, cell_id="nope")
    await live.fail("overwrite_cell_source", session_id=mine, cell_id="nope", cell_source="")
    await cancelled(live, "document.read done", "read_cell", session_id=mine, cell_id="c1")
    # What runs in the background reads too, and has nobody to tell.
    hold = live.kernels.hold("b = 2")
    batch = asyncio.create_task(live.outcome("run_cells", session_id=other, wait=60))
    await asyncio.wait_for(hold.reached.wait(), SECONDS)
    assert code in codes(await live.call("read_notebook", session_id=mine))
    assert code not in codes(await live.call("read_notebook", session_id=mine))
    hold.release()
    outcome = await batch
    assert outcome.result is not None
    assert code in codes(outcome.result)
    assert code not in codes(await live.call("read_notebook", session_id=other))


async def test_a_lost_edit_that_no_result_told_is_told_after_a_restart(live: FakeJmcp) -> None:
    mine = await live.open("a.ipynb")
    write = {"cell_id": "c0", "cell_source": "a = 2"}
    await live.call("overwrite_cell_source", session_id=mine, **write)
    live.documents.write("a.ipynb", "a = 'git'", "b = 2", "c = 3")
    await crash(live)
    await live.fail("read_cell", session_id=mine, cell_id="nope")
    ref = await live.documents.identify("a.ipynb")
    recorder = live.dispatcher.leases.recorder
    assert recorder is not None
    assert len(recorder.journal.undelivered(ref.key)) == 1
    assert "text_not_recovered" in codes(await live.call("read_notebook", session_id=mine))
    assert not recorder.journal.undelivered(ref.key)


# -- what a call did before it failed --------------------------------------------------------------


async def test_a_kernel_that_a_failed_call_started_is_told_by_the_next(jmcp: FakeJmcp) -> None:
    mine, other = await jmcp.open("a.ipynb"), await jmcp.open("a.ipynb")
    jmcp.faults.fail("document.outputs", KernelDown("whatever"))
    assert (await jmcp.outcome("execute_cell", session_id=mine, cell_index=1)).error
    assert jmcp.kernels.started == 1
    assert codes(await jmcp.call("list_executions", session_id=other)) == []
    assert codes(await jmcp.call("read_notebook", session_id=mine)) == ["kernel_started"]
    assert codes(await jmcp.call("read_notebook", session_id=mine)) == []


async def test_a_kernel_that_a_cancelled_call_stopped_is_told_by_the_next(jmcp: FakeJmcp) -> None:
    mine, other = await jmcp.open("a.ipynb", kernel="private"), await jmcp.open("a.ipynb")
    await jmcp.call("execute_cell", session_id=mine, cell_id="c0")
    again = {"session_id": mine, "notebook_path": "a.ipynb", "kernel": "shared"}
    await left_when_stored(jmcp, "use_notebook", **again)
    assert jmcp.kernels.kernels == {}
    assert codes(await jmcp.call("list_executions", session_id=other)) == []
    assert codes(await jmcp.call("read_notebook", session_id=mine)) == ["private_kernel_stopped"]
    assert codes(await jmcp.call("read_notebook", session_id=mine)) == []


async def test_runs_that_a_failed_restart_dropped_are_told(jmcp: FakeJmcp) -> None:
    mine = await jmcp.open("a.ipynb")
    hold = jmcp.kernels.hold("a = 1")
    for cell_id in ("c0", "c1"):
        await jmcp.call("execute_cell", session_id=mine, cell_id=cell_id, wait=0)
    jmcp.faults.fail("kernels.restart", ValueError("a bug"))
    await asyncio.wait_for(hold.reached.wait(), SECONDS)
    restart = await jmcp.outcome("restart_notebook", session_id=mine)
    assert restart.error is not None
    assert "runs_dropped" in codes(await jmcp.call("read_notebook", session_id=mine))
    hold.release()


async def test_a_lost_kernel_is_told_though_the_first_to_be_told_left(live: FakeJmcp) -> None:
    mine = await live.open("a.ipynb")
    await live.call("execute_cell", session_id=mine, cell_id="c0")
    live.kernels.kill("kernel-1")
    live.kernels.revive("kernel-1")
    await left_when_stored(live, "execute_cell", session_id=mine, cell_id="c1")
    run = {"session_id": mine, "cell_id": "c2"}
    assert codes(await live.call("execute_cell", **run)) == ["kernel_restarted"]
    assert codes(await live.call("execute_cell", **run)) == []


async def test_a_change_is_told_though_the_run_that_would_say_so_did_not_begin(
    jmcp: FakeJmcp,
) -> None:
    mine = await jmcp.open("a.ipynb")
    jmcp.documents.type_over("a.ipynb", "c0", "a = 'other'")
    jmcp.kernels.broken_specs.add("python3")
    await jmcp.fail("execute_cell", session_id=mine, cell_id="c0")
    assert "cells_changed" in codes(await jmcp.call("read_notebook", session_id=mine))


async def test_a_run_of_what_others_changed_says_so_once(jmcp: FakeJmcp) -> None:
    mine = await jmcp.open("a.ipynb")
    jmcp.documents.type_over("a.ipynb", "c0", "a = 'other'")
    told = codes(await jmcp.call("execute_cell", session_id=mine, cell_id="c0"))
    assert [code for code in told if code.startswith(("source_", "cells_"))] == ["source_changed"]
    assert codes(await jmcp.call("read_notebook", session_id=mine)) == []


# -- places ----------------------------------------------------------------------------------------


async def test_a_listing_that_reached_nobody_is_no_reading_of_places(jmcp: FakeJmcp) -> None:
    mine = await jmcp.open("a.ipynb")
    jmcp.documents.put_in("a.ipynb", 0, "x = 0", "x0")
    await left_when_stored(jmcp, "read_notebook", session_id=mine)
    error = await jmcp.fail("execute_cell", session_id=mine, cell_index=1)
    assert error["code"] == "cell_changed"


@pytest.mark.parametrize("tool", ["insert_cell", "move_cell", "delete_cell"])
async def test_an_edit_whose_caller_left_is_followed_by_nobody(jmcp: FakeJmcp, tool: str) -> None:
    mine = await jmcp.open("a.ipynb")
    arguments: dict[str, dict[str, Any]] = {
        "insert_cell": {"cell_index": 0, **NEW},
        "move_cell": {"cell_index": 2, "target_index": 0},
        "delete_cell": {"cell_indices": [0]},
    }
    await left_when_stored(jmcp, tool, session_id=mine, **arguments[tool])
    error = await jmcp.fail("execute_cell", session_id=mine, cell_index=1)
    assert error["code"] == "cell_changed"


async def test_an_insertion_whose_run_could_not_begin_is_followed_by_nobody(
    jmcp: FakeJmcp,
) -> None:
    mine = await jmcp.open("a.ipynb")
    run = {"cell_index": 0, "cell_source": "n = 0"}
    jmcp.faults.fail("kernels.connect", KernelDown("whatever"), nth=2)
    outcome = await jmcp.outcome("insert_execute_code_cell", session_id=mine, **run)
    if outcome.error is not None:
        error = await jmcp.fail("execute_cell", session_id=mine, cell_index=1)
        assert error["code"] == "cell_changed"


async def left_when_stored(jmcp: FakeJmcp, tool: str, **arguments: Any) -> None:
    """A call whose caller leaves when its handler is done and the session is stored."""
    sessions = jmcp.dispatcher.sessions
    update, reached = sessions.update, asyncio.Event()

    async def stopped(*args: Any, **kwargs: Any) -> None:
        await update(*args, **kwargs)
        if not reached.is_set():
            reached.set()
            await asyncio.sleep(3600)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sessions, "update", stopped)
        call = asyncio.create_task(jmcp.dispatcher.call(tool, arguments, ALICE))
        await asyncio.wait_for(reached.wait(), SECONDS)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        await asyncio.wait_for(jmcp.dispatcher._cleaned_up(), SECONDS)
