"""Taking changes back: exactly, only one's own, and only what nobody changed since."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from jmcp.core.ports import DocumentMode
from tests.fakes.jmcp import FakeJmcp

PLOT = {
    "cell_type": "code",
    "execution_count": 3,
    "id": "plot",
    "metadata": {"tags": ["kept"]},
    "outputs": [
        {"name": "stdout", "output_type": "stream", "text": "one\ntwo\n"},
        {
            "data": {"application/json": {"a": [1, 2.5, None]}, "text/plain": "4"},
            "execution_count": 3,
            "metadata": {},
            "output_type": "execute_result",
        },
    ],
    "source": "print('one')",
}
PICTURE = {
    "attachments": {"a.png": {"image/png": "iVBORw0KGgo="}},
    "cell_type": "markdown",
    "id": "pict",
    "metadata": {},
    "source": "![a](attachment:a.png)",
}
PLAIN = {"cell_type": "raw", "id": "plain", "metadata": {}, "source": "text"}


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


def notebook(*cells: dict[str, Any]) -> str:
    content = {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(content)


async def saved(jmcp: FakeJmcp) -> list[dict[str, Any]]:
    """The cells as the file has them once all is saved."""
    ref = await jmcp.documents.identify("a.ipynb")
    assert await jmcp.documents.save(ref) == "saved"
    cells: list[dict[str, Any]] = json.loads(jmcp.documents.text("a.ipynb") or "")["cells"]
    return cells


EDITS = [
    ("insert_cell", {"cell_index": 1, "cell_type": "code", "cell_source": "x"}),
    ("overwrite_cell_source", {"cell_id": "plot", "cell_source": "new"}),
    ("edit_cell_source", {"cell_id": "pict", "old_string": "(a", "new_string": "(b"}),
    ("delete_cell", {"cell_ids": ["plot"]}),
    ("delete_cell", {"cell_ids": ["pict", "plot", "plain"]}),
    ("move_cell", {"cell_id": "plot", "target_index": -1}),
    ("move_cell", {"cell_id": "plain", "target_index": 0}),
]


@pytest.mark.parametrize(("tool", "arguments"), EDITS)
async def test_a_change_is_taken_back_and_made_again(
    jmcp: FakeJmcp, session: str, tool: str, arguments: dict[str, Any]
) -> None:
    before = await saved(jmcp)
    made = await jmcp.call(tool, session_id=session, **arguments)
    after = await saved(jmcp)
    assert after != before
    undone = await jmcp.call("undo_change", session_id=session)
    assert undone["undone"] == made["change_id"]
    assert await saved(jmcp) == before
    again = await jmcp.call("undo_change", session_id=session, change_id=undone["change_id"])
    assert again["undone"] == undone["change_id"]
    assert await saved(jmcp) == after
    taken = await jmcp.call("undo_change", session_id=session)
    assert taken["undone"] == made["change_id"], "it stands again"
    assert await saved(jmcp) == before


async def test_one_after_the_other(jmcp: FakeJmcp, session: str) -> None:
    states = [await saved(jmcp)]
    for number in range(3):
        await jmcp.call(
            "overwrite_cell_source", session_id=session, cell_id="plot", cell_source=f"{number}"
        )
        states.append(await saved(jmcp))
    for state in reversed(states[:-1]):
        await jmcp.call("undo_change", session_id=session)
        assert await saved(jmcp) == state
    error = await jmcp.fail("undo_change", session_id=session)
    assert error["code"] == "change_not_found"
    assert "nothing in a.ipynb that is not taken back already" in error["message"]


async def test_others_work_beside_it_stays(jmcp: FakeJmcp, session: str) -> None:
    """Places are those beside the same cells, wherever these are now."""
    await jmcp.call("delete_cell", session_id=session, cell_ids=["pict"])
    other = await jmcp.open("a.ipynb")
    await jmcp.call(
        "insert_cell", session_id=other, cell_index=0, cell_type="code", cell_source="other"
    )
    await jmcp.call("overwrite_cell_source", session_id=other, cell_id="plain", cell_source="other")
    undone = await jmcp.call("undo_change", session_id=session)
    assert undone["cells"] == [{"cell_index": 2, "cell_id": "pict", "change": "restored"}]
    found = await saved(jmcp)
    assert [cell["source"] for cell in found] == [
        "other",
        PLOT["source"],
        PICTURE["source"],
        "other",
    ]
    assert found[2] == PICTURE


async def test_what_others_changed_since_is_shown_and_needs_force(
    jmcp: FakeJmcp, session: str
) -> None:
    made = await jmcp.call(
        "overwrite_cell_source", session_id=session, cell_id="plain", cell_source="mine"
    )
    jmcp.documents.type_over("a.ipynb", "plain", "theirs")
    error = await jmcp.fail("undo_change", session_id=session)
    assert error["code"] == "cell_changed"
    assert error["details"]["cells"] == [{"cell_index": 2, "cell_id": "plain", "source": "theirs"}]
    assert made["change_id"] in error["message"]
    assert (await saved(jmcp))[2]["source"] == "theirs"
    await jmcp.call("undo_change", session_id=session, force=True)
    assert (await saved(jmcp))[2] == PLAIN


async def test_of_a_deletion_none_comes_back_where_one_cannot(jmcp: FakeJmcp, session: str) -> None:
    await jmcp.call("delete_cell", session_id=session, cell_ids=["plot", "pict"])
    jmcp.documents.put_in("a.ipynb", 0, "theirs", "pict")
    error = await jmcp.fail("undo_change", session_id=session)
    assert error["code"] == "cell_changed"
    assert "cell pict is there again, at index 0" in error["message"]
    assert [cell["id"] for cell in await saved(jmcp)] == ["pict", "plain"]
    undone = await jmcp.call("undo_change", session_id=session, force=True)
    assert [cell["cell_id"] for cell in undone["cells"]] == ["plot"]


async def test_an_inserted_cell_that_is_gone_cannot_be_taken_back(
    jmcp: FakeJmcp, session: str
) -> None:
    made = await jmcp.call(
        "insert_cell", session_id=session, cell_index=-1, cell_type="code", cell_source="x"
    )
    jmcp.documents.take_out("a.ipynb", made["cell_id"])
    error = await jmcp.fail("undo_change", session_id=session)
    assert error["code"] == "cell_changed"
    assert f"cell {made['cell_id']} is gone" in error["message"]
    forced = await jmcp.fail("undo_change", session_id=session, force=True)
    # Of a file it is known by now that somebody overwrote the change, which is none any more.
    expected = "cell_changed" if jmcp.mode == "live" else "change_not_found"
    assert forced["code"] == expected, "nothing could be taken back"


async def test_only_of_this_session(jmcp: FakeJmcp, session: str) -> None:
    other = await jmcp.open("a.ipynb")
    made = await jmcp.call(
        "overwrite_cell_source", session_id=other, cell_id="plain", cell_source="theirs"
    )
    assert (await jmcp.fail("undo_change", session_id=session))["code"] == "change_not_found"
    error = await jmcp.fail("undo_change", session_id=session, change_id=made["change_id"])
    assert error["code"] == "change_not_found"
    assert "another session" in error["message"]


async def test_twice_is_refused_and_says_what_took_it_back(jmcp: FakeJmcp, session: str) -> None:
    made = await jmcp.call("delete_cell", session_id=session, cell_ids=["plot"])
    undone = await jmcp.call("undo_change", session_id=session, change_id=made["change_id"])
    error = await jmcp.fail("undo_change", session_id=session, change_id=made["change_id"])
    assert error["code"] == "change_not_found"
    assert undone["change_id"] in error["message"]


async def test_a_notebook_that_was_replaced(jmcp: FakeJmcp, session: str) -> None:
    """What the change was about is not there any more: nothing is done to what is."""
    await jmcp.call("overwrite_cell_source", session_id=session, cell_id="plain", cell_source="x")
    await saved(jmcp)
    jmcp.documents.replace("a.ipynb", "other")
    error = await jmcp.fail("undo_change", session_id=session)
    assert error["code"] == "cell_changed"
    assert "cell plain is gone" in error["message"]


async def test_outputs_that_are_too_long_to_be_kept(jmcp: FakeJmcp, session: str) -> None:
    output = {"name": "stdout", "output_type": "stream", "text": "x" * 2_000_000}
    jmcp.documents.put_text("b.ipynb", notebook({**PLOT, "outputs": [output]}, PLAIN))
    long = await jmcp.open("b.ipynb")
    await jmcp.call("delete_cell", session_id=long, cell_ids=["plot"])
    undone = await jmcp.call("undo_change", session_id=long)
    assert [one["code"] for one in undone["notices"]] == ["outputs_not_kept"]
    cell = await jmcp.call("read_cell", session_id=long, cell_id="plot")
    assert (cell["cell_index"], cell["source"], cell["output_count"]) == (0, PLOT["source"], 0)


async def test_a_cell_of_another_type_gets_its_outputs_back(jmcp: FakeJmcp, session: str) -> None:
    before = await saved(jmcp)
    changed = await jmcp.call(
        "overwrite_cell_source",
        session_id=session,
        cell_id="plot",
        cell_source="# One",
        cell_type="markdown",
    )
    assert (changed["change"], changed["cell_index"]) == ("overwritten", 0)
    assert (await saved(jmcp))[0] == {
        "cell_type": "markdown",
        "id": "plot",
        "metadata": PLOT["metadata"],
        "source": "# One",
    }
    await jmcp.call("undo_change", session_id=session, change_id=changed["change_id"])
    assert await saved(jmcp) == before
