"""Notebooks as files: what is kept of them, and for how long."""

from __future__ import annotations

import asyncio
import copy
import gc
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any

import pytest

from jmcp.core.ports import NotebookRef
from jmcp_api.backend_errors import NotebookMissing, WriteRefused
from jmcp_jupyter.documents.common import nbformat_cells
from jmcp_jupyter.documents.common.bounded_cells import GrowthBound
from jmcp_jupyter.documents.file.notebooks import KEPT_READINGS, FileNotebooks

MANY = 3 * KEPT_READINGS


class MemoryFiles:
    """`Files` in memory, which others use too: each method gives them a turn.

    Whoever asks for the stamp of `held` waits until that is `released`.
    """

    def __init__(self) -> None:
        self.full = False
        self.held = ""
        self.reached = asyncio.Event()
        self.released = asyncio.Event()
        self._content: dict[str, dict[str, Any]] = {}
        self._writes: dict[str, int] = {}

    async def about(self, path: str) -> dict[str, Any]:
        await asyncio.sleep(0)
        return {"writable": True}

    async def load(self, path: str) -> tuple[dict[str, Any], str]:
        await asyncio.sleep(0)
        known = self._content.setdefault(path, nbformat_cells.new_notebook())
        return copy.deepcopy(known), await self.stamp(path)

    async def stamp(self, path: str) -> str:
        await asyncio.sleep(0)
        if path == self.held:
            self.reached.set()
            await self.released.wait()
        return str(self._writes.get(path, 0))

    async def save(self, path: str, content: dict[str, Any]) -> str:
        await asyncio.sleep(0)
        if self.full:
            raise WriteRefused.not_written(path=path, reason="no space left")
        self._content[path] = copy.deepcopy(content)
        self._writes[path] = self._writes.get(path, 0) + 1
        return await self.stamp(path)

    def unmoved(self, path: str) -> AbstractAsyncContextManager[None]:
        return nullcontext()

    def bound(self, path: str) -> GrowthBound | None:
        return None


async def never_moved(key: str) -> NotebookRef:
    raise NotebookMissing.nothing_there(path=key)


def kept_by(notebooks: FileNotebooks) -> list[int]:
    """How many things each of its collections has."""
    return [len(value) for value in vars(notebooks).values() if hasattr(value, "__len__")]


def refs() -> list[NotebookRef]:
    return [NotebookRef(key=f"key {number}", path=f"{number}.ipynb") for number in range(MANY)]


async def test_a_reading_that_gives_way_while_it_is_compared_is_read_all_the_same() -> None:
    files = MemoryFiles()
    notebooks = FileNotebooks(files, never_moved)
    first, *others = refs()
    await notebooks.read(first)
    files.held = first.path
    reading = asyncio.create_task(notebooks.read(first))
    await files.reached.wait()
    for ref in others:
        await notebooks.read(ref)
    files.released.set()
    assert len(await reading) == 1


async def test_changes_that_others_make_are_followed_over_a_save_that_failed() -> None:
    files = MemoryFiles()
    notebooks = FileNotebooks(files, never_moved)
    first, *others = refs()
    looked = (await notebooks.read(first)).changes.cursor
    files.full = True
    with pytest.raises(WriteRefused):
        async with notebooks.edit(first) as cells:
            cells.insert(0, "code", "1")
    assert (await notebooks.read(first)).changes.since(looked) == []
    for ref in others:
        with pytest.raises(WriteRefused):
            async with notebooks.edit(ref) as cells:
                cells.insert(0, "code", "1")
    gc.collect()
    assert max(kept_by(notebooks)) <= 2 * KEPT_READINGS


async def test_nothing_is_kept_of_notebooks_that_nobody_uses() -> None:
    notebooks = FileNotebooks(MemoryFiles(), never_moved)
    for ref in refs():
        async with notebooks.edit(ref) as cells:
            cells.insert(0, "code", "1")
    gc.collect()
    assert max(kept_by(notebooks)) <= KEPT_READINGS
