"""Reading and editing cells."""

from __future__ import annotations

from typing import Any

import pytest

from jmcp.core.ports import DocumentMode
from jmcp_api.limits import (
    CELL_CHARACTERS,
    DIFF_CHARACTERS,
    QUOTED_SOURCE_CHARACTERS,
    RESULT_CHARACTERS,
)
from tests.fakes.jmcp import FakeJmcp


async def test_a_move_behind_a_cell_takes_its_own_leaving_into_account(
    jmcp: FakeJmcp, session: str
) -> None:
    for moved, behind, at, order in (
        ("c0", "c2", 2, ["c1", "c2", "c0"]),
        ("c0", "c1", 1, ["c1", "c0", "c2"]),
    ):
        result = await jmcp.call(
            "move_cell", session_id=session, cell_id=moved, after_cell_id=behind
        )
        assert (result["change"], result["cell_index"]) == ("moved", at)
        cells = (await jmcp.call("read_notebook", session_id=session))["cells"]
        assert [cell["cell_id"] for cell in cells] == order


async def test_a_move_to_where_it_is_changes_nothing(jmcp: FakeJmcp, session: str) -> None:
    places = ({"target_index": 1}, {"after_cell_id": "c0"}, {"after_cell_id": "c1"})
    for place in places:
        result = await jmcp.call("move_cell", session_id=session, cell_id="c1", **place)
        assert (result["change"], result["cell_index"]) == ("unchanged", 1)
    last = await jmcp.call("move_cell", session_id=session, cell_id="c2", target_index=-1)
    assert last["change"] == "unchanged"


async def test_the_same_source_again_is_no_change(jmcp: FakeJmcp, session: str) -> None:
    same = await jmcp.call(
        "overwrite_cell_source", session_id=session, cell_index=0, cell_source="x = 6"
    )
    edited = await jmcp.call(
        "edit_cell_source", session_id=session, cell_index=0, old_string="6", new_string="6"
    )
    assert (same["change"], edited["change"]) == ("unchanged", "unchanged")


@pytest.mark.parametrize(
    ("tool", "arguments", "says"),
    [
        ("read_cell", {"cell_index": 3}, "cell_index 3, but the notebook has 3 cells (0 to 2)"),
        ("read_cell", {"cell_id": "gone"}, "No cell has the id 'gone'"),
        ("delete_cell", {"cell_indices": [0, 7]}, "cell_indices: 7, but"),
        ("move_cell", {"cell_index": 0, "target_index": 3}, "target_index 3, but"),
        (
            "insert_cell",
            {"cell_index": 4, "cell_type": "code", "cell_source": ""},
            "can be inserted at 0 to 3, or at -1",
        ),
    ],
)
async def test_a_cell_that_is_not_there_is_named_with_what_is(
    jmcp: FakeJmcp, session: str, tool: str, arguments: dict[str, object], says: str
) -> None:
    error = await jmcp.fail(tool, session_id=session, **arguments)
    assert (error["code"], error["details"]["cell_count"]) == ("cell_not_found", 3)
    assert says in error["message"]


async def test_an_empty_notebook_has_no_cells_to_name(jmcp: FakeJmcp) -> None:
    jmcp.documents.write("empty.ipynb")
    session = await jmcp.open("empty.ipynb")
    error = await jmcp.fail("read_cell", session_id=session, cell_index=0)
    assert "the notebook has no cells" in error["message"]
    inserted = await jmcp.call(
        "insert_cell", session_id=session, cell_index=-1, cell_type="raw", cell_source="r"
    )
    assert (inserted["cell_index"], inserted["cell_count"]) == (0, 1)


async def test_below_nbformat_4_5_an_id_is_refused_until_the_first_edit(jmcp: FakeJmcp) -> None:
    jmcp.documents.write("old.ipynb", "1", minor=4)
    session = await jmcp.open("old.ipynb")
    error = await jmcp.fail("read_cell", session_id=session, cell_id="c0")
    assert "no ids until its first edit" in error["message"]
    edited = await jmcp.call(
        "overwrite_cell_source", session_id=session, cell_index=0, cell_source="2"
    )
    assert edited["cell_id"]
    assert ["nbformat_minor" in notice["message"] for notice in edited["notices"]] == [True]


