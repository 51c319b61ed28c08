"""A tab says what it knew of the cells that it removes: what others wrote there meanwhile stays."""

from __future__ import annotations

from typing import Any

from jupyter_ydoc import YNotebook

from jmcp.core.ports import NotebookRef
from jmcp_jupyter.documents.live.cells import LiveCells
from jmcp_jupyter.documents.live.shared_notebook import SharedNotebook
from jmcp_jupyter.documents.live.tab_changes import Known, TabChanges

FIRST = "one two three"


def cell(cell_id: str, source: str) -> dict[str, Any]:
    made = {"cell_type": "code", "id": cell_id, "metadata": {}, "source": source}
    return made | {"execution_count": None, "outputs": []}


class Pair:
    """A room with an agent, and a tab whose changes arrive when it says so."""

    def __init__(self) -> None:
        self.room, self.tab = YNotebook(), YNotebook()
        cells = [cell("a", FIRST), cell("b", "other"), cell("c", "last")]
        self.room.set({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells})
        self.document = SharedNotebook(self.room, lambda: False)
        self.document.remade.on_put_back = lambda: None
        self.agent = LiveCells(NotebookRef(key="a", path="a"), self.document)
        self.document.check("a")
        self.document.texts.follow()
        self.changes = TabChanges(self.document)
        self.hear()
        self.removed: dict[str, Known] = {}

    def hear(self) -> None:
        """The tab has what the room has."""
        self.tab.ydoc.apply_update(self.room.ydoc.get_update(self.tab.ydoc.get_state()))

    def send(self, *, live: bool = False) -> bool:
        """The room has what the tab has; whether it changed more than that. `live`: it had all but the
        last change."""
        update = self.tab.ydoc.get_update(self.room.ydoc.get_state())
        removed, self.removed = self.removed, {}
        return self.changes.take(lambda: self.room.ydoc.apply_update(update), removed, live=live)

    def at(self, cell_id: str = "a") -> int:
        return next(at for at, one in enumerate(self.tab.ycells) if one["id"] == cell_id)

    def edit(self, old: str, new: str, cell_id: str = "a") -> None:
        at = self.agent.find(cell_id)
        assert at is not None
        self.agent.set_source(at, self.agent.get(at).source.replace(old, new))

    def agent_moves(self, to: int, cell_id: str = "a") -> None:
        at = self.agent.find(cell_id)
        assert at is not None
        self.agent.move(at, to)

    def agent_deletes(self, cell_id: str = "a") -> None:
        at = self.agent.find(cell_id)
        assert at is not None
        self.agent.delete(at)

    def type(self, text: str, cell_id: str = "a") -> None:
        """A person's typing in the tab, at the end of the cell."""
        source = self.tab.ycells[self.at(cell_id)]["source"]
        source += text

    def delete(self, cell_id: str = "a", base: str | None = None, *, gone: bool = True) -> None:
        at = self.at(cell_id)
        text = str(self.tab.ycells[at]["source"])
        self.removed[cell_id] = Known(text=text, base=text if base is None else base, gone=gone)
        del self.tab.ycells[at]

    def move(self, to: int = 1, cell_id: str = "a", base: str | None = None) -> None:
        """As YNotebook.moveCells in JupyterLab."""
        with self.tab.ydoc.transaction():
            stored = self.tab.ycells[self.at(cell_id)].to_py()
            assert stored is not None
            self.delete(cell_id, base, gone=False)
            self.tab.ycells.insert(to, self.tab.create_ycell(stored))

    @property
    def cells(self) -> list[str]:
        self.hear()
        found = [f"{one['id']}: {one['source']}" for one in self.room.ycells]
        assert found == [f"{one['id']}: {one['source']}" for one in self.tab.ycells]
        return found


def test_a_cell_that_a_tab_moves_has_what_an_agent_wrote_meanwhile() -> None:
    pair = Pair()
    pair.edit("one", "agent one")
    pair.move(1)
    assert pair.send()
    assert pair.cells == ["b: other", "a: agent one two three", "c: last"]


def test_both_edits_of_one_line_are_there_once() -> None:
    pair = Pair()
    pair.edit("one", "agent one")
    pair.type(" person")
    pair.move(1, base=FIRST)
    assert pair.send()
    assert pair.cells == ["b: other", "a: agent one two three person", "c: last"]


def test_what_was_typed_beside_an_agent_and_sent_before_is_there_once() -> None:
    """A text that the room never had for itself."""
    pair = Pair()
    pair.edit("three", "agent three")
    pair.type(" person")
    pair.send(live=True)
    pair.move(1, base=FIRST)
    assert pair.send(live=True)
    assert pair.cells == ["b: other", "a: one two agent three person", "c: last"]


