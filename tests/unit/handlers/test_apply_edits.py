"""Several edits in one call: all or none, one on top of the other, one change."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from jmcp.core.errors import KernelDown
from tests.calls import ALICE
from tests.fakes.jmcp import FakeJmcp


@pytest.fixture(params=["live", "file"])
async def jmcp(request: pytest.FixtureRequest) -> AsyncIterator[FakeJmcp]:
    made = FakeJmcp(mode=request.param, journaled=True)
    made.documents.write("a.ipynb", "x = 6", "print(x)", "x * 7")
    async with made.running():
        yield made


@pytest.fixture
async def session(jmcp: FakeJmcp) -> str:
    return await jmcp.open("a.ipynb")


async def sources(jmcp: FakeJmcp) -> list[str]:
    await jmcp.documents.save(await jmcp.documents.identify("a.ipynb"))
    return jmcp.documents.sources("a.ipynb")


MANY: list[dict[str, Any]] = [
    {"op": "insert", "name": "load", "source": "load()", "before": "c0"},
    {"op": "insert", "source": "# Load", "cell_type": "markdown", "before": "load"},
    {"op": "edit", "cell": "load", "old_string": "load()", "new_string": "data = load()"},
    {"op": "overwrite", "cell": "c1", "source": "print(data)"},
    {"op": "move", "cell": "c2", "after": "load"},
    {"op": "delete", "cell": "c0"},
    {"op": "set_type", "cell": "c2", "cell_type": "raw"},
    {"op": "move", "cell": "load"},
]


async def test_each_is_made_on_what_the_ones_before_leave(jmcp: FakeJmcp, session: str) -> None:
    before = await sources(jmcp)
    made = await jmcp.call("apply_edits", session_id=session, edits=MANY)
    assert await sources(jmcp) == ["# Load", "x * 7", "print(data)", "data = load()"]
    assert [(row["cell_index"], row["change"]) for row in made["cells"]] == [
        (3, "inserted"),
        (0, "inserted"),
        (3, "edited"),
        (2, "overwritten"),
        (1, "moved"),
        (None, "deleted"),
        (1, "retyped"),
        (3, "moved"),
    ]
    assert (await jmcp.call("read_cell", session_id=session, cell_id="c2"))["cell_type"] == "raw"
    undone = await jmcp.call("undo_change", session_id=session)
    assert undone["undone"] == made["change_id"]
    assert await sources(jmcp) == before
    assert (await jmcp.call("read_cell", session_id=session, cell_id="c2"))["cell_type"] == "code"


REFUSED = [
    ({"op": "delete", "cell": "nope"}, "cell_not_found", "No cell has the id 'nope'"),
    ({"op": "delete", "cell": "c0"}, "cell_not_found", "deleted by an earlier edit"),
    ({"op": "insert", "source": "", "after": "c0"}, "cell_not_found", "deleted by an earlier edit"),
    (
        {"op": "edit", "cell": "c1", "old_string": "z", "new_string": ""},
        "text_not_found",
        "in cell 1",
    ),
    ({"op": "edit", "cell": "c1", "old_string": "", "new_string": ""}, "text_not_found", ""),
    ({"op": "overwrite", "cell": "c1"}, "invalid_arguments", "source must be given"),
    ({"op": "insert", "cell": "c1", "source": ""}, "invalid_arguments", "cell cannot be given"),
    ({"op": "insert", "source": "", "name": "c1"}, "invalid_arguments", "'c1' is the id of a cell"),
    (
        {"op": "move", "cell": "c1", "after": "c2", "before": "c2"},
        "invalid_arguments",
        "after and before are both given",
    ),
    ({"op": "insert", "source": "x" * 1_000_001}, "cell_too_large", "1,000,001"),
    ({"op": "explode"}, "invalid_arguments", "op"),
]


@pytest.mark.parametrize(("edit", "code", "message"), REFUSED)
async def test_none_is_made_where_one_cannot_be(
    jmcp: FakeJmcp, session: str, edit: dict[str, Any], code: str, message: str
) -> None:
    before = await sources(jmcp)
    first = {"op": "delete", "cell": "c0"}
    error = await jmcp.fail("apply_edits", session_id=session, edits=[first, edit])
    assert error["code"] == code
    assert message in error["message"]
    assert "edits[1]" in error["message"] or edit["op"] == "explode"
    assert await sources(jmcp) == before


async def test_what_others_changed_is_refused_together(jmcp: FakeJmcp, session: str) -> None:
    await jmcp.call("read_notebook", session_id=session, response_format="detailed")
    for cell_id in ("c0", "c2"):
        jmcp.documents.type_over("a.ipynb", cell_id, "theirs")
    edits = [
        {"op": "delete", "cell": "c0"},
        {"op": "overwrite", "cell": "c2", "source": "mine"},
        {"op": "overwrite", "cell": "c1", "source": "mine"},
    ]
    error = await jmcp.fail("apply_edits", session_id=session, edits=edits)
    assert error["code"] == "cell_changed"
    assert [one["cell_id"] for one in error["details"]["cells"]] == ["c0", "c2"]
    assert await sources(jmcp) == ["theirs", "print(x)", "theirs"]
    await jmcp.call("apply_edits", session_id=session, edits=edits)
    assert await sources(jmcp) == ["mine", "mine"]


async def test_too_many(jmcp: FakeJmcp, session: str) -> None:
    edits = [{"op": "insert", "source": str(number)} for number in range(51)]
    error = await jmcp.fail("apply_edits", session_id=session, edits=edits)
    assert error["code"] == "invalid_arguments"
    made = await jmcp.call("apply_edits", session_id=session, edits=edits[:50])
    assert made["cell_count"] == 53


async def test_what_was_changed_runs_in_the_notebook_s_order(jmcp: FakeJmcp, session: str) -> None:
    edits = [
        {"op": "overwrite", "cell": "c2", "source": "x * 8"},
        {"op": "insert", "source": "x = 5", "before": "c0"},
        {"op": "insert", "source": "text", "cell_type": "markdown"},
        {"op": "move", "cell": "c1"},
    ]
    made = await jmcp.call("apply_edits", session_id=session, edits=edits, run=True)
    batch = made["execution"]["batch"]
    assert (batch["done"], batch["total"]) == (2, 2)
    assert [row["cell_index"] for row in batch["cells"]] == [0, 2]


async def test_nothing_to_run(jmcp: FakeJmcp, session: str) -> None:
    made = await jmcp.call(
        "apply_edits", session_id=session, edits=[{"op": "delete", "cell": "c0"}], run=True
    )
    assert made.get("execution") is None


async def test_edits_stand_where_no_kernel_starts(jmcp: FakeJmcp, session: str) -> None:
    """Who is told that nothing was done makes them again."""
    jmcp.faults.fail("kernels.start", KernelDown("no such program"))
    edits = [{"op": "overwrite", "cell": "c0", "source": "y"}]
    made = await jmcp.call("apply_edits", session_id=session, edits=edits, run=True)
    assert [notice["code"] for notice in made["notices"]] == ["edits_not_run"]
    assert (await sources(jmcp))[0] == "y"


async def test_running_needs_the_right_to_run(jmcp: FakeJmcp, session: str) -> None:
    """Whoever may only write gets no code run by way of an edit, and nothing is edited."""
    writer = replace(ALICE, scopes=frozenset({"read", "write"}))
    edits = [{"op": "overwrite", "cell": "c0", "source": "y"}]
    before = await sources(jmcp)
    error = await jmcp.fail("apply_edits", writer, session_id=session, edits=edits, run=True)
    assert error["code"] == "not_permitted"
    assert await sources(jmcp) == before
    await jmcp.call("apply_edits", writer, session_id=session, edits=edits)
