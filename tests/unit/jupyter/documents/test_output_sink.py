"""What a run does to the shared document of its cell: as little as it can, and all at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from jupyter_ydoc import YNotebook
from pycrdt import Doc

from jmcp.core.outputs.record import OutputRecord
from jmcp.core.ports import NotebookRef
from jmcp_jupyter.documents.live.cells import LiveCells
from jmcp_jupyter.documents.live.output_sink import LiveSink
from jmcp_jupyter.documents.live.shared_notebook import SharedNotebook

ACCESSES = 36
"""Of Y data by one run with one output and by the next look at its cell. Each takes some
microseconds, and they were 130 once."""


class Room:
    """A room whose document nobody else has."""

    changed_keys = ()
    saver = None
    current = True
    reloading = False

    def __init__(self) -> None:
        notebook = YNotebook()
        cell = {"cell_type": "code", "source": "1+1", "metadata": {}, "outputs": [], "id": "c0"}
        notebook.set({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
        self.document = SharedNotebook(notebook, lambda: False)
        self.followers: list[Callable[[], None]] = []

    def hold(self) -> None: ...
    def release(self) -> None: ...
    def edited(self) -> None: ...
    async def deliver(self, write: Callable[[], None]) -> None:
        write()

    def look(self) -> Any:
        """The cell, as a call reads it that runs it."""
        return LiveCells(NotebookRef(key="a", path="a"), self.document).get(0)


async def run(room: Any, count: int) -> None:
    sink = LiveSink(room, "c0", trust=False)
    record = OutputRecord(sink)
    record.count(count)
    result = {"data": {"text/plain": str(count)}, "metadata": {}, "execution_count": count}
    record.apply("execute_result", result, {})
    await record.finish()
    await sink.close()
    assert (sink.deleted, sink.taken) == (False, False)


async def test_a_short_run_is_one_change_of_the_document() -> None:
    room = Room()
    await run(room, 1)
    version, told = room.document.watch.version, []
    room.document.cells.observe_deep(lambda events: told.append(len(events)))
    await run(room, 2)
    assert room.document.watch.version == version + 1
    assert len(told) == 1
    cell = room.document.cells[0].to_py()
    assert cell is not None
    assert (cell["execution_count"], cell["execution_state"]) == (2, "idle")
    assert [output["data"] for output in cell["outputs"]] == [{"text/plain": "2"}]


async def test_a_short_run_makes_few_accesses_of_the_document(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    room = Room()
    await run(room, 1)
    room.look()
    accesses, transaction = 0, Doc.transaction

    def counted(doc: Any, *given: Any, **named: Any) -> Any:
        nonlocal accesses
        accesses += 1
        return transaction(doc, *given, **named)

    monkeypatch.setattr(Doc, "transaction", counted)
    await run(room, 2)
    seen = room.look()
    assert (seen.execution_count, seen.output_count) == (2, 1)
    assert accesses <= ACCESSES
