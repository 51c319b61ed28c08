"""Where parameters go, and what a copy has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat as untyped_nbformat
import pytest

from jmcp.core.errors import ServeError
from jmcp.notebook_runs.notebook_file import NotebookFile

nbformat: Any = untyped_nbformat
v4 = nbformat.v4


def written(path: Path, *cells: Any) -> NotebookFile:
    nbformat.write(v4.new_notebook(cells=list(cells)), path)
    return NotebookFile(path)


def code(source: str, *tags: str, **fields: Any) -> Any:
    cell = v4.new_code_cell(source, **fields)
    if tags:
        cell.metadata["tags"] = list(tags)
    return cell


def copied(file: NotebookFile, path: Path, **parameters: Any) -> list[tuple[str, list[str]]]:
    """The sources and the tags of the copy's cells."""
    file.copy_to(path, file.injected(parameters) if parameters else None)
    made = nbformat.read(path, 4)
    nbformat.validate(made)
    return [(cell.source, list(cell.metadata.get("tags", []))) for cell in made.cells]


def test_parameters_come_after_the_cell_that_is_tagged(tmp_path: Path) -> None:
    file = written(tmp_path / "a.ipynb", code("1"), code("x = 1", "parameters"), code("x"))
    assert copied(file, tmp_path / "b.ipynb", x=2) == [
        ("1", []),
        ("x = 1", ["parameters"]),
        ("# Parameters\nx = 2", ["injected-parameters"]),
        ("x", []),
    ]


def test_parameters_of_an_earlier_run_are_replaced(tmp_path: Path) -> None:
    file = written(tmp_path / "a.ipynb", code("x = 1", "parameters"), code("x"))
    copied(file, tmp_path / "b.ipynb", x=2)
    again = NotebookFile(tmp_path / "b.ipynb")
    assert [source for source, _ in copied(again, tmp_path / "c.ipynb", x=3)] == [
        "x = 1",
        "# Parameters\nx = 3",
        "x",
    ]


def test_the_cell_of_a_live_run_is_found_without_its_tag(tmp_path: Path) -> None:
    made = code("# Parameters\nx = 2")
    file = written(tmp_path / "a.ipynb", code("x = 1", "parameters"), made, code("x"))
    injected = file.injected({"x": 3})
    assert (injected.index, injected.over) == (1, made.id)


def test_without_a_tagged_cell_they_come_first(tmp_path: Path) -> None:
    file = written(tmp_path / "a.ipynb", code("x"))
    assert not file.has_parameters_cell
    assert copied(file, tmp_path / "b.ipynb", x=2)[0][0] == "# Parameters\nx = 2"


def test_a_copy_has_no_outputs_and_the_notebook_stays_as_it_is(tmp_path: Path) -> None:
    output = v4.new_output("stream", text="old")
    file = written(tmp_path / "a.ipynb", code("1", outputs=[output], execution_count=3))
    before = (tmp_path / "a.ipynb").read_bytes()
    copied(file, tmp_path / "deep" / "b.ipynb")
    [cell] = nbformat.read(tmp_path / "deep" / "b.ipynb", 4).cells
    assert (cell.outputs, cell.execution_count) == ([], None)
    assert (tmp_path / "a.ipynb").read_bytes() == before


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"cells": []}'])
def test_what_is_no_notebook_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.ipynb").write_text(text)
    with pytest.raises(ServeError, match="is not a notebook"):
        NotebookFile(tmp_path / "a.ipynb")


def test_a_copy_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    file = written(tmp_path / "a.ipynb", code("1"))
    (tmp_path / "b.ipynb").mkdir()
    with pytest.raises(ServeError, match="cannot be written"):
        file.copy_to(tmp_path / "b.ipynb", None)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.ipynb", "b.ipynb"]


def test_cells_that_may_fail_are_known(tmp_path: Path) -> None:
    cell = code("1 / 0", "raises-exception")
    file = written(tmp_path / "a.ipynb", cell, code("1"))
    assert file.may_fail() == {cell.id}
    assert json.loads((tmp_path / "a.ipynb").read_text())["nbformat"] == 4
