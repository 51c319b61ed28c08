"""A live notebook's file: written in time, and called saved only when it is."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from typing import Any

import pytest
from jupyter_ydoc.utils import cast_all
from pycrdt import YMessageType, YSyncMessageType
from tornado.web import HTTPError

from jmcp_api.backend_errors import WriteRefused
from jmcp_jupyter.documents.remote.room_connection import NotebookClient
from tests.document_access import editing, reading
from tests.ports.documents.conftest import DocumentServer, local_only, remote_only
from tests.ports.documents.tab import tab, until
from tests.sentences import said

START = Callable[..., Any]
NEVER: dict[str, Any] = {"YDocExtension": {"document_save_delay": 3600.0}}
"""Jupyter's own debounced save stays out of these tests."""


async def saved(server: DocumentServer, path: str) -> None:
    ref = await server.documents.identify(path)
    states: list[str] = []
    for _ in range(2000):
        states.append(server.documents.save_state(ref.key))
        if states[-1] == "saved":
            return
        await asyncio.sleep(0.005)
    raise AssertionError("never saved")


async def test_an_edit_is_saved_within_its_time(start_server: START) -> None:
    server = await start_server(options={"save_after": 0.05}, **NEVER)
    server.write("a.ipynb", "1")
    ref = await server.documents.identify("a.ipynb")
    assert server.documents.save_state(ref.key) == "saved"
    async with editing(server.documents, ref) as cells:
        cells.set_source(0, "2")
    assert server.documents.save_state(ref.key) == "pending"
    assert server.sources("a.ipynb") == ["1"]
    await saved(server, "a.ipynb")
    assert server.sources("a.ipynb") == ["2"]


async def test_edits_without_a_pause_are_saved_too(start_server: START) -> None:
    """Jupyter's debounced save waits for a pause that a busy agent never makes."""
    server = await start_server(
        options={"save_after": 0.1}, YDocExtension={"document_save_delay": 0.05}
    )
    server.write("a.ipynb", *(str(number) for number in range(100)))
    ref = await server.documents.identify("a.ipynb")
    count = 0
    while server.documents.saved_version(ref.key) is None:
        async with editing(server.documents, ref) as cells:
            cells.set_source(0, f"edited {count}")
        count += 1
        assert count < 3000, "never saved while edits kept coming"
        await asyncio.sleep(0.002)
    assert count > 3
    assert b'"edited' in (server.root / "a.ipynb").read_bytes()


async def test_no_save_is_lost_on_edits_without_a_pause(start_server: START) -> None:
    """Nor does any save take an edit for saved that came too late for it."""
    server = await start_server(options={"save_after": 3600.0}, **NEVER)
    server.write("a.ipynb", *(str(number) for number in range(100)))
    ref = await server.documents.identify("a.ipynb")
    versions: list[int] = []

    async def edit() -> None:
        while True:
            async with editing(server.documents, ref) as cells:
                cells.set_source(0, f"edit {len(versions)}")
            versions.append(cells.version)
            await asyncio.sleep(0)  # not every edit waits for something

    editor = asyncio.create_task(edit())
    try:
        await until(lambda: versions, "it edits")
        for _ in range(10):
            made = versions[-1]
            for _ in range(2):  # in this process the second one proves the first
                await server.documents.save(ref)
            found = server.documents.saved_version(ref.key)
            assert found is not None
            assert made <= found
            newest = max(at for at, version in enumerate(versions) if version <= found)
            assert int(server.sources("a.ipynb")[0].removeprefix("edit ")) >= newest
    finally:
        editor.cancel()
        await asyncio.wait({editor})
    assert len(versions) > 10


