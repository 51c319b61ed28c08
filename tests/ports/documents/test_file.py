"""Without collaboration: whole files, never written over somebody else's change."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from jupyter_server.services.contents.largefilemanager import LargeFileManager

from jmcp.core.errors import WriteRefused
from tests.document_access import editing, reading
from tests.ports.documents.conftest import DocumentServer

START = Callable[..., Any]


@pytest.fixture
async def server(start_server: START) -> DocumentServer:
    started: DocumentServer = await start_server(live=False)
    return started


async def test_an_edit_is_in_the_file_when_it_returns(server: DocumentServer) -> None:
    server.write("a.ipynb", "1")
    ref = await server.documents.identify("a.ipynb")
    async with editing(server.documents, ref) as cells:
        cells.set_source(0, "2")
        assert server.sources("a.ipynb") == ["1"]
    assert server.sources("a.ipynb") == ["2"]
    assert server.documents.save_state(ref.key) == "saved"


async def test_a_file_that_changed_during_an_edit_is_left_alone(server: DocumentServer) -> None:
    server.write("a.ipynb", "1")
    ref = await server.documents.identify("a.ipynb")

    async with reading(server.documents, ref) as cells:
        looked = cells.changes.cursor

    async def edit() -> None:
        async with editing(server.documents, ref) as cells:
            cells.set_source(0, "ours")
            server.write("a.ipynb", "theirs")

    with pytest.raises(WriteRefused, match="changed on disk"):
        await edit()
    assert server.sources("a.ipynb") == ["theirs"]
    async with editing(server.documents, ref) as cells:
        assert cells.get(0).source == "theirs"
        assert cells.changes.replaced_since(looked)
        cells.set_source(0, "ours, later")
    async with reading(server.documents, ref) as cells:
        assert not cells.changes.replaced_since(cells.changes.cursor)
    assert server.sources("a.ipynb") == ["ours, later"]


async def test_what_others_write_right_after_an_edit_is_theirs(
    server: DocumentServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.write("a.ipynb", "1", "2")
    ref = await server.documents.identify("a.ipynb")
    genuine = server.contents.save

    async def save(model: dict[str, Any], path: str) -> Any:
        saved = await genuine(model, path)
        server.write("a.ipynb", "theirs", "2")
        return saved

    monkeypatch.setattr(server.contents, "save", save)
    async with editing(server.documents, ref) as cells:
        looked = cells.changes.cursor
        cells.set_source(0, "ours")
    monkeypatch.setattr(server.contents, "save", genuine)
    async with reading(server.documents, ref) as cells:
        assert cells.get(0).source == "theirs"
        assert cells.changes.replaced_since(looked)
    async with editing(server.documents, ref) as cells:
        cells.set_source(1, "ours")
    assert server.sources("a.ipynb") == ["theirs", "ours"]


async def test_an_edit_that_changes_nothing_writes_nothing(server: DocumentServer) -> None:
    server.write("a.ipynb", "1")
    ref = await server.documents.identify("a.ipynb")
    before = (server.root / "a.ipynb").stat().st_mtime_ns
    async with editing(server.documents, ref) as cells:
        cells.get(0)
        server.write("a.ipynb", "theirs")
    assert server.sources("a.ipynb") == ["theirs"]
    assert (server.root / "a.ipynb").stat().st_mtime_ns > before


async def test_an_edit_that_fails_writes_nothing(server: DocumentServer) -> None:
    server.write("a.ipynb", "1", "2")
    ref = await server.documents.identify("a.ipynb")

    async def edit() -> None:
        async with editing(server.documents, ref) as cells:
            cells.delete(0)
            raise LookupError

    with pytest.raises(LookupError):
        await edit()
    assert server.sources("a.ipynb") == ["1", "2"]
    assert await server.texts("a.ipynb") == ["1", "2"]


async def test_readers_do_not_see_an_edit_before_it_is_written(server: DocumentServer) -> None:
    server.write("a.ipynb", "1")
    ref = await server.documents.identify("a.ipynb")
    assert await server.texts("a.ipynb") == ["1"]
    async with editing(server.documents, ref) as cells:
        cells.set_source(0, "2")
        cells.insert(0, "code", "0")
        assert await server.texts("a.ipynb") == ["1"]
    assert await server.texts("a.ipynb") == ["0", "2"]


async def test_a_read_only_file_refuses_edits(
    server: DocumentServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.write("a.ipynb", "1")
    ref = await server.documents.identify("a.ipynb")
    monkeypatch.setattr(server.app.contents_manager, "is_writable", lambda path: False)
    with pytest.raises(WriteRefused, match="read-only"):
        async with editing(server.documents, ref):
            pass
    assert await server.texts("a.ipynb") == ["1"]


async def test_ids_that_jupyter_makes_up_last_until_the_edit(server: DocumentServer) -> None:
    """Cells of nbformat 4.5 without an id get another random one at each reading."""
    cell = {"cell_type": "markdown", "source": "x", "metadata": {}}
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell, cell]}
    (server.root / "a.ipynb").write_text(json.dumps(notebook))
    ref = await server.documents.identify("a.ipynb")
    with pytest.warns(match="missing an id"):
        async with reading(server.documents, ref) as cells:
            cell_id = cells.get(1).cell_id
    async with editing(server.documents, ref) as cells:
        assert cell_id is not None
        assert cells.find(cell_id) == 1
        cells.set_source(1, "y")
    assert server.file("a.ipynb").cells[1].id == cell_id


@pytest.mark.filterwarnings("ignore:The synchronous ContentsManager:DeprecationWarning")
async def test_a_synchronous_contents_manager(start_server: START) -> None:
    server = await start_server(live=False, ServerApp={"contents_manager_class": LargeFileManager})
    assert type(server.app.contents_manager) is LargeFileManager
    ref = await server.documents.create("a.ipynb")
    async with editing(server.documents, ref) as cells:
        cells.set_source(0, "1")
    assert server.sources("a.ipynb") == ["1"]
    assert [row.path for row in await server.documents.list_directory("")] == ["a.ipynb"]


async def test_a_contents_manager_without_hashes(
    server: DocumentServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = server.contents
    genuine = manager.get

    async def get(path: str, content: bool = True, type: Any = None, format: Any = None) -> Any:  # noqa: A002 # as contents managers call it
        return await genuine(path, content=content, type=type, format=format)

    monkeypatch.setattr(manager, "get", get)
    server.write("a.ipynb", "1")
    ref = await server.documents.identify("a.ipynb")
    async with editing(server.documents, ref) as cells:
        cells.set_source(0, "22")
    assert server.sources("a.ipynb") == ["22"]


async def test_a_file_that_was_renamed_during_an_edit_or_a_run_gets_it(
    start_server: START,
) -> None:
    server = await start_server(live=False)
    server.write("a.ipynb", "1")
    document = await server.documents.open(await server.documents.identify("a.ipynb"))
    cell = (await document.read()).get(0)
    sink = await document.outputs(cell)
    sink.begin()
    async with document.edit() as cells:
        cells.insert(1, "markdown", "in the midst")
        await server.rename("a.ipynb", "b.ipynb")
    sink.append({"output_type": "stream", "name": "stdout", "text": "after the rename"})
    await sink.close()
    assert not sink.deleted
    assert server.text("a.ipynb") is None
    first, second = server.file("b.ipynb").cells
    assert first.outputs[0].text == "after the rename"
    assert second.source == "in the midst"
