"""Rooms live while jmcp needs them, and no longer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from sqlite3 import OperationalError
from typing import Any

import pytest

from jmcp.core.errors import JupyterUnreachable
from jmcp_jupyter.documents.local.rooms import room_manager
from jmcp_jupyter.documents.local.rooms.room_saver import RoomSaver
from tests.document_access import editing, output_sink, reading
from tests.ports.documents.conftest import DocumentServer, local_only
from tests.ports.documents.tab import Tab, tab, until

pytestmark = pytest.mark.oldest

START = Callable[..., Any]

DELAY = 0.15

SHORT: dict[str, Any] = {"YDocExtension": {"document_cleanup_delay": DELAY}}


async def two_delays(server: DocumentServer) -> None:
    """Let a cleanup that would come have come: the same delay, on a room that is let go."""
    server.write("clock.ipynb", "tick")
    await server.texts("clock.ipynb")
    clock = (await server.documents.identify("clock.ipynb")).key
    await until(lambda: not any(clock in room for room in server.rooms), "the clock's room cleaned")
    await server.texts("clock.ipynb")
    await until(lambda: not any(clock in room for room in server.rooms), "the clock's room cleaned")


@local_only
async def test_a_tab_that_closes_during_a_run_loses_nothing(start_server: START) -> None:
    server = await start_server(options={"save_after": 0.05}, **SHORT)
    server.write("a.ipynb", "1")
    ref = await server.documents.identify("a.ipynb")
    person = await Tab.open(server.app, "a.ipynb")
    async with reading(server.documents, ref) as cells:
        sink = await output_sink(server.documents, ref, cells.get(0))
    sink.begin()
    sink.append({"output_type": "stream", "name": "stdout", "text": "before "})
    await person.close()
    await two_delays(server)
    sink.extend_text(0, "after")
    async with tab(server.app, "a.ipynb") as back:
        assert str(back.notebook.ycells[0]["outputs"][0]["text"]) == "before after"
        sink.extend_text(0, " and live")
        text = back.notebook.ycells[0]["outputs"][0]["text"]
        await until(lambda: str(text) == "before after and live")
    await sink.close()
    assert await server.documents.save(ref) == "saved"
    assert server.file("a.ipynb").cells[0].outputs[0].text == "before after and live"


@local_only
async def test_a_cleanup_that_waits_already_is_cancelled(start_server: START) -> None:
    server = await start_server(**SHORT)
    server.write("a.ipynb", "1")
    ref = await server.documents.identify("a.ipynb")
    person = await Tab.open(server.app, "a.ipynb")
    (room,) = server.rooms.values()
    await person.close()
    await until(lambda: room.cleaner is not None, "the tab's cleaner")
    async with reading(server.documents, ref) as cells:
        await two_delays(server)
        assert room in server.rooms.values()
        assert cells.get(0).source == "1"
    await until(lambda: room not in server.rooms.values(), "cleaned after the read")


@local_only
async def test_a_room_that_jmcp_made_is_cleaned_after_the_delay(start_server: START) -> None:
    server = await start_server(options={"save_after": 0.02}, **SHORT)
    server.write("a.ipynb", "1")
    ref = await server.documents.identify("a.ipynb")
    async with editing(server.documents, ref) as cells:
        cells.insert(0, "code", "0")
    (extension,) = server.app.extension_manager.extension_apps["jupyter_server_ydoc"]
    assert server.rooms
    await until(lambda: not server.rooms, "cleaned")
    await until(lambda: ref.key not in extension.file_loaders, "its loader removed")
    assert server.sources("a.ipynb") == ["0", "1"]
    assert await server.texts("a.ipynb") == ["0", "1"]


@local_only
async def test_a_room_with_unsaved_edits_is_not_cleaned(
    start_server: START, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await start_server(options={"save_after": 0.02}, **SHORT)
    server.write("a.ipynb", "1")
    ref = await server.documents.identify("a.ipynb")
    async with editing(server.documents, ref) as cells:
        monkeypatch.setattr(server.app.contents_manager, "is_writable", lambda path: False)
        cells.insert(0, "code", "unsaved")
    (room,) = server.rooms.values()
    async with tab(server.app, "a.ipynb"):
        pass
    await two_delays(server)
    assert room in server.rooms.values()
    assert server.documents.save_state(ref.key) == "failed"
    monkeypatch.undo()
    await until(lambda: room not in server.rooms.values(), "cleaned once it could be saved")
    assert server.sources("a.ipynb") == ["unsaved", "1"]


@local_only
async def test_a_room_with_a_tab_is_left_to_the_tab(start_server: START) -> None:
    server = await start_server(**SHORT)
    server.write("a.ipynb", "1")
    async with tab(server.app, "a.ipynb") as person:
        (room,) = server.rooms.values()
        assert await server.texts("a.ipynb") == ["1"]
        await two_delays(server)
        assert room in server.rooms.values()
        person.type_over(0, "still shared")
        await until(lambda: str(room._document.ycells[0]["source"]) == "still shared")
    await until(lambda: not server.rooms, "cleaned by Jupyter")


@local_only
async def test_a_tab_that_opens_within_the_delay_keeps_the_room(start_server: START) -> None:
    server = await start_server(**SHORT)
    server.write("a.ipynb", "1")
    for _ in range(3):
        assert await server.texts("a.ipynb") == ["1"]
        room = next(iter(server.rooms.values()))
        async with tab(server.app, "a.ipynb") as person:
            assert person.sources == ["1"]
            assert next(iter(server.rooms.values())) is room
            await two_delays(server)
            assert room in server.rooms.values()
        await until(lambda: not server.rooms, "cleaned")


@local_only
async def test_opening_while_a_room_is_being_cleaned(start_server: START) -> None:
    """Whatever the timing, what is read is the whole notebook, and edits reach the file."""
    server = await start_server(
        options={"save_after": 0.01}, YDocExtension={"document_cleanup_delay": 0.001}
    )
    server.write("a.ipynb", "0")
    ref = await server.documents.identify("a.ipynb")
    for number in range(1, 40):
        async with editing(server.documents, ref) as cells:
            assert cells.get(0).source == str(number - 1)
            cells.set_source(0, str(number))
        assert await server.documents.save(ref) == "saved"
        await asyncio.sleep(0.0002 * (number % 12))
    assert server.sources("a.ipynb") == ["39"]
    await until(lambda: not server.rooms, "cleaned")


@local_only
async def test_a_tab_between_making_a_room_and_loading_it(
    start_server: START, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await start_server()
    server.write("a.ipynb", "1")
    await server.documents.identify("a.ipynb")
    gate = asyncio.Event()

    async def slow(*args: Any, **kwargs: Any) -> None:
        await gate.wait()

    monkeypatch.setattr("jupyter_server_ydoc.handlers.save_current_session", slow)
    opening = asyncio.create_task(Tab.open(server.app, "a.ipynb"))
    room = await until(lambda: next(iter(server.rooms.values()), None))
    assert not room.ready
    assert await server.texts("a.ipynb") == ["1"]
    gate.set()
    person = await opening
    assert person.sources == ["1"]
    assert list(server.rooms.values()) == [room]
    await person.close()


@local_only
async def test_a_tab_that_is_about_to_join_keeps_the_room(
    start_server: START, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await start_server(**SHORT)
    server.write("a.ipynb", "1")
    (extension,) = server.app.extension_manager.extension_apps["jupyter_server_ydoc"]
    genuine = extension.ywebsocket_server.serve
    arrived, gate = asyncio.Event(), asyncio.Event()

    async def slow(websocket: Any) -> None:
        arrived.set()
        await gate.wait()
        await genuine(websocket)

    monkeypatch.setattr(extension.ywebsocket_server, "serve", slow)
    assert await server.texts("a.ipynb") == ["1"]
    (room,) = server.rooms.values()
    opening = asyncio.create_task(Tab.open(server.app, "a.ipynb"))
    await arrived.wait()
    await two_delays(server)
    assert room in server.rooms.values()
    gate.set()
    person = await opening
    assert person.sources == ["1"]
    await person.close()


@local_only
async def test_waiting_for_a_cleaner_makes_one_room(
    start_server: START, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Jupyter's cleaner deletes the lock that it holds, so that two would make a room each."""
    from jupyter_server_ydoc.rooms import DocumentRoom

    made: list[str] = []

    class Counted(DocumentRoom):  # type: ignore[misc] # untyped
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            made.append(args[0])
            super().__init__(*args, **kwargs)

    server = await start_server()
    server.write("a.ipynb", "1")
    assert await server.texts("a.ipynb") == ["1"]
    (extension,) = server.app.extension_manager.extension_apps["jupyter_server_ydoc"]
    ((room_id, room),) = server.rooms.items()
    lock = extension._room_locks[room_id]
    await lock.acquire()
    waiting = [asyncio.create_task(server.texts("a.ipynb")) for _ in range(2)]
    await until(lambda: len(lock._waiters or ()) == 2)
    monkeypatch.setattr("jupyter_server_ydoc.app.DocumentRoom", Counted)
    await extension.ywebsocket_server.delete_room(room=room)
    del extension._room_locks[room_id]
    later = [asyncio.create_task(server.texts("a.ipynb")) for _ in range(2)]
    lock.release()
    assert await asyncio.gather(*waiting, *later) == [["1"]] * 4
    assert made == [room_id]


