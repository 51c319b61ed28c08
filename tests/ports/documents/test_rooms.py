"""Rooms live while jmcp needs them, and no longer."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jupyter_ydoc import YNotebook

from jmcp.core.errors import JupyterUnreachable
from jmcp.core.ports import NotebookRef
from jmcp_jupyter.documents.local import room_manager
from tests.document_access import editing, output_sink, reading
from tests.ports.documents.conftest import Place, local_only
from tests.ports.documents.tab import Tab, tab, until

START = Callable[..., Any]
DELAY = 0.15
TOGETHER = 12
SHORT: dict[str, Any] = {"YDocExtension": {"document_cleanup_delay": DELAY}}


async def two_delays(here: Place) -> None:
    """Let a cleanup that would come have come: the same delay, on a room that is let go."""
    here.write("clock.ipynb", "tick")
    await here.texts("clock.ipynb")
    clock = (await here.documents.identify("clock.ipynb")).key
    await until(lambda: not any(clock in room for room in here.rooms), "the clock's room cleaned")
    await here.texts("clock.ipynb")
    await until(lambda: not any(clock in room for room in here.rooms), "the clock's room cleaned")


@local_only
async def test_a_tab_that_closes_during_a_run_loses_nothing(place: START) -> None:
    here = await place(options={"save_after": 0.05}, **SHORT)
    here.write("a.ipynb", "1")
    ref = await here.documents.identify("a.ipynb")
    person = await Tab.open(here.app, "a.ipynb")
    async with reading(here.documents, ref) as cells:
        sink = await output_sink(here.documents, ref, cells.get(0))
    sink.begin()
    sink.append({"output_type": "stream", "name": "stdout", "text": "before "})
    await person.close()
    await two_delays(here)
    sink.extend_text(0, "after")
    async with tab(here.app, "a.ipynb") as back:
        assert str(back.notebook.ycells[0]["outputs"][0]["text"]) == "before after"
        sink.extend_text(0, " and live")
        text = back.notebook.ycells[0]["outputs"][0]["text"]
        await until(lambda: str(text) == "before after and live")
    await sink.close()
    assert await here.documents.save(ref) == "saved"
    assert here.file("a.ipynb").cells[0].outputs[0].text == "before after and live"


@local_only
async def test_a_cleanup_that_waits_already_is_cancelled(place: START) -> None:
    here = await place(**SHORT)
    here.write("a.ipynb", "1")
    ref = await here.documents.identify("a.ipynb")
    person = await Tab.open(here.app, "a.ipynb")
    (room,) = here.rooms.values()
    await person.close()
    await until(lambda: room.cleaner is not None, "the tab's cleaner")
    async with reading(here.documents, ref) as cells:
        await two_delays(here)
        assert room in here.rooms.values()
        assert cells.get(0).source == "1"
    await until(lambda: room not in here.rooms.values(), "cleaned after the read")


@local_only
async def test_a_room_that_jmcp_made_is_cleaned_after_the_delay(place: START) -> None:
    here = await place(options={"save_after": 0.02}, **SHORT)
    here.write("a.ipynb", "1")
    ref = await here.documents.identify("a.ipynb")
    async with editing(here.documents, ref) as cells:
        cells.insert(0, "code", "0")
    (extension,) = here.app.extension_manager.extension_apps["jupyter_server_ydoc"]
    assert here.rooms
    await until(lambda: not here.rooms, "cleaned")
    await until(lambda: ref.key not in extension.file_loaders, "its loader removed")
    assert here.sources("a.ipynb") == ["0", "1"]
    assert await here.texts("a.ipynb") == ["0", "1"]


@local_only
async def test_a_room_with_unsaved_edits_is_not_cleaned(
    place: START, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = await place(options={"save_after": 0.02}, **SHORT)
    here.write("a.ipynb", "1")
    ref = await here.documents.identify("a.ipynb")
    monkeypatch.setattr(here.app.contents_manager, "is_writable", lambda path: False)
    async with editing(here.documents, ref) as cells:
        cells.insert(0, "code", "unsaved")
    (room,) = here.rooms.values()
    async with tab(here.app, "a.ipynb"):
        pass
    await two_delays(here)
    assert room in here.rooms.values()
    assert here.documents.save_state(ref.key) == "pending"
    monkeypatch.undo()
    await until(lambda: room not in here.rooms.values(), "cleaned once it could be saved")
    assert here.sources("a.ipynb") == ["unsaved", "1"]


@local_only
async def test_a_room_with_a_tab_is_left_to_the_tab(place: START) -> None:
    here = await place(**SHORT)
    here.write("a.ipynb", "1")
    async with tab(here.app, "a.ipynb") as person:
        (room,) = here.rooms.values()
        assert await here.texts("a.ipynb") == ["1"]
        await two_delays(here)
        assert room in here.rooms.values()
        person.type_over(0, "still shared")
        await until(lambda: str(room._document.ycells[0]["source"]) == "still shared")
    await until(lambda: not here.rooms, "cleaned by Jupyter")


@local_only
async def test_a_tab_that_opens_within_the_delay_keeps_the_room(place: START) -> None:
    here = await place(**SHORT)
    here.write("a.ipynb", "1")
    for _ in range(3):
        assert await here.texts("a.ipynb") == ["1"]
        room = next(iter(here.rooms.values()))
        async with tab(here.app, "a.ipynb") as person:
            assert person.sources == ["1"]
            assert next(iter(here.rooms.values())) is room
            await two_delays(here)
            assert room in here.rooms.values()
        await until(lambda: not here.rooms, "cleaned")


@local_only
async def test_opening_while_a_room_is_being_cleaned(place: START) -> None:
    """Whatever the timing, what is read is the whole notebook, and edits reach the file."""
    here = await place(
        options={"save_after": 0.01}, YDocExtension={"document_cleanup_delay": 0.001}
    )
    here.write("a.ipynb", "0")
    ref = await here.documents.identify("a.ipynb")
    for number in range(1, 40):
        async with editing(here.documents, ref) as cells:
            assert cells.get(0).source == str(number - 1)
            cells.set_source(0, str(number))
        assert await here.documents.save(ref) == "saved"
        await asyncio.sleep(0.0002 * (number % 12))
    assert here.sources("a.ipynb") == ["39"]
    await until(lambda: not here.rooms, "cleaned")


@local_only
async def test_a_tab_between_making_a_room_and_loading_it(
    place: START, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = await place()
    here.write("a.ipynb", "1")
    await here.documents.identify("a.ipynb")
    gate = asyncio.Event()

    async def slow(*args: Any, **kwargs: Any) -> None:
        await gate.wait()

    monkeypatch.setattr("jupyter_server_ydoc.handlers.save_current_session", slow)
    opening = asyncio.create_task(Tab.open(here.app, "a.ipynb"))
    room = await until(lambda: next(iter(here.rooms.values()), None))
    assert not room.ready
    assert await here.texts("a.ipynb") == ["1"]
    gate.set()
    person = await opening
    assert person.sources == ["1"]
    assert list(here.rooms.values()) == [room]
    await person.close()


@local_only
async def test_a_tab_that_is_about_to_join_keeps_the_room(
    place: START, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = await place(**SHORT)
    here.write("a.ipynb", "1")
    (extension,) = here.app.extension_manager.extension_apps["jupyter_server_ydoc"]
    genuine = extension.ywebsocket_server.serve
    arrived, gate = asyncio.Event(), asyncio.Event()

    async def slow(websocket: Any) -> None:
        arrived.set()
        await gate.wait()
        await genuine(websocket)

    monkeypatch.setattr(extension.ywebsocket_server, "serve", slow)
    assert await here.texts("a.ipynb") == ["1"]
    (room,) = here.rooms.values()
    opening = asyncio.create_task(Tab.open(here.app, "a.ipynb"))
    await arrived.wait()
    await two_delays(here)
    assert room in here.rooms.values()
    gate.set()
    person = await opening
    assert person.sources == ["1"]
    await person.close()


@local_only
async def test_waiting_for_a_cleaner_makes_one_room(
    place: START, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Jupyter's cleaner deletes the lock that it holds, so that two would make a room each."""
    from jupyter_server_ydoc.rooms import DocumentRoom

    made: list[str] = []

    class Counted(DocumentRoom):  # type: ignore[misc] # untyped
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            made.append(args[0])
            super().__init__(*args, **kwargs)

    here = await place()
    here.write("a.ipynb", "1")
    assert await here.texts("a.ipynb") == ["1"]
    (extension,) = here.app.extension_manager.extension_apps["jupyter_server_ydoc"]
    ((room_id, room),) = here.rooms.items()
    lock = extension._room_locks[room_id]
    await lock.acquire()
    waiting = [asyncio.create_task(here.texts("a.ipynb")) for _ in range(2)]
    await until(lambda: len(lock._waiters or ()) == 2)
    monkeypatch.setattr("jupyter_server_ydoc.app.DocumentRoom", Counted)
    await extension.ywebsocket_server.delete_room(room=room)
    del extension._room_locks[room_id]
    later = [asyncio.create_task(here.texts("a.ipynb")) for _ in range(2)]
    lock.release()
    assert await asyncio.gather(*waiting, *later) == [["1"]] * 4
    assert made == [room_id]


