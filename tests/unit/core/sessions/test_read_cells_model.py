"""Readings and change logs against models of a few lines, over many histories."""

from __future__ import annotations

from dataclasses import dataclass, field
from sys import getsizeof
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from jmcp.core.editing.change_log import ChangeLog
from jmcp.core.journal.entries import Author, Entry
from jmcp.core.ports import Cell, NotebookRef
from jmcp.core.sessions.readings import session_readings as module
from jmcp.core.sessions.readings.call_view import CallView
from jmcp.core.sessions.readings.digests import digest
from jmcp.core.sessions.readings.read_cells import Reading
from jmcp.core.sessions.readings.session_readings import Readings, with_reading
from jmcp.core.sessions.records import HeldNotebook, SessionRecord
from jmcp.core.stores.journal.memory import MemoryJournal
from jmcp_jupyter.documents.common.nbformat_cells import new_cell
from jmcp_jupyter.documents.file.cells import FileCells
from jmcp_jupyter.documents.file.change_log import FileChangeLog

REF = NotebookRef(key="k", path="a.ipynb")
IDS = st.sampled_from([f"c{number}" for number in range(6)])
SOURCES = st.sampled_from(["", "a", "b\nb", "é🎉"])


@dataclass
class Session:
    """A session and what it should know: the sources it read, which changes it was told of, and what
    it wrote in edits that failed."""

    reading: Reading = field(default_factory=Reading)
    read: dict[str, str] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)
    nameless: set[str] = field(default_factory=set)
    attempted: dict[str, str] = field(default_factory=dict)

    def knows(self, cell_id: str, source: str | None) -> bool:
        return source is not None and source in (
            self.read[cell_id],
            self.attempted.get(cell_id),
        )


OPERATIONS = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.sampled_from(["read", "write", "insert", "delete", "move", "fail", "restart"]),
        IDS,
        SOURCES,
    ),
    max_size=40,
)


@given(OPERATIONS)
@settings(max_examples=200, deadline=None)
def test_two_sessions_know_what_they_read_and_what_the_other_changed(
    operations: list[tuple[int, str, str, str]],
) -> None:
    followed, readings = FileChangeLog(), Readings()
    cells = [new_cell("code", "a", f"c{number}") for number in range(4)]
    content: dict[str, Any] = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    followed.follow(cells)
    sessions = [Session(), Session()]
    for who, what, cell_id, source in operations:
        session = sessions[who]
        if what == "restart":
            session.reading = Reading(session.reading.packed, session.reading.places.packed)
            session.told.clear()
            session.attempted.clear()
            continue
        file = FileCells(REF, content, (), followed.changes)
        view = looking_at(file, session.reading, readings)
        now = {str(cell.cell_id): cell.source for cell in map(file.get, range(len(file)))}
        for one, known in [*session.told.items()]:
            if now.get(one) == known or (one in session.read and session.knows(one, now.get(one))):
                del session.told[one]
        unseen = {one.cell_id: one.what for one in view.unseen.values() if one.known}
        expected = {
            one: "changed" if one in now else "deleted"
            for one, known in session.read.items()
            if not session.knows(one, now.get(one)) and session.told.get(one) != known
        }
        if session.reading.cursor is None:  # what is gone has no name any more
            session.nameless = session.read.keys() - now
        session.nameless -= now.keys()
        for one in session.nameless:
            expected.pop(one, None)
        assert unseen == expected
        for one in now:
            assert view.is_stale(file, file.get(file.find(one) or 0)) == (
                one in session.read and not session.knows(one, now[one])
            )
        at = file.find(cell_id)
        failed = what == "fail"
        if what == "insert" and at is None:
            file.insert(0, "code", source, cell_id=cell_id)
            session.read[cell_id] = source
        elif at is not None and what == "read":
            view.record_read(file, file.get(at))
            session.read[cell_id] = now[cell_id]
        elif at is not None and what in ("write", "fail"):
            file.set_source(at, source)
            if failed:
                session.attempted[cell_id] = source
            else:
                session.read[cell_id] = source
        elif at is not None and what == "delete":
            file.delete(at)
            session.read.pop(cell_id, None)
        elif at is not None and what == "move":
            file.move(at, 0)
        view.end_edit(failed=failed)
        if failed:
            continue
        if what != "move":
            session.attempted.pop(cell_id, None)
        if file.changed:
            content = file.content()
            followed.follow(content["cells"])
        view.acknowledge()
        session.told |= _outdated(view)
    for session in sessions:
        assert {one: session.reading.of(one) for one in session.read} == {
            one: digest(source) for one, source in session.read.items()
        }


