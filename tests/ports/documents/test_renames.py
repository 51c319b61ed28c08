"""A notebook is renamed in the midst of a save: what is saved is in the renamed one, and nowhere else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.document_access import editing
from tests.ports.documents.conftest import DocumentServer, local_only
from tests.ports.documents.tab import BOUND_SECONDS
from tests.ports.documents.test_file_merge import NEVER_LOOKS, room_of, typing

START = Callable[..., Any]
pytestmark = local_only

UNGUARDED_SECONDS = 0.3
"""Longer than a rename takes where nothing keeps it from a file that is being saved."""


class Stop:
    """The first call of a method waits until it is let go on, before it does anything."""

    def __init__(self, owner: Any, name: str) -> None:
        self.reached, self.go_on = asyncio.Event(), asyncio.Event()
        genuine = getattr(owner, name)

        async def stopped(*arguments: Any, **named: Any) -> Any:
            if not self.reached.is_set():
                self.reached.set()
                await self.go_on.wait()
            return await genuine(*arguments, **named)

        setattr(owner, name, stopped)

    async def meanwhile(self, stopped: Awaitable[Any], other: Callable[[], Awaitable[Any]]) -> None:
        """Do something else while what comes to the stop waits there; then both to their end."""
        first = asyncio.ensure_future(stopped)
        await asyncio.wait_for(self.reached.wait(), BOUND_SECONDS)
        second = asyncio.ensure_future(other())
        await asyncio.wait({second}, timeout=UNGUARDED_SECONDS)
        self.go_on.set()
        await asyncio.wait_for(asyncio.gather(first, second), BOUND_SECONDS)


async def saved(server: DocumentServer, key: str) -> None:
    async with asyncio.timeout(BOUND_SECONDS):
        while await server.documents.save(await server.documents.current(key)) != "saved":
            pass


@pytest.mark.oldest
@pytest.mark.parametrize("who", ["the room", "jmcp"])
@pytest.mark.parametrize("step", ["save", "_save_notebook"])
async def test_a_rename_waits_for_the_save_of_a_room(
    start_server: START, who: str, step: str
) -> None:
    """Before the manager does anything of it, and just before it writes."""
    server = await start_server(options={"save_after": 3600.0}, **NEVER_LOOKS)
    server.write("a.ipynb", "1", "2")
    ref = await server.documents.identify("a.ipynb")
    await server.texts("a.ipynb")  # from now on, rooms merge
    async with typing(server, "a.ipynb", " typed"):
        stop = Stop(server.contents, step)
        saving = server.documents.save(ref) if who == "jmcp" else room_of(server)._save_to_disc()
        await stop.meanwhile(saving, lambda: server.contents.rename("a.ipynb", "b.ipynb"))
        assert server.text("a.ipynb") is None
        assert server.sources("b.ipynb") == ["1 typed", "2"]
        await saved(server, ref.key)
        assert await server.texts("b.ipynb") == server.sources("b.ipynb") == ["1 typed", "2"]
        assert server.text("a.ipynb") is None


@pytest.mark.parametrize("who", ["the room", "jmcp"])
@pytest.mark.parametrize("folder", [False, True])
async def test_a_save_waits_for_a_rename(start_server: START, who: str, folder: bool) -> None:
    """Its id has the old path until checkpoints have been renamed too."""
    server = await start_server(options={"save_after": 3600.0}, **NEVER_LOOKS)
    server.write("old/a.ipynb", "1", "2")
    ref = await server.documents.identify("old/a.ipynb")
    server.make_directory("other")
    old, new = ("old", "new") if folder else ("old/a.ipynb", "other/a.ipynb")
    path = "new/a.ipynb" if folder else new
    await server.texts("old/a.ipynb")
    async with typing(server, "old/a.ipynb", " typed"):
        stop = Stop(server.contents.checkpoints, "rename_all_checkpoints")
        room = room_of(server)
        await stop.meanwhile(
            server.contents.rename(old, new),
            lambda: server.documents.save(ref) if who == "jmcp" else room._save_to_disc(),
        )
        assert server.sources(path) == ["1 typed", "2"]
        assert server.text("old/a.ipynb") is None
        assert room._document.dirty is False


async def test_a_folder_is_not_renamed_while_a_notebook_in_it_is_saved(
    start_server: START,
) -> None:
    server = await start_server(options={"save_after": 3600.0}, **NEVER_LOOKS)
    server.write("old/deep/a.ipynb", "1")
    await server.texts("old/deep/a.ipynb")
    async with typing(server, "old/deep/a.ipynb", " typed"):
        stop = Stop(server.contents, "save")
        saving = room_of(server)._save_to_disc()
        await stop.meanwhile(saving, lambda: server.contents.rename("old", "new"))
        assert not (server.root / "old").exists()
        assert server.sources("new/deep/a.ipynb") == ["1 typed"]


async def test_a_save_makes_no_file_that_was_deleted(start_server: START) -> None:
    server = await start_server(options={"save_after": 3600.0}, **NEVER_LOOKS)
    server.write("a.ipynb", "1")
    await server.texts("a.ipynb")
    async with typing(server, "a.ipynb", " typed"):
        stop = Stop(server.contents, "save")
        saving = room_of(server)._save_to_disc()
        await stop.meanwhile(saving, lambda: server.contents.delete("a.ipynb"))
        assert server.text("a.ipynb") is None


async def test_a_load_finds_a_file_that_is_being_renamed(start_server: START) -> None:
    """It is no file that cannot be read, over which the next save may write."""
    server = await start_server(options={"save_after": 3600.0}, **NEVER_LOOKS)
    server.write("a.ipynb", "1", "2")
    await server.texts("a.ipynb")
    async with typing(server, "a.ipynb", " typed"):
        room = room_of(server)
        server.write("a.ipynb", "1", "2 theirs")
        found = await server.contents.get("a.ipynb", content=False)
        room._file.last_modified = found["last_modified"]  # as a save that finds it
        stop = Stop(server.contents.checkpoints, "rename_all_checkpoints")
        await stop.meanwhile(
            server.contents.rename("a.ipynb", "b.ipynb"), room._on_outofband_change
        )
        await room._save_to_disc()
        assert server.sources("b.ipynb") == ["1 typed", "2 theirs"]
        assert server.text("a.ipynb") is None


@pytest.mark.oldest
@pytest.mark.parametrize("follows", ["in the midst", "afterwards"])
async def test_a_rename_that_waits_for_nobody_loses_nothing(
    start_server: START, follows: str
) -> None:
    """As of a contents manager that has no files: the save makes the old one anew, and the id of the
    notebook has the new path before it is over, or only then."""
    server = await start_server(options={"save_after": 3600.0}, **NEVER_LOOKS)
    server.write("a.ipynb", "1", "2")
    ref = await server.documents.identify("a.ipynb")
    await server.texts("a.ipynb")
    async with typing(server, "a.ipynb", " typed") as person:
        room = room_of(server)
        await server.documents.save(ref)
        cell = person.notebook.ycells[1]["source"]
        cell.insert(len(str(cell)), " late")
        async with asyncio.timeout(BOUND_SECONDS):
            while str(room._document.ycells[1]["source"]) != "2 late":  # noqa: ASYNC110 # no event
                await asyncio.sleep(0.005)
        ids = server.app.web_app.settings["file_id_manager"]
        stop = Stop(server.contents, "save")
        saving = room._save_to_disc()
        await asyncio.wait_for(stop.reached.wait(), BOUND_SECONDS)
        (server.root / "a.ipynb").rename(server.root / "b.ipynb")
        if follows == "in the midst":
            ids.move("a.ipynb", "b.ipynb")
        stop.go_on.set()
        await saving
        if follows == "afterwards":
            ids.move("a.ipynb", "b.ipynb")
            await room._file.maybe_notify()
            await room._save_to_disc()
        assert server.sources("b.ipynb") == ["1 typed", "2 late"]
        assert [str(one["source"]) for one in room._document.ycells] == ["1 typed", "2 late"]


async def test_an_edit_of_a_file_that_is_renamed_is_in_the_renamed_one(
    start_server: START,
) -> None:
    server = await start_server(live=False)
    server.write("a.ipynb", "1")
    ref = await server.documents.identify("a.ipynb")
    stop = Stop(server.contents, "save")

    async def edit() -> None:
        async with editing(server.documents, ref) as cells:
            cells.set_source(0, "edited")

    await stop.meanwhile(edit(), lambda: server.contents.rename("a.ipynb", "b.ipynb"))
    assert server.text("a.ipynb") is None
    assert server.sources("b.ipynb") == ["edited"]
