"""The live document, with a second client that proves what a person would see."""

from __future__ import annotations

import asyncio
import sys
import types
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import pytest
from pycrdt import Doc, Map, StickyIndex, Text

from jmcp.core.errors import NotebookTooLarge, WriteRefused
from jmcp.core.notices import CellIdsRepeated
from jmcp_jupyter.documents.live.y_data import replace_text
from tests.document_access import editing, output_sink, reading
from tests.ports.documents.conftest import local_only
from tests.ports.documents.tab import Tab, tab, until

pytestmark = pytest.mark.oldest

START = Callable[..., Any]


async def test_a_tab_sees_edits_at_once_and_jmcp_sees_the_tab(start_server: START) -> None:
    server = await start_server()
    server.write("a.ipynb", "one")
    ref = await server.documents.identify("a.ipynb")
    async with tab(server.app, "a.ipynb") as person:
        async with editing(server.documents, ref) as cells:
            cells.insert(1, "markdown", "from jmcp")
            cells.set_source(0, "changed")
        await until(lambda: person.sources == ["changed", "from jmcp"])
        person.type_over(0, "typed by a person")
        person.notebook.append_cell(
            {"cell_type": "code", "id": "typed", "source": "", "metadata": {}}
        )

        async with reading(server.documents, ref) as cells:
            await until(lambda: cells.find("typed") == 2)
            assert cells.get(0).source == "typed by a person"


async def test_a_notebook_opened_first_by_jmcp_is_the_one_that_a_tab_opens(
    start_server: START,
) -> None:
    server = await start_server()
    server.write("a.ipynb", "one")
    ref = await server.documents.identify("a.ipynb")
    async with editing(server.documents, ref) as cells:
        cells.insert(1, "code", "unsaved so far")
    async with tab(server.app, "a.ipynb") as person:
        assert person.sources == ["one", "unsaved so far"]
        assert len(server.rooms) == 1


async def test_reading_while_a_tab_opens_the_notebook(start_server: START) -> None:
    server = await start_server()
    server.write("a.ipynb", *"abc")
    opening = asyncio.create_task(Tab.open(server.app, "a.ipynb"))
    reads = [asyncio.create_task(server.texts("a.ipynb")) for _ in range(20)]
    assert await asyncio.gather(*reads) == [["a", "b", "c"]] * 20
    person = await opening
    assert person.sources == ["a", "b", "c"]
    assert len(server.rooms) == 1
    await person.close()


async def test_the_index_follows_a_person(start_server: START) -> None:
    server = await start_server()
    server.write("a.ipynb", *"abcd")
    ref = await server.documents.identify("a.ipynb")
    async with tab(server.app, "a.ipynb") as person, reading(server.documents, ref) as cells:
        assert cells.find("c3") == 3
        with person.notebook.ydoc.transaction():
            del person.notebook.ycells[0]
            person.notebook.ycells.insert(
                1,
                person.notebook.create_ycell(
                    {"cell_type": "raw", "id": "new", "source": "", "metadata": {}}
                ),
            )
        await until(lambda: cells.find("new") == 1)
        assert (cells.find("c0"), cells.find("c1"), cells.find("c3")) == (None, 0, 3)
        person.notebook.ycells[0]["id"] = "renamed"
        await until(lambda: cells.find("renamed") == 0)
        assert cells.find("c1") is None


async def test_of_cells_with_one_id_the_first_is_found(start_server: START) -> None:
    server = await start_server()
    server.write("a.ipynb", *"ab")
    ref = await server.documents.identify("a.ipynb")
    async with tab(server.app, "a.ipynb") as person, reading(server.documents, ref) as cells:
        person.notebook.ycells.append(
            person.notebook.create_ycell(
                {"cell_type": "raw", "id": "c0", "source": "again", "metadata": {}}
            )
        )
        await until(lambda: len(cells) == 3)
        assert cells.find("c0") == 0
        assert CellIdsRepeated(ids=("c0",)) in cells.notices()
        # Before a save meets it: that gives the second one another id, with a warning.
        del person.notebook.ycells[2]
        await until(lambda: len(cells) == 2)
        assert list(cells.notices()) == []


