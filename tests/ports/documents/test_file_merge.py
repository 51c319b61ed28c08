"""Another program writes a file whose room is open: what was not saved stays, in the document and
in the file."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import pytest

from jmcp.core.errors import NotebookBroken
from jmcp_jupyter.documents.local.rooms.file_merge import FileMerge
from jmcp_jupyter.documents.remote.documents import RemoteDocuments
from tests.document_access import editing, reading
from tests.ports.documents.conftest import DocumentServer, api_of, local_only
from tests.ports.documents.tab import BOUND_SECONDS, Tab, tab, until
from tests.thorough import amount

START = Callable[..., Any]
pytestmark = local_only

LOOKS: dict[str, Any] = {"YDocExtension": {"file_poll_interval": 0.02, "document_save_delay": 0.05}}
NEVER_LOOKS: dict[str, Any] = {
    "YDocExtension": {"file_poll_interval": 3600.0, "document_save_delay": 3600.0}
}


def write_later(server: DocumentServer, path: str, *sources: str) -> bytes:
    """Another program writes the file; what the file has then."""
    file = server.root / path
    before = file.stat()
    server.write(path, *sources)
    os.utime(file, (before.st_atime + 5, before.st_mtime + 5))
    return file.read_bytes()


def room_of(server: DocumentServer) -> Any:
    (room,) = [
        room for room in server.rooms.values() if getattr(room, "file_type", "") == "notebook"
    ]
    return room


@asynccontextmanager
async def typing(server: DocumentServer, path: str, *texts: str) -> AsyncIterator[Tab]:
    """A tab whose person has typed behind each cell, as the room knows it."""
    async with tab(server.app, path) as person:
        await until(lambda: len(person.sources) >= len(texts))
        for index, text in enumerate(texts):
            source = person.notebook.ycells[index]["source"]
            source.insert(len(str(source)), text)
        document = room_of(server)._document
        await until(
            lambda: [str(cell["source"]) for cell in document.ycells] == person.sources,
            "the room has what was typed",
        )
        yield person


@pytest.mark.oldest
async def test_what_is_typed_stays_when_the_file_is_replaced(start_server: START) -> None:
    """On a look at the file; the tab and the file have both, and an agent is told."""
    server = await start_server(**LOOKS)
    server.write("a.ipynb", "one\ntwo", "2", "3")
    ref = await server.documents.identify("a.ipynb")
    async with reading(server.documents, ref) as cells:
        looked, loaded = cells.changes.cursor, cells.loaded
    server.extension.document_save_delay = 3600.0
    room_of(server)._save_delay = None  # until the file was replaced
    async with typing(server, "a.ipynb", " typed", " mine") as person:
        room_of(server)._save_delay = 0.05
        write_later(server, "a.ipynb", "zero\none\ntwo", "two", "3", "four")
        both = ["zero\none\ntwo typed", "2 mine", "two", "3", "four"]
        await until(lambda: person.sources == both, "the tab has both")
        await until(lambda: server.sources("a.ipynb") == both, "the file has both")
        await until(lambda: person.notebook.dirty is False, "and says that it is saved")
    async with reading(server.documents, ref) as cells:
        assert [cells.get(index).source for index in range(5)] == both
        assert cells.loaded == loaded  # nothing has to be made again
        assert cells.changes.replaced_since(looked)
        assert not cells.changes.lost_since(looked)
        assert cells.changes.copies_since(looked) == [cells.get(2).cell_id]
        changed = cells.changes.since(looked) or []
        assert {"c0", "c1", cells.get(2).cell_id} <= set(changed)
        assert "c2" not in changed


async def test_without_anything_unsaved_the_document_is_the_file(start_server: START) -> None:
    """As after a git checkout. Nothing is written, and the tab has the hash of the file."""
    server = await start_server(**LOOKS)
    server.write("a.ipynb", "1", "2", "3")
    ref = await server.documents.identify("a.ipynb")
    async with tab(server.app, "a.ipynb") as person, editing(server.documents, ref) as cells:
        cells.set_source(0, "saved")
    assert await server.documents.save(ref) == "saved"
    async with tab(server.app, "a.ipynb") as person:
        indented = json.dumps(json.loads(write_later(server, "a.ipynb", "3", "new")), indent=7)
        server.put_text("a.ipynb", indented)
        await until(lambda: person.sources == ["3", "new"], "the tab has it")
        stamp = await server.documents._contents.stamp("a.ipynb")
        await until(lambda: person.notebook.hash == stamp, "and its hash")
        assert person.notebook.dirty is False
        assert server.documents.save_state(ref.key) == "saved"
    assert room_of(server)._saving_document is None or room_of(server)._saving_document.done()
    assert server.text("a.ipynb") == indented


@pytest.mark.parametrize("who", ["the room", "jmcp"])
async def test_what_is_typed_stays_when_a_save_finds_another_file(
    start_server: START, who: str
) -> None:
    server = await start_server(options={"save_after": 3600.0}, **NEVER_LOOKS)
    server.write("a.ipynb", "1", "2")
    ref = await server.documents.identify("a.ipynb")
    async with typing(server, "a.ipynb", " typed"):
        async with editing(server.documents, ref) as cells:
            cells.insert(2, "code", "by an agent")
        write_later(server, "a.ipynb", "1", "2 theirs")
        if who == "jmcp":
            assert await server.documents.save(ref) == "saved"
        else:
            await room_of(server)._save_to_disc()
        both = ["1 typed", "2 theirs", "by an agent"]
        assert server.sources("a.ipynb") == both
        async with reading(server.documents, ref) as cells:
            assert [cells.get(index).source for index in range(3)] == both
        assert room_of(server)._document.dirty is False


async def test_a_save_under_way_does_not_write_over_a_file_that_was_just_seen(
    start_server: START,
) -> None:
    """The loader looks at the file while a save waits for it: it knows the file, the room does
    not."""
    server = await start_server(options={"save_after": 3600.0}, **NEVER_LOOKS)
    server.write("a.ipynb", "1", "2")
    await server.texts("a.ipynb")  # from now on, rooms merge
    async with typing(server, "a.ipynb", " typed"):
        room = room_of(server)
        async with room._file._lock:
            write_later(server, "a.ipynb", "1", "2 theirs")
            look = asyncio.create_task(room._file.maybe_notify())
            await asyncio.sleep(0)
            saving = room._save_to_disc()
            while len(room._file._lock._waiters) < 2:  # noqa: ASYNC110 # no event tells
                await asyncio.sleep(0)
        await asyncio.gather(look, saving)
        assert server.sources("a.ipynb") == ["1 typed", "2 theirs"]


@pytest.mark.parametrize("who", ["the room", "jmcp"])
async def test_a_save_that_begins_while_the_file_is_read_has_what_is_in_it(
    start_server: START, who: str
) -> None:
    server = await start_server(options={"save_after": 3600.0}, **NEVER_LOOKS)
    server.write("a.ipynb", "1", "2")
    ref = await server.documents.identify("a.ipynb")
    await server.texts("a.ipynb")
    async with typing(server, "a.ipynb", " typed"):
        room = room_of(server)
        write_later(server, "a.ipynb", "1", "2 theirs")
        taking = asyncio.create_task(FileMerge.of(room).take_file())
        while not room._file._lock.locked():  # noqa: ASYNC110 # no event tells
            await asyncio.sleep(0)
        saving = server.documents.save(ref) if who == "jmcp" else room._save_to_disc()
        await asyncio.gather(taking, saving)
        assert server.sources("a.ipynb") == ["1 typed", "2 theirs"]


async def test_a_save_that_is_cancelled_has_written(start_server: START) -> None:
    """What it wrote is what room and file agreed on last: a deletion of it is one."""
    server = await start_server(options={"save_after": 3600.0}, **NEVER_LOOKS)
    server.write("a.ipynb", "1")
    async with typing(server, "a.ipynb", " typed"):
        room = room_of(server)
        genuine, begun = server.contents.save, asyncio.Event()

        async def save(*args: Any, **kwargs: Any) -> Any:
            begun.set()
            await asyncio.sleep(0.01)
            return await genuine(*args, **kwargs)

        server.contents.save = save
        saving = room._save_to_disc()
        await begun.wait()
        saving.cancel()
        await asyncio.gather(saving, return_exceptions=True)
        assert server.sources("a.ipynb") == ["1 typed"]
        write_later(server, "a.ipynb", "1")
        await FileMerge.of(room).take_file()
        assert str(room._document.ycells[0]["source"]) == "1"


async def test_a_room_from_before_jmcp_learns_what_its_file_had(start_server: START) -> None:
    server = await start_server(options={"save_after": 3600.0}, **NEVER_LOOKS)
    server.write("a.ipynb", "1", "2")
    async with typing(server, "a.ipynb", " typed"):
        room = room_of(server)
        assert not hasattr(room, "jmcp_merge")
        await server.texts("a.ipynb")
        write_later(server, "a.ipynb", "1", "2 theirs")
        await room._save_to_disc()
        assert server.sources("a.ipynb") == ["1 typed", "2 theirs"]


@pytest.mark.oldest
async def test_a_file_that_cannot_be_read_leaves_the_document_alone(start_server: START) -> None:
    server = await start_server(options={"save_after": 3600.0}, **NEVER_LOOKS)
    server.write("a.ipynb", "1")
    await server.texts("a.ipynb")  # from now on, rooms merge
    async with typing(server, "a.ipynb", " typed"):
        room = room_of(server)
        no_source = {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {},
            "cells": [{"metadata": {}}],
        }
        for text in ("no JSON", "{}", json.dumps(no_source)):
            server.put_text("a.ipynb", text)
            await room._file.maybe_notify()
            assert str(room._document.ycells[0]["source"]) == "1 typed"
            await room._save_to_disc()  # as a room of jupyter_server_ydoc does
            assert server.sources("a.ipynb") == ["1 typed"]
        write_later(server, "a.ipynb", "0\n1")
        await room._on_outofband_change()
        assert str(room._document.ycells[0]["source"]) == "0\n1"


async def test_the_text_of_a_notebook_is_edited_as_well(start_server: START) -> None:
    """JupyterLab's text editor has a room of its own, of the same file."""
    server = await start_server(options={"save_after": 3600.0}, **NEVER_LOOKS)
    server.write("a.ipynb", "1", "2")
    ref = await server.documents.identify("a.ipynb")
    async with typing(server, "a.ipynb", " typed"):
        await server.texts("a.ipynb")
        text = await server.extension.get_document(
            path="a.ipynb", content_type="file", file_format="text", copy=False, create=True
        )
        text.set(text.get().replace('"2"', '"2 in the text"'))
        (editor,) = [room for room in server.rooms.values() if room is not room_of(server)]
        await editor._save_to_disc()
        assert await server.documents.save(ref) == "saved"
        assert server.sources("a.ipynb") == ["1 typed", "2 in the text"]


