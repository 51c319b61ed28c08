"""Refusing edits of cells that others changed since the session read them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from jmcp_api.backend_errors import WriteRefused
from tests.calls import ALICE
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


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("overwrite_cell_source", {"cell_id": "c1", "cell_source": "print(0)"}),
        ("edit_cell_source", {"cell_id": "c1", "old_string": "x", "new_string": "y"}),
        ("delete_cell", {"cell_ids": ["c1"]}),
        ("apply_edits", {"edits": [{"op": "delete", "cell": "c1"}]}),
        ("apply_edits", {"edits": [{"op": "overwrite", "cell": "c1", "source": "print(0)"}]}),
        ("apply_edits", {"edits": [{"op": "set_type", "cell": "c1", "cell_type": "raw"}]}),
    ],
)
async def test_a_notice_names_a_cell_and_shows_nothing_of_it(
    jmcp: FakeJmcp, read: str, tool: str, arguments: dict[str, Any]
) -> None:
    jmcp.documents.type_over("a.ipynb", "c1", "print(x + 1)")
    told = await jmcp.call("list_changes", session_id=read)
    assert [notice["details"]["cells"] for notice in told["notices"]] == [["c1"]]
    error = await jmcp.fail(tool, session_id=read, **arguments)
    assert (error["code"], error["details"]["source"]) == ("cell_changed", "print(x + 1)")
    await jmcp.call(tool, session_id=read, **arguments)  # the refusal has shown it


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
    for start in (0, 20_000):
        await jmcp.call("read_cell", session_id=read, cell_id="c1", source_start=start)
        error = await jmcp.fail("overwrite_cell_source", **write)
        assert error["code"] == "cell_changed", "a part is not the whole"
    await jmcp.call("read_cell", session_id=read, cell_id="c1", source_start=13_000)
    assert (await jmcp.call("overwrite_cell_source", **write))["change"] == "overwritten"


async def test_what_a_call_read_that_ended_without_a_result_was_not_shown(
    jmcp: FakeJmcp, read: str
) -> None:
    """An insertion lists the cells beside it; where it failed, nobody has that list."""
    jmcp.documents.type_over("a.ipynb", "c1", "print(x + 1)")
    new = {"after_cell_id": "c1", "cell_type": "code", "cell_source": ""}
    jmcp.faults.fail("document.edit done", WriteRefused.not_taken(path="a.ipynb"))
    await jmcp.fail("insert_cell", session_id=read, **new)
    jmcp.documents.type_over("a.ipynb", "c2", "print(x + 2)")
    jmcp.faults.cancel("document.edit done")
    call = jmcp.dispatcher.call("insert_cell", {"session_id": read, **new}, ALICE)
    await asyncio.gather(asyncio.create_task(call), return_exceptions=True)
    await jmcp.dispatcher._cleaned_up()
    for cell_id in ("c1", "c2"):
        write = {"session_id": read, "cell_id": cell_id, "cell_source": "print(0)"}
        assert (await jmcp.fail("overwrite_cell_source", **write))["code"] == "cell_changed"


async def test_after_an_edit_that_failed_the_text_is_still_guarded(
    jmcp: FakeJmcp, read: str
) -> None:
    write = {"session_id": read, "cell_id": "c1"}
    jmcp.faults.fail("document.edit done", WriteRefused.not_taken(path="a.ipynb"))
    error = await jmcp.fail("overwrite_cell_source", **write, cell_source="mine\n1")
    assert error["code"] == "write_refused"
    # It is known either way: whether the edit is there, nobody has to ask.
    await jmcp.call("overwrite_cell_source", **write, cell_source="mine\n2")
    jmcp.faults.fail("document.edit done", WriteRefused.not_taken(path="a.ipynb"))
    await jmcp.fail("overwrite_cell_source", **write, cell_source="mine\n3")
    jmcp.documents.type_over("a.ipynb", "c1", "a person\ntyped")
    error = await jmcp.fail("overwrite_cell_source", **write, cell_source="mine\n4")
    assert error["code"] == "cell_changed"


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
