"""What an agent wrote into a cell is not lost when a tab makes that cell anew without knowing of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from jupyter_ydoc import YNotebook

from jmcp.core.ports import NotebookRef
from jmcp_jupyter.documents.live import remade_cells
from jmcp_jupyter.documents.live.cells import LiveCells
from jmcp_jupyter.documents.live.shared_notebook import SharedNotebook

FIRST = "one\ntwo\nthree"


def cell(cell_id: str, source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": cell_id, "metadata": {}, "source": source}


class Pair:
    """A room with an agent, and a tab whose changes arrive when it says so."""

    def __init__(self) -> None:
        self.room, self.tab = YNotebook(), YNotebook()
        cells = [cell("a", FIRST), cell("b", "other"), cell("c", "last")]
        self.room.set({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells})
        self.reloading = False
        self.document = SharedNotebook(self.room, lambda: self.reloading)
        self.saves = 0
        self.document.remade.on_put_back = self._edited
        self.agent = LiveCells(NotebookRef(key="a", path="a"), self.document)
        self.document.check("a")
        self.hear()

    def _edited(self) -> None:
        self.saves += 1

    def hear(self) -> None:
        """The tab has what the room has."""
        self.tab.ydoc.apply_update(self.room.ydoc.get_update(self.tab.ydoc.get_state()))

    async def send(self) -> None:
        """The room has what the tab has."""
        self.room.ydoc.apply_update(self.tab.ydoc.get_update(self.room.ydoc.get_state()))
        await asyncio.sleep(0)  # what was put off till after the change is done by then
        await asyncio.sleep(0)

    def edit(self, old: str, new: str, cell_id: str = "a") -> None:
        at = self.agent.find(cell_id)
        assert at is not None
        self.agent.set_source(at, self.agent.get(at).source.replace(old, new))

    def type(self, old: str, new: str) -> None:
        """A person's typing in the tab."""
        text = next(one["source"] for one in self.tab.ycells if one["id"] == "a")
        at = str(text).index(old)
        with self.tab.ydoc.transaction():
            del text[at : at + len(old)]
            text.insert(at, new)

    def move(self, to: int = 1) -> None:
        """As YNotebook.moveCells in JupyterLab."""
        at = next(at for at, one in enumerate(self.tab.ycells) if one["id"] == "a")
        with self.tab.ydoc.transaction():
            stored = self.tab.ycells[at].to_py()
            assert stored is not None
            del self.tab.ycells[at]
            self.tab.ycells.insert(to, self.tab.create_ycell(stored))

    @property
    def sources(self) -> list[str]:
        self.hear()
        found = [str(one["source"]) for one in self.room.ycells]
        assert found == [str(one["source"]) for one in self.tab.ycells]
        return found


@pytest.fixture
def pair() -> Iterator[Pair]:
    made = Pair()
    yield made
    made.document.close()


async def test_a_move_that_did_not_know_of_an_edit(pair: Pair) -> None:
    pair.edit("three", "three of the agent")
    pair.move()
    await pair.send()
    assert pair.sources == ["other", "one\ntwo\nthree of the agent", "last"]
    assert pair.saves == 1
    pair.edit("one", "one, later")
    assert pair.sources[1] == "one, later\ntwo\nthree of the agent"


async def test_moves_and_edits_over_and_over(pair: Pair) -> None:
    for number, to in enumerate((1, 2, 0)):
        pair.edit("three", f"three {number}")
        pair.move(to)
        pair.type("one", f"one\nperson {number}")
        await pair.send()
        if number == 1:
            pair.hear()
    (mended, *others) = pair.sources
    assert others == ["other", "last"]
    assert mended == "one\nperson 2\nperson 1\nperson 0\ntwo\nthree 2 1 0"


async def test_two_moves_in_one_go(pair: Pair) -> None:
    pair.edit("two", "two of the agent")
    pair.move(1)
    pair.move(2)
    await pair.send()
    assert pair.sources == ["other", "last", "one\ntwo of the agent\nthree"]


async def test_the_undo_of_a_delete(pair: Pair) -> None:
    stored = pair.tab.ycells[0].to_py()
    assert stored is not None
    pair.edit("two", "two of the agent")
    del pair.tab.ycells[0]
    await pair.send()
    assert pair.sources == ["other", "last"]
    assert pair.saves == 0
    pair.tab.ycells.insert(0, pair.tab.create_ycell(stored))
    await pair.send()
    assert pair.sources == ["one\ntwo of the agent\nthree", "other", "last"]


async def test_typing_that_arrives_before_the_move(pair: Pair) -> None:
    pair.edit("three", "three of the agent")
    pair.type("one", "one of the person")
    await pair.send()
    pair.move()  # which still has not heard of the agent's edit
    await pair.send()
    assert pair.sources[1] == "one of the person\ntwo\nthree of the agent"
    assert pair.saves == 1


async def test_typing_and_a_move_that_arrive_as_one(pair: Pair) -> None:
    pair.edit("three", "three of the agent")
    pair.type("one", "one of the person")
    pair.move()
    pair.type("one", "one and")
    await pair.send()
    assert pair.sources[1] == "one and of the person\ntwo\nthree of the agent"


async def test_who_took_the_agents_text_out_is_not_contradicted(pair: Pair) -> None:
    pair.edit("three", "three of the agent")
    pair.hear()
    pair.type(" of the agent", "")
    await pair.send()
    pair.move()
    await pair.send()
    assert pair.sources == ["other", FIRST, "last"]
    assert pair.saves == 0


async def test_who_knows_of_the_edit_moves_the_cell_as_it_is(pair: Pair) -> None:
    pair.edit("three", "three of the agent")
    pair.hear()
    pair.move()
    await pair.send()
    assert pair.sources[1] == "one\ntwo\nthree of the agent"
    assert pair.saves == 0


async def test_the_same_line_is_kept_twice(pair: Pair) -> None:
    pair.edit("two", "agent")
    pair.type("two", "person")
    pair.move()
    await pair.send()
    assert pair.sources == ["other", "one\nperson\nthree", "one\nagent\nthree", "last"]
    pair.move(0)
    await pair.send()
    assert len(pair.sources) == 4, "once"
    ids = [one["id"] for one in pair.room.ycells]
    assert len(set(ids)) == 4


async def test_what_an_agent_moves_or_restores_stays_as_it_made_it(pair: Pair) -> None:
    stored = pair.agent.stored(0)
    pair.edit("two", "two of the agent")
    pair.agent.move(0, 2)
    await asyncio.sleep(0)
    assert pair.sources[2] == "one\ntwo of the agent\nthree"
    pair.agent.delete(2)
    pair.agent.restore(0, stored)
    await asyncio.sleep(0)
    assert pair.sources == [FIRST, "other", "last"]
    assert pair.saves == 0


async def test_a_reload_from_the_file_is_no_move(pair: Pair) -> None:
    pair.edit("two", "two of the agent")
    pair.reloading = True
    cells = [cell("a", FIRST)]
    pair.room.set({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []})
    pair.room.set({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells})
    pair.reloading = False
    await asyncio.sleep(0)
    assert pair.sources == [FIRST]


async def test_edits_are_kept_within_bounds(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remade_cells, "KEPT_CELLS", 1)
    pair.edit("two", "two of the agent")
    pair.edit("other", "another", "b")
    pair.move()
    await pair.send()
    assert pair.sources == ["another", FIRST, "last"], "the older of two is not known any more"
