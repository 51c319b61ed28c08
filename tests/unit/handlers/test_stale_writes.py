"""Refusing edits of cells that others changed since the session read them."""

from __future__ import annotations

import pytest

from tests.fakes.jmcp import FakeJmcp

LONG = "\n".join(f"line_{number} = {number}" for number in range(2_000))


@pytest.fixture
async def read(jmcp: FakeJmcp, session: str) -> str:
    """The session has read all cells."""
    await jmcp.call("read_notebook", session_id=session, response_format="detailed")
    return session


async def test_one_cell_is_shown_with_what_changed_and_then_may_be_written(
    jmcp: FakeJmcp, read: str
) -> None:
    jmcp.documents.type_over("a.ipynb", "c1", "print(x + 1)")
    write = {"session_id": read, "cell_id": "c1", "cell_source": "print(0)"}
    error = await jmcp.fail("overwrite_cell_source", **write)
    assert (error["code"], error["details"]["source"]) == ("cell_changed", "print(x + 1)")
    assert error["details"]["diff"].splitlines()[-2:] == ["-print(x)", "+print(x + 1)"]
    assert "Others changed cell 1 (id c1)" in error["message"]
    assert (await jmcp.call("overwrite_cell_source", **write))["change"] == "overwritten"


async def test_force_asks_nobody(jmcp: FakeJmcp, read: str) -> None:
    jmcp.documents.type_over("a.ipynb", "c1", "print(x + 1)")
    write = {"session_id": read, "cell_id": "c1", "cell_source": "print(0)", "force": True}
    assert (await jmcp.call("overwrite_cell_source", **write))["change"] == "overwritten"


async def test_several_are_shown_together_and_none_is_deleted(jmcp: FakeJmcp, read: str) -> None:
    for cell_id in ("c1", "c2"):
        jmcp.documents.type_over("a.ipynb", cell_id, "other = 1")
    error = await jmcp.fail("delete_cell", session_id=read, cell_ids=["c0", "c1", "c2"])
    assert [cell["cell_id"] for cell in error["details"]["cells"]] == ["c1", "c2"]
    assert "Others changed cells 1 (id c1), 2 (id c2)" in error["message"]
    deleted = await jmcp.call("delete_cell", session_id=read, cell_ids=["c0", "c1", "c2"])
    assert deleted["cell_count"] == 0


async def test_a_long_cell_is_cut_and_has_to_be_read_whole(jmcp: FakeJmcp, read: str) -> None:
    """Neither its source nor the diff fits: the refusal is no reading of it."""
    jmcp.documents.type_over("a.ipynb", "c1", LONG)
    write = {"session_id": read, "cell_id": "c1", "cell_source": "print(0)"}
    for _ in range(2):
        error = await jmcp.fail("overwrite_cell_source", **write)
        assert error["code"] == "cell_changed"
        assert error["details"]["diff"] is None
        assert len(error["details"]["source"]) < 5_000
        assert "read it, then call again" in error["message"]
    await jmcp.call("read_cell", session_id=read, cell_id="c1")
    assert (await jmcp.call("overwrite_cell_source", **write))["change"] == "overwritten"


async def test_a_small_change_of_a_long_cell_is_shown_by_its_diff(jmcp: FakeJmcp) -> None:
    jmcp.documents.write("long.ipynb", LONG)
    session = await jmcp.open("long.ipynb")
    await jmcp.call(
        "overwrite_cell_source", session_id=session, cell_id="c0", cell_source=LONG + "1"
    )
    jmcp.documents.type_over("long.ipynb", "c0", LONG + "2")
    write = {"session_id": session, "cell_id": "c0", "cell_source": "print(0)"}
    error = await jmcp.fail("overwrite_cell_source", **write)
    if error["details"]["diff"] is not None:
        assert "what others changed of it" in error["message"]
        assert (await jmcp.call("overwrite_cell_source", **write))["change"] == "overwritten"


async def test_what_was_never_read_may_be_written(jmcp: FakeJmcp) -> None:
    jmcp.documents.write("b.ipynb", "one\ntwo")
    session = await jmcp.open("b.ipynb")
    jmcp.documents.type_over("b.ipynb", "c0", "three")
    changed = await jmcp.call(
        "overwrite_cell_source", session_id=session, cell_id="c0", cell_source="four"
    )
    assert changed["change"] == "overwritten"