@local_only
async def test_what_a_person_typed_is_saved_before_a_room_is_cleaned(place: START) -> None:
    here = await place(YDocExtension={"document_cleanup_delay": 0.02, "document_save_delay": 0.4})
    here.write("a.ipynb", "1")
    ref = await here.documents.identify("a.ipynb")
    async with reading(here.documents, ref) as cells:
        async with tab(here.app, "a.ipynb") as person:
            person.type_over(0, "typed")
            await until(lambda: cells.get(0).source == "typed")
        (room,) = here.rooms.values()
        await until(lambda: len(room.clients) == 1, "the tab is gone")
    await until(lambda: not here.rooms, "cleaned")
    assert here.sources("a.ipynb") == ["typed"]


@local_only
async def test_edits_of_a_deleted_notebook_do_not_keep_its_room(place: START) -> None:
    here = await place(options={"save_after": 0.01}, **SHORT)
    here.write("a.ipynb", "1")
    ref = await here.documents.identify("a.ipynb")
    async with editing(here.documents, ref) as cells:
        cells.set_source(0, "2")
        (here.root / "a.ipynb").unlink()
    await until(lambda: not here.rooms, "given up and cleaned")
    assert not (here.root / "a.ipynb").exists()


async def test_notebooks_that_load_in_steps_are_read_whole(place: START) -> None:
    here = await place(YDocExtension={"document_load_progressively": True})
    here.write("a.ipynb", *(str(number) for number in range(200)))
    assert await here.texts("a.ipynb") == [str(number) for number in range(200)]
    async with tab(here.app, "a.ipynb") as person:
        assert len(person.sources) == 200


