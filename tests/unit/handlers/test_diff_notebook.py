"""Comparing a notebook with its file, its checkpoint, and what it was when it was opened."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from typing import Any

import pytest

from jmcp.core.ports import DocumentMode
from jmcp_handlers.support.notebook_diff.cell_matching import CellText, matched
from tests.fakes.jmcp import FakeJmcp
from tests.unit.handlers.test_undo import PICTURE, PLAIN, PLOT, notebook
from tests.work import lines_run


@pytest.fixture(params=["live", "file"])
async def jmcp(request: pytest.FixtureRequest) -> AsyncIterator[FakeJmcp]:
    mode: DocumentMode = request.param
    made = FakeJmcp(mode=mode, journaled=True)
    made.documents.put_text("a.ipynb", notebook(PLOT, PICTURE, PLAIN))
    async with made.running():
        yield made


@pytest.fixture
async def session(jmcp: FakeJmcp) -> str:
    return await jmcp.open("a.ipynb")


def brief(found: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [
        (cell["change"], cell["cell_id"], cell["cell_index"], cell["old_index"])
        for cell in found["cells"]
    ]


async def change_all(jmcp: FakeJmcp, session: str) -> None:
    await jmcp.call("move_cell", session_id=session, cell_id="plain", target_index=0)
    await jmcp.call("delete_cell", session_id=session, cell_ids=["pict"])
    await jmcp.call("execute_cell", session_id=session, cell_id="plot")
    jmcp.documents.put_in("a.ipynb", 1, "new", "new")


CHANGED = [
    ("moved", "plain", 0, 2),
    ("added", "new", 1, None),
    ("removed", "pict", None, 1),
    ("changed", "plot", 2, 0),
]


@pytest.mark.parametrize("against", ["opened", "checkpoint"])
async def test_every_kind_of_change_by_anybody(jmcp: FakeJmcp, session: str, against: str) -> None:
    await jmcp.call("create_checkpoint", session_id=session)
    await change_all(jmcp, session)
    found = await jmcp.call("diff_notebook", session_id=session, against=against)
    assert sorted(brief(found), key=str) == sorted(CHANGED, key=str)
    cells = {cell["cell_id"]: cell for cell in found["cells"]}
    assert (cells["plot"]["outputs_changed"], cells["plot"]["diff"]) == (True, None)
    assert cells["new"]["diff"].endswith("+new")
    assert "-![a](attachment:a.png)" in cells["pict"]["diff"]
    assert found["total"] == 4
    assert found["of"] is not None


async def test_its_file_lacks_what_is_not_saved(jmcp: FakeJmcp, session: str) -> None:
    arguments = {"session_id": session, "cell_id": "plot", "cell_source": "print('two')"}
    await jmcp.call("overwrite_cell_source", **arguments)
    found = await jmcp.call("diff_notebook", session_id=session, against="file")
    if jmcp.mode == "file":
        assert found["cells"] == []
        return
    (cell,) = found["cells"]
    assert cell["diff"] == "--- before\n+++ after\n@@ -1 +1 @@\n-print('one')\n+print('two')"
    assert (cell["outputs_changed"], cell["metadata_changed"]) == (False, False)


async def test_metadata_and_types(jmcp: FakeJmcp, session: str) -> None:
    await jmcp.call("create_checkpoint", session_id=session)
    edits = [{"op": "set_type", "cell": "plain", "cell_type": "markdown"}]
    await jmcp.call("apply_edits", session_id=session, edits=edits)
    found = await jmcp.call("diff_notebook", session_id=session, against="checkpoint")
    (cell,) = found["cells"]
    assert (cell["change"], cell["metadata_changed"], cell["cell_type"]) == (
        "changed",
        True,
        "markdown",
    )


async def test_after_a_restart_the_journal_says_what_jmcp_changed(
    session: str, jmcp: FakeJmcp
) -> None:
    await jmcp.call("delete_cell", session_id=session, cell_ids=["pict"])
    await jmcp.call("move_cell", session_id=session, cell_id="plain", target_index=0)
    recorder = jmcp.dispatcher.services.leases.recorder
    assert recorder is not None
    entries = recorder.entries("key-0")
    await jmcp.close()
    await jmcp.start()
    again = jmcp.dispatcher.services.leases.recorder
    assert again is not None
    again.journal.append(entries)
    found = await jmcp.call("diff_notebook", session_id=session)
    assert brief(found) == [("moved", "plain", 0, 2), ("removed", "pict", None, 1)]
    assert [one["code"] for one in found["notices"]] == ["opened_by_journal"]


async def test_pages_and_bounds(jmcp: FakeJmcp) -> None:
    jmcp.documents.write("b.ipynb", *["x"] * 5)
    session = await jmcp.open("b.ipynb")
    long = "\n".join(f"line {number}" for number in range(5_000))
    for number in range(5):
        arguments = {"cell_index": number, "cell_source": long, "force": True}
        await jmcp.call("overwrite_cell_source", session_id=session, **arguments)
    first = await jmcp.call("diff_notebook", session_id=session, limit=2)
    assert (first["total"], first["more"]) == (5, {"count": 3, "start_index": 2})
    assert all(len(cell["diff"]) < 4_200 and cell["left_out"] > 40_000 for cell in first["cells"])
    rest = await jmcp.call("diff_notebook", session_id=session, start_index=2)
    assert [cell["cell_index"] for cell in rest["cells"]] == [2, 3, 4]


async def test_a_checkpoint_that_the_server_does_not_show(jmcp: FakeJmcp, session: str) -> None:
    await jmcp.call("create_checkpoint", session_id=session)
    jmcp.documents.hides_checkpoints = True
    error = await jmcp.fail("diff_notebook", session_id=session, against="checkpoint")
    assert error["code"] == "checkpoint_not_found"
    assert "restore_checkpoint" in error["message"]


# -- which cells are the same ------------------------------------------------------------------


def texts(*sources: str, ids: str | None = None) -> list[CellText]:
    return [
        CellText(cell_id=ids and f"{ids}{at}", cell_type="code", source=source)
        for at, source in enumerate(sources)
    ]


def test_cells_that_got_other_ids_are_known_by_their_texts() -> None:
    long = "import numpy\nx = numpy.zeros(3)\nprint(x)"
    old = texts("a = 1", long, "same", "only here\nat all", ids="old")
    new = texts("new first", "a = 2", long + "\nprint(2)", "same", ids="new")
    assert matched(old, new) == [(1, 2), (2, 3)]
    # Between two that are the same, most characters are enough.
    assert matched(texts("first", "a = 1", "last"), texts("first", "a = 2", "last")) == [
        (0, 0),
        (1, 1),
        (2, 2),
    ]


def test_equal_cells_without_ids_are_matched_in_order() -> None:
    assert matched(texts("x", "x", "x"), texts("x", "x")) == [(0, 0), (1, 1)]


def test_any_texts_are_matched_in_time_in_proportion_to_them() -> None:
    """Four kilobytes of lines that repeat took a general comparison of notebooks two seconds."""
    same = texts(*["x = 1\n"] * 1000, *["a\n" * 500] * 200, ids="old")
    other = texts(*["x = 1\n"] * 900, *["a\n" * 501] * 200, ids="new")
    lines_run(lambda: matched(same, other), most=200_000)
    rows = [" ".join(random.Random(n).choices("abcdefgh", k=4)) for n in range(20_000)]
    cells = ["\n".join(rows[at : at + 10]) for at in range(0, 20_000, 10)]
    lines_run(lambda: matched(texts(*cells, ids="a"), texts(*cells[::-1], ids="b")), most=600_000)