def looking_at(file: FileCells, reading: Reading, readings: Readings) -> CallView:
    """The view of a call that begins, whose edits of the file it follows."""
    view = CallView("k", reading, readings)
    view.begin(file)
    file.subscribers = [view]
    return view


def _outdated(view: CallView) -> dict[str, str]:
    """The sources that were outdated when the session was told so."""
    texts = {digest(source): source for source in ("", "a", "b\nb", "é🎉")}
    return {one.cell_id: texts[one.known] for one in view.unseen.values() if one.known}


@given(st.lists(st.tuples(st.lists(IDS, max_size=3), st.booleans()), max_size=30))
def test_changes_say_at_least_what_was_changed(steps: list[tuple[list[str], bool]]) -> None:
    changes = ChangeLog()
    marks = [(changes.cursor, set[str]())]
    for ids, forget in steps:
        changes.add(ids)
        for _, since in marks:
            since.update(ids)
        if forget:
            changes.forget()
            marks = [(mark, set("?")) for mark, _ in marks]
        marks.append((changes.cursor, set()))
    for mark, since in marks:
        changed = changes.since(mark)
        assert (changed is None) if "?" in since else (set(changed or ()) == since)


def test_changes_are_limited() -> None:
    changes = ChangeLog()
    first = changes.cursor
    changes.add(f"c{number}" for number in range(20_000))
    assert changes.since(first) is None
    late = changes.cursor
    changes.add(["c1"])
    assert changes.since(late) == ["c1"]


@given(st.lists(st.dictionaries(st.integers(0, 40).map(str), SOURCES, max_size=20), max_size=20))
def test_one_by_one_and_by_table_is_the_same(batches: list[dict[str, str]]) -> None:
    together, single = Reading(), Reading()
    for batch in batches:
        together.record_read(batch)
        for cell_id, source in batch.items():
            single.record_read({cell_id: source})
    assert dict(together._table()) == dict(single._table())
    assert len(together.packed) <= 16 * 41


def test_the_newest_cells_are_kept() -> None:
    reading = Reading()
    reading.record_read({str(number): "" for number in range(1500)})
    assert len(reading.packed) == 16 * 1000
    assert reading.of("0") is None
    assert reading.of("500") is not None
    reading.record_read({"one more": ""})
    assert reading.of("500") is None
    reading.forget(["1499"])
    assert (reading.of("1499"), len(reading.packed)) == (None, 16 * 999)


def test_the_texts_at_hand_are_limited() -> None:
    readings = Readings()
    readings.keep(str(number) * 2**18 for number in range(10))
    for number in range(200):
        readings.keep([f"{number:03}" * 2**16])
    assert readings._text_bytes <= module.TEXT_BYTES
    assert readings._text_bytes == sum(map(getsizeof, readings._texts.values()))
    assert readings.text(digest("199" * 2**16), "k", "c") is not None
    assert readings.text(digest("0" * 2**18), "k", "c") is None
    readings.keep(["x" * (module.LONGEST_TEXT_BYTES)])
    assert digest("x" * (module.LONGEST_TEXT_BYTES)) not in readings._texts


def test_what_is_not_at_hand_is_in_the_journal_of_that_cell() -> None:
    journal = MemoryJournal()
    entry = {"key": "k", "path": "a", "change": "set_source", "at": 1.0}
    life = {"server_session": "s", "loaded": "l", "process": "p"}
    journal.append([Entry(**entry, **life, cell_id="c", before="old", after="new")])  # type: ignore[arg-type]
    readings = Readings(journal)
    assert readings.text(digest("old"), "k", "c") == "old"
    assert readings.text(digest("new"), "k", "c") == "new"
    assert readings.text(digest("new"), "k", "d") is None
    assert readings.text(digest("other"), "k", "c") is None


