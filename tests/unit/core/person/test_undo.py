"""A person takes back what an agent changed last: as somebody else, by the rules of undo_change."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from jmcp.core.person.undo import PersonError
from tests.calls import ALICE, BOB
from tests.fakes.jmcp import FakeJmcp

SECONDS = 10
AGENT = replace(ALICE, client="agent")
PAGE = replace(ALICE, of_page=True)


@pytest.fixture(params=["live", "file"])
async def jmcp(request: pytest.FixtureRequest) -> AsyncIterator[FakeJmcp]:
    made = FakeJmcp(mode=request.param, journaled=True)
    made.documents.write("a.ipynb", "a = 1", "b = 2", "c = 3")
    made.documents.write("b.ipynb", "x = 1")
    async with made.running():
        yield made
    assert not +made.documents.held, "a document is still held"


async def key_of(jmcp: FakeJmcp) -> str:
    [row] = await jmcp.dispatcher.person.sessions(PAGE)
    return str(row["key"])


async def undo(jmcp: FakeJmcp, key: str) -> dict[str, Any]:
    return await jmcp.dispatcher.person.undo(PAGE, key)


async def refusal(jmcp: FakeJmcp, key: str) -> str:
    with pytest.raises(PersonError) as refused:
        await undo(jmcp, key)
    return refused.value.message


async def sources(jmcp: FakeJmcp) -> list[str]:
    documents = jmcp.dispatcher.documents
    cells = await documents.glance(await documents.identify("a.ipynb"))
    return [cells.get(index).source for index in range(len(cells))]


def codes(result: dict[str, Any]) -> list[str]:
    return [notice["code"] for notice in result["notices"]]


async def overwrite(jmcp: FakeJmcp, session: str, index: int, source: str) -> dict[str, Any]:
    return await jmcp.call(
        "overwrite_cell_source", AGENT, session_id=session, cell_index=index, cell_source=source
    )


async def test_the_last_change_is_taken_back_and_the_session_is_told_once(jmcp: FakeJmcp) -> None:
    session = await jmcp.open("a.ipynb", AGENT)
    await jmcp.call("read_notebook", AGENT, session_id=session)
    await overwrite(jmcp, session, 0, "a = 2")
    changed = await overwrite(jmcp, session, 1, "b = 3")
    done = await undo(jmcp, await key_of(jmcp))
    assert await sources(jmcp) == ["a = 2", "b = 2", "c = 3"]
    assert (done["path"], done["change_id"]) == ("a.ipynb", changed["change_id"])
    assert done["cells"] == [
        {"cell_id": changed["cell_id"], "cell_index": 1, "change": "overwritten"}
    ]
    refused = await jmcp.fail(
        "overwrite_cell_source", AGENT, session_id=session, cell_index=1, cell_source="b = 4"
    )
    assert refused["code"] == "cell_changed"
    read = await jmcp.call("read_notebook", AGENT, session_id=session)
    told = next(one for one in read["notices"] if one["code"] == "undone_by_person")
    assert told["details"]["change_id"] == changed["change_id"]
    assert changed["cell_id"] in told["message"]
    assert codes(await jmcp.call("read_notebook", AGENT, session_id=session)) == []


async def test_each_undo_takes_back_the_change_before(jmcp: FakeJmcp) -> None:
    session = await jmcp.open("a.ipynb", AGENT)
    await overwrite(jmcp, session, 0, "a = 2")
    read = await jmcp.call("read_notebook", AGENT, session_id=session)
    first, second, _ = (cell["cell_id"] for cell in read["cells"])
    edits = [
        {"op": "insert", "source": "new", "before": first},
        {"op": "delete", "cell": second},
    ]
    await jmcp.call("apply_edits", AGENT, session_id=session, edits=edits)
    key = await key_of(jmcp)
    assert len((await undo(jmcp, key))["cells"]) == 2
    assert await sources(jmcp) == ["a = 2", "b = 2", "c = 3"]
    await undo(jmcp, key)
    assert await sources(jmcp) == ["a = 1", "b = 2", "c = 3"]
    assert "Nothing" in await refusal(jmcp, key)
    # What a person took back the session does not take back once more.
    refused = await jmcp.fail("undo_change", AGENT, session_id=session)
    assert refused["code"] == "change_not_found"


async def test_the_latest_change_of_all_notebooks_of_the_session_is_meant(jmcp: FakeJmcp) -> None:
    session = await jmcp.open("a.ipynb", AGENT)
    await overwrite(jmcp, session, 0, "a = 2")
    jmcp.clock.now += 1
    await jmcp.call("use_notebook", AGENT, session_id=session, notebook_path="b.ipynb")
    await overwrite(jmcp, session, 0, "x = 2")
    await jmcp.call("use_notebook", AGENT, session_id=session, notebook_path="a.ipynb")
    key = await key_of(jmcp)
    assert (await undo(jmcp, key))["path"] == "b.ipynb"
    assert (await undo(jmcp, key))["path"] == "a.ipynb"


async def test_what_somebody_changed_since_is_not_taken_back(jmcp: FakeJmcp) -> None:
    session = await jmcp.open("a.ipynb", AGENT)
    await overwrite(jmcp, session, 1, "b = 3")
    theirs = await jmcp.open("a.ipynb", BOB)
    await jmcp.call(
        "overwrite_cell_source", BOB, session_id=theirs, cell_index=1, cell_source="mine"
    )
    said = await refusal(jmcp, await key_of(jmcp))
    assert "cell 1 was changed since" in said
    assert await sources(jmcp) == ["a = 1", "mine", "c = 3"]


async def test_a_cell_that_runs_keeps_its_source(jmcp: FakeJmcp) -> None:
    session = await jmcp.open("a.ipynb", AGENT)
    await overwrite(jmcp, session, 1, "wait()")
    hold = jmcp.kernels.hold("wait()")
    await jmcp.call("execute_cell", AGENT, session_id=session, cell_index=1, wait=0)
    await asyncio.wait_for(hold.reached.wait(), SECONDS)
    assert "cell 1 is running" in await refusal(jmcp, await key_of(jmcp))
    hold.released.set()


async def test_a_paused_session_s_change_is_taken_back_without_resuming_it(jmcp: FakeJmcp) -> None:
    session = await jmcp.open("a.ipynb", AGENT)
    await overwrite(jmcp, session, 0, "a = 2")
    key = await key_of(jmcp)
    await jmcp.dispatcher.person.pause(PAGE, key)
    await undo(jmcp, key)
    assert (await sources(jmcp))[0] == "a = 1"
    refused = await jmcp.fail(
        "overwrite_cell_source", AGENT, session_id=session, cell_index=0, cell_source="x"
    )
    assert refused["code"] == "paused_by_person"


async def test_the_changes_of_others_are_left_alone(jmcp: FakeJmcp) -> None:
    await jmcp.open("a.ipynb", AGENT)
    page = await jmcp.open("a.ipynb", PAGE)
    await jmcp.call(
        "overwrite_cell_source", PAGE, session_id=page, cell_index=0, cell_source="mine"
    )
    assert "Nothing" in await refusal(jmcp, await key_of(jmcp))
    assert (await sources(jmcp))[0] == "mine"


async def test_who_may_not_write_takes_nothing_back(jmcp: FakeJmcp) -> None:
    session = await jmcp.open("a.ipynb", AGENT)
    await overwrite(jmcp, session, 0, "a = 2")
    reader = replace(PAGE, scopes=frozenset({"read"}))
    with pytest.raises(PersonError, match="write"):
        await jmcp.dispatcher.person.undo(reader, await key_of(jmcp))


async def test_the_list_of_changes_says_who_took_it_back(jmcp: FakeJmcp) -> None:
    session = await jmcp.open("a.ipynb", AGENT)
    changed = await overwrite(jmcp, session, 0, "a = 2")
    await undo(jmcp, await key_of(jmcp))
    listed = await jmcp.call("list_changes", AGENT, session_id=session)
    assert [one["by"] for one in listed["changes"]] == ["user", "self"]
    assert listed["changes"][0]["session"] is None
    assert changed["change_id"] == listed["changes"][1]["change_id"]
