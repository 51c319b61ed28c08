"""Reviewing what another session changed: shown cell by cell, accepted, taken back, made again."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from jmcp.core.errors import StateUnavailable
from jmcp.core.observe.events import masked
from jmcp.core.ports import DocumentMode
from tests.calls import BOB
from tests.fakes.jmcp import FakeJmcp


@pytest.fixture(params=["live", "file"])
async def jmcp(request: pytest.FixtureRequest) -> AsyncIterator[FakeJmcp]:
    mode: DocumentMode = request.param
    made = FakeJmcp(mode=mode, journaled=True)
    made.documents.write("a.ipynb", "a = 1\nb = 2", "c = 3", "d = 4", "e = 5")
    async with made.running():
        yield made
    assert not +made.documents.held, "a document is still held"


@pytest.fixture
async def agent(jmcp: FakeJmcp) -> str:
    return await jmcp.open("a.ipynb")


@pytest.fixture
async def person(jmcp: FakeJmcp, agent: str) -> str:
    return await jmcp.open("a.ipynb")


async def overwrite(jmcp: FakeJmcp, session: str, cell_id: str, source: str) -> str:
    made = await jmcp.call(
        "overwrite_cell_source",
        session_id=session,
        cell_id=cell_id,
        cell_source=source,
        force=True,
    )
    change_id: str = made["change_id"]
    return change_id


async def review(jmcp: FakeJmcp, person: str, **more: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await jmcp.call("review_changes", session_id=person, **more))[
        "cells"
    ]
    return found


async def sources(jmcp: FakeJmcp) -> dict[str, str]:
    ref = await jmcp.documents.identify("a.ipynb")
    await jmcp.documents.save(ref)
    cells = json.loads(jmcp.documents.text("a.ipynb") or "")["cells"]
    return {cell["id"]: cell["source"] for cell in cells}


async def test_each_cell_is_shown_once_with_all_that_was_done_to_it(
    jmcp: FakeJmcp, agent: str, person: str
) -> None:
    first = await overwrite(jmcp, agent, "c0", "a = 1\nb = 3")
    second = await overwrite(jmcp, agent, "c0", "a = 1\nb = 4")
    added = await jmcp.call(
        "insert_cell", session_id=agent, cell_index=1, cell_type="markdown", cell_source="# New"
    )
    await jmcp.call("delete_cell", session_id=agent, cell_ids=["c1"])
    await jmcp.call("move_cell", session_id=agent, cell_id="c3", target_index=0)
    moved, edited, new, gone = await review(jmcp, person, of_session_id=agent)
    assert (edited["cell_id"], edited["change"], edited["also"]) == ("c0", "edited", [])
    assert edited["change_ids"] == [first, second]
    assert edited["hunks"] == [
        {"old_start": 1, "new_start": 1, "lines": [" a = 1", "-b = 2", "+b = 4"]}
    ]
    assert (new["cell_id"], new["change"], new["cell_type"]) == (
        added["cell_id"],
        "added",
        "markdown",
    )
    assert new["hunks"] == [{"old_start": 1, "new_start": 1, "lines": ["+# New"]}]
    assert (gone["cell_id"], gone["change"], gone["cell_index"]) == ("c1", "deleted", None)
    assert gone["hunks"][0]["lines"] == ["-c = 3"]
    assert (moved["cell_id"], moved["change"], moved["hunks"]) == ("c3", "moved", [])
    assert {one["revert"] for one in (moved, edited, new, gone)} == {"possible"}
    assert all(one["as_left"] for one in (moved, edited, new, gone))


async def test_what_came_to_nothing_is_not_shown(jmcp: FakeJmcp, agent: str, person: str) -> None:
    await overwrite(jmcp, agent, "c0", "other")
    await overwrite(jmcp, agent, "c0", "a = 1\nb = 2")
    made = await jmcp.call(
        "insert_cell", session_id=agent, cell_index=0, cell_type="code", cell_source="x"
    )
    await jmcp.call("delete_cell", session_id=agent, cell_ids=[made["cell_id"]])
    await jmcp.call("delete_cell", session_id=agent, cell_ids=["c2"])
    await jmcp.call("undo_change", session_id=agent)
    assert await review(jmcp, person) == []
    error = await jmcp.fail("revert_changes", session_id=person)
    assert error["code"] == "change_not_found"


async def test_a_cell_is_accepted_and_another_one_reverted(
    jmcp: FakeJmcp, agent: str, person: str
) -> None:
    edits = [
        {"op": "overwrite", "cell": cell_id, "source": f"new {cell_id}"}
        for cell_id in ("c0", "c1", "c2")
    ]
    made = await jmcp.call("apply_edits", session_id=agent, edits=edits)
    accepted = await jmcp.call(
        "accept_changes", session_id=person, of_session_id=agent, cell_ids=["c0"]
    )
    assert (accepted["change_ids"], accepted["left"]) == ([made["change_id"]], 2)
    reverted = await jmcp.call(
        "revert_changes", session_id=person, of_session_id=agent, cell_ids=["c1"]
    )
    assert reverted["reverted"] == [made["change_id"]]
    assert reverted["cells"] == [{"cell_index": 1, "cell_id": "c1", "change": "overwritten"}]
    assert reverted["left"] == 1
    assert await sources(jmcp) == {
        "c0": "new c0",
        "c1": "c = 3",
        "c2": "new c2",
        "c3": "e = 5",
    }
    (left,) = await review(jmcp, person, of_session_id=agent)
    assert left["cell_id"] == "c2"
    shown = await jmcp.call("review_changes", session_id=person)
    assert shown["last_revert"] == reverted["change_id"]
    await jmcp.call("undo_change", session_id=person, change_id=reverted["change_id"])
    assert (await sources(jmcp))["c1"] == "new c1"
    shown = await jmcp.call("review_changes", session_id=person)
    assert [cell["cell_id"] for cell in shown["cells"]] == ["c1", "c2"]
    assert shown["last_revert"] is None


async def test_the_agent_is_told_and_its_own_undo_takes_the_rest(
    jmcp: FakeJmcp, agent: str, person: str
) -> None:
    edits = [
        {"op": "overwrite", "cell": cell_id, "source": f"new {cell_id}"} for cell_id in ("c0", "c1")
    ]
    made = await jmcp.call("apply_edits", session_id=agent, edits=edits)
    reverted = await jmcp.call("revert_changes", session_id=person, cell_ids=["c0"])
    told = await jmcp.call("read_notebook", session_id=agent)
    (notice,) = [one for one in told["notices"] if one["code"] == "cells_changed"]
    assert "c0" in notice["message"]
    undone = await jmcp.call("undo_change", session_id=agent)
    assert (undone["undone"], [one["cell_id"] for one in undone["cells"]]) == (
        made["change_id"],
        ["c1"],
    )
    listed = await jmcp.call("list_changes", session_id=person)
    (revert,) = [one for one in listed["changes"] if one["change_id"] == reverted["change_id"]]
    assert (revert["by"], revert["reverts"]) == ("self", [made["change_id"]])


async def test_an_undo_of_what_was_reverted_is_refused(
    jmcp: FakeJmcp, agent: str, person: str
) -> None:
    first = await overwrite(jmcp, agent, "c1", "first")
    second = await overwrite(jmcp, agent, "c0", "second")
    await jmcp.call("revert_changes", session_id=person, change_ids=[second])
    error = await jmcp.fail("undo_change", session_id=agent, change_id=second)
    assert error["code"] == "change_not_found"
    assert "reviewed and reverted it" in error["message"]
    undone = await jmcp.call("undo_change", session_id=agent)
    assert undone["undone"] == first


async def test_what_others_changed_since_is_named_and_needs_force(
    jmcp: FakeJmcp, agent: str, person: str
) -> None:
    await overwrite(jmcp, agent, "c0", "agent")
    await overwrite(jmcp, agent, "c1", "agent")
    jmcp.documents.type_over("a.ipynb", "c1", "typed")
    rows = {one["cell_id"]: one for one in await review(jmcp, person)}
    assert (rows["c0"]["as_left"], rows["c0"]["revert"]) == (True, "possible")
    assert (rows["c1"]["as_left"], rows["c1"]["revert"]) == (False, "with_force")
    error = await jmcp.fail("revert_changes", session_id=person)
    assert error["code"] == "cell_changed"
    assert error["details"]["cells"] == [{"cell_index": 1, "cell_id": "c1", "source": "typed"}]
    assert (await sources(jmcp))["c0"] == "agent", "all or nothing"
    await jmcp.call("revert_changes", session_id=person, cell_ids=["c0"])
    await jmcp.call("revert_changes", session_id=person, force=True)
    assert await sources(jmcp) == {
        "c0": "a = 1\nb = 2",
        "c1": "c = 3",
        "c2": "d = 4",
        "c3": "e = 5",
    }


async def test_what_others_put_in_between_needs_force(
    jmcp: FakeJmcp, agent: str, person: str
) -> None:
    await overwrite(jmcp, agent, "c0", "agent")
    jmcp.documents.type_over("a.ipynb", "c0", "typed")
    await overwrite(jmcp, agent, "c0", "agent again")
    (row,) = await review(jmcp, person)
    assert (row["as_left"], row["revert"]) == (True, "with_force")
    assert (await jmcp.fail("revert_changes", session_id=person))["code"] == "cell_changed"


async def test_one_of_two_changes_of_a_cell(jmcp: FakeJmcp, agent: str, person: str) -> None:
    first = await overwrite(jmcp, agent, "c0", "first")
    second = await overwrite(jmcp, agent, "c0", "second")
    error = await jmcp.fail("revert_changes", session_id=person, change_ids=[first])
    assert error["code"] == "cell_changed", "the later one is on top of it"
    await jmcp.call("revert_changes", session_id=person, change_ids=[second])
    assert (await sources(jmcp))["c0"] == "first"
    (row,) = await review(jmcp, person)
    assert row["change_ids"] == [first]
    await overwrite(jmcp, agent, "c0", "third")
    reverted = await jmcp.call("revert_changes", session_id=person, change_ids=[first], force=True)
    assert len(reverted["reverted"]) == 2, "with force later ones of that cell too"
    assert (await sources(jmcp))["c0"] == "a = 1\nb = 2"
    assert await review(jmcp, person) == []


async def test_an_accepted_state_is_what_a_later_revert_leads_back_to(
    jmcp: FakeJmcp, agent: str, person: str
) -> None:
    await overwrite(jmcp, agent, "c0", "first")
    accepted = await jmcp.call("accept_changes", session_id=person, of_session_id=agent)
    await overwrite(jmcp, agent, "c0", "second")
    (row,) = await review(jmcp, person)
    assert row["hunks"][0]["lines"] == ["-first", "+second"]
    await jmcp.call("revert_changes", session_id=person)
    assert (await sources(jmcp))["c0"] == "first"
    withdrawn = await jmcp.call(
        "accept_changes", session_id=person, withdraw=accepted["acceptance_id"]
    )
    assert (withdrawn["accepted"], withdrawn["left"]) == (False, 1)
    error = await jmcp.fail("accept_changes", session_id=person, withdraw="nope")
    assert error["code"] == "change_not_found"


async def test_changes_that_came_after_what_was_looked_at_stay(
    jmcp: FakeJmcp, agent: str, person: str
) -> None:
    """Whoever names changes and cells accepts and reverts what was shown, nothing newer."""
    seen = await overwrite(jmcp, agent, "c0", "first")
    await overwrite(jmcp, agent, "c0", "newer")
    named = {"session_id": person, "change_ids": [seen], "cell_ids": ["c0"]}
    assert (await jmcp.fail("revert_changes", **named))["code"] == "cell_changed"
    await jmcp.call("accept_changes", **named)
    (row,) = await review(jmcp, person)
    assert row["hunks"][0]["lines"] == ["-first", "+newer"]
    error = await jmcp.fail("accept_changes", **named)
    assert error["code"] == "change_not_found", "it is accepted already"


async def test_a_cell_that_runs_is_refused(jmcp: FakeJmcp, agent: str, person: str) -> None:
    await overwrite(jmcp, agent, "c0", "held")
    hold = jmcp.kernels.hold("held")
    await jmcp.call("execute_cell", session_id=agent, cell_id="c0", wait=0)
    await hold.reached.wait()
    (row,) = await review(jmcp, person)
    assert row["revert"] == "with_force"
    error = await jmcp.fail("revert_changes", session_id=person)
    assert error["code"] == "cell_changed"
    assert "cell 0 (id c0) runs" in error["message"]
    hold.release()


async def test_outputs_that_were_cleared_come_back(jmcp: FakeJmcp, agent: str, person: str) -> None:
    await jmcp.call("execute_cell", session_id=person, cell_id="c1")
    before = await jmcp.call("read_cell", session_id=person, cell_id="c1")
    await jmcp.call("clear_cell_output", session_id=agent, cell_ids=["c1"])
    (row,) = await review(jmcp, person)
    assert (row["change"], row["hunks"], row["revert"]) == ("outputs_cleared", [], "possible")
    await jmcp.call("revert_changes", session_id=person)
    after = await jmcp.call("read_cell", session_id=person, cell_id="c1")
    assert after["execution_count"] == before["execution_count"]
    assert await review(jmcp, person) == []


async def test_only_sessions_of_the_same_owner(jmcp: FakeJmcp, agent: str, person: str) -> None:
    bob = await jmcp.open("a.ipynb", BOB)
    await jmcp.call(
        "overwrite_cell_source", BOB, session_id=bob, cell_id="c0", cell_source="b", force=True
    )
    for tool in ("review_changes", "accept_changes", "revert_changes"):
        error = await jmcp.fail(tool, session_id=person, of_session_id=bob)
        assert error["code"] == "session_not_found"
    assert await review(jmcp, person) == []


async def test_all_other_sessions_also_those_that_are_over(
    jmcp: FakeJmcp, agent: str, person: str
) -> None:
    other = await jmcp.open("a.ipynb")
    await overwrite(jmcp, agent, "c0", "agent")
    await overwrite(jmcp, other, "c1", "other")
    await overwrite(jmcp, person, "c2", "mine")
    rows = await review(jmcp, person)
    assert [(one["cell_id"], one["sessions"]) for one in rows] == [
        ("c0", [masked(agent)]),
        ("c1", [masked(other)]),
    ]
    await jmcp.call("unuse_notebook", session_id=other)
    assert [one["sessions"] for one in await review(jmcp, person)] == [[masked(agent)], []]
    (row,) = await review(jmcp, person, of_session_id=other)
    assert row["cell_id"] == "c1"
    assert other not in str(rows), "an id is a capability"
    # What a page of the same person reverts is no work of an agent.
    await jmcp.call("revert_changes", session_id=person, of_session_id=other)
    second_page = await jmcp.open("a.ipynb")
    assert [one["cell_id"] for one in await review(jmcp, second_page)] == ["c0", "c2"]


async def test_a_review_is_in_pages_and_in_bounds(jmcp: FakeJmcp, agent: str, person: str) -> None:
    long = "\n".join(f"line {number}" for number in range(10_000))
    await overwrite(jmcp, agent, "c0", long)
    edits = [{"op": "insert", "source": "x" * 3000} for _ in range(50)]
    await jmcp.call("apply_edits", session_id=agent, edits=edits)
    first = await jmcp.call("review_changes", session_id=person)
    assert first["total"] == 51
    assert first["cells"][0]["left_out"] > 50_000
    assert len(json.dumps(first)) < 60_000
    rest = await jmcp.call(
        "review_changes", session_id=person, start_index=first["more"]["start_index"], limit=1
    )
    assert rest["cells"][0]["cell_id"] not in {one["cell_id"] for one in first["cells"]}
    assert rest["more"]["count"] == 51 - len(first["cells"]) - 1
    whole = await jmcp.call("review_changes", session_id=person, context_lines=1_000_000, limit=1)
    assert whole["cells"][0]["cell_id"] == "c0"


async def test_the_journal_that_cannot_be_written_accepts_nothing(
    jmcp: FakeJmcp, agent: str, person: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await overwrite(jmcp, agent, "c0", "agent")
    recorder = jmcp.dispatcher.services.leases.recorder
    assert recorder is not None

    def refuse(*_: object) -> None:
        raise StateUnavailable.locked(file="state.db")

    monkeypatch.setattr(recorder.journal, "accept", refuse)
    assert (await jmcp.fail("accept_changes", session_id=person))["code"] == "state_unavailable"
    assert len(await review(jmcp, person)) == 1


async def test_what_others_took_back_already_is_done_with_force(
    jmcp: FakeJmcp, agent: str, person: str
) -> None:
    await jmcp.call("move_cell", session_id=agent, cell_id="c0", target_index=-1)
    jmcp.documents.drag("a.ipynb", "c0", 0)
    (row,) = await review(jmcp, person)
    assert (row["as_left"], row["revert"]) == (False, "with_force")
    reverted = await jmcp.call("revert_changes", session_id=person, force=True)
    assert (reverted["change_id"], reverted["left"]) == (None, 0)