@local_only  # elsewhere, a change cuts a save short
async def test_the_file_s_version_is_known_when_nothing_older_can_follow(
    start_server: START,
) -> None:
    server = await start_server(options={"save_after": 3600.0}, **NEVER)
    server.write("a.ipynb", "1")
    ref = await server.documents.identify("a.ipynb")
    assert server.documents.saved_version(ref.key) is None
    versions: list[int] = []

    async def edit() -> None:
        async with editing(server.documents, ref) as cells:
            cells.set_source(0, f"edit {len(versions)}")
        versions.append(cells.version)

    await edit()
    assert server.documents.saved_version(ref.key) is None
    assert await server.documents.save(ref) == "saved"
    assert server.documents.saved_version(ref.key) == versions[-1]
    # An edit in the midst of a save: only the next one proves what this one wrote.
    genuine = server.app.contents_manager.save

    async def save(model: Any, path: str) -> Any:
        await edit()
        return await genuine(model, path)

    server.app.contents_manager.save = save
    await edit()
    assert await server.documents.save(ref) == "pending"
    assert server.documents.saved_version(ref.key) == versions[0]
    assert await server.documents.save(ref) == "pending"
    assert server.documents.saved_version(ref.key) == versions[1]
    server.app.contents_manager.save = genuine
    assert await server.documents.save(ref) == "saved"
    assert server.documents.saved_version(ref.key) == versions[-1]
    assert server.sources("a.ipynb") == [f"edit {len(versions) - 1}"]


async def test_save_states_the_truth_about_everybody_s_edits(start_server: START) -> None:
    server = await start_server(options={"save_after": 3600.0}, **NEVER)
    server.write("a.ipynb", "1")
    ref = await server.documents.identify("a.ipynb")
    async with tab(server.app, "a.ipynb") as person:
        person.type_over(0, "typed")
        (room,) = server.rooms.values()
        await until(lambda: str(room._document.ycells[0]["source"]) == "typed")
        assert await server.documents.save(ref) == "saved"
        assert server.sources("a.ipynb") == ["typed"]
        assert room._document.dirty is False
        assert room._document.hash is not None


