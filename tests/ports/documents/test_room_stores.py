"""The database in which the server keeps the history of rooms."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jupyter_ydoc import YNotebook

from jmcp.core.ports import NotebookRef
from tests.document_access import editing
from tests.ports.documents.conftest import DocumentServer, local_only
from tests.ports.documents.tab import tab, until

START = Callable[..., Any]

TOGETHER = 12

SHORT: dict[str, Any] = {"YDocExtension": {"document_cleanup_delay": 0.15}}


async def test_the_first_edit_of_a_new_room_is_in_its_store(start_server: START) -> None:
    server = await start_server()
    server.write("a.ipynb", "1")
    ref = await server.documents.identify("a.ipynb")
    for source in ("first", "second"):  # the first opens the room
        async with editing(server.documents, ref) as cells:
            cells.insert(0, "code", source)
    (room,) = server.rooms.values()

    async def stored() -> list[str]:
        loaded = YNotebook()
        async for update, *_ in room.ystore.read():
            loaded.ydoc.apply_update(update)
        return [str(cell["source"]) for cell in loaded.ycells]

    async with asyncio.timeout(60):
        while await stored() != ["second", "first", "1"]:
            pass


async def test_rooms_that_open_together_on_a_new_server_share_one_whole_store(
    start_server: START, tmp_path: Path
) -> None:
    server = await start_server()
    texts = await open_together(server)
    assert texts == {f"{number}.ipynb": [f"cell {number}"] for number in range(TOGETHER)}
    folder = tmp_path / "jupyter_home" / "server0"
    assert stores(folder) == {"ystore.db"}
    await until(lambda: stored_rooms(folder / "ystore.db") == TOGETHER, "all rooms are stored")


@local_only
async def test_a_store_that_such_a_race_left_behind_is_replaced_once(
    start_server: START, tmp_path: Path
) -> None:
    """What pycrdt-store leaves when two rooms make its database at once: without a version."""
    folder = tmp_path / "jupyter_home" / "server0"

    def spoil() -> None:
        with contextlib.closing(sqlite3.connect(folder / "ystore.db")) as half:
            half.execute(
                "CREATE TABLE yupdates (path TEXT NOT NULL, yupdate BLOB, metadata BLOB, "
                "timestamp REAL NOT NULL)"
            )

    server = await start_server()
    spoil()
    texts = await open_together(server)
    assert texts == {f"{number}.ipynb": [f"cell {number}"] for number in range(TOGETHER)}
    assert stores(folder) == {"ystore.db", "ystore(1).db"}
    await until(lambda: stored_rooms(folder / "ystore.db") == TOGETHER, "all rooms are stored")


async def open_together(server: DocumentServer) -> dict[str, list[str]]:
    for number in range(TOGETHER):
        server.write(f"{number}.ipynb", f"cell {number}")
    paths = [f"{number}.ipynb" for number in range(TOGETHER)]
    async with asyncio.timeout(60):
        return dict(zip(paths, await asyncio.gather(*map(server.texts, paths)), strict=True))


def stores(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("ystore*.db")}


def stored_rooms(path: Path) -> int:
    with contextlib.closing(sqlite3.connect(path)) as store:
        assert store.execute("PRAGMA user_version").fetchone() != (0,)
        return int(store.execute("SELECT count(DISTINCT path) FROM yupdates").fetchone()[0])


@local_only
async def test_what_waits_for_the_store_is_stored_at_once(
    start_server: START, tmp_path: Path
) -> None:
    server, ref, room = await with_a_room(start_server)
    store = tmp_path / "jupyter_home" / "server0" / "ystore.db"
    async with room.ystore.lock:  # another room's turn
        before = rows(store)
        for number in range(20):
            async with editing(server.documents, ref) as cells:
                cells.insert(len(cells), "code", str(number))
    expected = ["1", *map(str, range(20))]
    await until(lambda: stored(store) == expected, "all edits stored")
    assert rows(store) - before <= 2


@local_only
async def test_the_rooms_of_tabs_share_the_store_too(start_server: START) -> None:
    server = await start_server()
    for path in ("a.ipynb", "b.ipynb"):
        server.write(path, "1")
    assert await server.texts("a.ipynb") == ["1"]
    async with tab(server.app, "b.ipynb"):
        mine, theirs = server.rooms.values()
        assert type(mine.ystore) is type(theirs.ystore)
        assert mine.ystore.lock is theirs.ystore.lock


@local_only
async def test_a_room_that_is_closed_within_a_transaction_ends_it(
    start_server: START, tmp_path: Path
) -> None:
    server, ref, room = await with_a_room(start_server)
    store = tmp_path / "jupyter_home" / "server0" / "ystore.db"
    begun, gate = asyncio.Event(), asyncio.Event()
    commit = room.ystore._db.commit

    async def slow() -> None:
        begun.set()
        await gate.wait()
        await commit()

    async with room.ystore.lock:
        room.ystore._db.commit = slow
    async with editing(server.documents, ref) as cells:
        cells.set_source(0, "2")
    await begun.wait()
    assert locked(store)
    await room.stop()
    gate.set()
    await until(lambda: not locked(store), "the transaction ended")
    assert stored(store) == ["2"]


async def with_a_room(start_server: START) -> tuple[DocumentServer, NotebookRef, Any]:
    server: DocumentServer = await start_server()
    server.write("a.ipynb", "1")
    assert await server.texts("a.ipynb") == ["1"]
    (room,) = server.rooms.values()
    return server, await server.documents.identify("a.ipynb"), room


def locked(path: Path) -> bool:
    """Whether nobody else can write there now."""
    with contextlib.closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as other:
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            return True
        other.execute("ROLLBACK")
        return False


def rows(path: Path) -> int:
    with contextlib.closing(sqlite3.connect(path)) as store:
        return int(store.execute("SELECT count(*) FROM yupdates").fetchone()[0])


def stored(path: Path) -> list[str]:
    """The sources of the one notebook that a store has."""
    loaded = YNotebook()
    with contextlib.closing(sqlite3.connect(path)) as store:
        for (update,) in store.execute("SELECT yupdate FROM yupdates ORDER BY timestamp"):
            loaded.ydoc.apply_update(update)
    return [str(cell["source"]) for cell in loaded.ycells]


@local_only
async def test_what_notebooks_open_is_closed_with_them(start_server: START, tmp_path: Path) -> None:
    """The database of rooms has one connection while rooms are open, and none afterwards."""
    server = await start_server(options={"save_after": 0.01}, **SHORT)
    database = tmp_path / "jupyter_home" / "server0" / "ystore.db"
    databases: list[int] = []
    for number in range(12):
        server.write(f"{number}.ipynb", "1")
        ref = await server.documents.identify(f"{number}.ipynb")
        async with editing(server.documents, ref) as cells:
            cells.set_source(0, "edited")
        assert await server.documents.save(ref) == "saved"
        databases.append(descriptors(database))
    assert set(databases) == {1}
    await until(lambda: not server.rooms, "all rooms are cleaned")
    await until(lambda: descriptors(database) == 0, "the database is closed")
    # A tab's room, which Jupyter cleans by itself.
    async with tab(server.app, "0.ipynb"):
        assert descriptors(database) == 1
    await until(lambda: not server.rooms, "the tab's room is cleaned")
    await until(lambda: descriptors(database) == 0, "the database is closed again")


def descriptors(file: Path) -> int:
    """How many this process has open on a file."""
    links = (os.path.join("/proc/self/fd", number) for number in os.listdir("/proc/self/fd"))
    return sum(_target(link) == str(file) for link in links)


def _target(link: str) -> str:
    try:
        return os.readlink(link)
    except OSError:  # closed by now
        return ""
