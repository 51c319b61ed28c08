"""What counts as reading a cell, what is shown of a changed one, and what is kept of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenarios.stale_writes.conftest import Agent, SharedServer, StartServer, changes

LONG = "\n".join(f"line_{number} = {number}" for number in range(1000))


@pytest.fixture
async def server(start_server: StartServer) -> SharedServer:
    return await start_server("local file")


READINGS: list[tuple[str, dict[str, Any], bool]] = [
    ("read_cell", {"cell_id": "c0", "include_outputs": False}, True),
    ("read_notebook", {"response_format": "detailed"}, True),
    ("read_notebook", {}, False),
    ("insert_cell", {"cell_index": 0, "cell_type": "code", "cell_source": ""}, False),
    ("execute_cell", {"cell_id": "c0"}, False),
    ("move_cell", {"cell_id": "c0", "target_index": 2}, False),
]


async def test_a_reading_is_the_whole_source(server: SharedServer) -> None:
    for tool, arguments, is_reading in READINGS:
        server.write(["x = 1\nx", "two = 2\ntwo", "three = 3\nthree"])
        mine, other = await server.agent(), await server.agent()
        await mine.call(tool, **arguments)
        await other.write("c0", f"x = '{tool}'\nx", force=True)
        arguments = {"cell_id": "c0", "cell_source": "mine"}
        outcome = await server.outcome(
            "overwrite_cell_source", session_id=mine.session_id, **arguments
        )
        code = outcome.error.code if outcome.error else None
        assert code == ("cell_changed" if is_reading else None), (tool, outcome.text)
        await mine.call("unuse_notebook")
        await other.call("unuse_notebook")


async def test_a_cell_of_one_line_is_read_in_a_listing(server: SharedServer) -> None:
    server.write(["short = 1", f"long = '{'x' * 200}'"])
    mine, other = await server.agent(), await server.agent()
    await other.write("c0", "short = 2", force=True)
    await other.write("c1", "long = 2", force=True)
    assert (await mine.refused("c0"))["diff"] is not None
    await mine.write("c1", "long = 3")


async def test_an_edit_that_changes_nothing_is_not_refused(server: SharedServer) -> None:
    mine, other = await server.agent(), await server.agent()
    await mine.read("c0")
    await other.write("c0", "x = 2")
    assert (await mine.write("c0", "x = 2"))["change"] == "unchanged"


async def test_a_long_source_is_cut_and_its_diff_is_not(server: SharedServer) -> None:
    server.write([LONG, "two = 2\ntwo"])
    mine, other = await server.agent(), await server.agent()
    await mine.read("c0")
    await other.write("c0", LONG.replace("line_500 = 500", "line_500 = None"))
    error = await mine.fail("overwrite_cell_source", cell_id="c0", cell_source="mine")
    assert "+line_500 = None" in error["details"]["diff"]
    assert len(error["message"]) < 6000
    # With the diff the session knows it all.
    await mine.write("c0", "mine = 1")


async def test_what_is_not_shown_whole_is_not_read(server: SharedServer) -> None:
    server.write([LONG, "two = 2\ntwo"])
    mine, other = await server.agent(), await server.agent()
    await mine.read("c0")
    await other.write("c0", LONG.replace("line", "row"))
    for _ in range(2):
        error = await mine.fail("overwrite_cell_source", cell_id="c0", cell_source="mine")
        assert error["details"]["diff"] is None
        assert "read_cell shows whole" in error["message"]
    await mine.read("c0")
    await mine.write("c0", "mine = 1")


async def test_a_notebook_that_was_let_go_was_not_read(server: SharedServer) -> None:
    server.write(["b = 1\nb"], "b.ipynb")
    mine, other = await server.agent(), await server.agent()
    await mine.call("use_notebook", notebook_path="b.ipynb")
    await mine.call("use_notebook", notebook_path="a.ipynb")
    await mine.read("c0")
    await other.write("c0", "x = 2\nx")
    await mine.call("unuse_notebook")
    await mine.call("use_notebook", notebook_path="a.ipynb")
    await mine.write("c0", "x = 3\nx")


async def test_each_notebook_of_a_session_is_read_by_itself(server: SharedServer) -> None:
    server.write(["b = 1\nb"], "b.ipynb")
    mine, other = await server.agent(), await server.agent("b.ipynb")
    await mine.read("c0")
    await mine.call("use_notebook", notebook_path="b.ipynb")
    await other.write("c0", "b = 2\nb")
    await mine.write("c0", "b = 3\nb")
    await mine.call("use_notebook", notebook_path="a.ipynb")
    await mine.write("c0", "x = 3\nx")
    assert changes(await mine.call("read_notebook")) == []


async def test_a_refused_call_tells_no_news(server: SharedServer) -> None:
    """Notices go with results: what a failed call would have told is told by the next one."""
    mine, other = await server.agent(), await server.agent()
    await mine.read("c0", "c1")
    await other.write("c1", "two = 3\n3")
    await mine.fail("read_cell", cell_id="nope")
    assert len(await mine.told_changes()) == 1
    assert len(await mine.told_changes()) == 0


async def stored(agent: Agent) -> str:
    sessions = agent.server.dispatcher.sessions
    await sessions._deferred.flush()
    record = await sessions.get("alice", agent.session_id)
    assert record is not None
    (held,) = record.notebooks.values()
    return held.seen


async def test_what_is_stored_is_small_and_only_written_when_it_changed(
    server: SharedServer,
) -> None:
    server.write([f"x{number} = 0\n0" for number in range(1200)])
    mine = await server.agent()
    await mine.call("read_notebook", response_format="detailed", limit=100)
    seen = await stored(mine)
    assert len(seen) <= 40 * 100
    await mine.read("c0", "c50")
    assert await stored(mine) is not None
    assert await stored(mine) == seen
    for start in range(0, 1200, 100):
        await mine.call("read_notebook", response_format="detailed", start_index=start, limit=100)
    assert 30_000 > len(await stored(mine)) > 20_000
    other = await server.agent()
    await other.write("c0", "fell = 'out'\n1")
    await other.write("c1199", "kept = 1\n1")
    await mine.write("c0", "unread = 1\n1")
    assert (await mine.refused("c1199"))["diff"] is not None
