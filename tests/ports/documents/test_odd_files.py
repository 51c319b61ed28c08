"""Notebooks as tools in the wild write them, and files that are none: opened, or refused by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat as untyped_nbformat
import pytest

from jmcp.core.errors import NotebookBroken
from jmcp.core.notices import FieldsChanged
from tests.document_access import editing, output_sink, reading
from tests.ports.documents.conftest import DocumentServer, DocumentSetup, StartServer, local_only

nbformat: Any = untyped_nbformat

ODD_FILES = sorted((Path(__file__).parent / "odd_files").glob("*.ipynb"))

REFUSED: dict[str, dict[str, tuple[int | None, str | None, str]]] = {
    "loneSurr": {"": (0, "source", "U+D83D")},
    "numid": {"": (0, "id", "a number")},
    "nullid": {"": (0, "id", "null")},
    "srcnull": {"": (0, "source", "null")},
    "pyout_in_v4": {"": (0, "outputs[0].output_type", "pyout")},
    "bigint": {"live": (None, None, "beyond 64 bits")},
    "nan": {"remote live": (None, "metadata.x", "nan")},
    "inf_out": {"remote live": (0, "outputs[0].data['application/json'][0]", "inf")},
    "nan_dataresource_output": {
        "remote live": (
            0,
            "outputs[0].data['application/vnd.dataresource+json'].data[0].x",
            "nan",
        )
    },
}
"""Which files are refused, and where (everywhere, in live documents, in those of another process):
the cell, the field, and a word of the reason. All others open.
"""


def refusal(
    name: str, setup: DocumentSetup, mode: str
) -> tuple[int | None, str | None, str] | None:
    live = mode == "live"
    remote = isinstance(setup, DocumentServer) and setup.remote
    for where, refused in REFUSED.get(name, {}).items():
        if ("live" not in where or live) and ("remote" not in where or remote):
            return refused
    return None


@pytest.fixture(params=[file.stem for file in ODD_FILES])
def odd(request: pytest.FixtureRequest) -> str:
    """The name of an odd file."""
    return str(request.param)


async def test_an_odd_file_is_edited_or_refused_by_cell_and_field(
    any_server: DocumentSetup, any_mode: str, odd: str
) -> None:
    (file,) = (file for file in ODD_FILES if file.stem == odd)
    any_server.put_text("odd.ipynb", file.read_text())
    any_server.write("other.ipynb", "other")
    documents = any_server.documents
    other = await documents.identify("other.ipynb")
    async with reading(documents, other) as cells:
        assert cells.get(0).source == "other"
    ref = await documents.identify("odd.ipynb")
    refused = refusal(odd, any_server, any_mode)
    if refused is None:
        async with editing(documents, ref) as cells:
            cells.get(0, outputs=True)
            cells.set_source(0, "edited")
            cells.insert(1, "code", "inserted")
        assert await documents.save(ref) == "saved"
        assert any_server.sources("odd.ipynb")[:2] == ["edited", "inserted"]
        assert kept(file.read_text()) == kept(any_server.text("odd.ipynb") or "")
    else:
        index, field, reason = refused
        for _ in range(2):
            with pytest.raises(NotebookBroken) as broken:
                async with editing(documents, ref):
                    pass
            details = broken.value.details
            assert reason in broken.value.message
            assert index is None or details["cell_index"] == index
            assert field is None or details["field"] == field
            assert details["field"] in broken.value.message
        assert any_server.text("odd.ipynb") == file.read_text()
        # Repaired, it opens.
        any_server.write("odd.ipynb", "good")
        assert await any_server.texts("odd.ipynb") == ["good"]
    async with editing(documents, other) as cells:
        cells.set_source(0, "goes on")
    assert await documents.save(other) == "saved"
    assert any_server.sources("other.ipynb") == ["goes on"]


def kept(text: str) -> tuple[str, str]:
    """What no edit of a cell may change: the outputs of the first cell, and metadata."""
    notebook = nbformat.reads(text, as_version=4)
    metadata = {
        name: value
        for name, value in notebook["metadata"].items()
        if name not in ("kernelspec", "language_info")
    }
    outputs = notebook["cells"][0].get("outputs", [])
    return json.dumps(metadata, sort_keys=True), json.dumps(outputs, sort_keys=True)


CONFLICT = """{
 "cells": [],
<<<<<<< HEAD
 "metadata": {},
=======
 "metadata": {"a": 1},
>>>>>>> theirs
 "nbformat": 4
}
"""
NOT_NOTEBOOKS = {
    "empty": (b"", "is an empty file"),
    "zeros": (b"\0" * 100, "is an empty file"),
    "pointer": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
        "git lfs pull",
    ),
    "conflict": (CONFLICT.encode(), "line 3"),
    "utf16": ('{"nbformat": 4}'.encode("utf-16"), "UTF-16"),
    "mark": ('{"nbformat": 4}'.encode("utf-8-sig"), "byte order mark"),
    "latin1": ('{"cells": [],\n "a": "ä"}'.encode("latin-1"), "byte 0xE4 at line 2, column 8"),
    "cut": (b'{"cells": [\n {"cell_type": code', "line 2, column 16"),
    "list": (b"[]", "the file: it is a list"),
    "deep": (b'{"a": ' + b"[" * 100_000, "nested too deeply"),
    "no metadata": (
        b'{"cells": [], "nbformat": 4, "nbformat_minor": 5}',
        "metadata: it is missing",
    ),
    "no cells": (b'{"metadata": {}, "nbformat": 4, "nbformat_minor": 5}', "cells: it is missing"),
    "future": (
        b'{"cells": [], "metadata": {}, "nbformat": 9, "nbformat_minor": 0}',
        "nbformat: it is 9",
    ),
    "text for cell": (
        b'{"cells": ["x"], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}',
        "cell 0, cell: it is text",
    ),
}


@pytest.mark.parametrize("name", NOT_NOTEBOOKS)
@pytest.mark.parametrize("live", [True, False], ids=["live", "file"])
async def test_a_file_that_is_no_notebook_is_refused_by_what_it_is(
    start_server: StartServer, live: bool, name: str
) -> None:
    server = await start_server(live=live)
    data, reason = NOT_NOTEBOOKS[name]
    (server.root / "bad.ipynb").write_bytes(data)
    ref = await server.documents.identify("bad.ipynb")
    for _ in range(2):
        with pytest.raises(NotebookBroken) as broken:
            async with reading(server.documents, ref):
                pass
        assert reason in broken.value.message
        assert str(server.root) not in broken.value.message
    assert (server.root / "bad.ipynb").read_bytes() == data
    server.write("bad.ipynb", "good")
    assert await server.texts("bad.ipynb") == ["good"]


@local_only  # elsewhere the file is that server's own to reload
async def test_a_reload_that_no_document_holds_leaves_file_and_document_as_they_are(
    start_server: StartServer,
) -> None:
    server = await start_server(options={"save_after": 3600.0})
    server.write("a.ipynb", "first")
    ref = await server.documents.identify("a.ipynb")
    async with editing(server.documents, ref) as cells:
        cells.set_source(0, "edited")
    text = next(file for file in ODD_FILES if file.stem == "bigint").read_text()
    server.put_text("a.ipynb", text)
    assert await server.documents.save(ref) == "failed"
    assert server.text("a.ipynb") == text
    async with reading(server.documents, ref) as cells:
        assert cells.get(0).source == "edited"
        assert any("64 bits" in str(notice.values) for notice in cells.notices())
    server.write("a.ipynb", "repaired")
    assert await server.documents.save(ref) == "saved"  # both changed one line: both are kept
    assert server.sources("a.ipynb") == ["edited", "repaired"]


async def test_outputs_that_no_document_holds_are_stored_as_near_as_possible(
    any_server: DocumentSetup,
) -> None:
    any_server.write("a.ipynb", "code")
    ref = await any_server.documents.identify("a.ipynb")
    async with reading(any_server.documents, ref) as cells:
        cell = cells.get(0)
    sink = await output_sink(any_server.documents, ref, cell)
    sink.begin()
    data = {"big": 2**70, "nan": float("nan"), "half": "\ud83d", "list": [float("inf"), 2**63]}
    sink.append({"output_type": "display_data", "data": {"application/json": data}, "metadata": {}})
    sink.count(2**80)
    sink.end()
    await sink.close()
    assert await any_server.documents.save(ref) == "saved"
    (output,) = any_server.file("a.ipynb").cells[0].outputs
    assert output.data["application/json"] == {
        "big": 2**70,
        "nan": "nan",
        "half": "?",
        "list": ["inf", 2**63],
    }


@pytest.mark.parametrize("start_server", ["local", "remote"], indirect=True)
async def test_what_a_live_document_changes_by_itself_is_told_with_the_first_edit(
    start_server: StartServer,
) -> None:
    server = await start_server()
    server.put_text("a.ipynb", WITH_OWN_KEYS)
    ref = await server.documents.identify("a.ipynb")
    async with reading(server.documents, ref) as cells:
        assert not cells.notices()
    async with editing(server.documents, ref) as cells:
        cells.set_source(1, "edited")
        (notice,) = cells.notices()
    assert notice == FieldsChanged(
        changes=["version is dropped", "Cell 0: outputs is added", "Cell 1: attachments is dropped"]
    )
    async with editing(server.documents, ref) as cells:
        cells.set_source(1, "again")
        assert not cells.notices()
    assert await server.documents.save(ref) == "saved"
    notebook = json.loads(server.text("a.ipynb") or "")
    assert "version" not in notebook
    assert notebook["cells"][0]["outputs"] == []
    assert "attachments" not in notebook["cells"][1]


WITH_OWN_KEYS = json.dumps(
    {
        "version": "of some tool",
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {},
        "cells": [
            {"cell_type": "code", "id": "c0", "metadata": {}, "source": "1"},
            {
                "cell_type": "markdown",
                "id": "c1",
                "metadata": {},
                "source": "2",
                "attachments": {},
            },
        ],
    }
)
