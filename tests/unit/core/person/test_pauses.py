"""A person pauses sessions of agents: from then on these change nothing, and they are told why."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from jmcp.compose import API
from jmcp.core.activity.presence import Row
from jmcp.core.person.undo import PersonError
from jmcp.core.ports import DocumentMode
from jmcp_api.backend_errors import StateUnavailable
from tests.calls import ALICE, BOB
from tests.fakes.jmcp import FakeJmcp

SECONDS = 10
AGENT = replace(ALICE, client="agent")
OTHER = replace(ALICE, client="other")
PAGE = replace(ALICE, of_page=True)
REFUSED = "paused_by_person"
NEW = {"cell_type": "code", "cell_source": "n = 0"}
CHANGES: dict[str, dict[str, Any]] = {
    "unuse_notebook": {},
    "restart_notebook": {},
    "insert_cell": {"cell_index": 0, **NEW},
    "overwrite_cell_source": {"cell_index": 0, "cell_source": "x"},
    "edit_cell_source": {"cell_index": 0, "old_string": "a", "new_string": "b"},
    "delete_cell": {"cell_indices": [0]},
    "move_cell": {"cell_index": 0, "target_index": 1},
    "apply_edits": {"edits": [{"op": "insert", "source": "x", "after": "aaaa0001"}]},
    "undo_change": {},
    "execute_cell": {"cell_index": 0},
    "insert_execute_code_cell": {"cell_index": 0, "cell_source": "x"},
    "execute_code": {"code": "1"},
    "run_cells": {},
    "clear_cell_output": {},
    "create_checkpoint": {},
    "restore_checkpoint": {"checkpoint_id": "checkpoint"},
    "install_packages": {"packages": ["x"]},
    "export_notebook": {"format": "py"},
    "accept_changes": {},
    "revert_changes": {},
    "append_markdown_cell": {"cell_source": "x"},
    "insert_markdown_cell": {"cell_index": 0, "cell_source": "x"},
    "append_code_cell": {"cell_source": "x"},
    "append_execute_code_cell": {"cell_source": "x"},
    "execute_cell_with_progress": {"cell_index": 0},
    "execute_with_progress": {"cell_index": 0},
    "execute_cell_simple_timeout": {"cell_index": 0},
    "execute_cell_streaming": {"cell_index": 0},
}
"""Every tool of a session that changes something, with arguments that would do."""


@pytest.fixture(params=["live", "file"])
async def jmcp(request: pytest.FixtureRequest) -> AsyncIterator[FakeJmcp]:
    mode: DocumentMode = request.param
    made = FakeJmcp(mode=mode, journaled=True)
    made.documents.write("a.ipynb", "a = 1", "b = 2", "c = 3")
    made.documents.write("b.ipynb", "x = 1")
    async with made.running():
        yield made
    assert not +made.documents.held, "a document is still held"


@pytest.fixture
async def live() -> AsyncIterator[FakeJmcp]:
    made = FakeJmcp(journaled=True)
    made.documents.write("a.ipynb", "a = 1", "b = 2", "c = 3")
    made.documents.write("b.ipynb", "x = 1")
    async with made.running():
        yield made


async def rows(jmcp: FakeJmcp) -> list[Row]:
    return await jmcp.dispatcher.person.sessions(PAGE)


async def key_of(jmcp: FakeJmcp, path: str = "a.ipynb", client: str = "agent") -> str:
    [found] = [
        one["key"]
        for one in await rows(jmcp)
        if one["client"] == client and path in [held["path"] for held in one["notebooks"]]
    ]
    return str(found)


async def pause(jmcp: FakeJmcp, key: str | None = None) -> str:
    key = key or await key_of(jmcp)
    assert await jmcp.dispatcher.person.pause(PAGE, key) == {"key": key, "paused": True}
    return key


async def resume(jmcp: FakeJmcp, key: str) -> None:
    assert await jmcp.dispatcher.person.resume(PAGE, key) == {"key": key, "paused": False}


async def sources(jmcp: FakeJmcp) -> list[str]:
    documents = jmcp.dispatcher.documents
    cells = await documents.glance(await documents.identify("a.ipynb"))
    return [cells.get(index).source for index in range(len(cells))]


def codes(result: dict[str, Any]) -> list[str]:
    return [notice["code"] for notice in result["notices"]]


async def test_no_call_of_a_paused_session_changes_anything(jmcp: FakeJmcp) -> None:
    expected = {
        tool.name
        for tool in API.tools.values()
        if tool.session == "required" and not tool.read_only and tool.name != "interrupt_kernel"
    }
    assert expected == CHANGES.keys()
    session = await jmcp.open("a.ipynb", AGENT)
    before = await sources(jmcp)
    await pause(jmcp)
    for tool, arguments in CHANGES.items():
        refused = await jmcp.fail(tool, AGENT, session_id=session, **arguments)
        assert (refused["code"], refused["retry"]) == (REFUSED, "later"), tool
        assert refused["details"] == {"notebook_paths": ["a.ipynb"]}
    assert await sources(jmcp) == before
    assert not jmcp.kernels.made


async def test_reading_and_stopping_go_on_in_a_paused_session(jmcp: FakeJmcp) -> None:
    session = await jmcp.open("a.ipynb", AGENT)
    hold = jmcp.kernels.hold("wait()")
    run = await jmcp.call("execute_code", AGENT, session_id=session, code="wait()", wait=0)
    await asyncio.wait_for(hold.reached.wait(), SECONDS)
    await pause(jmcp)
    read = await jmcp.call("read_notebook", AGENT, session_id=session)
    assert len(read["cells"]) == 3
    execution = {"execution_id": run["execution_id"]}
    found = await jmcp.call("get_execution", AGENT, session_id=session, **execution, wait=0)
    assert found["status"] == "running"
    await jmcp.call("interrupt_kernel", AGENT, session_id=session)
    found = await jmcp.call("get_execution", AGENT, session_id=session, **execution)
    assert found["status"] == "interrupted"


async def test_the_session_goes_on_when_it_is_resumed_and_is_told_once(jmcp: FakeJmcp) -> None:
    session = await jmcp.open("a.ipynb", AGENT)
    key = await pause(jmcp)
    await pause(jmcp, key)
    assert [one["paused"] for one in await rows(jmcp)] == [True]
    assert codes(await jmcp.call("read_notebook", AGENT, session_id=session)) == []
    await resume(jmcp, key)
    await resume(jmcp, key)
    assert [one["paused"] for one in await rows(jmcp)] == [False]
    made = await jmcp.call("insert_cell", AGENT, session_id=session, cell_index=0, **NEW)
    assert codes(made) == ["resumed_by_person"]
    assert codes(await jmcp.call("read_notebook", AGENT, session_id=session)) == []


async def test_a_failed_call_does_not_tell_of_the_resumption(jmcp: FakeJmcp) -> None:
    session = await jmcp.open("a.ipynb", AGENT)
    await resume(jmcp, await pause(jmcp))
    await jmcp.fail("read_cell", AGENT, session_id=session, cell_index=99)
    read = await jmcp.call("read_cell", AGENT, session_id=session, cell_index=0)
    assert codes(read) == ["resumed_by_person"]


async def test_a_pause_outlives_the_process(jmcp: FakeJmcp) -> None:
    session = await jmcp.open("a.ipynb", AGENT)
    await pause(jmcp)
    await jmcp.close()
    await jmcp.start()
    refused = await jmcp.fail("insert_cell", AGENT, session_id=session, cell_index=0, **NEW)
    assert refused["code"] == REFUSED
    [row] = await rows(jmcp)
    assert (row["paused"], row["client"]) == (True, "agent")
    await resume(jmcp, row["key"])
    await jmcp.call("insert_cell", AGENT, session_id=session, cell_index=0, **NEW)


async def test_a_pause_that_the_store_does_not_take_holds_all_the_same(jmcp: FakeJmcp) -> None:
    session = await jmcp.open("a.ipynb", AGENT)
    key = await key_of(jmcp)
    jmcp.faults.fail("store.change", StateUnavailable.silent_redis(reason="a fault"))
    await pause(jmcp, key)
    refused = await jmcp.fail("insert_cell", AGENT, session_id=session, cell_index=0, **NEW)
    assert refused["code"] == REFUSED
    await jmcp.dispatcher.sessions.sweep()
    stored = await jmcp.store.get("alice", session)
    assert stored is not None
    assert stored.paused is not None


async def test_a_person_is_told_that_the_store_does_not_answer(jmcp: FakeJmcp) -> None:
    session = await jmcp.open("a.ipynb", AGENT)
    key = await key_of(jmcp)
    jmcp.faults.fail("store.of_owner", StateUnavailable.silent_redis(reason="a fault"))
    with pytest.raises(PersonError) as refused:
        await jmcp.dispatcher.person.pause(PAGE, key)
    assert refused.value.message.endswith("Nothing was done: try again in a moment.")
    await jmcp.call("insert_cell", AGENT, session_id=session, cell_index=0, **NEW)


async def test_no_other_session_opens_the_notebook_of_a_paused_one(jmcp: FakeJmcp) -> None:
    await jmcp.open("a.ipynb", AGENT)
    elsewhere = await jmcp.open("b.ipynb", OTHER)
    key = await pause(jmcp)
    for caller in (AGENT, OTHER, replace(ALICE, client=None)):
        refused = await jmcp.fail("use_notebook", caller, notebook_path="a.ipynb")
        assert refused["code"] == REFUSED
        assert "a.ipynb" in refused["message"]
    refused = await jmcp.fail("use_notebook", OTHER, notebook_path="a.ipynb", session_id=elsewhere)
    assert refused["code"] == REFUSED
    assert len(await jmcp.store.of_owner("alice")) == 2
    await jmcp.open("b.ipynb", AGENT)
    await jmcp.open("a.ipynb", BOB)
    await jmcp.open("a.ipynb", PAGE)
    await resume(jmcp, key)
    await jmcp.open("a.ipynb", AGENT)


async def test_the_client_of_a_paused_session_does_not_change_its_notebook_in_another_s(
    jmcp: FakeJmcp,
) -> None:
    await jmcp.open("a.ipynb", AGENT)
    theirs = await jmcp.open("a.ipynb", OTHER)
    elsewhere = await jmcp.open("b.ipynb", OTHER)
    key = await pause(jmcp)
    change = {"cell_index": 0, **NEW}
    refused = await jmcp.fail("insert_cell", AGENT, session_id=theirs, **change)
    assert refused["code"] == REFUSED
    await jmcp.call("read_notebook", AGENT, session_id=theirs)
    await jmcp.call("insert_cell", AGENT, session_id=elsewhere, **change)
    await jmcp.call("insert_cell", OTHER, session_id=theirs, **change)
    await resume(jmcp, key)
    await jmcp.call("read_notebook", AGENT, session_id=theirs)
    await jmcp.call("insert_cell", AGENT, session_id=theirs, **change)


async def test_another_process_resumes_it_and_a_person_ends_it(live: FakeJmcp) -> None:
    session = await live.open("a.ipynb", AGENT)
    theirs = await live.open("a.ipynb", OTHER)
    change = {"cell_index": 0, **NEW}
    await pause(live)
    other = FakeJmcp(journaled=True)
    other.store = live.store
    async with other.running():
        paused = next(one for one in await rows(other) if one["paused"])
        await other.dispatcher.person.resume(PAGE, paused["key"])
    made = await live.call("insert_cell", AGENT, session_id=session, **change)
    assert codes(made) == ["resumed_by_person"]
    await pause(live)
    await live.call("unuse_notebook", PAGE, session_id=session)
    await live.call("read_notebook", AGENT, session_id=theirs)
    await live.call("insert_cell", AGENT, session_id=theirs, **change)
    assert not live.dispatcher.pauses.here


async def test_a_client_s_other_sessions_in_the_notebook_are_paused_and_resumed_with_it(
    jmcp: FakeJmcp,
) -> None:
    first = await jmcp.open("a.ipynb", AGENT)
    second = await jmcp.open("a.ipynb", AGENT)
    elsewhere = await jmcp.open("b.ipynb", AGENT)
    other = await jmcp.open("a.ipynb", OTHER)
    records = await jmcp.store.of_owner("alice")
    assert {one.session_id for one in records} == {first, second, elsewhere, other}
    seen = await rows(jmcp)
    key = next(
        str(one["key"])
        for one in seen
        if (one["client"], one["notebooks"][0]["path"]) == ("agent", "a.ipynb")
    )
    await pause(jmcp, key)

    async def paused() -> set[str]:
        return {one.session_id for one in await jmcp.store.of_owner("alice") if one.paused}

    assert await paused() == {first, second}
    await resume(jmcp, key)
    assert await paused() == set()


async def test_what_belongs_to_no_session_is_refused_to_the_client_of_a_paused_one(
    live: FakeJmcp,
) -> None:
    await live.open("a.ipynb", AGENT)
    await pause(live)
    for caller in (AGENT, replace(ALICE, client=None)):
        refused = await live.fail("run_script", caller, code="print(1)")
        assert refused["code"] == REFUSED
        assert "a.ipynb" in refused["message"]
    for caller in (OTHER, BOB, PAGE):
        outcome = await live.outcome("run_script", caller, code="print(1)")
        assert outcome.error is None or outcome.error.code != REFUSED
    await live.call("list_notebooks", AGENT)


async def test_what_waits_when_its_session_is_paused_does_not_begin(jmcp: FakeJmcp) -> None:
    session = await jmcp.open("a.ipynb", AGENT)
    hold = jmcp.kernels.hold("wait()")
    arguments = {"session_id": session, "wait": 0}
    first = await jmcp.call("execute_code", AGENT, code="wait()", **arguments)
    await asyncio.wait_for(hold.reached.wait(), SECONDS)
    second = await jmcp.call("execute_code", AGENT, code="after = 1", **arguments)
    await pause(jmcp)
    execution = {"execution_id": second["execution_id"]}
    found = await jmcp.call("get_execution", AGENT, session_id=session, **execution)
    assert found["status"] == "aborted"
    assert "run_paused" in str(found)
    hold.released.set()
    execution = {"execution_id": first["execution_id"]}
    found = await jmcp.call("get_execution", AGENT, session_id=session, **execution)
    assert found["status"] == "error"  # there is no such function
    assert jmcp.kernels.made[0].codes == ["wait()"]


async def test_a_batch_ends_before_its_next_cell(jmcp: FakeJmcp) -> None:
    session = await jmcp.open("a.ipynb", AGENT)
    hold = jmcp.kernels.hold("a = 1")
    batch = await jmcp.call("run_cells", AGENT, session_id=session, wait=0)
    await asyncio.wait_for(hold.reached.wait(), SECONDS)
    await pause(jmcp)
    hold.released.set()
    execution = {"execution_id": batch["execution_id"]}
    found = await jmcp.call("get_execution", AGENT, session_id=session, **execution)
    assert found["status"] == "interrupted"
    assert "batch_paused" in str(found)
    assert jmcp.kernels.made[0].codes == ["a = 1"]


async def test_a_batch_ends_too_where_another_process_paused_its_session(live: FakeJmcp) -> None:
    session = await live.open("a.ipynb", AGENT)
    hold = live.kernels.hold("a = 1")
    batch = await live.call("run_cells", AGENT, session_id=session, wait=0)
    await asyncio.wait_for(hold.reached.wait(), SECONDS)
    other = FakeJmcp(journaled=True)
    other.store = live.store
    async with other.running():
        await other.dispatcher.person.pause(PAGE, (await rows(other))[0]["key"])
    hold.released.set()
    execution = {"execution_id": batch["execution_id"]}
    found = await live.call("get_execution", AGENT, session_id=session, **execution)
    assert found["status"] == "interrupted"
    assert live.kernels.made[0].codes == ["a = 1"]


async def test_an_edit_that_has_not_begun_when_its_session_is_paused_is_not_made(
    jmcp: FakeJmcp,
) -> None:
    session = await jmcp.open("a.ipynb", AGENT)
    key = await key_of(jmcp)
    before = await sources(jmcp)
    hold = jmcp.faults.hold("documents.current")
    call = asyncio.create_task(
        jmcp.fail("insert_cell", AGENT, session_id=session, cell_index=0, **NEW)
    )
    await asyncio.wait_for(hold.reached.wait(), SECONDS)
    await pause(jmcp, key)
    hold.released.set()
    assert (await call)["code"] == REFUSED
    assert await sources(jmcp) == before


async def test_a_person_s_own_page_is_refused_nothing(jmcp: FakeJmcp) -> None:
    session = await jmcp.open("a.ipynb", AGENT)
    await pause(jmcp)
    await jmcp.call("insert_cell", PAGE, session_id=session, cell_index=0, **NEW)
    assert len(await sources(jmcp)) == 4
    refused = await jmcp.fail("insert_cell", AGENT, session_id=session, cell_index=0, **NEW)
    assert refused["code"] == REFUSED
    await jmcp.call("unuse_notebook", PAGE, session_id=session)
    await jmcp.open("a.ipynb", AGENT)


async def test_lists_say_which_sessions_are_paused(jmcp: FakeJmcp) -> None:
    await jmcp.open("a.ipynb", AGENT)
    await jmcp.open("b.ipynb", OTHER)
    await pause(jmcp)
    for tool in ("list_sessions", "list_activity"):
        outcome = await jmcp.outcome(tool)
        assert outcome.result is not None
        paused = {
            one["notebooks"][0]["notebook_path"]: one["paused"]
            for one in outcome.result["sessions"]
        }
        assert paused == {"a.ipynb": True, "b.ipynb": False}
        assert outcome.text.count("paused by a person") == 1


async def test_only_who_may_see_a_session_pauses_it(jmcp: FakeJmcp) -> None:
    session = await jmcp.open("a.ipynb", AGENT)
    key, person = await key_of(jmcp), jmcp.dispatcher.person
    assert await person.sessions(BOB) == []
    with pytest.raises(PersonError, match="not there any more"):
        await person.pause(BOB, key)
    reader = replace(BOB, scopes=frozenset({"read", "write", "execute"}))
    with pytest.raises(PersonError, match="scope admin"):
        await person.pause(reader, key, everyone=True)
    for nonsense in (session, "", "0" * 16):
        with pytest.raises(PersonError, match="not there any more"):
            await person.pause(PAGE, nonsense)
    await person.pause(BOB, key, everyone=True)
    refused = await jmcp.fail("insert_cell", AGENT, session_id=session, cell_index=0, **NEW)
    assert refused["code"] == REFUSED


async def test_a_session_that_is_over_is_not_paused(jmcp: FakeJmcp) -> None:
    session = await jmcp.open("a.ipynb", AGENT)
    key = await key_of(jmcp)
    await jmcp.call("unuse_notebook", AGENT, session_id=session)
    for act in (jmcp.dispatcher.person.pause, jmcp.dispatcher.person.undo):
        with pytest.raises(PersonError, match="not there any more"):
            await act(PAGE, key)


async def test_nothing_that_a_client_may_call_pauses_or_resumes(jmcp: FakeJmcp) -> None:
    for name in ("pause", "resume"):
        assert not [tool for tool in API.tools if name in tool]
        assert not [route for route in API.routes if name in route.path]
    assert not [
        (tool.name, param)
        for tool in API.tools.values()
        for param in tool.params.model_fields
        if "pause" in param or "resume" in param
    ]
