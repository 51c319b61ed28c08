"""Whoever reads a notebook's file in the midst of a save must not undo that save."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import nbformat as untyped_nbformat
import pytest

from tests.scenarios.other_saves.conftest import Beside

nbformat: Any = untyped_nbformat
PATIENCE_SECONDS = 30.0
UNGUARDED_SECONDS = 0.3
"""Longer than the readers take where nothing keeps them from a file that is half written."""


class SlowWrites:
    """Files stay as they are made for a save, empty, until it is let go on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()
        genuine = nbformat.write

        def write(*arguments: Any, **options: Any) -> Any:
            self.begun.set()
            assert self.go_on.wait(PATIENCE_SECONDS)
            return genuine(*arguments, **options)

        monkeypatch.setattr(nbformat, "write", write)


async def test_a_reader_waits_for_the_save(server: Beside, monkeypatch: pytest.MonkeyPatch) -> None:
    page, other = server.page(), server.page()
    await page.load()
    await server.insert("mine = 1", 1)
    await server.settled()
    page.cell("c0")["source"] = "x = 'person'"

    slow = SlowWrites(monkeypatch)
    saving = asyncio.create_task(page.save())
    await asyncio.to_thread(slow.begun.wait, PATIENCE_SECONDS)
    readers = {
        asyncio.create_task(other.load()),
        asyncio.create_task(server.ask("overwrite_cell_source", cell_id="c2", cell_source="z = 4")),
    }
    await asyncio.wait(readers, timeout=UNGUARDED_SECONDS)
    slow.go_on.set()
    await saving
    await asyncio.wait_for(asyncio.gather(*readers, return_exceptions=True), PATIENCE_SECONDS)
    await server.settled()
    assert (await server.seen())[:2] == ["x = 'person'", "mine = 1"]
    assert [file.name for file in server.root.glob("*.invalid")] == []
    assert other.sources[0] == "x = 'person'"