async def test_jmcp_on_another_machine_is_told_of_a_merge(start_server: START) -> None:
    server = await start_server(options={"save_after": 3600.0}, **NEVER_LOOKS)
    server.write("a.ipynb", "1", "2")
    await server.texts("a.ipynb")
    api = api_of(server.app)
    documents = RemoteDocuments(api, save_after=3600.0)
    try:
        ref = await documents.identify("a.ipynb")
        async with reading(documents, ref) as cells:
            looked = cells.changes.cursor
        async with editing(documents, ref) as cells:
            cells.set_source(0, "by an agent")
            loaded = cells.loaded
        write_later(server, "a.ipynb", "1", "2 theirs")
        await room_of(server)._on_outofband_change()
        async with reading(documents, ref) as cells:
            await until(lambda: cells.changes.replaced_since(looked), "the event comes")
            await until(lambda: cells.get(1).source == "2 theirs")
            assert cells.get(0).source == "by an agent"
            assert not cells.changes.lost_since(looked)
            assert cells.loaded == loaded
        assert documents.save_state(ref.key) == "pending"
        assert await documents.save(ref) == "saved"
        assert server.sources("a.ipynb") == ["by an agent", "2 theirs"]
    finally:
        await documents.close()
        await api.close()


async def test_a_tab_of_another_history_joins_the_room(start_server: START) -> None:
    server = await start_server(
        YDocExtension={"file_poll_interval": 3600.0, "document_save_delay": 0.05}
    )
    server.write("a.ipynb", "1", "2")
    ref = await server.documents.identify("a.ipynb")
    base = json.loads(server.text("a.ipynb") or "")
    async with editing(server.documents, ref) as cells:
        cells.set_source(1, "by an agent")
        looked = cells.changes.cursor
    mine = {**base, "cells": [{**cell, "source": "typed offline"} for cell in base["cells"]]}
    report = await FileMerge.of(room_of(server)).rejoin(base, mine)
    both = ["typed offline", "by an agent", "typed offline"]
    async with reading(server.documents, ref) as cells:
        assert [cells.get(index).source for index in range(3)] == both
        assert cells.changes.copies_since(looked) == [report.collided[0].copy.cell_id]
        assert not cells.changes.replaced_since(looked)
    await until(lambda: server.sources("a.ipynb") == both, "the room saves it")
    with pytest.raises(NotebookBroken):
        await FileMerge.of(room_of(server)).rejoin(base, {"cells": 3})