async def test_a_deleted_cell_that_was_read_is_said_to_be_deleted(
    jmcp: FakeJmcp, session: str
) -> None:
    await jmcp.call("read_cell", session_id=session, cell_id="c1")
    other = await jmcp.open("a.ipynb")
    await jmcp.call("delete_cell", session_id=other, cell_ids=["c1"])
    error = await jmcp.fail("read_cell", session_id=session, cell_id="c1")
    assert "somebody deleted it since this session read it" in error["message"]


async def test_text_that_is_not_there_or_there_twice_changes_nothing(
    jmcp: FakeJmcp, session: str
) -> None:
    edit = {"session_id": session, "cell_index": 1}
    missing = await jmcp.fail("edit_cell_source", **edit, old_string="y", new_string="z")
    assert missing["code"] == "text_not_found"
    await jmcp.call("overwrite_cell_source", **edit, cell_source="x, x")
    twice = await jmcp.fail("edit_cell_source", **edit, old_string="x", new_string="y")
    assert (twice["code"], twice["details"]["occurrences"]) == ("text_not_unique", 2)
    both = await jmcp.call(
        "edit_cell_source", **edit, old_string="x", new_string="y", replace_all=True
    )
    assert both["diff"].splitlines()[-2:] == ["-x, x", "+y, y"]


async def test_a_file_says_saved_and_a_live_document_pending() -> None:
    for mode, saved in (("live", "pending"), ("file", "saved")):
        jmcp = FakeJmcp(mode=mode)  # type: ignore[arg-type] # the two literals
        jmcp.documents.write("a.ipynb", "1")
        async with jmcp.running():
            session = await jmcp.open("a.ipynb")
            changed = await jmcp.call(
                "overwrite_cell_source", session_id=session, cell_index=0, cell_source="2"
            )
            assert (changed["document"], changed["saved"]) == (mode, saved)
            assert (jmcp.documents.sources("a.ipynb") == ["2"]) is (mode == "file")


async def test_a_read_only_file_takes_no_edit_and_is_as_it_was() -> None:
    jmcp = FakeJmcp(mode="file")
    jmcp.documents.write("a.ipynb", "1")
    async with jmcp.running():
        session = await jmcp.open("a.ipynb")
        jmcp.documents.make_read_only("a.ipynb")
        error = await jmcp.fail(
            "overwrite_cell_source", session_id=session, cell_index=0, cell_source="2"
        )
        assert error["code"] == "write_refused"
        assert jmcp.documents.sources("a.ipynb") == ["1"]


async def test_a_cell_does_not_grow_beyond_its_limit(jmcp: FakeJmcp, session: str) -> None:
    limit = CELL_CHARACTERS
    whole = "a" * limit
    await jmcp.call("overwrite_cell_source", session_id=session, cell_id="c0", cell_source=whole)
    for tool, arguments in (
        ("insert_cell", {"cell_index": 0, "cell_type": "code", "cell_source": whole + "b"}),
        ("insert_execute_code_cell", {"cell_index": 0, "cell_source": whole + "b"}),
        ("overwrite_cell_source", {"cell_id": "c1", "cell_source": whole + "b"}),
        ("edit_cell_source", {"cell_id": "c1", "old_string": "x", "new_string": whole}),
        (
            "edit_cell_source",
            {"cell_id": "c0", "old_string": "a", "new_string": whole, "replace_all": True},
        ),
    ):
        error = await jmcp.fail(tool, session_id=session, **arguments)
        assert error["code"] == "cell_too_large", tool
        assert error["details"]["limit_characters"] == limit
        assert error["details"]["size_characters"] > limit
        assert f"the limit is {limit:,}" in error["message"]
    assert error["details"]["size_characters"] == limit * limit
    assert (await jmcp.call("read_notebook", session_id=session))["cell_count"] == 3
    assert jmcp.kernels.started == 0


