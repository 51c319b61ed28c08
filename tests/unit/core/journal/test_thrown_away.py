"""Which edits a save threw away, cell by cell, and whether whoever saved had them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from jmcp.core.journal.entries import Entry
from jmcp.core.journal.thrown_away import ThrownAway, put_back, thrown_away
from jmcp.core.ports import EditKind, FileSave, NotebookRef
from jmcp_jupyter.documents.common import nbformat_cells
from jmcp_jupyter.documents.file.cells import FileCells

REF = NotebookRef(key="a", path="a.ipynb")
EDITED = 100.0


def notebook(**sources: str) -> FileCells:
    cells = [nbformat_cells.new_cell("code", text, cell_id) for cell_id, text in sources.items()]
    content = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return FileCells(REF, content)


def edit(change: EditKind, cell_id: str, before: str | None, after: str | None) -> Entry:
    return Entry(
        key="a",
        path="a.ipynb",
        change=change,
        cell_id=cell_id,
        before=before,
        after=after,
        at=EDITED,
        server_session="",
        loaded="file",
        process="",
    )


EDITS: Sequence[Entry] = [
    edit("insert", "new", None, "agent"),
    edit("set_source", "changed", "old", "better"),
    edit("delete", "deleted", "useless", None),
]
LOADED = {"first": "1", "changed": "old", "deleted": "useless"}
BEFORE = {"first": "1", "new": "agent", "changed": "better"}


def kinds(found: ThrownAway) -> dict[str, list[str | None]]:
    sorted_ = {
        "kept": found.kept,
        "lost": found.lost,
        "replaced": found.replaced,
        "doubtful": found.doubtful,
    }
    return {name: [one[-1].cell_id for one in chains] for name, chains in sorted_.items() if chains}


def compared(
    written: Mapping[str, str],
    *,
    base: Mapping[str, str] | None = LOADED,
    since: float | None = None,
    now: Mapping[str, str] | None = None,
) -> tuple[dict[str, list[str | None]], list[str]]:
    """What became of the edits, by kind, and the texts of the notebook with what was put back."""
    save = FileSave(
        path=REF.path,
        before=notebook(**BEFORE),
        written=notebook(**written),
        base=None if base is None else notebook(**base),
        since=since,
    )
    cells = notebook(**(written if now is None else now))
    found = thrown_away(save, EDITS, cells)
    put_back(cells, save.before, found)
    return kinds(found), [cells.get(index).source for index in range(len(cells))]


ALL = ["new", "changed", "deleted"]


def test_what_they_never_had_is_put_back_where_they_left_the_cell_alone() -> None:
    written = {**LOADED, "first": "person"}
    assert compared(written) == ({"lost": ALL}, ["person", "agent", "better"])


def test_what_they_changed_too_is_theirs() -> None:
    written = {**LOADED, "changed": "person", "deleted": "useful"}
    found, texts = compared(written)
    assert found == {"lost": ["new"], "replaced": ["changed", "deleted"]}
    assert texts == ["1", "agent", "person", "useful"]


def test_what_they_had_they_undid_on_purpose() -> None:
    assert compared({"first": "1", "changed": "old"}, base=BEFORE)[0] == {}


def test_what_the_notebook_has_all_the_same_is_kept() -> None:
    assert compared(LOADED, now=BEFORE)[0] == {"kept": ALL}
    joined = {**BEFORE, "changed": "better person"}
    assert compared({**LOADED, "changed": "old person"}, now=joined)[0] == {"kept": ALL}


@pytest.mark.parametrize(
    ("since", "kind"), [(EDITED - 1, "lost"), (EDITED + 1, "doubtful"), (None, "doubtful")]
)
def test_without_what_they_had_loaded_its_age_decides(since: float | None, kind: str) -> None:
    assert compared(LOADED, base=None, since=since)[0] == {kind: ALL}


def test_what_is_as_no_edit_found_it_was_changed_by_somebody_who_knew_of_them() -> None:
    found, _ = compared({**BEFORE, "changed": "better still"}, base=None)
    assert found == {}


def test_a_doubtful_text_that_stands_in_another_cell_was_put_there() -> None:
    found, _ = compared({**LOADED, "pasted": "agent"}, base=None)
    assert found == {"doubtful": ["changed", "deleted"]}