def test_what_had_arrived_before_both_made_it_anew_is_there_once() -> None:
    pair = Pair()
    pair.edit("three", "agent three")
    pair.type(" person")
    pair.hear()
    pair.agent_moves(2)
    pair.edit("one", "now one")
    pair.move(1, base="another text")
    assert pair.send()
    assert pair.cells == ["b: other", "a: now one two agent three person", "c: last"]


def test_what_another_tab_wrote_is_as_safe() -> None:
    pair = Pair()
    source = pair.room.ycells[0]["source"]
    source += " second"
    pair.move(2)
    assert pair.send()
    assert pair.cells == ["b: other", "c: last", "a: one two three second"]


def test_what_a_person_took_out_before_moving_stays_out() -> None:
    pair = Pair()
    source = pair.tab.ycells[0]["source"]
    del source[0:4]
    pair.send()
    pair.move(1)
    assert not pair.send()
    assert pair.cells == ["b: other", "a: two three", "c: last"]


def test_a_cell_that_both_move_is_there_once() -> None:
    pair = Pair()
    pair.agent_moves(2)
    pair.edit("one", "agent one")
    pair.type(" person")
    pair.send()  # into a cell that is gone by now
    pair.move(1, base=FIRST)
    assert pair.send()
    assert pair.cells == ["b: other", "a: agent one two three person", "c: last"]


def test_a_cell_that_an_agent_edited_and_moved_before_a_tab_did() -> None:
    pair = Pair()
    pair.edit("one", "agent one")
    pair.agent_moves(2)
    pair.move(1)
    assert pair.send()
    assert pair.cells == ["b: other", "a: agent one two three", "c: last"]


def test_a_cell_is_put_back_with_what_its_remover_did_not_know() -> None:
    pair = Pair()
    pair.edit("one", "agent one")
    pair.delete()
    assert pair.send()
    assert pair.cells == ["a: agent one two three", "b: other", "c: last"]
    pair.delete()
    assert not pair.send()
    assert pair.cells == ["b: other", "c: last"]


def test_a_cell_that_was_deleted_is_not_there_again_for_being_moved() -> None:
    pair = Pair()
    pair.agent_deletes()
    pair.move(1)
    assert pair.send()
    assert pair.cells == ["b: other", "c: last"]


def test_a_cell_that_was_deleted_stays_with_what_its_remover_did_not_know() -> None:
    pair = Pair()
    pair.agent_deletes()
    pair.type(" person")
    pair.move(1, base=FIRST)
    assert not pair.send()
    assert pair.cells == ["b: other", "a: one two three person", "c: last"]


def test_a_cell_that_a_tab_deletes_is_gone_where_an_agent_has_moved_it() -> None:
    pair = Pair()
    pair.agent_moves(2)
    pair.delete()
    assert pair.send()
    assert pair.cells == ["b: other", "c: last"]


def test_a_cell_that_an_agent_moved_and_edited_stays() -> None:
    pair = Pair()
    pair.agent_moves(2)
    pair.edit("one", "agent one")
    pair.delete()
    assert not pair.send()
    assert pair.cells == ["b: other", "c: last", "a: agent one two three"]


def test_a_deleted_cell_that_was_put_back_and_undone_is_there_once() -> None:
    pair = Pair()
    pair.edit("one", "agent one")
    pair.delete()
    assert pair.send()
    pair.tab.ycells.insert(0, pair.tab.create_ycell(cell("a", FIRST)))  # the undo
    assert pair.send()
    assert pair.cells == ["a: agent one two three", "b: other", "c: last"]


def test_what_was_said_once_more_after_a_reconnect_removes_nothing() -> None:
    pair = Pair()
    pair.move(1)
    again = dict(pair.removed)
    pair.send()
    pair.type(" elsewhere", "c")
    pair.removed = again
    pair.send()
    assert pair.cells == ["b: other", "a: one two three", "c: last elsewhere"]


def test_a_moved_cell_keeps_outputs_of_a_later_run() -> None:
    pair = Pair()
    output = {"output_type": "stream", "name": "stdout", "text": "done"}
    pair.room.ycells[0]["execution_count"] = 3
    pair.room.ycells[0]["outputs"].append(output)
    pair.move(1)
    assert pair.send()
    assert pair.cells == ["b: other", "a: one two three", "c: last"]
    moved = pair.room.get_cell(1)
    assert (moved["execution_count"], moved["outputs"][0]["text"]) == (3, "done")


def test_neither_side_knows_what_both_had() -> None:
    """As when the room was made anew meanwhile: rather twice than lost."""
    pair = Pair()
    pair.agent_moves(2)
    pair.edit("three", "3 of the agent")
    source = pair.tab.ycells[0]["source"]
    del source[4:8]
    pair.type(" person")
    pair.move(1, base="nobody had this")
    assert pair.send()
    said = pair.cells[1]
    assert all(word in said for word in ("one", "two", "3 of the agent", "person")), said