@local_only
async def test_what_a_person_typed_is_saved_before_a_room_is_cleaned(start_server: START) -> None:
    server = await start_server(
        YDocExtension={"document_cleanup_delay": 0.02, "document_save_delay": 0.4}
    )
    server.write("a.ipynb", "1")
    ref = await server.documents.identify("a.ipynb")
    async with reading(server.documents, ref) as cells:
        async with tab(server.app, "a.ipynb") as person:
            person.type_over(0, "typed")
            await until(lambda: cells.get(0).source == "typed")
        (room,) = server.rooms.values()
        await until(lambda: len(room.clients) == 1, "the tab is gone")
    await until(lambda: not server.rooms, "cleaned")
    assert server.sources("a.ipynb") == ["typed"]


@local_only
async def test_edits_of_a_deleted_notebook_do_not_keep_its_room(start_server: START) -> None:
    server = await start_server(options={"save_after": 0.01}, **SHORT)
    server.write("a.ipynb", "1")
    ref = await server.documents.identify("a.ipynb")
    async with editing(server.documents, ref) as cells:
        cells.set_source(0, "2")
        (server.root / "a.ipynb").unlink()
    await until(lambda: not server.rooms, "given up and cleaned")
    assert not (server.root / "a.ipynb").exists()


async def test_notebooks_that_load_in_steps_are_read_whole(start_server: START) -> None:
    server = await start_server(YDocExtension={"document_load_progressively": True})
    server.write("a.ipynb", *(str(number) for number in range(200)))
    assert await server.texts("a.ipynb") == [str(number) for number in range(200)]
    async with tab(server.app, "a.ipynb") as person:
        assert len(person.sources) == 200


