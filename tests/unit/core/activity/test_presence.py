"""People see in their pages which sessions work in notebooks, where, and what they did last."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest

from jmcp.core.activity import presence
from jmcp.core.activity.presence import COLORS, PresenceReader, Row
from jmcp_api.backend_errors import StateUnavailable
from tests.calls import ALICE, BOB
from tests.fakes.jmcp import FakeJmcp

BOUND = 10.0
AGENT = replace(ALICE, client="agent")
PAGE = replace(ALICE, of_page=True)
NEW = {"cell_index": 1, "cell_type": "code", "cell_source": "n = 0"}


@pytest.fixture
async def jmcp() -> AsyncIterator[FakeJmcp]:
    made = FakeJmcp(journaled=True)
    made.documents.write("a.ipynb", "a = 1", "b = 2")
    made.documents.write("b.ipynb", "x = 1")
    async with made.running():
        yield made


@contextmanager
def watching(jmcp: FakeJmcp, caller: Any = PAGE, **options: Any) -> Iterator[PresenceReader]:
    reader = jmcp.dispatcher.person.watch(caller, **options)
    try:
        yield reader
    finally:
        reader.close()


async def following(reader: PresenceReader) -> list[Row]:
    async with asyncio.timeout(BOUND):
        return await anext(reader)


async def only(jmcp: FakeJmcp) -> Row:
    [row] = await jmcp.dispatcher.person.sessions(PAGE)
    return row


async def test_a_session_is_shown_with_its_notebooks_calls_and_cell(jmcp: FakeJmcp) -> None:
    session = await jmcp.open("a.ipynb", AGENT)
    await jmcp.call("use_notebook", AGENT, session_id=session, notebook_path="b.ipynb")
    await jmcp.fail("read_cell", AGENT, session_id=session, cell_index=9)
    made = await jmcp.call("insert_cell", AGENT, session_id=session, **NEW)
    row = await only(jmcp)
    assert (row["client"], row["owner"], row["paused"]) == ("agent", None, False)
    assert row["notebooks"] == [
        {"path": "a.ipynb", "current": False, "kernel_state": None},
        {"path": "b.ipynb", "current": True, "kernel_state": None},
    ]
    cell = {"path": "b.ipynb", "cell_id": made["cell_id"]}
    assert row["at"] == {**cell, "doing": "edit", "running": False}
    assert [(one["tool"], one["outcome"], one["cell_id"]) for one in row["calls"]] == [
        ("insert_cell", "ok", made["cell_id"]),
        ("read_cell", "cell_not_found", None),
        ("use_notebook", "ok", None),
        ("use_notebook", "ok", None),
    ]
    assert all(0 <= one["seconds_ago"] < BOUND for one in row["calls"])
    assert session not in json.dumps(row)
    assert row["color"] in COLORS


async def test_the_cell_is_that_of_the_run_while_one_goes_on(jmcp: FakeJmcp) -> None:
    session = await jmcp.open("a.ipynb", AGENT)
    hold = jmcp.kernels.hold("wait()")
    made = await jmcp.call(
        "insert_execute_code_cell",
        AGENT,
        session_id=session,
        cell_index=1,
        cell_source="wait()",
        wait=0,
    )
    await asyncio.wait_for(hold.reached.wait(), BOUND)
    cell = {"path": "a.ipynb", "cell_id": made["cell_id"], "doing": "run"}
    row = await only(jmcp)
    assert row["at"] == {**cell, "running": True}
    assert row["notebooks"][0]["kernel_state"] == "busy"
    hold.released.set()
    await jmcp.call(
        "get_execution",
        AGENT,
        session_id=session,
        execution_id=made["execution_id"],
    )
    assert (await only(jmcp))["at"] == {**cell, "running": False}
    edited = await jmcp.call(
        "overwrite_cell_source", AGENT, session_id=session, cell_index=0, cell_source="z"
    )
    assert (await only(jmcp))["at"]["cell_id"] == edited["cell_id"]


async def test_several_edits_of_one_call_lead_to_the_last_cell_that_is_there(
    jmcp: FakeJmcp,
) -> None:
    session = await jmcp.open("a.ipynb", AGENT)
    read = await jmcp.call("read_notebook", AGENT, session_id=session)
    first, second = (cell["cell_id"] for cell in read["cells"])
    edits = [
        {"op": "overwrite", "cell": second, "source": "b = 3"},
        {"op": "delete", "cell": first},
    ]
    await jmcp.call("apply_edits", AGENT, session_id=session, edits=edits)
    assert (await only(jmcp))["at"]["cell_id"] == second


async def test_whoever_looks_on_gets_the_list_at_once_and_when_it_changes(jmcp: FakeJmcp) -> None:
    with watching(jmcp) as mine, watching(jmcp, BOB) as theirs:
        assert await following(mine) == []
        assert await following(theirs) == []
        session = await jmcp.open("a.ipynb", AGENT)
        [row] = await following(mine)
        assert row["notebooks"][0]["path"] == "a.ipynb"
        await jmcp.dispatcher.person.pause(PAGE, row["key"])
        [row] = await following(mine)
        assert row["paused"]
        await jmcp.dispatcher.person.resume(PAGE, row["key"])
        while row["paused"]:
            [row] = await following(mine)
        await jmcp.call("unuse_notebook", AGENT, session_id=session)
        while await following(mine):
            pass
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await anext(theirs)


async def test_a_reader_who_is_slow_gets_the_last_list(
    jmcp: FakeJmcp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "SOON_SECONDS", 0)
    session = await jmcp.open("a.ipynb", AGENT)
    with watching(jmcp) as quick, watching(jmcp) as slow:
        await following(slow)
        for _ in range(20):
            await jmcp.call("insert_cell", AGENT, session_id=session, **NEW)
        last = await jmcp.call("insert_cell", AGENT, session_id=session, **NEW)
        while (await following(quick))[0]["at"]["cell_id"] != last["cell_id"]:
            pass
        [row] = await following(slow)
        assert row["at"]["cell_id"] == last["cell_id"]


async def test_many_calls_make_few_lists(jmcp: FakeJmcp) -> None:
    session = await jmcp.open("a.ipynb", AGENT)
    with watching(jmcp) as reader:
        await following(reader)
        began = asyncio.get_running_loop().time()
        lists = 0
        for _ in range(100):
            await jmcp.call("read_notebook", AGENT, session_id=session)
        made = await jmcp.call("insert_cell", AGENT, session_id=session, **NEW)
        while True:
            lists += 1
            [row] = await following(reader)
            if row["at"] and row["at"]["cell_id"] == made["cell_id"]:
                break
        took = asyncio.get_running_loop().time() - began
        assert lists <= took / presence.SOON_SECONDS + 1


async def test_a_reader_ends_when_it_is_closed_and_when_the_server_ends() -> None:
    made = FakeJmcp()
    async with made.running():
        closed, left = (made.dispatcher.person.watch(PAGE) for _ in range(2))
        assert [await following(one) for one in (closed, left)] == [[], []]
        waits = [asyncio.create_task(anext(one, None)) for one in (closed, left)]
        await asyncio.sleep(0)
        closed.close()
        closed.close()
        assert await asyncio.wait_for(waits[0], BOUND) is None
        await made.dispatcher.drain(0)
        assert await asyncio.wait_for(waits[1], BOUND) is None
        late = made.dispatcher.person.watch(PAGE)
        assert [row async for row in late] == []
    left.close()
    late.close()


async def test_nothing_is_told_while_nobody_looks_on(jmcp: FakeJmcp) -> None:
    feed = jmcp.dispatcher.activity.calls
    assert feed.on_change is None
    with watching(jmcp), watching(jmcp):
        assert feed.on_change is not None
    assert feed.on_change is None


async def test_a_store_that_fails_for_a_moment_ends_no_reader(
    jmcp: FakeJmcp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "TICK_SECONDS", 0.01)
    monkeypatch.setattr(presence, "SOON_SECONDS", 0)
    await jmcp.open("a.ipynb", AGENT)
    jmcp.faults.fail("store.of_owner", StateUnavailable.silent_redis(reason="a fault"))
    with watching(jmcp) as reader:
        [row] = await following(reader)
        assert row["notebooks"][0]["path"] == "a.ipynb"


async def test_pages_of_people_are_no_agents(jmcp: FakeJmcp) -> None:
    await jmcp.open("a.ipynb", PAGE)
    assert await jmcp.dispatcher.person.sessions(PAGE) == []


async def test_an_administrator_sees_the_sessions_of_all_with_their_owners(jmcp: FakeJmcp) -> None:
    await jmcp.open("a.ipynb", AGENT)
    await jmcp.open("b.ipynb", BOB)
    assert len(await jmcp.dispatcher.person.sessions(PAGE)) == 1
    seen = await jmcp.dispatcher.person.sessions(PAGE, everyone=True)
    assert {one["owner"] for one in seen} == {None, "bob"}
    with watching(jmcp, everyone=True) as reader:
        assert {one["owner"] for one in await following(reader)} == {None, "bob"}


async def test_each_session_keeps_its_color_and_none_has_that_of_another(jmcp: FakeJmcp) -> None:
    colors: dict[str, str] = {}
    for number in range(len(COLORS)):
        jmcp.clock.now += 1
        await jmcp.open("a.ipynb", replace(AGENT, client=f"agent {number}"))
        seen = {one["key"]: one["color"] for one in await jmcp.dispatcher.person.sessions(PAGE)}
        assert colors.items() <= seen.items()
        colors = seen
    assert set(colors.values()) == set(COLORS)
    await jmcp.close()
    await jmcp.start()
    again = {one["color"] for one in await jmcp.dispatcher.person.sessions(PAGE)}
    assert again == set(COLORS)


@pytest.mark.parametrize("ground", ["#ffffff", "#111111"])
def test_colors_can_be_told_from_the_page(ground: str) -> None:
    for color in COLORS:
        light, dark = sorted((luminance(color), luminance(ground)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 3, color
    assert all(one != other for one, other in combinations(COLORS, 2))


def luminance(color: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
