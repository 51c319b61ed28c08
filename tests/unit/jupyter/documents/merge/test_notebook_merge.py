"""Three versions of a notebook become one, and nothing that either side did is lost."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any

import nbformat
import pytest
from hypothesis import given, settings

from jmcp_jupyter.documents.live.merge.notebook_merge import Merge, is_equal, merged
from tests.thorough import amount
from tests.unit.jupyter.documents.merge.notebooks import (
    BASES,
    STEPS,
    Notebook,
    cell,
    edited,
    notebook,
    printed,
)


def join(base: Notebook, mine: Notebook, theirs: Notebook) -> Merge:
    numbers = count()
    return merged(base, mine, theirs, lambda: f"copy-{next(numbers)}")


def sources(merge: Merge) -> list[tuple[str | None, str]]:
    return [(one.cell.get("id"), one.cell["source"]) for one in merge.cells]


A, B, C = cell("a", "1"), cell("b", "2"), cell("c", "3")


def test_edits_of_one_side_stand() -> None:
    merge = join(
        notebook(A, B, C),
        notebook({**A, "source": "1 mine"}, B, C),
        notebook(A, B, {**C, "source": "3 theirs"}),
    )
    assert sources(merge) == [("a", "1 mine"), ("b", "2"), ("c", "3 theirs")]
    assert [one.cell_id for one in merge.report.changed] == ["c"]
    assert merge.report.took
    assert not merge.report.collided


def test_lines_that_collide_are_both_kept() -> None:
    merge = join(
        notebook(A, B),
        notebook({**A, "source": "mine"}, B),
        notebook({**A, "source": "theirs", "outputs": [printed("out")]}, B),
    )
    assert sources(merge) == [("a", "mine"), ("copy-0", "theirs"), ("b", "2")]
    (collision,) = merge.report.collided
    assert (collision.cell.index, collision.cell.cell_id) == (0, "a")
    assert (collision.copy.index, collision.copy.cell_id) == (1, "copy-0")
    assert merge.cells[1].cell["outputs"] == [printed("out")]


def test_insertions_and_moves_of_both_sides() -> None:
    new = [cell("m", "mine"), cell("t", "theirs")]
    merge = join(notebook(A, B, C), notebook(A, new[0], B, C), notebook(C, A, B, new[1]))
    assert sources(merge) == [
        ("c", "3"),
        ("a", "1"),
        ("m", "mine"),
        ("b", "2"),
        ("t", "theirs"),
    ]
    assert merge.report.moved
    assert [one.cell_id for one in merge.report.inserted] == ["t"]


def test_what_was_edited_or_run_outlives_a_deletion() -> None:
    edited, run = {**B, "source": "2 more"}, {**C, "outputs": [printed("3")]}
    merge = join(notebook(A, B, C), notebook(edited, C), notebook(A, run))
    assert sources(merge) == [("b", "2 more"), ("c", "3")]
    assert [one.cell_id for one in merge.report.kept] == ["b"]
    assert [one["id"] for one in merge.report.gone] == ["b"]
    merge = join(notebook(A, B, C), notebook(A, B), notebook(A, run))
    assert sources(merge) == [("a", "1"), ("c", "3")]
    assert [one.cell_id for one in merge.report.deleted] == ["b"]
    assert [one.cell_id for one in merge.report.returned] == ["c"]


def test_metadata_are_merged_by_key() -> None:
    merge = join(
        notebook({**A, "metadata": {"x": 1, "y": 1, "z": 1}}, one=1, two=2),
        notebook({**A, "metadata": {"x": 2, "y": 1, "z": 1, "m": 1}}, one=3, two=2),
        notebook({**A, "metadata": {"x": 3, "y": 2, "t": 1}}, one=1, new=4),
    )
    assert merge.cells[0].cell["metadata"] == {"x": 2, "y": 2, "m": 1, "t": 1}
    assert {key: merge.metadata[key] for key in ("one", "new")} == {"one": 3, "new": 4}
    assert "two" not in merge.metadata
    assert merge.report.metadata


def test_outputs_are_those_of_the_side_that_ran() -> None:
    ran = {"outputs": [printed("x")], "execution_count": 7}
    edited = {**A, "metadata": {"tags": ["t"]}}
    merge = join(notebook(A), notebook(edited), notebook({**A, **ran}))
    assert merge.cells[0].cell == {**edited, **ran}
    merge = join(notebook(A), notebook({**A, **ran}), notebook({**A, "outputs": [printed("y")]}))
    assert merge.cells[0].cell == {**A, **ran}


def test_outputs_of_a_file_are_trusted_only_as_the_file_is() -> None:
    trusted = {"metadata": {"trusted": True, "tags": ["mine"]}}
    theirs = {"metadata": {"trusted": False}, "outputs": [printed("theirs")]}
    merge = join(
        notebook({**A, "metadata": {"trusted": False}}),
        notebook({**A, **trusted}),
        notebook({**A, **theirs}),
    )
    assert merge.cells[0].cell["metadata"] == {"trusted": False, "tags": ["mine"]}


def test_a_cell_of_another_type_keeps_the_text_that_was_typed() -> None:
    merge = join(
        notebook(A),
        notebook({**A, "source": "1 and more"}),
        notebook(cell("a", "1", "markdown")),
    )
    assert merge.cells[0].cell == cell("a", "1 and more", "markdown")


def test_cells_without_ids_are_found_by_their_text() -> None:
    def bare(*cells: Mapping[str, Any]) -> Notebook:
        without = [{key: one[key] for key in one if key != "id"} for one in cells]
        return notebook(*without, minor=4)

    rooms = [{**one, "id": f"room-{one['id']}"} for one in (A, B, C)]
    rooms[1] = {**rooms[1], "source": "2\nand what was typed"}
    merge = join(
        bare(A, B, C), notebook(*rooms, minor=4), bare(A, {**B, "source": "# theirs\n2"}, B, C)
    )
    assert [one.cell["source"] for one in merge.cells][1:] in (
        ["# theirs\n2\nand what was typed", "2", "3"],
        ["# theirs\n2", "2\nand what was typed", "3"],
    )
    assert [one.cell.get("id") for one in merge.cells if one.index is not None] == [
        "room-a",
        "room-b",
        "room-c",
    ]


def test_other_ids_for_the_same_cells_copy_nothing() -> None:
    """As a program does that writes the notebook from a text."""
    merge = join(
        notebook(A, B),
        notebook({**A, "source": "1 mine"}, B),
        notebook({**A, "id": "x"}, {**B, "id": "y"}),
    )
    assert sources(merge) == [("a", "1 mine"), ("y", "2")]


def test_a_notebook_without_cells() -> None:
    merge = join(notebook(A), notebook(A), notebook())
    assert [one.cell["source"] for one in merge.cells] == [""]
    merge = join(notebook(), notebook(A), notebook())
    assert sources(merge) == [("a", "1")]


def words(version: Notebook) -> list[str]:
    """What was typed and is in the sources."""
    text = "\n".join(one["source"] for one in version["cells"])
    return [f"<{part.partition('>')[0]}>" for part in text.split("<")[1:]]


@pytest.mark.parametrize("minor", [4, 5])
@given(cells=BASES, mine=STEPS, theirs=STEPS)
@settings(max_examples=amount(fast=120, all=5000), deadline=None)
def test_whatever_both_sides_do(
    minor: int,
    cells: list[tuple[list[str], str]],
    mine: list[tuple[str, int, int]],
    theirs: list[tuple[str, int, int]],
) -> None:
    start = notebook(
        *(cell(f"base{at}", "\n".join(lines), kind) for at, (lines, kind) in enumerate(cells)),
        minor=minor,
    )
    ours, others = edited(start, mine, "m"), edited(start, theirs, "t")
    if minor < 5:  # where only the document has ids
        for version in (start, others):
            version["cells"] = [
                {key: one[key] for key in one if key != "id"} for one in version["cells"]
            ]
    merge = join(start, ours, others)
    both = merge.content()
    nbformat.validate({**both, "cells": [dict(one) for one in both["cells"]]})
    assert {*words(ours), *words(others)} <= {*words(both)}
    if minor == 5:
        ids = [one["id"] for one in both["cells"]]
        assert len(ids) == len(set(ids))
        before = {one["id"] for one in start["cells"]}
        put_in = {one["id"] for one in (*ours["cells"], *others["cells"])} - before
        assert put_in <= set(ids)
    # Of one side alone nothing is changed.
    assert is_equal(join(start, ours, start).content(), stripped(ours))
    assert is_equal(join(start, start, others).content(), stripped(others))
    assert is_equal(join(start, ours, ours).content(), stripped(ours))
    assert not join(start, ours, start).report.took
    # With what came of it, neither the other version nor the same merge once more changes it.
    now = {**both, "cells": [one.cell for one in merge.cells]}
    assert is_equal(join(others, now, others).content(), both)
    if minor == 5:  # without ids, what was merged may be taken for something new
        again = join(start, now, others).content()
        assert sorted(words(again)) == sorted(words(both))


def stripped(version: Notebook) -> Notebook:
    """As the file has it."""
    if version["nbformat_minor"] >= 5:
        return version
    cells = [{key: one[key] for key in one if key != "id"} for one in version["cells"]]
    return {**version, "cells": cells}
