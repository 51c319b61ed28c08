"""Rooms live while jmcp needs them, and no longer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from tests.documents.conftest import Place
from tests.documents.tab import Tab, tab, until

START = Callable[..., Any]
DELAY = 0.15
SHORT: dict[str, Any] = {"YDocExtension": {"document_cleanup_delay": DELAY}}


async def two_delays(here: Place) -> None:
    """Let a cleanup that would come have come: the same delay, on a room that is let go."""
    here.write("clock.ipynb", "tick")
    await here.texts("clock.ipynb")
    clock = (await here.documents.identify("clock.ipynb")).key
    await until(lambda: not any(clock in room for room in here.rooms), "the clock's room cleaned")
    await here.texts("clock.ipynb")
    await until(lambda: not any(clock in room for room in here.rooms), "the clock's room cleaned")


async def test_a_tab_that_closes_during_a_run_loses_nothing(place: START) -> None:
    here = await place(options={"save_after": 0.05}, **SHORT)
    here.write("a.ipynb", "1")
    ref = await here.documents.identify("a.ipynb")
    person = await Tab.open(here.app, "a.ipynb")
    async with here.documents.read(ref) as cells:
        sink = await here.documents.outputs(ref, cells.get(0))
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


async def test_a_cleanup_that_waits_already_is_cancelled(place: START) -> None:
    here = await place(**SHORT)
    here.write("a.ipynb", "1")
    ref = await here.documents.identify("a.ipynb")
    person = await Tab.open(here.app, "a.ipynb")
    (room,) = here.rooms.values()
    await person.close()
    await until(lambda: room.cleaner is not None, "the tab's cleaner")
    async with here.documents.read(ref) as cells:
        await two_delays(here)
        assert room in here.rooms.values()
        assert cells.get(0).source == "1"
    await until(lambda: room not in here.rooms.values(), "cleaned after the read")


async def test_a_room_that_jmcp_made_is_cleaned_after_the_delay(place: START) -> None:
    here = await place(options={"save_after": 0.02}, **SHORT)
    here.write("a.ipynb", "1")
    ref = await here.documents.identify("a.ipynb")
    async with here.documents.edit(ref) as cells:
        cells.insert(0, "code", "0")
    (extension,) = here.app.extension_manager.extension_apps["jupyter_server_ydoc"]
    assert here.rooms
    await until(lambda: not here.rooms, "cleaned")
    await until(lambda: ref.key not in extension.file_loaders, "its loader removed")
    assert here.sources("a.ipynb") == ["0", "1"]
    assert await here.texts("a.ipynb") == ["0", "1"]


async def test_a_room_with_unsaved_edits_is_not_cleaned(
    place: START, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = await place(options={"save_after": 0.02}, **SHORT)
    here.write("a.ipynb", "1")
    ref = await here.documents.identify("a.ipynb")
    monkeypatch.setattr(here.app.contents_manager, "is_writable", lambda path: False)
    async with here.documents.edit(ref) as cells:
        cells.insert(0, "code", "unsaved")
    (room,) = here.rooms.values()
    async with tab(here.app, "a.ipynb"):
        pass
    await two_delays(here)
    assert room in here.rooms.values()
    assert await here.documents.save_state(ref) == "pending"
    monkeypatch.undo()
    await until(lambda: room not in here.rooms.values(), "cleaned once it could be saved")
    assert here.sources("a.ipynb") == ["unsaved", "1"]


async def test_a_room_with_a_tab_is_left_to_the_tab(place: START) -> None:
    here = await place(**SHORT)
    here.write("a.ipynb", "1")
    async with tab(here.app, "a.ipynb") as person:
        (room,) = here.rooms.values()
        assert await here.texts("a.ipynb") == ["1"]
        await two_delays(here)
        assert room in here.rooms.values()
        person.notebook.set_cell(0, source="still shared")
        await until(lambda: str(room._document.ycells[0]["source"]) == "still shared")
    await until(lambda: not here.rooms, "cleaned by Jupyter")


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


async def test_opening_while_a_room_is_being_cleaned(place: START) -> None:
    """Whatever the timing, what is read is the whole notebook, and edits reach the file."""
    here = await place(
        options={"save_after": 0.01}, YDocExtension={"document_cleanup_delay": 0.001}
    )
    here.write("a.ipynb", "0")
    ref = await here.documents.identify("a.ipynb")
    for number in range(1, 40):
        async with here.documents.edit(ref) as cells:
            assert cells.get(0).source == str(number - 1)
            cells.set_source(0, str(number))
        assert await here.documents.save(ref) == "saved"
        await asyncio.sleep(0.0002 * (number % 12))
    assert here.sources("a.ipynb") == ["39"]
    await until(lambda: not here.rooms, "cleaned")


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
    async with here.documents.edit(ref) as cells:
        cells.set_source(0, "2")
    assert await here.documents.save_state(ref) == "pending"
    await here.documents.close()
    assert here.sources("a.ipynb") == ["2"]
