"""Jupyter's checkpoints: what is kept, and how a notebook gets it back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from jmcp.core.ports import DocumentMode
from jmcp_api.backend_errors import WriteRefused
from tests.fakes.jmcp import FakeJmcp
from tests.unit.handlers.test_undo import PICTURE, PLAIN, PLOT, notebook, saved

Setup = tuple[DocumentMode, bool]


SETUPS: dict[str, Setup] = {
    "live": ("live", False),
    "live, hidden": ("live", True),
    "file": ("file", False),
    "file, hidden": ("file", True),
}


def only(*names: str) -> pytest.MarkDecorator:
    """A test that is about these setups."""
    chosen = [SETUPS[name] for name in names]
    return pytest.mark.parametrize("jmcp", chosen, ids=names, indirect=True)


@pytest.fixture(params=[*SETUPS.values()], ids=[*SETUPS])
async def jmcp(request: pytest.FixtureRequest) -> AsyncIterator[FakeJmcp]:
    """Where the content of a checkpoint is shown, and where only restoring shows it."""
    mode, hidden = request.param
    made = FakeJmcp(mode=mode, journaled=True)
    made.documents.hides_checkpoints = hidden
    made.documents.put_text("a.ipynb", notebook(PLOT, PICTURE, PLAIN))
    async with made.running():
        yield made


@pytest.fixture
async def session(jmcp: FakeJmcp) -> str:
    return await jmcp.open("a.ipynb")


EDITS: list[list[tuple[str, dict[str, Any]]]] = [
    [("overwrite_cell_source", {"cell_id": "plot", "cell_source": "new"})],
    [("insert_cell", {"cell_index": 1, "cell_type": "code", "cell_source": "x"})],
    [("delete_cell", {"cell_ids": ["plot", "pict"]})],
    [("move_cell", {"cell_id": "plot", "target_index": -1})],
    [("move_cell", {"cell_id": "plain", "target_index": 0})],
    [("execute_cell", {"cell_id": "plot"})],
    [("clear_cell_output", {})],
    [("delete_cell", {"cell_ids": ["plot", "pict", "plain"]})],
    [
        ("move_cell", {"cell_id": "plain", "target_index": 0}),
        ("delete_cell", {"cell_ids": ["pict"]}),
        ("insert_cell", {"cell_index": 0, "cell_type": "code", "cell_source": "x"}),
        ("overwrite_cell_source", {"cell_id": "plot", "cell_source": "new"}),
    ],
]


@pytest.mark.parametrize("edits", EDITS, ids=lambda edits: " ".join(tool for tool, _ in edits))
async def test_the_notebook_is_as_it_was_and_back(
    jmcp: FakeJmcp, session: str, edits: list[tuple[str, dict[str, Any]]]
) -> None:
    kept = await saved(jmcp)
    await jmcp.call("create_checkpoint", session_id=session)
    for tool, arguments in edits:
        await jmcp.call(tool, session_id=session, **arguments)
    before = await saved(jmcp)
    restored = await jmcp.call("restore_checkpoint", session_id=session)
    assert await saved(jmcp) == kept
    assert restored["cell_count"] == len(kept)
    undone = await jmcp.call("undo_change", session_id=session)
    assert undone["undone"] == restored["change_id"]
    assert await saved(jmcp) == before
    await jmcp.call("undo_change", session_id=session, change_id=undone["change_id"])
    assert await saved(jmcp) == kept


async def test_what_is_the_same_already_is_no_change(jmcp: FakeJmcp, session: str) -> None:
    await jmcp.call("create_checkpoint", session_id=session)
    restored = await jmcp.call("restore_checkpoint", session_id=session)
    assert (restored["cells"], restored["change_id"]) == ([], None)


async def test_a_checkpoint_has_what_only_the_live_document_had(
    jmcp: FakeJmcp, session: str
) -> None:
    await jmcp.call("overwrite_cell_source", session_id=session, cell_id="plain", cell_source="new")
    made = await jmcp.call("create_checkpoint", session_id=session)
    assert (made["saved"], made["replaced"]) == ("saved", None)
    again = await jmcp.call("create_checkpoint", session_id=session)
    assert again["replaced"] == made["last_modified"]
    await jmcp.call("delete_cell", session_id=session, cell_ids=["plain"])
    await jmcp.call("restore_checkpoint", session_id=session)
    assert (await saved(jmcp))[2]["source"] == "new"


async def test_what_others_changed_meanwhile_is_not_taken_unasked(
    jmcp: FakeJmcp, session: str
) -> None:
    await jmcp.call("create_checkpoint", session_id=session)
    await jmcp.call("read_cell", session_id=session, cell_id="plain")
    jmcp.documents.type_over("a.ipynb", "plain", "theirs")
    before = jmcp.documents.text("a.ipynb")
    error = await jmcp.fail("restore_checkpoint", session_id=session)
    assert error["code"] == "cell_changed"
    assert jmcp.documents.text("a.ipynb") == before
    # It has been shown now, so that the same call may follow.
    await jmcp.call("restore_checkpoint", session_id=session)
    assert (await saved(jmcp))[2] == PLAIN


async def test_a_cell_that_runs_keeps_what_it_shows(jmcp: FakeJmcp, session: str) -> None:
    await jmcp.call("create_checkpoint", session_id=session)
    source = "print(1)\ntime.sleep(60)\nprint(2)"
    await jmcp.call("overwrite_cell_source", session_id=session, cell_id="plot", cell_source=source)
    run = await jmcp.call("execute_cell", session_id=session, cell_id="plot", wait=0)
    await jmcp.kernels.sleeping.reached.wait()
    await jmcp.call("restore_checkpoint", session_id=session)
    jmcp.kernels.sleeping.release()
    await jmcp.call("get_execution", session_id=session, execution_id=run["execution_id"])
    cell = await jmcp.call("read_cell", session_id=session, cell_id="plot")
    assert cell["source"] == PLOT["source"]
    assert [one["text"] for one in cell["outputs"]] == ["1\n2\n"]


async def test_none_and_unknown(jmcp: FakeJmcp, session: str) -> None:
    none = await jmcp.fail("restore_checkpoint", session_id=session)
    assert (none["code"], none["details"]) == ("checkpoint_not_found", {"checkpoints": []})
    await jmcp.call("create_checkpoint", session_id=session)
    unknown = await jmcp.fail("restore_checkpoint", session_id=session, checkpoint_id="nope")
    assert unknown["details"] == {"checkpoints": ["checkpoint"]}


@only("live", "live, hidden")  # a file is never unsaved
async def test_a_notebook_that_cannot_be_saved_has_no_checkpoint(
    jmcp: FakeJmcp, session: str
) -> None:
    jmcp.faults.fail("documents.save", WriteRefused.read_only(path="a.ipynb"))
    error = await jmcp.fail("create_checkpoint", session_id=session)
    assert error["code"] == "write_refused"
    assert (await jmcp.fail("restore_checkpoint", session_id=session))["code"] == (
        "checkpoint_not_found"
    )


@only("live, hidden")  # elsewhere the document is written first
async def test_a_file_that_is_restored_alone_is_told(jmcp: FakeJmcp, session: str) -> None:
    """Over HTTP the file comes first; what fails afterwards must not look like nothing done."""
    await jmcp.call("create_checkpoint", session_id=session)
    await jmcp.call("delete_cell", session_id=session, cell_ids=["plain"])
    jmcp.faults.fail("document.edit done", WriteRefused.not_taken(path="a.ipynb"))
    error = await jmcp.fail("restore_checkpoint", session_id=session)
    assert error["code"] == "partly_done"
