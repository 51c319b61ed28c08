"""Without collaboration: whole files, never written over somebody else's change."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from jupyter_server.services.contents.largefilemanager import LargeFileManager

from jmcp.core.errors import WriteRefused
from tests.document_access import editing, reading
from tests.ports.documents.conftest import Place

START = Callable[..., Any]


@pytest.fixture
async def here(place: START) -> Place:
    started: Place = await place(live=False)
    return started


async def test_an_edit_is_in_the_file_when_it_returns(here: Place) -> None:
    here.write("a.ipynb", "1")
    ref = await here.documents.identify("a.ipynb")
    async with editing(here.documents, ref) as cells:
        cells.set_source(0, "2")
        assert here.sources("a.ipynb") == ["1"]
    assert here.sources("a.ipynb") == ["2"]
    assert here.documents.save_state(ref.key) == "saved"


async def test_a_file_that_changed_during_an_edit_is_left_alone(here: Place) -> None:
    here.write("a.ipynb", "1")
    ref = await here.documents.identify("a.ipynb")

    async def edit() -> None:
        async with editing(here.documents, ref) as cells:
            cells.set_source(0, "ours")
            here.write("a.ipynb", "theirs")

    with pytest.raises(WriteRefused, match="changed on disk"):
        await edit()
    assert here.sources("a.ipynb") == ["theirs"]
    async with editing(here.documents, ref) as cells:
        assert cells.get(0).source == "theirs"
        assert any("changed on disk" in note for note in cells.notes())
        cells.set_source(0, "ours, later")
    assert here.sources("a.ipynb") == ["ours, later"]


async def test_an_edit_that_changes_nothing_writes_nothing(here: Place) -> None:
    here.write("a.ipynb", "1")
    ref = await here.documents.identify("a.ipynb")
    before = (here.root / "a.ipynb").stat().st_mtime_ns
    async with editing(here.documents, ref) as cells:
        cells.get(0)
        here.write("a.ipynb", "theirs")
    assert here.sources("a.ipynb") == ["theirs"]
    assert (here.root / "a.ipynb").stat().st_mtime_ns > before


async def test_an_edit_that_fails_writes_nothing(here: Place) -> None:
    here.write("a.ipynb", "1", "2")
    ref = await here.documents.identify("a.ipynb")

    async def edit() -> None:
        async with editing(here.documents, ref) as cells:
            cells.delete(0)
            raise LookupError

    with pytest.raises(LookupError):
        await edit()
    assert here.sources("a.ipynb") == ["1", "2"]
    assert await here.texts("a.ipynb") == ["1", "2"]


async def test_readers_do_not_see_an_edit_before_it_is_written(here: Place) -> None:
    here.write("a.ipynb", "1")
    ref = await here.documents.identify("a.ipynb")
    assert await here.texts("a.ipynb") == ["1"]
    async with editing(here.documents, ref) as cells:
        cells.set_source(0, "2")
        cells.insert(0, "code", "0")
        assert await here.texts("a.ipynb") == ["1"]
    assert await here.texts("a.ipynb") == ["0", "2"]


async def test_a_read_only_file_refuses_edits(here: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    here.write("a.ipynb", "1")
    ref = await here.documents.identify("a.ipynb")
    monkeypatch.setattr(here.app.contents_manager, "is_writable", lambda path: False)
    with pytest.raises(WriteRefused, match="read-only"):
        async with editing(here.documents, ref):
            pass
    assert await here.texts("a.ipynb") == ["1"]


async def test_ids_that_jupyter_makes_up_last_until_the_edit(here: Place) -> None:
    """Cells of nbformat 4.5 without an id get another random one at each reading."""
    cell = {"cell_type": "markdown", "source": "x", "metadata": {}}
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell, cell]}
    (here.root / "a.ipynb").write_text(json.dumps(notebook))
    ref = await here.documents.identify("a.ipynb")
    with pytest.warns(match="missing an id"):
        async with reading(here.documents, ref) as cells:
            cell_id = cells.get(1).cell_id
    async with editing(here.documents, ref) as cells:
        assert cell_id is not None
        assert cells.find(cell_id) == 1
        cells.set_source(1, "y")
    assert here.file("a.ipynb").cells[1].id == cell_id


@pytest.mark.filterwarnings("ignore:The synchronous ContentsManager:DeprecationWarning")
async def test_a_synchronous_contents_manager(place: START) -> None:
    here = await place(live=False, ServerApp={"contents_manager_class": LargeFileManager})
    assert type(here.app.contents_manager) is LargeFileManager
    ref = await here.documents.create("a.ipynb")
    async with editing(here.documents, ref) as cells:
        cells.set_source(0, "1")
    assert here.sources("a.ipynb") == ["1"]
    assert [row.path for row in await here.documents.list_directory("")] == ["a.ipynb"]


async def test_a_contents_manager_without_hashes(
    here: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = here.contents
    genuine = manager.get

    async def get(path: str, content: bool = True, type: Any = None, format: Any = None) -> Any:  # noqa: A002 # as contents managers call it
        return await genuine(path, content=content, type=type, format=format)

    monkeypatch.setattr(manager, "get", get)
    here.write("a.ipynb", "1")
    ref = await here.documents.identify("a.ipynb")
    async with editing(here.documents, ref) as cells:
        cells.set_source(0, "22")
    assert here.sources("a.ipynb") == ["22"]
