"""Any history of edits, saved at any moment: recovery brings the notebook to where it was."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jmcp.core.journal.entries import Entry
from jmcp.core.journal.recording import Recording
from jmcp.core.journal.recovery import Recovered, recover
from jmcp.core.ports import NotebookRef
from jmcp_jupyter.documents.common import nbformat_cells
from jmcp_jupyter.documents.file.cells import FileCells
from tests.work import lines_run

REF = NotebookRef(key="key", path="a.ipynb")
BLANK = Entry(
    key="key",
    path="a.ipynb",
    change="insert",
    at=0.0,
    server_session="s",
    loaded="",
    process="p",
)
OUTPUT = {"name": "stdout", "output_type": "stream", "text": "1\n"}
Step = tuple[str, int, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["insert", "set_source", "set_source", "delete", "move", "kernelspec", "outputs"]
        ),
        st.integers(0, 9),
        st.integers(0, 9),
    ),
    max_size=12,
)


def notebook(minor: int = 5) -> dict[str, Any]:
    cells = [nbformat_cells.new_cell("code", str(index), f"c{index}") for index in range(3)]
    return {"nbformat": 4, "nbformat_minor": minor, "metadata": {}, "cells": cells}


def perform(content: dict[str, Any], steps: list[Step]) -> tuple[list[Entry], list[dict[str, Any]]]:
    """The entries of the steps, and the content before, between and after them."""
    entries: list[Entry] = []
    contents = [content]
    for number, (kind, where, value) in enumerate(steps):
        cells = FileCells(REF, contents[-1])
        recording = Recording(cells, BLANK)
        cells.subscribers = [recording]
        at = where % len(cells) if len(cells) else 0
        if kind == "insert" or len(cells) == 0:
            cells.insert(where % (len(cells) + 1), "code", f"new {number}")
        elif kind == "set_source":
            cells.set_source(at, f"source {value % 3}")
        elif kind == "delete":
            cells.delete(at)
        elif kind == "move":
            cells.move(at, value % len(cells))
        elif kind == "outputs":
            if cells.get(at).output_count:
                cells.clear_outputs(at)
            else:
                cells.put_outputs(at, [OUTPUT], 3)
        else:
            cells.set_kernelspec(f"k{value % 2}", "K", "python")
        for entry in recording.entries:
            entries.append(replace(entry, number=len(entries) + 1))
        contents += [cells.content()] * len(recording.entries)
    return entries, contents


def shown(content: dict[str, Any]) -> tuple[list[tuple[str, str, int, Any]], str | None]:
    cells = [
        (cell["id"], cell["source"], len(cell["outputs"]), cell["execution_count"])
        for cell in content["cells"]
    ]
    return cells, FileCells(REF, content).kernelspec()


def recovered(content: dict[str, Any], entries: list[Entry]) -> tuple[dict[str, Any], Recovered]:
    cells = FileCells(REF, content)
    result = recover(cells, entries, lambda entry: True)
    return cells.content(), result


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=400)
@given(steps=STEPS, saved=st.integers(0, 12), marked=st.integers(0, 12))
def test_recovery_after_a_save(steps: list[Step], saved: int, marked: int) -> None:
    """The file is of one moment; entries up to an earlier one are known to be in it."""
    entries, contents = perform(notebook(), steps)
    saved = min(saved, len(entries))
    marked = min(marked, saved)
    content, result = recovered(contents[saved], entries[marked:])
    assert not result.conflicted
    assert shown(content) == shown(contents[-1])


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param([("move", 2, 0), ("delete", 1, 0)], id="a neighbour deleted"),
        pytest.param([("move", 2, 0), ("insert", 1, 0)], id="a neighbour inserted"),
        pytest.param([("move", 2, 1), ("move", 0, 2)], id="a neighbour moved"),
        pytest.param([("move", 2, 0), ("move", 0, 1), ("insert", 1, 0)], id="moved again"),
        pytest.param([("move", 2, 0), ("delete", 0, 0)], id="deleted itself"),
    ],
)
def test_a_move_that_the_file_has_is_no_conflict(steps: list[Step]) -> None:
    entries, contents = perform(notebook(), steps)
    content, result = recovered(contents[-1], entries)
    assert (result.conflicted, result.repeated) == ([], [])
    assert shown(content) == shown(contents[-1])


def test_a_move_beside_strangers_is_a_conflict() -> None:
    entries, contents = perform(notebook(), [("move", 0, 1)])
    _, between = perform(contents[0], [("insert", 0, 0), ("insert", 2, 0)])
    content, result = recovered(between[-1], entries)
    assert result.conflicted == entries
    assert shown(content) == shown(between[-1])


def test_a_history_of_the_same_texts_again_and_again_takes_no_time() -> None:
    """Nearly every moment of it looks like the one at which the file was saved."""
    first = replace(
        BLANK, number=1, cell_id="lost", cell_type="code", index=0, count=9, after="by others"
    )
    texts = ["1", "source a", "source b"]
    toggles = [
        replace(
            BLANK,
            change="set_source",
            number=number,
            cell_id="c1",
            cell_type="code",
            index=1,
            count=3,
            before=texts[(number - 1) % 2 + 1],
            after=texts[number % 2 + 1],
        )
        for number in range(2, 1000)
    ]
    content = notebook()
    content["cells"][1]["source"] = toggles[-1].after
    results = []
    lines_run(lambda: results.append(recovered(content, [first, *toggles])), most=1_500_000)
    ((_, result),) = results
    assert (result.present, result.repeated) == (toggles, [first])


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=200)
@given(steps=STEPS)
def test_recovery_below_nbformat_45(steps: list[Step]) -> None:
    old = notebook(minor=4)
    for cell in old["cells"]:
        del cell["id"]
    entries, contents = perform(old, steps)
    content, result = recovered(contents[0], entries)
    if any(entry.change == "set_kernelspec" for entry in entries):
        return  # it is the one edit that gives no ids, so that ids may come later
    assert not result.conflicted
    assert [cell["source"] for cell in content["cells"]] == [
        cell["source"] for cell in contents[-1]["cells"]
    ]


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=200)
@given(steps=STEPS, saved=st.integers(0, 12), others=STEPS)
def test_nothing_that_somebody_else_wrote_is_overwritten(
    steps: list[Step], saved: int, others: list[Step]
) -> None:
    entries, contents = perform(notebook(), steps)
    saved = min(saved, len(entries))
    # Theirs are told from ours: no source is both.
    theirs, after = perform(contents[saved], others)
    marked = {entry.cell_id: f"by a person {n}" for n, entry in enumerate(theirs) if entry.cell_id}
    content = FileCells(REF, after[-1])
    for cell_id, source in marked.items():
        at = content.find(cell_id)
        if at is not None:
            content.set_source(at, source)
    written = {
        cell["id"]: cell["source"] for cell in content.content()["cells"] if cell["id"] in marked
    }
    now, _ = recovered(content.content(), entries)
    found = {cell["id"]: cell["source"] for cell in now["cells"]}
    for cell_id, source in written.items():
        assert found.get(cell_id) == source


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=200)
@given(steps=STEPS, saved=st.integers(0, 12))
def test_a_second_recovery_finds_nothing_to_do(steps: list[Step], saved: int) -> None:
    entries, contents = perform(notebook(), steps)
    once, first = recovered(contents[min(saved, len(entries))], entries)
    left = [*first.present, *first.repeated]
    twice, second = recovered(once, sorted(left, key=lambda entry: entry.number))
    assert shown(twice)[1] == shown(once)[1]
    assert {c["id"]: c["source"] for c in twice["cells"]} == {
        c["id"]: c["source"] for c in once["cells"]
    }
    assert not [entry for entry in second.repeated if entry.change in ("insert", "delete")]