@pytest.mark.parametrize("seed", range(amount(fast=2, all=40)))
async def test_whatever_comes_together_nothing_is_lost(start_server: START, seed: int) -> None:
    """A person, an agent and a program, with saves and looks at the file at any moment."""
    server = await start_server(options={"save_after": 0.02}, **NEVER_LOOKS)
    server.write("a.ipynb", *(f"{number}\n" for number in range(4)))
    ref = await server.documents.identify("a.ipynb")
    random, words, under_way = Random(seed), list[str](), list[asyncio.Future[Any]]()
    await server.texts("a.ipynb")
    async with typing(server, "a.ipynb") as person:
        room = room_of(server)
        for number in range(40):
            word = f"<{number}>"
            match random.choice(("person", "agent", "program", "room", "jmcp", "look", "turn")):
                case "person":
                    text = person.notebook.ycells[random.randrange(len(person.sources))]["source"]
                    text.insert(random.choice((0, len(str(text)))), word)
                    words.append(word)
                case "agent":
                    async with editing(server.documents, ref) as cells:
                        at = random.randrange(len(cells))
                        if random.random() < 0.3:
                            cells.insert(at, "code", word)
                        else:
                            cells.set_source(at, f"{cells.get(at).source}\n{word}")
                    words.append(word)
                case "program":
                    if room._file._lock.locked():  # else it would have read half of a file
                        continue
                    content = json.loads(server.text("a.ipynb") or "")
                    cell = random.choice(content["cells"])
                    source = "".join(cell["source"])
                    if random.random() < 0.3:
                        cell = {**cell, "id": f"program-{number}", "source": word}
                        content["cells"].insert(random.randrange(4), cell)
                    else:
                        cell["source"] = f"{word}\n{source}"
                    server.put_text("a.ipynb", json.dumps(content))
                    at = (server.root / "a.ipynb").stat().st_mtime + number / 1000
                    os.utime(server.root / "a.ipynb", (at, at))
                    words.append(word)
                case "room":
                    room._save_to_disc()
                case "jmcp":
                    under_way.append(asyncio.ensure_future(server.documents.save(ref)))
                case "look":
                    under_way.append(asyncio.ensure_future(room._file.maybe_notify()))
                case _:
                    await asyncio.sleep(random.choice((0, 0.001, 0.02)))
        await asyncio.gather(*under_way)
        async with asyncio.timeout(BOUND_SECONDS):
            while await server.documents.save(ref) != "saved":
                pass
        await until(lambda: person.sources == server.sources("a.ipynb"), "all have the same")
        assert [word for word in words if word not in "\n".join(person.sources)] == []
        async with reading(server.documents, ref) as cells:
            assert [cells.get(at).source for at in range(len(cells))] == person.sources