@pytest.mark.parametrize("mode", ["live", "file"])
async def test_a_notebook_does_not_grow_beyond_its_limit(mode: DocumentMode) -> None:
    jmcp = FakeJmcp(mode=mode)
    jmcp.documents.write("a.ipynb", "x" * 3_000, "y")
    async with jmcp.running():
        session = await jmcp.open("a.ipynb")
        await jmcp.call("read_notebook", session_id=session)
        jmcp.documents.max_bytes = limit = len(jmcp.documents.text("a.ipynb") or "") + 600
        text = "z" * 700
        for tool, arguments in (
            ("insert_cell", {"cell_index": 0, "cell_type": "code", "cell_source": text}),
            ("overwrite_cell_source", {"cell_id": "c1", "cell_source": text}),
            ("edit_cell_source", {"cell_id": "c1", "old_string": "y", "new_string": text}),
            ("apply_edits", {"edits": [{"op": "insert", "source": text[:300]}] * 3}),
            ("insert_execute_code_cell", {"cell_index": 0, "cell_source": "1"}),
            ("execute_cell", {"cell_id": "c1"}),
            ("run_cells", {"start_index": 1}),
        ):
            error = await jmcp.fail(tool, session_id=session, **arguments)
            assert error["code"] == "notebook_too_large", tool
            assert f"{limit:,} bytes that a notebook may have" in error["message"]
            assert error["details"]["limit_bytes"] == limit
        assert (await jmcp.call("read_notebook", session_id=session))["cell_count"] == 2
        assert jmcp.kernels.started == 0
        # What makes it smaller, or has no part in it, works.
        await jmcp.call("execute_code", session_id=session, code="1")
        await jmcp.call(
            "overwrite_cell_source", session_id=session, cell_id="c0", cell_source="x" * 2_000
        )
        ran = await jmcp.call("execute_cell", session_id=session, cell_id="c1")
        assert ran["status"] == "error"
        await jmcp.call("delete_cell", session_id=session, cell_ids=["c0"])


async def test_a_run_keeps_as_much_output_as_its_notebook_can_take(
    jmcp: FakeJmcp, session: str
) -> None:
    jmcp.documents.max_bytes = len(jmcp.documents.text("a.ipynb") or "") + 40_000
    ran = await jmcp.call(
        "insert_execute_code_cell",
        session_id=session,
        cell_index=0,
        cell_source="print('a' * 100_000)",
    )
    assert ran["complete"] is False
    assert "outputs_left_out" in [notice["code"] for notice in ran["notices"]]
    assert len(jmcp.documents.text("a.ipynb") or "") < jmcp.documents.max_bytes
    kept = await jmcp.call("read_cell", session_id=session, cell_index=0)
    assert kept["outputs"]


async def test_a_cell_above_the_limit_may_get_smaller(jmcp: FakeJmcp, session: str) -> None:
    jmcp.documents.type_over("a.ipynb", "c0", "ab" * CELL_CHARACTERS)
    await jmcp.call(
        "edit_cell_source",
        session_id=session,
        cell_id="c0",
        old_string="ab",
        new_string="b",
        replace_all=True,
        force=True,
    )
    read = await jmcp.call("read_cell", session_id=session, cell_id="c0")
    assert read["source_left_out"] == CELL_CHARACTERS - RESULT_CHARACTERS
    source = ""
    while len(source) < CELL_CHARACTERS:
        start = len(source)
        page = await jmcp.call("read_cell", session_id=session, cell_id="c0", source_start=start)
        assert page["source_left_out"] == (CELL_CHARACTERS - start - RESULT_CHARACTERS or None)
        source += page["source"] if start else "b" * RESULT_CHARACTERS
    assert source == "b" * CELL_CHARACTERS


async def test_what_an_error_quotes_and_a_diff_are_cut(jmcp: FakeJmcp, session: str) -> None:
    lines = "\n".join(f"line {number}" for number in range(8_000))
    changed = await jmcp.call(
        "overwrite_cell_source", session_id=session, cell_id="c0", cell_source=lines
    )
    assert len(changed["diff"]) < DIFF_CHARACTERS + 100
    assert "characters left out" in changed["diff"]
    error = await jmcp.fail(
        "edit_cell_source", session_id=session, cell_id="c0", old_string="no", new_string="x"
    )
    assert error["code"] == "text_not_found"
    assert len(error["details"]["source"]) < QUOTED_SOURCE_CHARACTERS + 100
    assert error["details"]["source"].endswith("line 7999")


