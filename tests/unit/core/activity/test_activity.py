"""What goes on is shown to whom it concerns, as it changes, and never keeps a server waiting."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from jmcp.core.activity import activity, calls
from jmcp.core.activity import following as activity_following
from jmcp.core.activity.following import Following
from jmcp.core.errors import ToolError
from tests.calls import ALICE, BOB
from tests.fakes.jmcp import FakeJmcp

BOUND = 10.0
WORKER = replace(BOB, scopes=frozenset({"read", "write", "execute"}))
SECRET = "password = 'hunter2'"


@pytest.fixture
async def jmcp() -> AsyncIterator[FakeJmcp]:
    async with FakeJmcp().running() as made:
        made.documents.write("a.ipynb", "x = 1")
        yield made


@contextmanager
def following(jmcp: FakeJmcp, caller: Any = ALICE, **arguments: Any) -> Any:
    follows = jmcp.dispatcher.follow(arguments, caller)
    try:
        yield follows
    finally:
        follows.close()


async def until(follows: Following, *kinds: str) -> list[dict[str, Any]]:
    """The data of events of those kinds, once each has come; what else came is dropped."""
    seen: dict[str, dict[str, Any]] = {}
    async with asyncio.timeout(BOUND):
        while not seen.keys() >= set(kinds):
            seen |= dict(await follows.next_events(BOUND))
    return [seen[kind] for kind in kinds]


def code(source: str) -> dict[str, Any]:
    return {"cell_index": -1, "cell_type": "code", "cell_source": source}


async def test_sessions_and_calls_are_shown_with_the_ids_of_the_viewer_s_own(
    jmcp: FakeJmcp,
) -> None:
    session = await jmcp.open("a.ipynb", replace(ALICE, client="probe"))
    await jmcp.fail("read_cell", replace(ALICE, client="probe"), cell_index=9, session_id=session)
    seen = await jmcp.call("list_activity")
    [row] = seen["sessions"]
    assert (row["session"], row["session_id"]) == (f"{session[:2]}***", session)
    assert seen["lab_url"] == jmcp.lab.base
    assert (row["client"], row["last_tool"]) == ("probe", "read_cell")
    assert [one["notebook_path"] for one in row["notebooks"]] == ["a.ipynb"]
    assert [(one["tool"], one["outcome"], one["cell_index"]) for one in seen["calls"]] == [
        ("read_cell", "cell_not_found", 9),
        ("use_notebook", "ok", None),
    ]
    assert {one["session_id"] for one in seen["calls"]} == {session}
    for stranger in (BOB, replace(ALICE, authenticated=False)):
        assert session not in str(await jmcp.call("list_activity", stranger, owners="all"))


async def test_a_call_tells_its_owner_which_cell_it_was_about(jmcp: FakeJmcp) -> None:
    session = await jmcp.open("a.ipynb")
    with following(jmcp) as mine, following(jmcp, BOB, owners="all") as theirs:
        for follows in (mine, theirs):
            await until(follows, "activity")
        inserted = await jmcp.call("insert_cell", **code("y"), session_id=session)
        [own], [other] = await until(mine, "call"), await until(theirs, "call")
        assert (own["cell_id"], own["cell_index"]) == (inserted["cell_id"], 1)
        assert (own["session_id"], other["session_id"]) == (session, None)
        assert (other["cell_id"], other["cell_index"]) == (None, None)
        odd = {"cell_id": "x" * 64, "cell_index": -3, "session_id": session}
        for name in ("cell_id", "cell_index"):
            await jmcp.fail("read_cell", **{name: odd[name]}, session_id=session)
            [failed] = await until(mine, "call")
            assert failed["cell_id"] == (odd["cell_id"] if name == "cell_id" else None)
            assert failed["cell_index"] is None


async def test_a_session_that_shows_another_notebook_is_told_at_once(
    jmcp: FakeJmcp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not with the next of the looks that are taken again and again."""
    monkeypatch.setattr(activity_following, "SESSIONS_SECONDS", 10 * BOUND)
    jmcp.documents.write("b.ipynb", "y = 2")
    with following(jmcp) as follows, following(jmcp, BOB, owners="all") as other:
        for one in (follows, other):
            await until(one, "activity")
        session = await jmcp.open("a.ipynb")
        rows, first = await until(follows, "sessions", "navigate_to_url")
        assert [row["session_id"] for row in rows["sessions"]] == [session]
        assert first == {
            "now": first["now"],
            "session": f"{session[:2]}***",
            "session_id": session,
            "notebook_path": "a.ipynb",
            "url": jmcp.lab.url("a.ipynb", alone=True),
            "action": "navigate_to_url",
        }
        [seen] = await until(other, "navigate_to_url")
        assert (seen["session_id"], seen["notebook_path"]) == (None, "a.ipynb")
        await jmcp.call("use_notebook", notebook_path="b.ipynb", session_id=session)
        assert (await until(follows, "navigate_to_url"))[0]["notebook_path"] == "b.ipynb"
        await jmcp.call("prepare_notebook", notebook_path="b.ipynb", session_id=session)
        [again] = await until(follows, "reload_iframe")
        assert (again["notebook_path"], again["action"]) == ("b.ipynb", "reload_iframe")
        await jmcp.call("unuse_notebook", session_id=session)
        assert (await until(follows, "navigate_to_url"))[0]["notebook_path"] == "a.ipynb"
        jmcp.documents.rename("a.ipynb", "c.ipynb")
        await jmcp.call("read_notebook", session_id=session)
        assert (await until(follows, "navigate_to_url"))[0]["notebook_path"] == "c.ipynb"
        await jmcp.call("unuse_notebook", session_id=session)
        assert (await until(follows, "sessions"))[0]["session_count"] == 0


