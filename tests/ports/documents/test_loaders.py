"""What an open document asks Jupyter, and what its room saves, sends and stores."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jupyter_ydoc import YNotebook

from jmcp.core.ports import CellType
from jmcp_jupyter.documents.local.files.file_models import FileModels
from tests.document_access import editing, reading
from tests.ports.documents.conftest import DocumentServer, local_only
from tests.ports.documents.tab import BOUND_SECONDS, tab, until

START = Callable[..., Any]
LOOKS_OFTEN: dict[str, Any] = {"YDocExtension": {"file_poll_interval": 0.005}}


def loader_of(server: DocumentServer) -> Any:
    (room,) = server.rooms.values()
    return room._file


@local_only
async def test_an_open_document_asks_jupyter_nothing_about_a_file_that_rests(
    start_server: START, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await start_server(**LOOKS_OFTEN)
    server.write("a.ipynb", "1")
    assert await server.texts("a.ipynb") == ["1"]
    loader, looks = loader_of(server), []
    look, asked = loader.maybe_notify, []
    genuine = server.contents.get

    async def counted() -> None:
        await look()
        looks.append(True)

    async def get(path: str, *args: Any, **kwargs: Any) -> Any:
        asked.append(path)
        return await genuine(path, *args, **kwargs)

    monkeypatch.setattr(loader, "maybe_notify", counted)
    monkeypatch.setattr(server.contents, "get", get)
    await until(lambda: len(looks) > 3, "it looks")
    assert not asked
    server.write("a.ipynb", "from git")
    stat = (server.root / "a.ipynb").stat()
    os.utime(server.root / "a.ipynb", (stat.st_atime + 5, stat.st_mtime + 5))
    async with reading(server.documents, await server.documents.identify("a.ipynb")) as cells:
        await until(lambda: cells.get(0).source == "from git", "it is noticed all the same")


@local_only
async def test_what_is_said_of_a_file_is_what_jupyter_says(start_server: START) -> None:
    server = await start_server(**LOOKS_OFTEN)
    (server.root / "folder").mkdir()
    server.write("folder/a.ipynb", "1")
    assert await server.texts("folder/a.ipynb") == ["1"]
    manager = loader_of(server)._contents_manager
    assert isinstance(manager, FileModels)
    assert FileModels.behind(manager) is server.contents
    for mode in (0o644, 0o444):
        (server.root / "folder/a.ipynb").chmod(mode)
        said = manager.get("folder/a.ipynb", content=False, require_hash=True)
        known = await server.contents.get("folder/a.ipynb", content=False, require_hash=True)
        assert said == {name: known[name] for name in said}
        assert said["hash"]
    with_content = await manager.get("folder/a.ipynb", content=True)
    assert with_content["content"]["cells"]


@local_only
@pytest.mark.parametrize("kind", ["missing", "folder", "hidden", "link"])
async def test_jupyter_says_what_is_no_plain_visible_file(
    start_server: START, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    server = await start_server(**LOOKS_OFTEN)
    server.write("a.ipynb", "1")
    assert await server.texts("a.ipynb") == ["1"]
    path = make(server.root, kind)
    monkeypatch.setattr(server.contents, "get", lambda path, **_: f"asked of {path}")
    assert loader_of(server)._contents_manager.get(path, content=False) == f"asked of {path}"


def make(root: Path, kind: str) -> str:
    """Something that is no plain visible notebook; its path."""
    if kind == "folder":
        (root / "folder.ipynb").mkdir()
        return "folder.ipynb"
    if kind == "link":
        (root / "link.ipynb").symlink_to(root / "a.ipynb")
        return "link.ipynb"
    if kind == "hidden":
        (root / ".hidden.ipynb").write_bytes((root / "a.ipynb").read_bytes())
        return ".hidden.ipynb"
    return "none.ipynb"


@local_only
async def test_what_a_room_saves_is_the_whole_document(start_server: START) -> None:
    """A room reads its document for each save, of which jmcp converts what changed since."""
    server = await start_server(YDocExtension={"document_save_delay": 3600.0})
    server.write("a.ipynb", *(str(number) for number in range(30)))
    ref = await server.documents.identify("a.ipynb")
    async with tab(server.app, "a.ipynb") as person:
        inserted: list[tuple[int, CellType]] = [(0, "markdown"), (15, "raw"), (32, "code")]
        for index, kind in inserted:
            async with editing(server.documents, ref) as cells:
                cells.insert(index, kind, f"a {kind} cell: ä\n2")
            document = server.rooms[next(iter(server.rooms))]._document
            assert await document.aget() == document.get()
        person.type_over(3, "typed")
        person.show_output(4, {"text/plain": "5"})
        person.notebook.ycells[5]["execution_count"] = 7.0
        del person.notebook.ycells[6]
        person.notebook._ymeta["metadata"]["own"] = 1.0
        async with reading(server.documents, ref) as cells:
            await until(lambda: len(cells) == 32, "they arrive")
        await until(lambda: document.get()["metadata"].get("own") == 1)
        assert await document.aget() == document.get()
        assert await document.aget(deduplicate=False) == document.get(deduplicate=False)


@local_only
async def test_a_room_sends_its_updates_to_tabs_alone(start_server: START) -> None:
    server = await start_server()
    server.write("a.ipynb", "1")
    ref = await server.documents.identify("a.ipynb")
    async with tab(server.app, "a.ipynb") as person:
        async with reading(server.documents, ref):
            (room,) = server.rooms.values()
            assert len(room.clients) == 2
            assert len([*room.clients]) == 1
        async with editing(server.documents, ref) as cells:
            cells.set_source(0, "2")
        await until(lambda: person.sources == ["2"], "the tab has it")


@local_only
async def test_the_store_has_every_update_whether_a_tab_listens_or_not(start_server: START) -> None:
    server = await start_server(options={"save_after": 3600.0})
    server.write("a.ipynb", "1")
    ref = await server.documents.identify("a.ipynb")

    async def edited(source: str) -> None:
        async with editing(server.documents, ref) as cells:
            cells.set_source(0, source)

    async def stored() -> list[str]:
        document = YNotebook()
        await room.ystore.apply_updates(document.ydoc)
        return [cell["source"] for cell in document.get()["cells"]]

    async with reading(server.documents, ref):
        (room,) = server.rooms.values()
        await edited("alone")
        assert await stored() == ["alone"]
        async with tab(server.app, "a.ipynb") as person:
            await edited("with a tab")
            await until(lambda: person.sources == ["with a tab"], "the tab has it")
            person.type_over(0, "typed")
            await until(lambda: room._document.get_cell(0)["source"] == "typed", "it arrives")
            async with asyncio.timeout(BOUND_SECONDS):
                while await stored() != ["typed"]:  # noqa: ASYNC110  a task hands it to the store
                    await asyncio.sleep(0.005)
        await until(lambda: len(room.clients) == 1, "the tab is gone")
        await edited("alone again")
        assert await stored() == ["alone again"]