async def test_numbers_from_a_browser_are_ints(start_server: START) -> None:
    server = await start_server()
    server.write("a.ipynb", "1")
    ref = await server.documents.identify("a.ipynb")
    async with tab(server.app, "a.ipynb") as person, reading(server.documents, ref) as cells:
        cell = person.notebook.ycells[0]
        cell["execution_count"] = 4.0
        cell["metadata"]["height"] = 12.0
        await until(lambda: cells.get(0, outputs=True).metadata)
        assert (cells.get(0).execution_count, cells.get(0, outputs=True).metadata) == (
            4,
            {"height": 12},
        )
        assert type(cells.get(0).execution_count) is int
        assert type(cells.get(0, outputs=True).metadata["height"]) is int


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "new"),
        ("a\nb\nc\n", "a\nB\nc\n"),
        ("héllo wörld", "héllo, wörld!"),
        ("one\ntwo\nthree\nfour", "zero\none\nthree\n4"),
        ("😀 = 1\n😀 += 1", "😀 = 2\n😀😀 += 1"),
        ("same", "same"),
        ("gone", ""),
        ("aaaa", "aa"),
        ("abcabc", "abcXabc"),
        ("x\n" * 3000 + "end", "y\n" * 3000 + "end"),
    ],
)
async def test_a_changed_source_changes_only_what_differs(before: str, after: str) -> None:
    document: Doc[Text] = Doc()
    text = document.get("text", type=Text)
    text += before
    replace_text(text, after)
    assert str(text) == after


async def test_a_cursor_elsewhere_survives_an_edit(start_server: START) -> None:
    server = await start_server()
    server.write("a.ipynb", "first\nsecond\nthird")
    ref = await server.documents.identify("a.ipynb")
    async with tab(server.app, "a.ipynb") as person:
        text = person.notebook.ycells[0]["source"]
        cursor: StickyIndex = text.sticky_index(len("first\nsecond\nth"))
        async with editing(server.documents, ref) as cells:
            cells.set_source(0, "FIRST and more\nsecond\nthird")
        await until(lambda: str(text).startswith("FIRST"))
        assert cursor.get_index() == len("FIRST and more\nsecond\nth")


async def test_a_running_cell_stays_running_when_it_moves(start_server: START) -> None:
    server = await start_server()
    server.write("a.ipynb", "1", "2")
    ref = await server.documents.identify("a.ipynb")
    async with editing(server.documents, ref) as cells:
        sink = await output_sink(server.documents, ref, cells.get(0))
        sink.begin()
        cells.move(0, 1)
    (room,) = server.rooms.values()
    assert room._document.ycells[1]["execution_state"] == "running"
    await sink.close()
    assert room._document.ycells[1]["execution_state"] == "idle"


async def test_a_notebook_of_20_mb_is_whole(start_server: START) -> None:
    server = await start_server()
    server.write("big.ipynb", *(f"{number}: {'x' * 1_000_000}" for number in range(20)))
    ref = await server.documents.identify("big.ipynb")
    async with reading(server.documents, ref) as cells:
        assert len(cells) == 20
        assert len(cells.get(19).source) > 1_000_000


@pytest.mark.parametrize("live", [True, False])
async def test_a_notebook_above_the_limit_is_an_error(start_server: START, live: bool) -> None:
    server = await start_server(live=live, options={"max_bytes": 10_000})
    server.write("big.ipynb", "x" * 20_000)
    ref = await server.documents.identify("big.ipynb")
    for _ in range(2):
        with pytest.raises(NotebookTooLarge, match="10,000") as caught:
            async with reading(server.documents, ref):
                pass
        assert caught.value.details["limit_bytes"] == 10_000
    assert live is False or not server.rooms


@pytest.mark.parametrize("live", [True, False])
async def test_a_notebook_may_grow_up_to_the_limit(start_server: START, live: bool) -> None:
    server = await start_server(live=live, options={"max_bytes": 10_000})
    server.write("a.ipynb", "x" * 5_000)
    ref = await server.documents.identify("a.ipynb")
    size = len(server.text("a.ipynb") or "")
    async with editing(server.documents, ref) as cells:
        assert cells.growth_left == 10_000 - size
        cells.check_growth(1_000)
        cells.insert(0, "code", "y" * 1_000)
    async with editing(server.documents, ref) as cells:
        assert cells.growth_left is not None
        assert cells.growth_left <= 9_000 - size
        with pytest.raises(NotebookTooLarge, match="10,000") as caught:
            cells.check_growth(9_000)
    assert caught.value.details["growth_bytes"] == 9_000
    assert await server.documents.save(ref) == "saved"
    async with reading(server.documents, ref) as cells:
        assert cells.growth_left == 10_000 - len(server.text("a.ipynb") or "")