@remote_only
async def test_a_save_is_believed_before_the_room_pushed_what_it_wrote(
    start_server: START, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await start_server(options={"save_after": 3600.0}, **NEVER)
    server.write("a.ipynb", "1")
    ref = await server.documents.identify("a.ipynb")
    async with reading(server.documents, ref):
        pass
    genuine = NotebookClient._receive

    def receive(client: NotebookClient, message: bytes) -> None:
        if message[:2] != bytes([YMessageType.SYNC, YSyncMessageType.SYNC_UPDATE]):
            genuine(client, message)

    monkeypatch.setattr(NotebookClient, "_receive", receive)
    # However fast the save was.
    monkeypatch.setattr("jmcp_jupyter.documents.remote.room_connection.FRESH_SECONDS", 60.0)
    assert await server.documents.save(ref) == "saved"


async def test_a_save_works_where_the_person_switched_autosave_off(start_server: START) -> None:
    server = await start_server(
        options={"save_after": 0.05}, YDocExtension={"document_save_delay": 0.01}
    )
    server.write("a.ipynb", "1")
    ref = await server.documents.identify("a.ipynb")
    async with reading(server.documents, ref):
        (room,) = server.rooms.values()
        room.awareness.set_local_state({"autosave": False})
    async with editing(server.documents, ref) as cells:
        cells.set_source(0, "2")
    await saved(server, "a.ipynb")
    assert server.sources("a.ipynb") == ["2"]


@pytest.mark.parametrize("how", ["read-only", "full disk"])
async def test_a_file_that_cannot_be_written_is_told(
    start_server: START, how: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    server = await start_server(options={"save_after": 0.02}, **NEVER)
    server.write("a.ipynb", "1")
    ref = await server.documents.identify("a.ipynb")
    attempts = 0
    if how == "read-only":

        def writable(path: str) -> bool:
            nonlocal attempts
            attempts += 1
            return False

        failing: tuple[str, Any] = ("is_writable", writable)
    else:

        async def save(model: Any, path: str) -> Any:
            nonlocal attempts
            attempts += 1
            raise HTTPError(500, "No space left on device")

        failing = ("save", save)
    propagate = server.app.log.propagate
    server.app.log.propagate = True
    caplog.set_level(logging.WARNING)
    async with editing(server.documents, ref) as cells:
        monkeypatch.setattr(server.app.contents_manager, *failing)
        cells.set_source(0, "2")
    await until(lambda: attempts >= 3, "it tries again")
    await until(lambda: server.documents.save_state(ref.key) == "failed", "it is told")
    assert await server.documents.save(ref) == "failed"
    assert server.sources("a.ipynb") == ["1"]
    async with reading(server.documents, ref) as cells:
        assert cells.get(0).source == "2"
        assert "could not be written" in "".join(said(cells.notices()))
    assert sum("Cannot save" in record.message for record in caplog.records) == 1
    server.app.log.propagate = propagate
    monkeypatch.undo()
    await saved(server, "a.ipynb")
    assert server.sources("a.ipynb") == ["2"]
    async with reading(server.documents, ref) as cells:
        assert list(cells.notices()) == []


@local_only  # over HTTP the first save finds it out
async def test_a_file_that_is_read_only_already_takes_no_edit(
    start_server: START, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await start_server(options={"save_after": 0.02}, **NEVER)
    server.write("a.ipynb", "1")
    ref = await server.documents.identify("a.ipynb")
    with monkeypatch.context() as patch:
        patch.setattr(server.app.contents_manager, "is_writable", lambda path: False)
        with pytest.raises(WriteRefused, match="read-only"):
            async with editing(server.documents, ref):
                pass
        assert await server.texts("a.ipynb") == ["1"]
        assert server.documents.save_state(ref.key) == "saved"
    async with editing(server.documents, ref) as cells:
        cells.set_source(0, "2")
    await saved(server, "a.ipynb")


@local_only  # in another process the server keeps its reasons to itself
async def test_a_save_that_fails_for_any_reason_is_told_and_tried_again(
    start_server: START, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    server = await start_server(options={"save_after": 0.02}, **NEVER)
    server.write("a.ipynb", "1")
    ref = await server.documents.identify("a.ipynb")

    async def save(model: Any, path: str) -> Any:
        raise ValueError("cannot convert float NaN to integer")

    monkeypatch.setattr(server.app.contents_manager, "save", save)
    async with editing(server.documents, ref) as cells:
        cells.set_source(0, "2")
        assert server.documents.save_state(ref.key) == "saved"
    await until(lambda: server.documents.save_state(ref.key) == "failed", "it is told")
    async with reading(server.documents, ref) as cells:
        assert "ValueError" in "".join(said(cells.notices()))
    async with editing(server.documents, ref) as cells:
        cells.set_source(0, "3")
        assert "ValueError" in "".join(said(cells.notices()))
    assert server.documents.save_state(ref.key) == "failed"
    monkeypatch.undo()
    await saved(server, "a.ipynb")
    assert server.sources("a.ipynb") == ["3"]
    async with reading(server.documents, ref) as cells:
        assert not cells.notices()


@pytest.mark.parametrize("start_server", ["remote"], indirect=True)
async def test_a_cell_that_the_other_server_cannot_save_is_named(
    start_server: START, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person's own output, for jmcp writes none such."""
    monkeypatch.setattr("jupyter_ydoc.ynotebook.cast_all", cast_all)  # as without jmcp inside
    server = await start_server(options={"save_after": 0.02}, **NEVER)
    server.write("a.ipynb", "1")
    ref = await server.documents.identify("a.ipynb")
    async with tab(server.app, "a.ipynb") as person:
        person.show_output(0, {"application/json": {"x": float("nan")}})
        async with editing(server.documents, ref) as cells:
            cells.set_source(0, "2")
        await until(lambda: server.documents.save_state(ref.key) == "failed", "it is told")
        async with reading(server.documents, ref) as cells:
            text = "".join(said(cells.notices()))
        assert "cell 0, outputs[0].data['application/json'].x: nan" in text
        person.clear_outputs(0)
        await saved(server, "a.ipynb")
        assert server.sources("a.ipynb") == ["2"]


async def test_a_file_replaced_at_once_after_the_save_is_not_called_saved(
    start_server: START, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await start_server(options={"save_after": 3600.0}, **NEVER)
    server.write("a.ipynb", "1")
    server.write("other.ipynb", "theirs")
    ref = await server.documents.identify("a.ipynb")
    async with editing(server.documents, ref) as cells:
        cells.set_source(0, "ours")
    (room,) = server.rooms.values()
    genuine = room._file.maybe_save_content

    async def then_replaced(model: Any) -> Any:
        saved_model = await genuine(model)
        (server.root / "a.ipynb").write_bytes((server.root / "other.ipynb").read_bytes())
        return saved_model

    monkeypatch.setattr(room._file, "maybe_save_content", then_replaced)
    assert await server.documents.save(ref) == "pending"


async def test_a_file_changed_outside_is_noted_and_not_overwritten(start_server: START) -> None:
    """Where jmcp is in the same process, what was not saved stays; another server reloads."""
    server = await start_server(
        options={"save_after": 0.05}, YDocExtension={"file_poll_interval": 3600.0}
    )
    server.write("a.ipynb", "1")
    ref = await server.documents.identify("a.ipynb")
    async with reading(server.documents, ref) as cells:
        looked = cells.changes.cursor
    async with editing(server.documents, ref) as cells:
        # Not earlier: an edit takes up what the file got before it.
        server.write("a.ipynb", "from git")
        stat = (server.root / "a.ipynb").stat()
        os.utime(server.root / "a.ipynb", (stat.st_atime + 5, stat.st_mtime + 5))
        cells.insert(0, "code", "unsaved")
    await saved(server, "a.ipynb")
    now = ["from git"] if server.remote else ["unsaved", "from git"]
    assert server.sources("a.ipynb") == now
    async with editing(server.documents, ref) as cells:
        assert [cells.get(index).source for index in range(len(cells))] == now
        assert cells.changes.replaced_since(looked)
        assert cells.changes.lost_since(looked) is server.remote
        cells.insert(0, "code", "ours")
    async with reading(
        server.documents, ref
    ) as cells:  # whoever looked before is told, and no other
        assert cells.changes.replaced_since(looked)
        assert not cells.changes.replaced_since(cells.changes.cursor)
        assert not cells.changes.replaced_since(None)


async def test_a_change_outside_that_jupyter_notices_is_noted(start_server: START) -> None:
    server = await start_server(
        options={"save_after": 3600.0}, YDocExtension={"file_poll_interval": 0.02}
    )
    server.write("a.ipynb", "1")
    ref = await server.documents.identify("a.ipynb")
    async with reading(server.documents, ref) as cells:
        looked = cells.changes.cursor
        server.write("a.ipynb", "from git", "more")
        stat = (server.root / "a.ipynb").stat()
        os.utime(server.root / "a.ipynb", (stat.st_atime + 5, stat.st_mtime + 5))
        await until(lambda: len(cells) == 2)
    async with reading(server.documents, ref) as cells:
        assert cells.get(0).source == "from git"
        assert cells.changes.replaced_since(looked)


async def test_a_save_of_ours_spares_jupyter_its_own(start_server: START) -> None:
    server = await start_server(
        options={"save_after": 3600.0}, YDocExtension={"document_save_delay": 3600.0}
    )
    server.write("a.ipynb", "1")
    ref = await server.documents.identify("a.ipynb")
    async with editing(server.documents, ref) as cells:
        cells.set_source(0, "2")
    (room,) = server.rooms.values()
    assert not room._saving_document.done()
    assert await server.documents.save(ref) == "saved"
    await until(lambda: room._saving_document.done())


async def test_a_save_of_jupyter_s_spares_ours(
    start_server: START, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await start_server(
        options={"save_after": 2.0}, YDocExtension={"document_save_delay": 0.02}
    )
    server.write("a.ipynb", "1")
    ref = await server.documents.identify("a.ipynb")
    genuine, saves = server.contents.save, []

    async def save(model: Any, path: str) -> Any:
        saves.append(path)
        return await genuine(model, path)

    monkeypatch.setattr(server.contents, "save", save)
    async with editing(server.documents, ref) as cells:
        cells.set_source(0, "2")
    await saved(server, "a.ipynb")
    assert server.sources("a.ipynb") == ["2"]
    await server.documents.close()
    assert len(saves) == 1


async def test_a_save_that_began_before_the_edit_is_not_believed(
    start_server: START, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await start_server(options={"save_after": 3600.0}, **NEVER)
    server.write("a.ipynb", "1")
    ref = await server.documents.identify("a.ipynb")
    genuine, gate, writing = server.contents.save, asyncio.Event(), asyncio.Event()

    async def save(model: Any, path: str) -> Any:
        writing.set()
        await gate.wait()
        return await genuine(model, path)

    monkeypatch.setattr(server.contents, "save", save)
    async with editing(server.documents, ref) as cells:
        (room,) = server.rooms.values()
        room.awareness.set_local_state({"autosave": False})
        manual = room._save_to_disc()
        await writing.wait()
        cells.set_source(0, "2")
    gate.set()
    await manual
    assert server.sources("a.ipynb") == ["1"]
    assert server.documents.save_state(ref.key) == "pending"
    assert await server.documents.save(ref) == "saved"
    assert server.sources("a.ipynb") == ["2"]