async def test_without_a_delay_rooms_stay(place: START) -> None:
    here = await place(YDocExtension={"document_cleanup_delay": None})
    here.write("a.ipynb", "1")
    assert await here.texts("a.ipynb") == ["1"]
    (room,) = here.rooms.values()
    assert room.cleaner is None


async def test_closing_saves_what_is_pending(place: START) -> None:
    here = await place(options={"save_after": 60.0}, YDocExtension={"document_save_delay": 60.0})
    here.write("a.ipynb", "1")
    ref = await here.documents.identify("a.ipynb")
    async with editing(here.documents, ref) as cells:
        cells.set_source(0, "2")
    assert here.documents.save_state(ref.key) == "pending"
    await here.documents.close()
    assert here.sources("a.ipynb") == ["2"]


async def test_the_first_edit_of_a_new_room_is_in_its_store(place: START) -> None:
    here = await place()
    here.write("a.ipynb", "1")
    ref = await here.documents.identify("a.ipynb")
    for source in ("first", "second"):  # the first opens the room
        async with editing(here.documents, ref) as cells:
            cells.insert(0, "code", source)
    (room,) = here.rooms.values()

    async def stored() -> list[str]:
        loaded = YNotebook()
        async for update, *_ in room.ystore.read():
            loaded.ydoc.apply_update(update)
        return [str(cell["source"]) for cell in loaded.ycells]

    async with asyncio.timeout(60):
        while await stored() != ["second", "first", "1"]:
            pass


async def test_rooms_that_open_together_on_a_new_server_share_one_whole_store(
    place: START, tmp_path: Path
) -> None:
    here = await place()
    texts = await open_together(here)
    assert texts == {f"{number}.ipynb": [f"cell {number}"] for number in range(TOGETHER)}
    folder = tmp_path / "jupyter_home" / "server0"
    assert stores(folder) == {"ystore.db"}
    assert stored_rooms(folder / "ystore.db") == TOGETHER