async def test_a_jupyter_and_a_store_that_do_not_answer_keep_no_call_from_being_told(
    jmcp: FakeJmcp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activity_following, "SESSIONS_SECONDS", 0.0)
    monkeypatch.setattr(activity, "KERNELS_SECONDS", 0.0)
    with following(jmcp) as follows:
        await until(follows, "activity")
        kernels, store = jmcp.faults.hold("kernels.list"), jmcp.faults.hold("store.of_owner")
        await jmcp.call("list_files")
        await until(follows, "call")
        async with asyncio.timeout(BOUND):
            await kernels.reached.wait()
            await store.reached.wait()
        await jmcp.call("list_files")
        [told] = await until(follows, "call")
        assert told["outcome"] == "ok"
        kernels.release()
        store.release()


async def test_what_others_do_is_for_administrators_and_without_what_they_write(
    jmcp: FakeJmcp,
) -> None:
    session = await jmcp.open("a.ipynb")
    refused = await jmcp.fail("list_activity", WORKER, owners="all")
    assert refused["code"] == "not_permitted"
    with pytest.raises(ToolError, match="the activity of all owners"):
        jmcp.dispatcher.follow({"owners": "all"}, WORKER)
    with (
        following(jmcp, WORKER, contents=True) as own,
        following(jmcp, BOB, owners="all", contents=True) as everything,
    ):
        for follows in (own, everything):
            await until(follows, "activity")
        await jmcp.call("insert_cell", **code(SECRET), session_id=session)
        [first] = await until(everything, "call")
        await jmcp.call("list_files", BOB, max_depth=1)
        shown = [first, *await until(own, "call")]
    assert shown[0]["tool"] == "insert_cell"
    assert "arguments" not in shown[0]
    assert "result" not in shown[0]
    # Of the two calls only the second one is Bob's, with what it carried.
    assert shown[1]["tool"] == "list_files"
    assert shown[1]["arguments"] == {"max_depth": 1}
    assert (await jmcp.call("list_activity", WORKER))["session_count"] == 0
    assert SECRET not in str([await jmcp.call("list_activity", BOB, owners="all"), *shown])


