"""What cells do, the same in both modes."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from tornado.web import HTTPError

from jmcp.core.errors import (
    DirectoryMissing,
    NotebookBroken,
    NotebookExists,
    NotebookMissing,
    WriteRefused,
)
from jmcp.core.notices import CellIdsGiven
from jmcp.core.ports import Cells
from tests.document_access import editing, output_sink, reading
from tests.ports.documents.conftest import DocumentSetup, StartServer, nbformat

HEX = set("0123456789abcdef")
ODD_CELL = json.dumps(
    {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {},
        "cells": [{"cell_type": "odd", "id": "x", "source": "", "metadata": {}}],
    }
)


def texts(cells: Cells) -> list[str]:
    return [cells.get(index).source for index in range(len(cells))]


def ids(cells: Cells) -> list[str | None]:
    return [cells.get(index).cell_id for index in range(len(cells))]


async def test_edits_are_read_back_and_reach_the_file(any_server: DocumentSetup) -> None:
    any_server.write("a.ipynb", "zero", "one")
    ref = await any_server.documents.identify("a.ipynb")
    async with editing(any_server.documents, ref) as cells:
        new = cells.insert(1, "markdown", "# between é")
        assert (new.index, new.source, new.cell_type) == (1, "# between é", "markdown")
        assert new.cell_id is not None
        assert len(new.cell_id) == 8
        assert set(new.cell_id) <= HEX
        cells.set_source(0, "zero and\nmore")
        cells.delete(2)
        cells.insert(len(cells), "code", "last")
        assert texts(cells) == ["zero and\nmore", "# between é", "last"]
    assert await any_server.texts("a.ipynb") == ["zero and\nmore", "# between é", "last"]
    assert await any_server.documents.save(ref) == "saved"
    stored = any_server.file("a.ipynb")
    nbformat.validate(stored)
    assert [cell.source for cell in stored.cells] == ["zero and\nmore", "# between é", "last"]
    assert stored.cells[1].id == new.cell_id
    assert stored.cells[2].metadata == {}


async def test_mode_is_told(any_server: DocumentSetup, request: pytest.FixtureRequest) -> None:
    any_server.write("a.ipynb", "1")
    async with reading(
        any_server.documents, await any_server.documents.identify("a.ipynb")
    ) as cells:
        assert cells.mode == ("live" if "live" in request.node.name else "file")


@pytest.mark.parametrize(("start", "to"), [(0, 2), (2, 0), (1, 1), (0, 1)])
async def test_a_move_keeps_id_outputs_and_metadata(
    any_server: DocumentSetup, start: int, to: int
) -> None:
    any_server.write("a.ipynb", "a", "b", "c")
    ref = await any_server.documents.identify("a.ipynb")
    async with reading(any_server.documents, ref) as cells:
        before = cells.get(start)
    sink = await output_sink(any_server.documents, ref, before)
    sink.begin()
    sink.append({"output_type": "stream", "name": "stdout", "text": "out"})
    sink.count(3)
    await sink.close()
    order = ["c0", "c1", "c2"]
    order.insert(to, order.pop(start))
    async with editing(any_server.documents, ref) as cells:
        before = cells.get(start, outputs=True)
        cells.move(start, to)
        assert ids(cells) == order
        after = cells.get(to, outputs=True)
        assert (after.index, cells.find(f"c{start}")) == (to, to)
        assert after.outputs == before.outputs
        assert len(after.outputs) == 1
        assert (after.execution_count, after.source) == (3, before.source)


async def test_outputs_are_converted_only_when_asked_for(any_server: DocumentSetup) -> None:
    any_server.write("a.ipynb", "1")
    ref = await any_server.documents.identify("a.ipynb")
    async with reading(any_server.documents, ref) as cells:
        sink = await output_sink(any_server.documents, ref, cells.get(0))
    sink.begin()
    result: dict[str, Any] = {
        "output_type": "execute_result",
        "execution_count": 7,
        "data": {"text/plain": "1", "application/json": {"n": 3, "x": 0.5, "s": "é"}},
        "metadata": {"width": 640},
    }
    sink.append(result)
    sink.count(7)
    await sink.close()
    async with reading(any_server.documents, ref) as cells:
        plain, full = cells.get(0), cells.get(0, outputs=True)
    assert (plain.outputs, plain.output_count) == ((), 1)
    assert full.outputs == (result,)
    assert type(full.outputs[0]["execution_count"]) is int
    assert type(full.outputs[0]["metadata"]["width"]) is int
    assert type(full.execution_count) is int


async def test_find_follows_every_change(any_server: DocumentSetup) -> None:
    any_server.write("a.ipynb", *"abcdef")
    ref = await any_server.documents.identify("a.ipynb")
    async with editing(any_server.documents, ref) as cells:
        assert cells.find("c3") == 3
        cells.insert(0, "code", "")
        cells.delete(2)
        cells.move(0, 5)
        for index, cell_id in enumerate(ids(cells)):
            assert cell_id is not None
            assert cells.find(cell_id) == index
        assert cells.find("c1") is None
        assert cells.find("no such id") is None


async def test_below_nbformat_4_5_cells_have_no_ids_until_the_first_edit(
    any_server: DocumentSetup,
) -> None:
    any_server.write("old.ipynb", "a", "b", minor=4)
    ref = await any_server.documents.identify("old.ipynb")
    async with reading(any_server.documents, ref) as cells:
        assert ids(cells) == [None, None]
        assert list(cells.notices()) == []
    async with editing(any_server.documents, ref) as cells:
        cells.set_source(0, "A")
        known = ids(cells)
        assert all(known)
        assert len(set(known)) == 2
        assert cells.find(str(known[1])) == 1
        assert CellIdsGiven() in cells.notices()
    assert await any_server.documents.save(ref) == "saved"
    stored = any_server.file("old.ipynb")
    nbformat.validate(stored)
    assert stored.nbformat_minor == 5
    assert [cell.id for cell in stored.cells] == known
    async with editing(any_server.documents, ref) as cells:
        cells.set_source(0, "B")
        assert list(cells.notices()) == []


async def test_what_jmcp_does_not_know_is_kept(any_server: DocumentSetup) -> None:
    image: dict[str, Any] = {"image.png": {"image/png": "aGk="}}
    notebook: dict[str, Any] = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"custom": {"deep": [1, {"a": None}]}, "papermill": {"x": 1}},
        "cells": [
            {
                "cell_type": "markdown",
                "id": "m",
                "source": "![](attachment:image.png)",
                "metadata": {"tags": ["keep"], "slideshow": {"slide_type": "slide"}},
                "attachments": image,
            },
            {"cell_type": "raw", "id": "r", "source": "raw", "metadata": {"format": "text/x"}},
        ],
    }
    any_server.put_text("a.ipynb", json.dumps(notebook))
    ref = await any_server.documents.identify("a.ipynb")
    async with editing(any_server.documents, ref) as cells:
        assert cells.get(0, outputs=True).metadata == notebook["cells"][0]["metadata"]
        cells.move(0, 1)
        cells.insert(0, "code", "1")
    assert await any_server.documents.save(ref) == "saved"
    stored = any_server.file("a.ipynb")
    assert stored.metadata["custom"] == {"deep": [1, {"a": None}]}
    assert stored.metadata["papermill"] == {"x": 1}
    assert stored.cells[1].metadata == {"format": "text/x"}
    assert stored.cells[2].attachments == image
    assert stored.cells[2].metadata["tags"] == ["keep"]


async def test_the_kernelspec_is_read_and_set(any_server: DocumentSetup) -> None:
    any_server.write("a.ipynb", "1", other=1)
    ref = await any_server.documents.identify("a.ipynb")
    async with editing(any_server.documents, ref) as cells:
        assert cells.kernelspec() is None
        cells.set_kernelspec("ir", "R", "R")
        assert cells.kernelspec() == "ir"
    assert await any_server.documents.save(ref) == "saved"
    metadata = any_server.file("a.ipynb").metadata
    assert metadata.kernelspec == {"name": "ir", "display_name": "R", "language": "R"}
    assert metadata.language_info == {"name": "R"}
    assert metadata.other == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '"text"',
        '{"nbformat": 4}',
        '{"nbformat": 5, "nbformat_minor": 0, "metadata": {}, "cells": []}',
        '{"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": []}',
        ODD_CELL,
    ],
)
async def test_what_is_no_notebook_is_broken_every_time(
    any_server: DocumentSetup, text: str
) -> None:
    any_server.put_text("bad.ipynb", text)
    ref = await any_server.documents.identify("bad.ipynb")
    for _ in range(3):
        with pytest.raises(NotebookBroken, match=r"bad\.ipynb"):
            async with reading(any_server.documents, ref):
                pass
    with pytest.raises(NotebookBroken):
        async with editing(any_server.documents, ref):
            pass
    assert any_server.text("bad.ipynb") == text
    # Repaired, it opens at once.
    any_server.write("bad.ipynb", "good")
    assert await any_server.texts("bad.ipynb") == ["good"]


async def test_a_created_notebook_has_one_empty_code_cell(any_server: DocumentSetup) -> None:
    ref = await any_server.documents.create("new.ipynb")
    nbformat.validate(any_server.file("new.ipynb"))
    assert await any_server.texts("new.ipynb") == [""]
    async with editing(any_server.documents, ref) as cells:
        first = cells.get(0)
        assert (first.cell_type, first.metadata, len(first.cell_id or "")) == ("code", {}, 8)
        cells.insert(0, "code", "x = 1")
    assert await any_server.documents.save(ref) == "saved"
    assert any_server.sources("new.ipynb") == ["x = 1", ""]
    any_server.make_directory("{odd} folder")
    odd = await any_server.documents.create("{odd} folder/new.ipynb")
    assert odd.path == "{odd} folder/new.ipynb"


async def test_create_overwrites_nothing_and_makes_no_directories(
    any_server: DocumentSetup,
) -> None:
    any_server.write("a.ipynb", "precious")
    with pytest.raises(NotebookExists):
        await any_server.documents.create("./a.ipynb")
    with pytest.raises(DirectoryMissing):
        await any_server.documents.create("nowhere/a.ipynb")
    assert any_server.sources("a.ipynb") == ["precious"]


async def test_create_overwrites_nothing_that_is_made_meanwhile(
    start_server: StartServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between looking whether the path is free and writing, a person makes a notebook there."""
    server = await start_server()
    documents: Any = server.documents
    genuine = documents._check_free

    async def check_free(target: str) -> None:
        await genuine(target)
        server.write("a.ipynb", "precious")

    monkeypatch.setattr(documents, "_check_free", check_free)
    with pytest.raises(NotebookExists):
        await documents.create("a.ipynb")
    assert server.sources("a.ipynb") == ["precious"]
    assert [file.name for file in server.root.glob("*.ipynb")] == ["a.ipynb"]


