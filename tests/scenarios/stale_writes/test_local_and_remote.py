"""What others changed is not overwritten unknowingly, wherever jmcp and the documents are."""

from __future__ import annotations

import asyncio

from tests.scenarios.stale_writes.conftest import SharedServer, changes


async def test_an_edit_of_what_another_session_changed_is_refused_until_it_is_read(
    server: SharedServer,
) -> None:
    mine, other = await server.agent(), await server.agent()
    await mine.read("c0", "c1", "c2")
    await other.write("c0", "x = 1\ny = 3")

    details = await mine.refused("c0")
    assert details["cell_id"] == "c0"
    assert details["source"] == "x = 1\ny = 3"
    assert details["diff"].splitlines()[-3:] == [" x = 1", "-y = 2", "+y = 3"]
    # The refusal showed the cell: the agent has decided.
    await mine.write("c0", "x = 4")

    await other.write("c1", "two = 5")
    edit = await mine.fail("edit_cell_source", cell_id="c1", old_string="two", new_string="deux")
    assert edit["code"] == "cell_changed"
    assert "-two = 2" in edit["message"]
    assert "two = 5" in edit["message"]
    await mine.call("edit_cell_source", cell_id="c1", old_string="two", new_string="deux")

    await other.write("c1", "two = 6\n6", force=True)
    await mine.write("c1", "two = 7\n7", force=True)
    assert (await other.refused("c1"))["source"] == "two = 7\n7"


async def test_of_several_cells_all_or_none_is_deleted(server: SharedServer) -> None:
    mine, other = await server.agent(), await server.agent()
    await mine.read("c0", "c1", "c2")
    await other.write("c1", "two = 3")
    await other.write("c2", "three = 4")
    error = await mine.fail("delete_cell", cell_ids=["c0", "c1", "c2"])
    assert error["code"] == "cell_changed"
    assert [cell["cell_id"] for cell in error["details"]["cells"]] == ["c1", "c2"]
    assert (await mine.call("read_notebook"))["cell_count"] == 3
    await other.write("c2", "three = 5")
    assert (await mine.fail("delete_cell", cell_ids=["c0", "c2"]))["code"] == "cell_changed"
    await other.write("c2", "three = 6", force=True)
    deleted = await mine.call("delete_cell", cell_ids=["c0", "c1", "c2"], force=True)
    assert len(deleted["deleted"]) == 3


async def test_ones_own_work_is_never_refused_and_no_news(server: SharedServer) -> None:
    mine, other = await server.agent(), await server.agent()
    await mine.read("c0", "c1")
    results = [
        await mine.write("c0", "x = 'é\r\n🎉'"),
        await mine.write("c0", "x = 2\nx"),
        await mine.call(
            "edit_cell_source", cell_id="c0", old_string="x", new_string="y", replace_all=True
        ),
        await mine.call("move_cell", cell_id="c0", target_index=2),
        await mine.write("c0", "y = 4\ny"),
    ]
    new = await mine.call("insert_cell", cell_index=0, cell_type="markdown", cell_source="# a\n\nb")
    results += [
        new,
        await mine.call("edit_cell_source", cell_id=new["cell_id"], old_string="b", new_string="c"),
        await mine.call("delete_cell", cell_ids=["c0"]),
    ]
    # Another session's edit of a cell that was never read is nobody's business.
    beside = await other.write("c2", "three = 30\n30")
    assert changes(beside) == ["cells_deleted: c0", f"cells_inserted: {new['cell_id']}"]
    results += [
        await mine.write("c2", "three = 31\n31"),
        await mine.call("read_notebook"),
    ]
    assert changes(*results) == []
    gone = await mine.fail("read_cell", cell_id="c0")
    assert gone["code"] == "cell_not_found"
    assert "deleted" not in gone["message"]