async def test_arguments_and_results_come_cut_and_without_ids(
    jmcp: FakeJmcp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "CONTENT_CHARACTERS", 300)
    session = await jmcp.open("a.ipynb")
    with following(jmcp, contents=True) as follows:
        await until(follows, "activity")
        await jmcp.call("insert_cell", **code("x" * 999), session_id=session)
        [inserted] = await until(follows, "call")
        await jmcp.fail("read_cell", cell_index=99, session_id=session)
        [failed] = await until(follows, "call")
    assert inserted["arguments"]["characters"] > 999
    assert len(inserted["arguments"]["cut"]) == 300
    assert failed["arguments"] == {"cell_index": 99, "session_id": f"{session[:2]}***"}
    assert "cell_index 99" in failed["error"]
    assert session not in str([inserted["arguments"], failed["arguments"], failed["error"]])


async def test_a_slow_reader_loses_the_oldest_and_is_told(
    jmcp: FakeJmcp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "READER_CALLS", 3)
    with following(jmcp) as follows:
        await until(follows, "activity")
        for _ in range(8):
            await jmcp.call("list_files")
        async with asyncio.timeout(BOUND):
            events = await follows.next_events(BOUND)
    assert events[0] == ("lost", {"count": 5})
    assert [data["call"] for name, data in events if name == "call"] == [6, 7, 8]


async def test_what_waits_for_a_slow_reader_is_bounded_in_characters_too(
    jmcp: FakeJmcp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "READER_CHARACTERS", 2000)
    session = await jmcp.open("a.ipynb")
    with following(jmcp, contents=True) as follows:
        await until(follows, "activity")
        for _ in range(5):
            await jmcp.call("insert_cell", **code("x" * 900), session_id=session)
        async with asyncio.timeout(BOUND):
            events = await follows.next_events(BOUND)
    assert events[0][0] == "lost"
    assert len([name for name, _ in events if name == "call"]) + events[0][1]["count"] == 5


async def test_runs_are_shown_while_they_go_on(jmcp: FakeJmcp) -> None:
    session = await jmcp.open("a.ipynb")
    with following(jmcp) as follows, following(jmcp, BOB, owners="all") as other:
        for one in (follows, other):
            await until(one, "activity")
        hold = jmcp.faults.hold("kernels.start")
        call = jmcp.call("execute_cell", cell_index=0, wait=BOUND, session_id=session)
        running = asyncio.create_task(call)
        await hold.reached.wait()
        runs, under_way = await until(follows, "runs", "under_way")
        [others_runs] = await until(other, "runs")
        hold.release()
        run = await running
    [row], [theirs], [going] = runs["runs"], others_runs["runs"], under_way["calls"]
    assert row["execution_id"] == run["execution_id"]
    assert (going["tool"], going["outcome"], going["seconds"]) == ("execute_cell", "running", None)
    assert (row["status"], row["notebook_path"], row["line"]) == ("queued", "a.ipynb", "x = 1")
    assert row["waits_for"] == "the kernel to start"
    assert theirs["line"] is None


async def test_a_server_that_stops_ends_those_who_follow(jmcp: FakeJmcp) -> None:
    with following(jmcp) as follows:
        await until(follows, "activity")
        waiting = asyncio.create_task(follows.next_events(BOUND))
        await jmcp.dispatcher.drain(0)
        async with asyncio.timeout(BOUND):
            await waiting
        assert follows.ended


async def test_streams_of_one_owner_are_limited(
    jmcp: FakeJmcp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activity, "MOST_FOLLOWERS", 1)
    with following(jmcp), following(jmcp, BOB), pytest.raises(ToolError) as raised:
        jmcp.dispatcher.follow({}, ALICE)
    assert raised.value.code == "session_limit"
    with following(jmcp):
        pass


async def test_only_the_last_calls_of_the_last_owners_are_kept(
    jmcp: FakeJmcp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "KEPT_OWNERS", 2)
    for name in ("one", "two", "three"):
        for _ in range(calls.KEPT_CALLS + 5):
            await jmcp.call("list_files", replace(ALICE, owner=name))
    kept = jmcp.dispatcher.activity.calls.finished(None, 1000)
    assert {call.owner for call in kept} == {"two", "three"}
    assert len(kept) == 2 * calls.KEPT_CALLS
