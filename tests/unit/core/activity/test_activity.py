"""What goes on is shown to whom it concerns, as it changes, and never keeps a server waiting."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from jmcp.core.activity import activity, calls
from jmcp.core.activity.activity import Following
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


async def test_sessions_runs_and_calls_are_shown_without_the_ids_of_sessions(
    jmcp: FakeJmcp,
) -> None:
    session = await jmcp.open("a.ipynb", replace(ALICE, client="probe"))
    await jmcp.fail("read_cell", replace(ALICE, client="probe"), cell_index=9, session_id=session)
    seen = await jmcp.call("list_activity")
    [row] = seen["sessions"]
    assert row["session"] == f"{session[:2]}***"
    assert (row["client"], row["last_tool"]) == ("probe", "read_cell")
    assert [one["notebook_path"] for one in row["notebooks"]] == ["a.ipynb"]
    assert [(one["tool"], one["outcome"]) for one in seen["calls"]] == [
        ("read_cell", "cell_not_found"),
        ("use_notebook", "ok"),
    ]
    assert session not in str(seen)


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
    assert session not in str([inserted, failed])


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