async def test_what_others_changed_is_told_once(server: SharedServer) -> None:
    mine, other = await server.agent(), await server.agent()
    await mine.read("c0", "c1")
    await other.write("c0", "x = 2\nx")
    await other.write("c2", "unread = 1\n1")
    assert await mine.told_changes() == ["cells_changed: c0"]
    await other.write("c0", "x = 3\nx")
    assert await mine.told_changes() == []  # it is still the one that mine does not know
    await other.call("delete_cell", cell_ids=["c1"])
    assert await mine.told_changes() == ["cells_deleted: c1"]
    gone = await mine.fail("read_cell", cell_id="c1")
    assert "somebody deleted it since this session read it" in gone["message"]
    await mine.read("c0")
    await other.write("c0", "x = 4\nx")
    assert len(await mine.told_changes()) == 1
    assert await other.told_changes() == []


async def test_a_restart_of_jmcp_keeps_what_was_read(server: SharedServer) -> None:
    mine, other = await server.agent(), await server.agent()
    await mine.write("c0", "x = 10\nx")
    await mine.read("c1")
    await server.restart()
    await other.write("c0", "x = 11\nx")
    await other.write("c1", "two = 22\ntwo")
    (told_changes,) = await mine.told_changes()
    assert "c0" in told_changes
    assert "c1" in told_changes
    # The journal knows what jmcp wrote, and here also what it wrote over.
    assert "-x = 10" in (await mine.refused("c0"))["diff"]
    assert "-two = 2" in (await mine.refused("c1"))["diff"]
    await mine.write("c0", "x = 12")


async def test_calls_side_by_side_never_meet_their_own_session(server: SharedServer) -> None:
    mine, other = await server.agent(), await server.agent()
    await mine.read("c0", "c1", "c2")

    async def work(cell_id: str) -> None:
        for number in range(8):
            source = f"{cell_id} = {number}\n{number}"
            await mine.write(cell_id, source)
            await mine.read(cell_id)

    async def look() -> None:
        for _ in range(8):
            await mine.call("read_notebook", response_format="detailed")

    await asyncio.gather(work("c0"), work("c1"), work("c2"), look(), look())
    assert await mine.told_changes() == []
    assert (await other.call("read_notebook"))["cell_count"] == 3


async def test_an_index_is_refused_where_another_session_shifted_the_cells(
    server: SharedServer,
) -> None:
    mine, other = await server.agent(), await server.agent()
    new = {"cell_index": 0, "cell_type": "code", "cell_source": "new = 1\nnew"}
    inserted = await other.call("insert_cell", **new)
    write = {"cell_index": 1, "cell_source": "mine = 1"}
    error = await mine.fail("overwrite_cell_source", **write)
    assert error["code"] == "cell_changed"
    assert "seen at index 1 is at index 2 now (id c1)" in error["message"]
    assert (await mine.call("overwrite_cell_source", **write))["cell_id"] == "c0"

    await other.call("move_cell", cell_id="c2", target_index=0)
    assert await mine.told_changes() == ["cells_moved: c2"]
    await other.call("delete_cell", cell_ids=[inserted["cell_id"]])
    run = await mine.fail("execute_cell", cell_index=2)
    assert "seen at index 2 is at index 1 now (id c0)" in run["message"]
    await mine.call("read_notebook")
    await server.restart()
    await other.call("insert_cell", **new)
    assert (await mine.fail("run_cells", end_index=1))["code"] == "cell_changed"
    assert (await mine.call("run_cells", end_index=1))["batch"]["total"] == 2


async def test_ones_own_calls_side_by_side_shift_no_index(server: SharedServer) -> None:
    mine = await server.agent()
    new = {"cell_index": 1, "cell_type": "code", "cell_source": "new = 1\nnew"}
    for _ in range(4):
        await asyncio.gather(
            mine.call("insert_cell", **new),
            mine.call("read_notebook", response_format="detailed"),
            mine.call("overwrite_cell_source", cell_index=0, cell_source="x = 2\nx"),
            mine.call("insert_cell", **new | {"cell_index": 3}),
            mine.call("read_cell", cell_id="c1"),
            mine.call("delete_cell", cell_indices=[1]),
        )
    content = await mine.call("read_notebook")
    assert (content["cell_count"], content["notices"]) == (7, [])
