"""An index means the cell that the session saw there, or the call is refused."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from jmcp.core.ports import DocumentMode
from tests.fakes.jmcp import FakeJmcp

CELLS = ("a = 1", "b = 2", "c = 3")

BY_INDEX: list[tuple[str, dict[str, Any]]] = [
    ("overwrite_cell_source", {"cell_index": 1, "cell_source": "mine = 1"}),
    ("edit_cell_source", {"cell_index": 1, "old_string": "=", "new_string": "=="}),
    ("delete_cell", {"cell_indices": [1]}),
    ("delete_cell", {"cell_indices": [2, 1]}),
    ("move_cell", {"cell_index": 1, "target_index": -1}),
    ("move_cell", {"cell_index": 1, "after_cell_id": "c2"}),
    ("move_cell", {"cell_id": "c0", "target_index": 2}),
    ("insert_cell", {"cell_index": 1, "cell_type": "code", "cell_source": "mine = 1"}),
    ("insert_cell", {"cell_index": 3, "cell_type": "code", "cell_source": "mine = 1"}),
    ("insert_execute_code_cell", {"cell_index": 2, "cell_source": "mine = 1"}),
    ("execute_cell", {"cell_index": 1}),
    ("run_cells", {"start_index": 1}),
    ("run_cells", {"end_index": 1}),
    ("run_cells", {"start_cell_id": "c0", "end_index": 2}),
]


@pytest.fixture(params=["live", "file"])
def mode(request: pytest.FixtureRequest) -> DocumentMode:
    chosen: DocumentMode = request.param
    return chosen


@pytest.fixture
async def jmcp(mode: DocumentMode) -> AsyncIterator[FakeJmcp]:
    made = FakeJmcp(mode=mode)
    made.documents.write("a.ipynb", *CELLS)
    async with made.running():
        yield made
    assert not +made.documents.held, "a document is still held"


@pytest.fixture
async def session(jmcp: FakeJmcp) -> str:
    """A session that has listed the three cells, c0 to c2."""
    return await jmcp.open("a.ipynb")


async def listed(jmcp: FakeJmcp, path: str = "a.ipynb") -> list[dict[str, Any]]:
    """The cells as a session sees them that has just opened the notebook."""
    opened = await jmcp.call("use_notebook", notebook_path=path)
    cells: list[dict[str, Any]] = opened["cells"]
    return cells


def codes(result: dict[str, Any]) -> list[str]:
    """What a result says of cells."""
    return [notice["code"] for notice in result["notices"] if notice["code"].startswith("cell")]


def named(result: dict[str, Any], code: str) -> list[str]:
    """The cells that a notice names."""
    (found,) = (notice for notice in result["notices"] if notice["code"] == code)
    cells: list[str] = found["details"]["cells"]
    return cells


@pytest.mark.parametrize(("tool", "arguments"), BY_INDEX, ids=str)
async def test_an_index_of_another_cell_than_was_seen_there_is_refused_once(
    jmcp: FakeJmcp, session: str, tool: str, arguments: dict[str, Any]
) -> None:
    jmcp.documents.put_in("a.ipynb", 0, "x = 0", "x0")
    before = await listed(jmcp)
    error = await jmcp.fail(tool, session_id=session, **arguments)
    assert error["code"] == "cell_changed"
    assert await listed(jmcp) == before
    assert jmcp.kernels.started == 0
    # The refusal showed what is there now: the agent has decided.
    await jmcp.call(tool, session_id=session, **arguments)


async def test_the_refusal_says_where_the_cell_is_and_lists_those_around(
    jmcp: FakeJmcp, session: str
) -> None:
    jmcp.documents.put_in("a.ipynb", 0, "x = 0", "x0")
    write = {"session_id": session, "cell_index": 1, "cell_source": "mine = 1"}
    error = await jmcp.fail("overwrite_cell_source", **write)
    assert "seen at index 1 is at index 2 now (id c1)" in error["message"]
    assert "1\tc0\tcode\ta = 1" in error["message"]
    assert (error["details"]["cell_index"], error["details"]["cell_id"]) == (1, "c0")
    assert error["details"]["places"] == [
        {"index": 1, "cell_id": "c0", "seen_index": 2, "seen_cell_id": "c1"}
    ]
    # It is a listing of the cells around too.
    write |= {"cell_index": 2}
    assert (await jmcp.call("overwrite_cell_source", **write))["cell_id"] == "c1"


async def test_force_is_about_what_a_cell_holds_and_not_about_which_it_is(
    jmcp: FakeJmcp, session: str
) -> None:
    jmcp.documents.put_in("a.ipynb", 0, "x = 0", "x0")
    write = {"session_id": session, "cell_index": 1, "cell_source": "mine = 1", "force": True}
    assert (await jmcp.fail("overwrite_cell_source", **write))["code"] == "cell_changed"


async def test_a_cell_that_is_gone_is_said_to_be(jmcp: FakeJmcp, session: str) -> None:
    jmcp.documents.take_out("a.ipynb", "c1")
    write = {"session_id": session, "cell_index": 1, "cell_source": "mine = 1"}
    error = await jmcp.fail("overwrite_cell_source", **write)
    assert "seen at index 1 is gone" in error["message"]
    # Also where no cell has that index any more.
    write |= {"cell_index": 2}
    jmcp.documents.take_out("a.ipynb", "c0")
    error = await jmcp.fail("overwrite_cell_source", **write)
    assert error["code"] == "cell_changed"
    assert "seen at index 2 is at index 0 now (id c2)" in error["message"]
    assert (await jmcp.fail("overwrite_cell_source", **write))["code"] == "cell_not_found"


async def test_a_reading_answers_with_a_notice(jmcp: FakeJmcp, session: str) -> None:
    jmcp.documents.put_in("a.ipynb", 0, "x = 0", "x0")
    cell = await jmcp.call("read_cell", session_id=session, cell_index=1)
    assert cell["cell_id"] == "c0"
    (notice,) = (one for one in cell["notices"] if one["code"] == "cell_elsewhere")
    assert notice["details"] == {"index": 1, "now": 2}
    again = await jmcp.call("read_cell", session_id=session, cell_index=1)
    assert codes(again) == []
    jmcp.documents.take_out("a.ipynb", "c0")
    assert "cell_gone" in codes(await jmcp.call("read_cell", session_id=session, cell_index=1))


async def test_what_others_inserted_moved_and_deleted_is_news_once(
    jmcp: FakeJmcp, session: str
) -> None:
    jmcp.documents.put_in("a.ipynb", 1, "x = 0", "x0")
    first = await jmcp.call("read_cell", session_id=session, cell_id="c0")
    assert named(first, "cells_inserted") == ["x0"]
    assert codes(await jmcp.call("read_notebook", session_id=session)) == []
    jmcp.documents.drag("a.ipynb", "c2", 0)
    assert named(await jmcp.call("read_notebook", session_id=session), "cells_moved") == ["c2"]
    jmcp.documents.put_in("a.ipynb", 4, "y = 0", "y0")
    assert named(await jmcp.call("read_notebook", session_id=session), "cells_inserted") == ["y0"]
    jmcp.documents.take_out("a.ipynb", "y0")
    assert named(await jmcp.call("read_notebook", session_id=session), "cells_deleted") == ["y0"]
    assert codes(await jmcp.call("read_notebook", session_id=session)) == []


async def test_a_cell_of_several_lines_that_was_only_listed_is_news_when_it_goes(
    jmcp: FakeJmcp,
) -> None:
    jmcp.documents.write("b.ipynb", "a\na", "b\nb")
    session = await jmcp.open("b.ipynb")
    jmcp.documents.type_over("b.ipynb", "c0", "other\nother")
    assert codes(await jmcp.call("read_notebook", session_id=session)) == []
    jmcp.documents.take_out("b.ipynb", "c0")
    assert named(await jmcp.call("read_notebook", session_id=session), "cells_deleted") == ["c0"]


async def test_what_is_cut_and_put_back_is_no_news(jmcp: FakeJmcp, session: str) -> None:
    jmcp.documents.take_out("a.ipynb", "c1")
    jmcp.documents.put_in("a.ipynb", 1, "b = 2", "c1")
    assert codes(await jmcp.call("read_notebook", session_id=session)) == []
    write = {"session_id": session, "cell_index": 1, "cell_source": "mine = 1"}
    assert (await jmcp.call("overwrite_cell_source", **write))["cell_id"] == "c1"


async def test_ones_own_insertions_deletions_and_moves_are_followed(
    jmcp: FakeJmcp, session: str
) -> None:
    async def call(tool: str, **arguments: Any) -> dict[str, Any]:
        result = await jmcp.call(tool, session_id=session, **arguments)
        assert codes(result) == []
        return result

    await call("insert_cell", cell_index=0, cell_type="code", cell_source="n = 0")
    assert (await call("read_cell", cell_index=1))["cell_id"] == "c0"
    await call("execute_cell", cell_index=2)
    await call("insert_execute_code_cell", cell_index=1, cell_source="n = 1")
    await call("move_cell", cell_index=2, target_index=4)
    await call("delete_cell", cell_indices=[0, 1])
    done = await call("overwrite_cell_source", cell_index=0, cell_source="b = 4")
    assert done["cell_id"] == "c1"
    await call("run_cells", start_index=0, end_index=2)
    await call("move_cell", cell_index=2, target_index=0)
    await call("edit_cell_source", cell_index=0, old_string="a", new_string="z")


async def test_an_own_insertion_above_an_unseen_one_keeps_the_guard(
    jmcp: FakeJmcp, session: str
) -> None:
    jmcp.documents.put_in("a.ipynb", 0, "x = 0", "x0")
    await jmcp.call(
        "insert_execute_code_cell", session_id=session, after_cell_id="c1", cell_source="n = 0"
    )
    error = await jmcp.fail("execute_cell", session_id=session, cell_index=1)
    assert "seen at index 1 is at index 2 now (id c1)" in error["message"]


async def test_cells_that_were_never_listed_are_not_guarded(jmcp: FakeJmcp) -> None:
    jmcp.documents.write("b.ipynb", *map(str, range(40)))
    session = await jmcp.open("b.ipynb")
    jmcp.documents.put_in("b.ipynb", 0, "x = 0", "x0")
    done = await jmcp.call("execute_cell", session_id=session, cell_index=30)
    assert done["cell_id"] == "c29"
    jmcp.documents.put_in("b.ipynb", 0, "y = 0", "y0")
    error = await jmcp.fail("execute_cell", session_id=session, cell_index=30)
    assert "is at index 31 now (id c29)" in error["message"]


async def test_a_restart_keeps_what_was_seen_where(jmcp: FakeJmcp, session: str) -> None:
    await jmcp.call(
        "insert_cell", session_id=session, cell_index=0, cell_type="code", cell_source="n = 0"
    )
    await jmcp.close()
    jmcp.documents.put_in("a.ipynb", 0, "x = 0", "x0")
    await jmcp.start()
    result = await jmcp.call("read_cell", session_id=session, cell_id="c2")
    assert named(result, "cells_inserted") == ["x0"]
    error = await jmcp.fail("execute_cell", session_id=session, cell_index=1)
    assert "seen at index 1 is at index 2 now (id c0)" in error["message"]


async def test_without_ids_a_cell_is_told_by_its_source(jmcp: FakeJmcp) -> None:
    jmcp.documents.write("old.ipynb", *CELLS, minor=4)
    session = await jmcp.open("old.ipynb")
    jmcp.documents.put_in("old.ipynb", 0, "x = 0", "x0")
    run = {"session_id": session, "cell_index": 1}
    error = await jmcp.fail("execute_cell", **run)
    assert error["code"] == "cell_changed"
    assert "seen at index 1 is at index 2 now" in error["message"]
    assert (await jmcp.call("execute_cell", **run))["status"] == "ok"
    # The first edit gives all of them ids, and each is still what it was.
    new = {"cell_index": 0, "cell_type": "code", "cell_source": "n = 0"}
    await jmcp.call("insert_cell", session_id=session, **new)
    await jmcp.call("overwrite_cell_source", session_id=session, cell_index=4, cell_source="c = 4")
    assert json.loads(json.dumps(await listed(jmcp, "old.ipynb")))[4]["first_line"] == "c = 4"


async def test_nothing_is_compared_where_nothing_changed(
    jmcp: FakeJmcp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cells that a call looks at are few, however many there are."""
    jmcp.documents.write("b.ipynb", *map(str, range(1000)))
    session = await jmcp.open("b.ipynb")
    await jmcp.call("read_notebook", session_id=session, limit=1000)
    looked = 0
    get = type(await _cells(jmcp, "b.ipynb")).get

    def counted(self: Any, index: int, *, outputs: bool = False) -> Any:
        nonlocal looked
        looked += 1
        return get(self, index, outputs=outputs)

    monkeypatch.setattr("tests.fakes.documents.FakeCells.get", counted)
    await jmcp.call("execute_cell", session_id=session, cell_index=500)
    await jmcp.call("read_cell", session_id=session, cell_index=501)
    await jmcp.call("insert_cell", session_id=session, cell_index=1, **NEW)
    await jmcp.call("overwrite_cell_source", session_id=session, cell_index=1, cell_source="n = 1")
    assert looked < 40
    jmcp.documents.put_in("b.ipynb", 0, "x = 0", "x0")
    await jmcp.fail("execute_cell", session_id=session, cell_index=500)
    assert looked < 80


NEW = {"cell_type": "code", "cell_source": "n = 0"}


async def _cells(jmcp: FakeJmcp, path: str) -> Any:
    documents = jmcp.documents
    document = await documents.open(await documents.identify(path))
    try:
        return await document.read()
    finally:
        document.close()
