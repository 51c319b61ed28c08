"""A merge comes into a Y document as changes of what differs, and of nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from jupyter_ydoc import YNotebook
from pycrdt import Map, UndoManager

from jmcp.core.errors import NotebookBroken
from jmcp_jupyter.documents.live.merge.normal_form import normalised
from jmcp_jupyter.documents.live.merge.notebook_merge import is_equal
from jmcp_jupyter.documents.live.merge_application import content_of
from jmcp_jupyter.documents.live.three_way import merge_into, rejoin
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

A, B, C = cell("a", "one\ntwo\nthree"), cell("b", "2"), cell("c", "3")


def shared(content: Notebook) -> YNotebook:
    document = YNotebook()
    document.set(content)
    return document


def told(document: YNotebook) -> list[Any]:
    """The events of the cells from now on, filled as they come."""
    events: list[Any] = []
    document.ycells.observe_deep(
        lambda changes: events.extend((list(one.path), type(one).__name__) for one in changes)
    )
    return events


def test_only_what_differs_is_changed() -> None:
    base = notebook(A, B, C)
    document = shared(base)
    events = told(document)
    theirs = notebook({**A, "source": "one\ntwo, too\nthree"}, B, {**C, "outputs": [printed("3")]})
    merge_into(document, base, theirs)
    assert sorted(events) == [([0, "source"], "TextEvent"), ([2, "outputs"], "ArrayEvent")]
    assert is_equal(content_of(document), theirs)


def test_a_cursor_stays_where_it_is() -> None:
    """Also in the line that the other side has changed."""
    base = notebook(A, B)
    document = shared(base)
    text = document.ycells[0]["source"]
    cursor = text.sticky_index(len("one\ntw"))
    merge_into(document, base, notebook(cell("t", "new"), {**A, "source": "0\none\ntwo!\nthree"}))
    assert str(text) == "0\none\ntwo!\nthree"
    assert str(text)[cursor.get_index() :] == "o!\nthree"


def test_a_person_takes_back_what_they_typed_and_no_more() -> None:
    base = notebook(A, B)
    document = shared(base)
    undo = UndoManager(scopes=[document.ycells], capture_timeout_millis=0)
    undo.include_origin("person")
    with document.ydoc.transaction(origin="person"):
        document.ycells[0]["source"].insert(0, "typed ")
    merge_into(document, base, notebook({**A, "source": "one\ntwo\nTHREE"}, B))
    assert str(document.ycells[0]["source"]) == "typed one\ntwo\nTHREE"
    assert undo.undo()
    assert str(document.ycells[0]["source"]) == "one\ntwo\nTHREE"
    assert not undo.undo()


def test_what_is_the_same_changes_nothing() -> None:
    base = notebook(A, B)
    document = shared(base)
    before = document.ydoc.get_state()
    assert not merge_into(document, base, base).report.took
    assert document.ydoc.get_state() == before


def test_a_cell_that_moves_keeps_that_it_runs() -> None:
    base = notebook(A, B, C)
    document = shared(base)
    document.ycells[2]["execution_state"] = "running"
    merge_into(document, base, notebook(C, A, B))
    assert [one["id"] for one in document.ycells] == ["c", "a", "b"]
    assert document.ycells[0]["execution_state"] == "running"


def test_a_cell_that_no_notebook_may_have_is_merged_all_the_same() -> None:
    """What a client puts into a document, nobody looks at."""
    base = notebook(A, B)
    document = shared(base)
    document.ycells.append(Map({"id": "odd", "source": None}))
    merge_into(document, base, notebook(A, {**B, "source": "theirs"}, C))
    found = content_of(document)["cells"]
    assert [cell["source"] for cell in found] == ["one\ntwo\nthree", "theirs", "3", ""]


def test_a_tab_of_another_history_comes_back() -> None:
    base = notebook(A, B)
    document = shared(base)
    document.ycells[1]["source"].insert(1, " and the agent")
    mine = notebook({**A, "source": "typed offline"}, {**B, "source": "3"}, cell("n", "new"))
    report = rejoin(document, base, mine, path="a.ipynb")
    found = [str(one["source"]) for one in document.ycells]
    assert found == ["typed offline", "2 and the agent", "3", "new"]
    assert [one.cell.cell_id for one in report.collided] == ["b"]
    rejoin(document, base, mine, path="a.ipynb")
    assert [str(one["source"]) for one in document.ycells] == found


@pytest.mark.parametrize("wrong", [None, [], {}, {"cells": 3}, {"nbformat": 4, "cells": [1]}])
def test_a_tab_that_sends_nonsense_changes_nothing(wrong: Any) -> None:
    base = notebook(A)
    document = shared(base)
    for sent in ((base, wrong), (wrong, base)):
        with pytest.raises(NotebookBroken):
            rejoin(document, *sent, path="a.ipynb")
    assert is_equal(content_of(document), base)


@given(cells=BASES, mine=STEPS, theirs=STEPS)
@example(cells=[([], "code"), ([], "code")], mine=[("delete", 0, 0)], theirs=[("delete", 1, 0)])
@settings(max_examples=amount(fast=60, all=2000), deadline=None)
def test_the_document_has_what_the_merge_says(
    cells: list[tuple[list[str], str]],
    mine: list[tuple[str, int, int]],
    theirs: list[tuple[str, int, int]],
) -> None:
    base = notebook(
        *(cell(f"base{at}", "\n".join(lines), kind) for at, (lines, kind) in enumerate(cells))
    )
    document = shared(base)
    document.set(edited(base, mine, "m"))
    other = YNotebook()  # a browser's copy
    other.ydoc.apply_update(document.ydoc.get_update())
    merge = merge_into(document, base, edited(base, theirs, "t"))
    assert is_equal(content_of(document), merge.content())
    if merge.content()["cells"]:  # a notebook that a file gives always has one
        assert is_equal(normalised(document.get()), merge.content())
    other.ydoc.apply_update(document.ydoc.get_update(other.ydoc.get_state()))
    assert other.get() == document.get()