async def test_a_file_that_could_not_be_created_leaves_nothing(
    start_server: StartServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await start_server()

    async def save(model: Any, path: str) -> Any:
        raise HTTPError(500, "No space left on device")

    monkeypatch.setattr(server.contents, "save", save)
    with pytest.raises(WriteRefused, match=r"'a\.ipynb'"):
        await server.documents.create("a.ipynb")
    monkeypatch.undo()
    assert [*server.root.glob("*.ipynb")] == []
    await server.documents.create("a.ipynb")


async def test_a_notebook_that_vanishes_outside_is_missing(any_server: DocumentSetup) -> None:
    any_server.write("a.ipynb", "1")
    ref = await any_server.documents.identify("a.ipynb")
    any_server.remove("a.ipynb")
    with pytest.raises(NotebookMissing):
        async with editing(any_server.documents, ref):
            pass


async def test_one_editor_at_a_time(any_server: DocumentSetup) -> None:
    any_server.write("a.ipynb", "")
    ref = await any_server.documents.identify("a.ipynb")

    async def append(word: str) -> None:
        async with editing(any_server.documents, ref) as cells:
            before = cells.get(0).source
            await asyncio.sleep(0)
            cells.set_source(0, f"{before}{word} ")

    words = [f"word{number}" for number in range(10)]
    await asyncio.gather(*(append(word) for word in words))
    (text,) = await any_server.texts("a.ipynb")
    assert sorted(text.split()) == sorted(words)


async def test_sources_that_utf8_cannot_hold_do_not_break_the_document(
    any_server: DocumentSetup,
) -> None:
    any_server.write("a.ipynb", "ok")
    ref = await any_server.documents.identify("a.ipynb")
    async with editing(any_server.documents, ref) as cells:
        cells.insert(1, "code", "lone \ud800 surrogate")
        cells.set_source(0, "another \udfff")
    assert await any_server.documents.save(ref) == "saved"
    assert any_server.sources("a.ipynb") == ["another ?", "lone ? surrogate"]


async def test_a_glance_sees_live_edits_and_opens_nothing(any_server: DocumentSetup) -> None:
    any_server.write("open.ipynb", "zero")
    any_server.write("closed.ipynb", "one", "two")
    documents = any_server.documents
    ref = await documents.identify("open.ipynb")
    async with editing(documents, ref) as cells:
        cells.set_source(0, "edited")
    assert texts(await documents.glance(ref)) == ["edited"]
    opened = documents.opened
    closed = await documents.identify("closed.ipynb")
    assert texts(await documents.glance(closed)) == ["one", "two"]
    assert documents.opened == opened
    any_server.put_text("broken.ipynb", "{")
    with pytest.raises(NotebookBroken):
        await documents.glance(await documents.identify("broken.ipynb"))


WHOLE = {
    "cell_type": "code",
    "execution_count": 3,
    "id": "whole",
    "metadata": {"tags": ["kept"], "number": 1.5},
    "outputs": [
        {"name": "stdout", "output_type": "stream", "text": "one\ntwo\n"},
        {
            "data": {"text/plain": "4", "application/json": {"a": [1, 2.5, None]}},
            "execution_count": 3,
            "metadata": {},
            "output_type": "execute_result",
        },
    ],
    "source": "print('one')\n4",
}
PICTURED = {
    "attachments": {"a.png": {"image/png": "iVBORw0KGgo="}},
    "cell_type": "markdown",
    "id": "pictured",
    "metadata": {},
    "source": "![a](attachment:a.png)",
}


@pytest.mark.parametrize("cell", [WHOLE, PICTURED], ids=["code", "markdown"])
async def test_a_deleted_cell_comes_back_whole(
    any_server: DocumentSetup, cell: dict[str, Any]
) -> None:
    any_server.put_text("a.ipynb", notebook_text(cell))
    ref = await any_server.documents.identify("a.ipynb")
    async with editing(any_server.documents, ref) as cells:
        stored = cells.stored(1)
        cells.delete(1)
        restored = cells.restore(1, stored)
        assert (restored.index, restored.cell_id) == (1, cell["id"])
        assert cells.find(cell["id"]) == 1
        whole = cells.whole()
        assert (whole["cells"][1], whole["nbformat_minor"]) == (cell, 5)
        assert isinstance(whole["metadata"], dict)
        whole["cells"][1]["metadata"]["changed"] = "a copy"
        assert "changed" not in cells.get(1, outputs=True).metadata
    assert await any_server.documents.save(ref) == "saved"
    assert any_server.file("a.ipynb").cells[1] == cell


async def test_outputs_are_cleared_and_put_back(any_server: DocumentSetup) -> None:
    any_server.put_text("a.ipynb", notebook_text(WHOLE))
    ref = await any_server.documents.identify("a.ipynb")
    async with editing(any_server.documents, ref) as cells:
        stored = cells.stored(1)
        cells.clear_outputs(0)  # which has none
        cells.clear_outputs(1)
        assert (cells.get(1).output_count, cells.get(1).execution_count) == (0, None)
    assert await any_server.documents.save(ref) == "saved"
    cleared = {**WHOLE, "outputs": [], "execution_count": None}
    assert any_server.file("a.ipynb").cells[1] == cleared
    async with editing(any_server.documents, ref) as cells:
        cells.put_outputs(1, stored["outputs"], stored["execution_count"])
    assert await any_server.documents.save(ref) == "saved"
    assert any_server.file("a.ipynb").cells[1] == WHOLE


def notebook_text(cell: dict[str, Any]) -> str:
    first = {"cell_type": "raw", "id": "first", "metadata": {}, "source": ""}
    content = {"cells": [first, cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(content)