@local_only
async def test_a_store_that_such_a_race_left_behind_is_replaced_once(
    place: START, tmp_path: Path
) -> None:
    """What pycrdt-store leaves when two rooms make its database at once: without a version."""
    folder = tmp_path / "jupyter_home" / "server0"

    def spoil() -> None:
        with contextlib.closing(sqlite3.connect(folder / "ystore.db")) as half:
            half.execute(
                "CREATE TABLE yupdates (path TEXT NOT NULL, yupdate BLOB, metadata BLOB, "
                "timestamp REAL NOT NULL)"
            )

    here = await place()
    spoil()
    texts = await open_together(here)
    assert texts == {f"{number}.ipynb": [f"cell {number}"] for number in range(TOGETHER)}
    assert stores(folder) == {"ystore.db", "ystore(1).db"}
    assert stored_rooms(folder / "ystore.db") == TOGETHER


@local_only
async def test_a_room_that_never_opens_is_an_error(
    place: START, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room_manager, "OPENING_SECONDS", 0.2)
    here = await place()
    here.write("a.ipynb", "1")
    ref = await here.documents.identify("a.ipynb")
    opening = here.extension.get_document

    async def stuck(**arguments: Any) -> None:
        async with here.extension._room_locks[arguments["room_id"]]:
            await asyncio.Event().wait()

    monkeypatch.setattr(here.extension, "get_document", stuck)
    with pytest.raises(JupyterUnreachable, match=r"'a\.ipynb' within 0 s"):
        await reading(here.documents, ref).__aenter__()
    monkeypatch.setattr(here.extension, "get_document", opening)
    assert await here.texts("a.ipynb") == ["1"]


async def open_together(here: Place) -> dict[str, list[str]]:
    for number in range(TOGETHER):
        here.write(f"{number}.ipynb", f"cell {number}")
    paths = [f"{number}.ipynb" for number in range(TOGETHER)]
    async with asyncio.timeout(60):
        return dict(zip(paths, await asyncio.gather(*map(here.texts, paths)), strict=True))


def stores(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("ystore*.db")}


def stored_rooms(path: Path) -> int:
    with contextlib.closing(sqlite3.connect(path)) as store:
        assert store.execute("PRAGMA user_version").fetchone() != (0,)
        return int(store.execute("SELECT count(DISTINCT path) FROM yupdates").fetchone()[0])


@local_only
async def test_what_waits_for_the_store_is_stored_at_once(place: START, tmp_path: Path) -> None:
    here, ref, room = await with_a_room(place)
    store = tmp_path / "jupyter_home" / "server0" / "ystore.db"
    async with room.ystore.lock:  # another room's turn
        before = rows(store)
        for number in range(20):
            async with editing(here.documents, ref) as cells:
                cells.insert(len(cells), "code", str(number))
    expected = ["1", *map(str, range(20))]
    await until(lambda: stored(store) == expected, "all edits stored")
    assert rows(store) - before <= 2


@local_only
async def test_the_rooms_of_tabs_share_the_store_too(place: START) -> None:
    here = await place()
    for path in ("a.ipynb", "b.ipynb"):
        here.write(path, "1")
    assert await here.texts("a.ipynb") == ["1"]
    async with tab(here.app, "b.ipynb"):
        mine, theirs = here.rooms.values()
        assert type(mine.ystore) is type(theirs.ystore)
        assert mine.ystore.lock is theirs.ystore.lock


@local_only
async def test_a_room_that_is_closed_within_a_transaction_ends_it(
    place: START, tmp_path: Path
) -> None:
    here, ref, room = await with_a_room(place)
    store = tmp_path / "jupyter_home" / "server0" / "ystore.db"
    begun, gate = asyncio.Event(), asyncio.Event()
    commit = room.ystore._db.commit

    async def slow() -> None:
        begun.set()
        await gate.wait()
        await commit()

    async with room.ystore.lock:
        room.ystore._db.commit = slow
    async with editing(here.documents, ref) as cells:
        cells.set_source(0, "2")
    await begun.wait()
    assert locked(store)
    await room.stop()
    gate.set()
    await until(lambda: not locked(store), "the transaction ended")
    assert stored(store) == ["2"]


async def with_a_room(place: START) -> tuple[Place, NotebookRef, Any]:
    here: Place = await place()
    here.write("a.ipynb", "1")
    assert await here.texts("a.ipynb") == ["1"]
    (room,) = here.rooms.values()
    return here, await here.documents.identify("a.ipynb"), room


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
