"""Who changed what: this session, other sessions and users, and people who go past jmcp."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from jmcp.core.journal.recorder import JournalRecorder
from jmcp.core.observe.events import masked
from jmcp.core.ports import DocumentMode
from jmcp.core.stores.journal.memory import MemoryJournal
from jmcp_api import phrases
from tests.calls import BOB
from tests.fakes.jmcp import FakeJmcp


@pytest.fixture(params=["live", "file"])
async def jmcp(request: pytest.FixtureRequest) -> AsyncIterator[FakeJmcp]:
    mode: DocumentMode = request.param
    made = FakeJmcp(mode=mode, journaled=True)
    made.documents.write("a.ipynb", "a = 1\na", "b = 1", "c = 1", "d = 1")
    async with made.running():
        yield made


@pytest.fixture
async def session(jmcp: FakeJmcp) -> str:
    return await jmcp.open("a.ipynb")


async def overwrite(jmcp: FakeJmcp, session: str, cell_id: str, source: str, *who: Any) -> str:
    made = await jmcp.call(
        "overwrite_cell_source",
        *who,
        session_id=session,
        cell_id=cell_id,
        cell_source=source,
        force=True,
    )
    change_id: str = made["change_id"]
    return change_id


def brief(change: dict[str, Any]) -> tuple[str, list[tuple[str, str]]]:
    return change["by"], [(cell["cell_id"], cell["change"]) for cell in change["cells"]]


async def changes(jmcp: FakeJmcp, session: str, **more: Any) -> list[dict[str, Any]]:
    found = await jmcp.call("list_changes", session_id=session, **more)
    listed: list[dict[str, Any]] = found["changes"]
    return listed


async def test_everybody_who_edits_through_jmcp_is_told_apart(jmcp: FakeJmcp, session: str) -> None:
    other = await jmcp.open("a.ipynb")
    theirs = await jmcp.open("a.ipynb", BOB)
    mine = await overwrite(jmcp, session, "c0", "a = 2\na")
    await overwrite(jmcp, other, "c1", "b = 2")
    await overwrite(jmcp, theirs, "c2", "c = 2", BOB)
    found = await changes(jmcp, session)
    assert [brief(one) for one in found] == [
        ("user", [("c2", "edited")]),
        ("session", [("c1", "edited")]),
        ("self", [("c0", "edited")]),
    ]
    assert [one["session"] for one in found] == [None, masked(other), None]
    assert [one["undo"] for one in found] == [None, None, "possible"]
    assert (found[2]["change_id"], found[2]["cells"][0]["first_line"]) == (mine, "a = 2")
    assert "-a = 1\n+a = 2" in found[2]["cells"][0]["diff"]
    assert other not in str(found), "an id is a capability"


async def test_edits_of_before_the_session_opened_it_are_left_out(jmcp: FakeJmcp) -> None:
    first = await jmcp.open("a.ipynb")
    await overwrite(jmcp, first, "c0", "old")
    jmcp.clock.now += 5
    later = await jmcp.open("a.ipynb")
    assert await changes(jmcp, later) == []
    assert len(await changes(jmcp, first)) == 1


async def test_what_people_did_is_said_without_names_and_times(
    jmcp: FakeJmcp, session: str
) -> None:
    await overwrite(jmcp, session, "c0", "mine")
    jmcp.documents.type_over("a.ipynb", "c0", "theirs")
    jmcp.documents.put_in("a.ipynb", 1, "new", "new")
    jmcp.documents.take_out("a.ipynb", "c1")
    jmcp.documents.drag("a.ipynb", "c3", 0)
    others, mine = await changes(jmcp, session)
    assert brief(mine) == ("self", [("c0", "edited")])
    assert mine["undo"] == "with_force"
    assert brief(others) == (
        "others",
        [("c0", "edited"), ("new", "inserted"), ("c1", "deleted"), ("c3", "moved")],
    )
    assert "-mine\n+theirs" in others["cells"][0]["diff"]
    assert [cell["cell_index"] for cell in others["cells"]] == [1, 2, None, 0]
    assert [cell["first_line"] for cell in others["cells"]] == ["theirs", "new", "b = 1", "d = 1"]
    assert (others["change_id"], others["when"], others["session"]) == (None, None, None)


async def test_what_people_did_and_an_edit_took_is_still_told(jmcp: FakeJmcp, session: str) -> None:
    jmcp.documents.type_over("a.ipynb", "c0", "theirs")
    await overwrite(jmcp, session, "c0", "mine")
    others, mine = await changes(jmcp, session)
    assert brief(others) == ("others", [("c0", "edited")])
    assert "+theirs" in others["cells"][0]["diff"]
    assert "-theirs\n+mine" in mine["cells"][0]["diff"]


async def test_each_kind_of_edit(jmcp: FakeJmcp, session: str) -> None:
    await jmcp.call("execute_cell", session_id=session, cell_id="c0")
    await jmcp.call("clear_cell_output", session_id=session)
    await jmcp.call("move_cell", session_id=session, cell_id="c0", target_index=-1)
    await jmcp.call("delete_cell", session_id=session, cell_ids=["c1", "c2"])
    undone = await jmcp.call("undo_change", session_id=session)
    await jmcp.call(
        "apply_edits",
        session_id=session,
        edits=[
            {"op": "set_type", "cell": "c3", "cell_type": "markdown"},
            {"op": "insert", "source": "x", "name": "x"},
            {"op": "edit", "cell": "x", "old_string": "x", "new_string": "y"},
        ],
    )
    found = await changes(jmcp, session)
    kinds = [sorted(cell["change"] for cell in one["cells"]) for one in found]
    assert kinds[:5] == [
        ["inserted", "retyped"],
        ["restored", "restored"],
        ["deleted", "deleted"],
        ["moved"],
        ["cleared"],
    ]
    assert [one["undo"] for one in found[:3]] == ["possible", "possible", "undone"]
    assert (found[1]["undoes"], found[1]["change_id"]) == (undone["undone"], undone["change_id"])


async def test_pages_and_what_came_after_a_change(jmcp: FakeJmcp, session: str) -> None:
    made = [await overwrite(jmcp, session, "c0", f"{number}") for number in range(5)]
    jmcp.documents.type_over("a.ipynb", "c1", "theirs")
    first = await jmcp.call("list_changes", session_id=session, limit=2)
    assert (first["total"], first["more"]) == (6, {"count": 4, "start_index": 2})
    assert [one["change_id"] for one in first["changes"]] == [None, made[4]]
    rest = await changes(jmcp, session, start_index=2)
    assert [one["change_id"] for one in rest] == made[3::-1]
    after = await changes(jmcp, session, since=made[2])
    assert [one["change_id"] for one in after] == [made[4], made[3]]


async def test_after_a_restart_only_cells_that_were_read_tell_of_people(
    jmcp: FakeJmcp, session: str
) -> None:
    await jmcp.call("read_cell", session_id=session, cell_id="c0")
    await jmcp.call("read_cell", session_id=session, cell_id="c1")
    await jmcp.close()
    await jmcp.start()
    jmcp.documents.type_over("a.ipynb", "c1", "theirs")
    found = await jmcp.call("list_changes", session_id=session)
    assert [brief(one) for one in found["changes"]] == [("others", [("c1", "edited")])]
    assert "changes_not_known" in [one["code"] for one in found["notices"]]


async def test_edits_that_the_journal_dropped_are_nobody_elses() -> None:
    jmcp = FakeJmcp()
    recorder = JournalRecorder(
        jmcp.documents, MemoryJournal(kept_entries=3), phrases=phrases, clock=jmcp.clock
    )
    jmcp.mode = "file"
    jmcp.documents.mode = "file"
    jmcp.options = {"recorder": recorder}
    jmcp.documents.write("a.ipynb", "a", "b")
    async with jmcp.running():
        session = await jmcp.open("a.ipynb")
        await overwrite(jmcp, session, "c1", "mine")
        for number in range(5):
            await overwrite(jmcp, session, "c0", f"{number}")
        found = await jmcp.call("list_changes", session_id=session)
        assert {one["by"] for one in found["changes"]} == {"self"}
        (notice,) = [one for one in found["notices"] if one["code"] == "changes_not_known"]
        assert "are kept" in notice["details"]["reason"]


async def test_a_change_is_shown_in_bounds(jmcp: FakeJmcp, session: str) -> None:
    long = "\n".join(f"line {number}" for number in range(10_000))
    await overwrite(jmcp, session, "c0", long)
    edits = [{"op": "insert", "source": "x"} for _ in range(50)]
    await jmcp.call("apply_edits", session_id=session, edits=edits)
    inserted, edited = await changes(jmcp, session)
    assert (len(inserted["cells"]), inserted["left_out"]) == (20, 30)
    assert len(edited["cells"][0]["diff"]) < 1_100


async def test_an_edit_that_somebody_overwrote_is_none_any_more() -> None:
    """A tab without collaboration writes the file as it was before the edit."""
    jmcp = FakeJmcp(mode="file", journaled=True)
    jmcp.documents.write("a.ipynb", "a", "b")
    async with jmcp.running():
        session = await jmcp.open("a.ipynb")
        await overwrite(jmcp, session, "c0", "mine")
        jmcp.documents.type_over("a.ipynb", "c0", "a")
        found = await jmcp.call("list_changes", session_id=session)
        assert found["changes"] == []
        codes = [one["code"] for one in found["notices"]]
        assert "text_overwritten" in codes
        assert "changes_not_known" not in codes
