"""Places against a list of ids, over many histories: what a session has in mind of a notebook."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from jmcp.core.editing.order import moved
from jmcp.core.journal.entries import Author, Entry
from jmcp.core.ports import NotebookRef
from jmcp.core.sessions.readings.call_view import CallView
from jmcp.core.sessions.readings.places import (
    KEPT_PLACES,
    MARK_BYTES,
    Places,
    id_mark,
    source_mark,
)
from jmcp.core.sessions.readings.read_cells import Reading
from jmcp.core.sessions.readings.session_readings import Readings, with_reading
from jmcp.core.sessions.records import HeldNotebook, SessionRecord
from jmcp.core.stores.journal.memory import MemoryJournal
from jmcp_jupyter.documents.common.nbformat_cells import new_cell
from jmcp_jupyter.documents.file.cells import FileCells
from jmcp_jupyter.documents.file.change_log import FileChangeLog

REF = NotebookRef(key="k", path="a.ipynb")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["mine", "other"]),
        st.sampled_from(["insert", "delete", "move", "list", "restart"]),
        st.integers(0, 9),
        st.integers(0, 9),
    ),
    max_size=30,
)


@dataclass
class Notebook:
    """A notebook, what one session saw of it, and what it must believe then."""

    content: dict[str, Any]
    followed: FileChangeLog = field(default_factory=FileChangeLog)
    reading: Reading = field(default_factory=Reading)
    mind: list[str | None] = field(default_factory=list)
    made: int = 0

    @property
    def ids(self) -> list[str]:
        return [cell["id"] for cell in self.content["cells"]]

    def view(self, file: FileCells) -> CallView:
        view = CallView("k", self.reading, Readings())
        view.begin(file)
        return view

    def file(self) -> FileCells:
        return FileCells(REF, self.content, (), self.followed.changes)

    def listing(self) -> None:
        file = self.file()
        view = self.view(file)
        view.record_places(*map(file.get, range(len(file))))
        view.record_end(len(file))
        view.acknowledge()
        self.mind = [*self.ids]

    def change(self, what: str, at: int, to: int, *, mine: bool) -> None:
        """Insert a cell at `at`, delete the one there, or move it to `to`, by the session or not."""
        before, file = self.ids, self.file()
        view = self.view(file)
        file.subscribers = [view] if mine else []
        at %= len(before) + (what == "insert")
        to %= len(before)
        if what == "insert":
            self.made += 1
            file.insert(at, "code", "", cell_id=f"n{self.made}")
        elif what == "delete":
            file.delete(at)
        elif what == "move":
            file.move(at, to)
        view.end_edit(failed=False)
        if file.changed:
            self.content = file.content()
            self.followed.follow(self.content["cells"])
        view.acknowledge()
        if mine and file.changed:
            self._think(what, before, at, at if what == "insert" else to)

    def _think(self, what: str, before: list[str], at: int, to: int) -> None:
        """The same as somebody does it who knows the notebook by heart, and nothing of the others."""
        mind, now = self.mind, self.ids
        if what in ("delete", "move"):
            place = at if mind[at : at + 1] == [before[at]] else None
            if place is None and before[at] in mind:
                place = mind.index(before[at])
            elif place is None and mind[at : at + 1] == [None]:
                place = at
            if place is not None:
                del mind[place]
        if what in ("insert", "move"):
            cell, beside = now[to], {1: now[to - 1 : to], 0: now[to + 1 : to + 2]}
            gap = to
            for offset, found in beside.items():
                if to == 0 or (found and mind[to - offset :][:1] == found):
                    break
                if found and found[0] in mind:
                    gap = mind.index(found[0]) + offset
                    break
            mind += [None] * (gap - len(mind))
            mind.insert(gap, cell)
            mind += [None] * (to - len(mind))
            mind[to : to + 1] = [cell]  # its result says the index


def three() -> Notebook:
    cells = [new_cell("code", "", f"c{number}") for number in range(3)]
    made = Notebook({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells})
    made.followed.follow(cells)
    return made


@given(STEPS)
@settings(max_examples=300, deadline=None)
def test_an_index_is_refused_wherever_another_cell_is_meant(
    steps: list[tuple[str, str, int, int]],
) -> None:
    notebook, alone = three(), True
    notebook.listing()
    for who, what, at, to in steps:
        if what == "list":
            notebook.listing()
            alone = True
        elif what == "restart":
            places = notebook.reading.places.packed
            notebook.reading = Reading(notebook.reading.packed, places)
        elif notebook.ids:
            notebook.change(what, at, to, mine=who == "mine")
            alone = alone and who == "mine"
        file, ids = notebook.file(), notebook.ids
        refused = [notebook.reading.saw_another(file, index) for index in range(len(ids))]
        assert not (alone and any(refused)), "its own work stands in its way"
        meant = zip(notebook.mind, ids, strict=False)
        expected = [one is not None and one != other for one, other in meant]
        assert refused[: len(notebook.mind)] == expected


@given(st.permutations(range(8)), st.integers(0, 7))
def test_the_fewest_are_moved(order: list[int], wanted: int) -> None:
    left = [value for at, value in enumerate(order) if at not in moved(order)]
    assert left == sorted(left)
    dragged = list(range(8))
    dragged.insert(3, dragged.pop(wanted))
    assert len(moved(dragged)) <= 1


def test_what_others_did_while_nobody_looked_is_told_by_the_order_of_before() -> None:
    notebook = three()
    notebook.listing()
    notebook.change("insert", 1, 0, mine=False)
    notebook.change("move", 3, 0, mine=False)
    notebook.reading = Reading(notebook.reading.packed, notebook.reading.places.packed)
    unseen = notebook.reading.unseen_changes(notebook.file())
    assert [(one.cell_id, one.what) for one in unseen] == [("n1", "inserted"), ("c2", "moved")]


def test_a_page_says_nothing_of_cells_that_were_not_listed() -> None:
    notebook = three()
    file = notebook.file()
    view = notebook.view(file)
    view.record_places(file.get(1))
    view.acknowledge()
    notebook.reading = Reading(b"", notebook.reading.places.packed)
    assert notebook.reading.unseen_changes(notebook.file()) == []
    notebook.change("insert", 2, 0, mine=False)
    assert notebook.reading.places.at(0) is None


def test_places_are_limited_and_gaps_are_unseen() -> None:
    places = Places()
    assert places.see(KEPT_PLACES - 1, id_mark("last"))
    assert not places.see(KEPT_PLACES, id_mark("beyond"))
    places.insert(0, id_mark("first"), None, None)
    assert len(places.packed) == KEPT_PLACES * MARK_BYTES
    assert (places.at(0), places.at(1), places.at(-1)) == (id_mark("first"), None, None)
    assert places.find(id_mark("last")) is None
    assert places.marks() == {id_mark("first"): 0}
    assert Places(places.packed + b"x").packed == places.packed


def test_a_mark_that_lies_across_two_others_is_not_found() -> None:
    mark = id_mark("c")
    places = Places(b"\1\1" + mark + b"\1\1")
    assert places.find(mark) is None
    assert places.see(2, mark)
    assert places.find(mark) == 2


def test_a_deletion_in_a_gap_shifts_what_is_below_and_one_of_an_unknown_cell_does_not() -> None:
    places = Places()
    places.see(5, id_mark("c5"))
    places.remove(2, id_mark("never seen"))
    assert places.at(4) == id_mark("c5")
    places.remove(4, id_mark("of somebody else"))
    assert places.at(4) == id_mark("c5")


def test_what_a_session_did_last_is_taken_from_the_journal_after_a_crash() -> None:
    journal = MemoryJournal()
    author = Author.of("o", "mine")

    def edit(change: str, cell_id: str, index: int, **more: Any) -> Entry:
        fields: dict[str, Any] = {"key": "k", "path": "a", "change": change, "at": 3.0, "after": ""}
        fields |= {"server_session": "s", "loaded": "l", "process": "p"}
        return Entry(**fields, cell_id=cell_id, index=index, author=author, **more)

    journal.append(
        [
            edit("insert", "n0", 1, now=("c0", "c1")),
            edit("insert", "n1", 2, now=("n0", "c1")),
            edit("delete", "c0", 0),
            edit("move", "c2", 3, to=0, was=("c1", None), now=(None, "n0")),
        ]
    )
    stored = Reading()
    for index, cell_id in enumerate(("c0", "n0", "c1", "c2")):
        stored.see(index, id_mark(cell_id))
    record = SessionRecord(
        owner="o",
        session_id="mine",
        created=0.0,
        last_accessed=2.0,
        notebooks={"k": HeldNotebook(ref=REF, name="a")},
    )
    places = Readings(journal).of(with_reading("k", stored, record), "k").places
    expected = ["c2", "n0", "n1", "c1"]
    assert [places.at(index) for index in range(5)] == [*map(id_mark, expected), None]


def test_a_cell_that_just_got_its_id_is_the_one_that_was_seen_without() -> None:
    notebook = three()
    notebook.reading.see(0, source_mark(""))
    assert not notebook.reading.saw_another(notebook.file(), 0)
    notebook.reading.see(0, source_mark("x"))
    assert notebook.reading.saw_another(notebook.file(), 0)