async def test_without_a_delay_rooms_stay(start_server: START) -> None:
    server = await start_server(YDocExtension={"document_cleanup_delay": None})
    server.write("a.ipynb", "1")
    assert await server.texts("a.ipynb") == ["1"]
    (room,) = server.rooms.values()
    assert room.cleaner is None


async def test_closing_saves_what_is_pending(start_server: START) -> None:
    server = await start_server(
        options={"save_after": 60.0}, YDocExtension={"document_save_delay": 60.0}
    )
    server.write("a.ipynb", "1")
    ref = await server.documents.identify("a.ipynb")
    async with editing(server.documents, ref) as cells:
        cells.set_source(0, "2")
    assert server.documents.save_state(ref.key) == "pending"
    await server.documents.close()
    assert server.sources("a.ipynb") == ["2"]


@local_only
async def test_a_room_that_never_opens_is_an_error(
    start_server: START, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room_manager, "OPENING_SECONDS", 0.2)
    server = await start_server()
    server.write("a.ipynb", "1")
    ref = await server.documents.identify("a.ipynb")
    opening = server.extension.get_document

    async def stuck(**arguments: Any) -> None:
        async with server.extension._room_locks[arguments["room_id"]]:
            await asyncio.Event().wait()

    monkeypatch.setattr(server.extension, "get_document", stuck)
    with pytest.raises(JupyterUnreachable, match=r"'a\.ipynb' within 0 s"):
        await reading(server.documents, ref).__aenter__()
    monkeypatch.setattr(server.extension, "get_document", opening)
    assert await server.texts("a.ipynb") == ["1"]


@local_only
async def test_a_room_that_cannot_be_saved_keeps_no_other_from_being_saved_at_the_end(
    start_server: START, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await start_server(options={"save_after": 3600.0})
    genuine = RoomSaver.close

    async def close(self: Any) -> None:
        if self._room._file.path == "0.ipynb":
            raise RuntimeError("its store is gone")
        await genuine(self)

    monkeypatch.setattr(RoomSaver, "close", close)
    for number in range(3):
        server.write(f"{number}.ipynb", "1")
        ref = await server.documents.identify(f"{number}.ipynb")
        async with editing(server.documents, ref) as cells:
            cells.set_source(0, "edited")
    with pytest.raises(RuntimeError, match="its store is gone"):
        await server.documents.close()
    sources = [server.sources(f"{number}.ipynb") for number in range(3)]
    assert sources == [["1"], ["edited"], ["edited"]]


@local_only
async def test_a_notebook_that_does_not_open_is_not_blamed_for_it(
    start_server: START, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    server = await start_server()
    server.write("a.ipynb", "1")
    ref = await server.documents.identify("a.ipynb")
    loader = server.extension.file_loaders[ref.key]

    async def locked(*_: object) -> None:
        raise OperationalError("database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(loader, "load_content", locked)
        with pytest.raises(JupyterUnreachable, match="although its file is a notebook"):
            await server.texts("a.ipynb")
    assert "database is locked" in caplog.text
    assert await server.texts("a.ipynb") == ["1"]