@pytest.mark.parametrize("named", [{"cell_indices": [0, 2, 0]}, {"cell_ids": ["c1", "c1"]}])
async def test_a_cell_that_is_named_twice_is_not_deleted(
    jmcp: FakeJmcp, session: str, named: dict[str, Any]
) -> None:
    error = await jmcp.fail("delete_cell", session_id=session, **named)
    assert error["code"] == "invalid_arguments"
    assert "names a cell twice; nothing was deleted" in error["message"]
    assert (await jmcp.call("read_notebook", session_id=session))["cell_count"] == 3


BOTH: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("read_cell", {"cell_index": 1, "cell_id": "c1"}, {"cell_index": 2}),
    ("overwrite_cell_source", {"cell_index": 1, "cell_id": "c1", "cell_source": ""}, {"cell_id": "c0"}),
    ("execute_cell", {"cell_index": 1, "cell_id": "c1"}, {"cell_index": 0}),
    (
        "insert_cell",
        {"cell_index": 2, "after_cell_id": "c1", "cell_type": "code", "cell_source": ""},
        {"cell_index": 1},
    ),
    ("insert_cell", {"cell_index": -1, "after_cell_id": "c2", "cell_type": "raw", "cell_source": ""},
     {"after_cell_id": "c1"}),
    ("delete_cell", {"cell_indices": [2, 0], "cell_ids": ["c0", "c2"]}, {"cell_indices": [0]}),
    ("move_cell", {"cell_index": 0, "cell_id": "c0", "target_index": 2}, {"cell_index": 1}),
    ("move_cell", {"cell_id": "c0", "target_index": 1, "after_cell_id": "c1"}, {"target_index": 2}),
    ("move_cell", {"cell_id": "c0", "target_index": -1, "after_cell_id": "c2"}, {"target_index": 0}),
    ("run_cells", {"start_index": 2, "start_cell_id": "c2"}, {"start_index": 1}),
]  # fmt: skip


@pytest.mark.parametrize(("tool", "arguments", "other"), BOTH, ids=str)
async def test_two_names_are_taken_where_they_agree(
    jmcp: FakeJmcp, session: str, tool: str, arguments: dict[str, Any], other: dict[str, Any]
) -> None:
    error = await jmcp.fail(tool, session_id=session, **arguments | other)
    assert error["code"] == "invalid_arguments"
    assert "Give one of the two" in error["message"] or "give one of the two" in error["message"]
    assert (await jmcp.call("read_notebook", session_id=session))["cell_count"] == 3
    assert jmcp.kernels.started == 0
    await jmcp.call(tool, session_id=session, **arguments)


async def test_an_index_that_others_shifted_is_said_to_be_beside_the_id(
    jmcp: FakeJmcp, session: str
) -> None:
    jmcp.documents.put_in("a.ipynb", 0, "x = 0", "x0")
    both = {"session_id": session, "cell_index": 1, "cell_id": "c1", "cell_source": "print(0)"}
    error = await jmcp.fail("overwrite_cell_source", **both)
    assert (error["code"], error["details"]["places"][0]["seen_index"]) == ("cell_changed", 2)
    both |= {"cell_index": 2}
    assert (await jmcp.call("overwrite_cell_source", **both))["change"] == "overwritten"


@pytest.mark.parametrize(("cell_type", "change"), [("code", "unchanged"), ("raw", "retyped")])
async def test_the_type_alone_can_change(
    jmcp: FakeJmcp, session: str, cell_type: str, change: str
) -> None:
    done = await jmcp.call(
        "overwrite_cell_source",
        session_id=session,
        cell_id="c0",
        cell_source="x = 6",
        cell_type=cell_type,
    )
    assert (done["change"], done["diff"]) == (change, None)
    read = await jmcp.call("read_cell", session_id=session, cell_id="c0")
    assert (read["cell_type"], read["source"]) == (cell_type, "x = 6")