@local_only
async def test_a_broken_notebook_leaves_no_room_and_no_loader(start_server: START) -> None:
    server = await start_server()
    (server.root / "bad.ipynb").write_text("{")
    ref = await server.documents.identify("bad.ipynb")
    with pytest.raises(Exception, match=r"bad\.ipynb"):
        async with reading(server.documents, ref):
            pass
    (extension,) = server.app.extension_manager.extension_apps["jupyter_server_ydoc"]
    assert not server.rooms
    assert ref.key not in extension.file_loaders


@local_only
async def test_a_leftover_room_of_somebody_else_is_not_believed(
    start_server: START, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.chdir(tmp_path)  # where get_document by itself keeps its store
    server = await start_server()
    (server.root / "bad.ipynb").write_text("{")
    ref = await server.documents.identify("bad.ipynb")
    (extension,) = server.app.extension_manager.extension_apps["jupyter_server_ydoc"]
    with pytest.raises(Exception, match="Bad Request"):
        await extension.get_document(
            path="bad.ipynb",
            content_type="notebook",
            file_format="json",
            copy=False,
            create=True,
        )
    if not version("jupyter-server-ydoc").startswith("2."):
        assert server.rooms, "what get_document leaves behind"
    with pytest.raises(Exception, match=r"bad\.ipynb"):
        async with reading(server.documents, ref):
            pass
    server.write("bad.ipynb", "repaired")
    assert await server.texts("bad.ipynb") == ["repaired"]


@local_only
async def test_an_edit_of_a_room_that_was_closed_is_refused(start_server: START) -> None:
    server = await start_server()
    server.write("a.ipynb", "1")
    ref = await server.documents.identify("a.ipynb")

    async def edit() -> None:
        async with editing(server.documents, ref) as cells:
            (room,) = server.rooms.values()
            await server.rooms.pop(room.room_id).stop()
            cells.insert(0, "code", "lost")

    with pytest.raises(WriteRefused, match="closed"):
        await edit()
    assert await server.texts("a.ipynb") == ["1"]


@local_only
async def test_collaboration_that_is_switched_off_means_files(start_server: START) -> None:
    server = await start_server(YDocExtension={"disable_rtc": True})
    server.write("a.ipynb", "1")
    ref = await server.documents.identify("a.ipynb")
    async with editing(server.documents, ref) as cells:
        assert cells.mode == "file"
        cells.set_source(0, "2")
    assert server.sources("a.ipynb") == ["2"]
    async with tab(server.app, "a.ipynb"), reading(server.documents, ref) as cells:
        assert cells.mode == "live", "a room is open, so no file is written behind it"


@local_only
async def test_another_provider_of_rooms_is_refused(
    start_server: START, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = types.ModuleType("jupyter_server_documents")
    other._jupyter_server_extension_points = lambda: [  # type: ignore[attr-defined]
        {"module": "jupyter_server_documents"}
    ]
    other._load_jupyter_server_extension = lambda app: None  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "jupyter_server_documents", other)
    server = await start_server(live=False, extensions=["jupyter_server_documents"])
    server.write("a.ipynb", "1")
    ref = await server.documents.identify("a.ipynb")
    with pytest.raises(WriteRefused, match="jupyter_server_documents"):
        async with editing(server.documents, ref):
            pass
    with pytest.raises(WriteRefused, match="jupyter_server_documents"):
        await server.documents.create("b.ipynb")
    assert not (server.root / "b.ipynb").exists()


@local_only
async def test_rooms_of_jmcp_use_the_configured_store(
    start_server: START, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    working = tmp_path / "working"
    working.mkdir()
    monkeypatch.chdir(working)
    server = await start_server()
    server.write("a.ipynb", "1")
    assert await server.texts("a.ipynb") == ["1"]
    (room,) = server.rooms.values()
    await until(lambda: list(tmp_path.glob("jupyter_home/*/ystore.db")))
    assert isinstance(room._document.ycells[0], Map)
    assert list(working.iterdir()) == []