def test_what_a_session_wrote_last_is_read_whatever_a_crash_cost() -> None:
    journal = MemoryJournal()
    life = {"server_session": "s", "loaded": "l", "process": "p"}
    mine, other = Author.of("o", "mine"), Author.of("o", "other")

    def edit(change: str, cell_id: str, author: Author, at: float, after: str | None) -> Entry:
        fields: dict[str, Any] = {"key": "k", "path": "a", "change": change, **life}
        return Entry(**fields, cell_id=cell_id, after=after, author=author, at=at)

    journal.append(
        [
            edit("set_source", "c0", mine, 1.0, "long stored"),
            edit("set_source", "c1", mine, 3.0, "first"),
            edit("set_source", "c1", mine, 3.1, "second"),
            edit("insert", "c2", mine, 3.2, "new"),
            edit("set_source", "c3", other, 3.3, "of somebody else"),
            edit("delete", "c4", mine, 3.4, None),
        ]
    )
    stored = Reading()
    stored.record_read({"c0": "read since", "c3": "as read", "c4": "gone"})
    held = with_reading(
        "k",
        stored,
        SessionRecord(
            owner="o",
            session_id="mine",
            created=0.0,
            last_accessed=2.0,
            notebooks={"k": HeldNotebook(ref=REF, name="a")},
        ),
    )
    reading = Readings(journal).of(held, "k")
    known = {"c0": "read since", "c1": "second", "c2": "new", "c3": "as read"}
    assert {one: reading.of(one) for one in (*known, "c4")} == {
        **{one: digest(text) for one, text in known.items()},
        "c4": None,
    }


def test_a_cell_whose_digest_lies_across_others_is_not_found() -> None:
    """Digests are looked for in one string of bytes, where they must begin at a pair."""
    reading = Reading()
    key = digest("c")
    reading.packed = b"\0" * 4 + key + b"\0" * 4
    assert reading.of("c") is None
    reading.packed += key + digest("source")
    assert reading.of("c") == digest("source")
    assert not reading.differs("c", "source")
    assert reading.differs("c", "other")


def test_a_cell_without_an_id_is_not_guarded() -> None:
    cells = [{"cell_type": "code", "source": "a", "metadata": {}, "outputs": []}]
    content = {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}
    file = FileCells(REF, content)
    view = looking_at(file, Reading(), Readings())
    view.record_read(file, file.get(0))
    assert view.reading.packed == b""
    assert not view.is_stale(file, Cell(index=0, cell_id=None, cell_type="code", source="b"))


def two_cells() -> dict[str, Any]:
    cells = [new_cell("code", "a", "c0"), new_cell("code", "b", "c1")]
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}


def test_a_call_beside_an_edit_of_its_session_takes_it_for_its_own() -> None:
    """A live document has a change before the lease that makes it is over."""
    reading, readings = Reading(), Readings()
    file = FileCells(REF, two_cells())
    edit = looking_at(file, reading, readings)
    edit.record_read(file, file.get(0), file.get(1))
    file.set_source(0, "mine")
    file.delete(1)
    file.changes.add(["c0", "c1"])
    beside = looking_at(file, reading, readings)
    assert (beside.unseen, beside.is_stale(file, file.get(0))) == ({}, False)
    edit.end_edit(failed=False)
    assert looking_at(file, reading, readings).unseen == {}


def test_a_call_that_read_the_file_during_an_edit_does_not_undo_what_is_known_of_it() -> None:
    """A file has a change when the lease that makes it is over; until then others read the old."""
    reading, readings = Reading(), Readings()
    content = two_cells()
    edited, other = FileCells(REF, content), FileCells(REF, content)
    edit = looking_at(edited, reading, readings)
    beside = looking_at(other, reading, readings)
    edited.set_source(0, "mine")
    edited.delete(1)
    beside.record_read(other, other.get(0), other.get(1))
    edit.end_edit(failed=False)
    assert not edit.is_stale(edited, edited.get(0))
    assert not edit.had_read("c1")
