"""Outputs of a run: written into the cell itself, wherever it goes."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from typing import Any

import pytest

from jmcp.core.errors import WriteRefused
from jmcp.core.ports import OutputSink
from tests.document_access import editing, output_sink, reading
from tests.ports.documents.conftest import DocumentSetup, nbformat
from tests.ports.documents.tab import BOUND_SECONDS, tab, until

pytestmark = pytest.mark.oldest

START = Callable[..., Any]


def stream(text: str, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


def result(text: str) -> dict[str, Any]:
    return {
        "output_type": "execute_result",
        "execution_count": 1,
        "data": {"text/plain": text},
        "metadata": {},
    }


async def sink_of(server: DocumentSetup, path: str, index: int = 0) -> OutputSink:
    ref = await server.documents.identify(path)
    async with reading(server.documents, ref) as cells:
        cell = cells.get(index)
    return await output_sink(server.documents, ref, cell)


async def outputs(server: DocumentSetup, path: str, index: int = 0) -> list[dict[str, Any]]:
    async with reading(server.documents, await server.documents.identify(path)) as cells:
        return list(cells.get(index, outputs=True).outputs)


async def test_a_run_is_stored_as_nbformat_has_it(any_server: DocumentSetup) -> None:
    any_server.write("a.ipynb", "1")
    ref = await any_server.documents.identify("a.ipynb")
    sink = await sink_of(any_server, "a.ipynb")
    sink.begin()
    sink.append(stream("one\n"))
    sink.append(stream("warn\n", "stderr"))
    sink.extend_text(0, "two é\n")
    sink.append(result("3"))
    sink.replace(1, result("4"))
    sink.count(5)
    assert not sink.deleted
    await sink.close()
    await sink.close()  # harmless
    expected = [stream("one\ntwo é\n"), result("4"), result("3")]
    assert await outputs(any_server, "a.ipynb") == expected
    assert await any_server.documents.save(ref) == "saved"
    stored = any_server.file("a.ipynb")
    nbformat.validate(stored)
    assert [dict(output) for output in stored.cells[0].outputs] == expected
    assert stored.cells[0].execution_count == 5
    assert stored.cells[0].metadata == {}, "not marked as trusted"


async def test_a_cell_names_the_exception_that_it_ends_with(any_server: DocumentSetup) -> None:
    any_server.write("a.ipynb", "1")
    ref = await any_server.documents.identify("a.ipynb")
    error = {"output_type": "error", "ename": "KeyError", "evalue": "1", "traceback": []}
    found = []
    for shown in ([error, result("a figure")], [error, *[result("1")] * 3]):
        sink = await sink_of(any_server, "a.ipynb")
        sink.begin()
        sink.append(*shown)
        await sink.close()
        async with reading(any_server.documents, ref) as cells:
            found.append(cells.get(0).ename)
    assert found == ["KeyError", None]


async def test_a_new_run_begins_empty(any_server: DocumentSetup) -> None:
    any_server.write("a.ipynb", "1")
    for text in ("first", "second"):
        sink = await sink_of(any_server, "a.ipynb")
        sink.begin()
        sink.append(stream(text))
        sink.append(stream("cleared"))
        sink.clear()
        sink.append(stream(text))
        await sink.close()
        assert await outputs(any_server, "a.ipynb") == [stream(text)]
    sink = await sink_of(any_server, "a.ipynb")
    sink.begin()
    await sink.close()
    async with reading(
        any_server.documents, await any_server.documents.identify("a.ipynb")
    ) as cells:
        assert (cells.get(0).output_count, cells.get(0).execution_count) == (0, None)


async def test_a_display_update_reaches_a_cell_that_does_not_run(
    any_server: DocumentSetup,
) -> None:
    any_server.write("a.ipynb", "1")
    sink = await sink_of(any_server, "a.ipynb")
    sink.begin()
    sink.append(stream("kept "))
    sink.append(result("old"))
    sink.count(2)
    await sink.close()
    other = await sink_of(any_server, "a.ipynb")
    other.replace(1, result("new"))
    other.extend_text(0, "and longer")
    await other.close()
    assert await outputs(any_server, "a.ipynb") == [stream("kept and longer"), result("new")]
    async with reading(
        any_server.documents, await any_server.documents.identify("a.ipynb")
    ) as cells:
        assert cells.get(0).execution_count == 2


@pytest.mark.parametrize("more", ["more", None])
async def test_what_is_cleared_during_a_run_does_not_come_back(
    any_server: DocumentSetup, more: str | None
) -> None:
    any_server.write("a.ipynb", "run")
    ref = await any_server.documents.identify("a.ipynb")
    sink = await sink_of(any_server, "a.ipynb")
    sink.begin()
    sink.append(stream("before "), result("1"), result("old"))
    sink.count(7)
    async with asyncio.timeout(BOUND_SECONDS):
        while len(await outputs(any_server, "a.ipynb")) < 3:  # noqa: ASYNC110  a file is written later
            await asyncio.sleep(0)
    async with editing(any_server.documents, ref) as cells:
        cells.clear_outputs(0)
        assert (cells.get(0).output_count, cells.get(0).execution_count) == (0, None)
    expected = []
    if more is not None:
        sink.extend_text(0, more)
        sink.replace(2, result("new"))
        sink.append(result("2"))
        expected = [stream(more), result("new"), result("2")]
    sink.end()
    await sink.close()
    assert await outputs(any_server, "a.ipynb") == expected
    assert await any_server.documents.save(ref) == "saved"
    assert any_server.file("a.ipynb").cells[0].execution_count == 7


async def test_a_cell_is_followed_when_it_moves(any_server: DocumentSetup) -> None:
    any_server.write("a.ipynb", "run", "other")
    ref = await any_server.documents.identify("a.ipynb")
    sink = await sink_of(any_server, "a.ipynb")
    sink.begin()
    sink.append(stream("before "))
    async with editing(any_server.documents, ref) as cells:
        cells.insert(0, "markdown", "title")
        cells.move(1, 2)
    sink.extend_text(0, "after")
    sink.append(result("1"))
    sink.count(1)
    await sink.close()
    assert not sink.deleted
    assert await outputs(any_server, "a.ipynb", 2) == [stream("before after"), result("1")]
    assert await outputs(any_server, "a.ipynb", 1) == []


async def test_writes_to_a_deleted_cell_go_nowhere(any_server: DocumentSetup) -> None:
    any_server.write("a.ipynb", "run", "other")
    ref = await any_server.documents.identify("a.ipynb")
    sink = await sink_of(any_server, "a.ipynb")
    sink.begin()
    sink.append(stream("text"))
    async with editing(any_server.documents, ref) as cells:
        cells.delete(0)
    sink.extend_text(0, "more")
    sink.append(result("1"))
    sink.replace(0, result("2"))
    sink.clear()
    sink.begin()
    sink.count(1)
    await until(lambda: sink.deleted, "deletion noticed")
    await sink.close()
    assert await any_server.texts("a.ipynb") == ["other"]
    assert await outputs(any_server, "a.ipynb") == []


async def test_positions_that_are_not_there_do_no_harm(any_server: DocumentSetup) -> None:
    any_server.write("a.ipynb", "1")
    sink = await sink_of(any_server, "a.ipynb")
    sink.begin()
    sink.extend_text(3, "text")
    sink.replace(0, result("1"))
    sink.replace(-1, result("1"))
    await sink.close()
    assert await outputs(any_server, "a.ipynb") == []


async def test_outputs_that_json_allows_and_documents_do_not(any_server: DocumentSetup) -> None:
    any_server.write("a.ipynb", "1")
    ref = await any_server.documents.identify("a.ipynb")
    sink = await sink_of(any_server, "a.ipynb")
    sink.begin()
    sink.append(stream("lone \ud800"))
    sink.extend_text(0, " and \udc00")
    odd = result("x")
    odd["data"]["application/json"] = {"big": 2**70, "pair": (1, 2), "bad\udc00": "\ud800"}
    sink.append(odd)
    await sink.close()
    first, second = await outputs(any_server, "a.ipynb")
    assert first["text"] == "lone ? and ?"
    assert second["data"]["application/json"]["pair"] == [1, 2]
    assert float(second["data"]["application/json"]["big"]) == 2.0**70
    assert await any_server.documents.save(ref) == "saved"


async def test_below_nbformat_4_5_a_run_finds_its_cell(any_server: DocumentSetup) -> None:
    any_server.write("old.ipynb", "same", "run", minor=4)
    ref = await any_server.documents.identify("old.ipynb")
    sink = await sink_of(any_server, "old.ipynb", 1)
    sink.begin()
    sink.append(stream("text"))
    await sink.close()
    assert await outputs(any_server, "old.ipynb", 1) == [stream("text")]
    assert await any_server.documents.save(ref) == "saved"
    assert any_server.file("old.ipynb").nbformat_minor == 4, "a run is no edit of the format"


async def test_below_nbformat_4_5_another_cell_is_left_alone(any_server: DocumentSetup) -> None:
    any_server.write("old.ipynb", "run", minor=4)
    ref = await any_server.documents.identify("old.ipynb")
    async with reading(any_server.documents, ref) as cells:
        cell = cells.get(0)
    async with editing(any_server.documents, ref) as cells:
        cells.set_source(0, "something else")
    sink = await output_sink(any_server.documents, ref, cell)
    sink.begin()
    sink.append(stream("text"))
    await sink.close()
    assert sink.deleted
    assert await outputs(any_server, "old.ipynb") == []


# Live: what a person sees, and does, during a run.


async def test_a_person_watches_the_run(start_server: START) -> None:
    server = await start_server()
    server.write("a.ipynb", "1")
    sink = await sink_of(server, "a.ipynb")
    async with tab(server.app, "a.ipynb") as person:
        cell = person.notebook.ycells[0]
        sink.begin()
        await until(lambda: cell["execution_state"] == "running")
        sink.append(stream("a"))
        await until(lambda: len(cell["outputs"]) == 1)
        text = cell["outputs"][0]["text"]
        sink.extend_text(0, "b")
        await until(lambda: str(text) == "ab")
        sink.count(3)
        await sink.close()
        await until(lambda: cell["execution_state"] == "idle")
        assert cell["execution_count"] == 3


async def test_outputs_lost_in_a_person_s_move_are_written_again(start_server: START) -> None:
    """A move makes a cell from what the mover had seen, which may be older than the run."""
    server = await start_server()
    server.write("a.ipynb", "run", "other")
    sink = await sink_of(server, "a.ipynb")
    sink.begin()
    async with tab(server.app, "a.ipynb") as person:
        await until(lambda: person.notebook.ycells[0]["execution_state"] == "running")
        stale = person.notebook.get_cell(0)
        sink.append(stream("one "))
        sink.append(result("two"))
        sink.extend_text(0, "three ")
        with person.notebook.ydoc.transaction():
            del person.notebook.ycells[0]
            person.notebook.ycells.append(person.notebook.create_ycell(stale))
        (room,) = server.rooms.values()
        cells = room._document.ycells
        await until(lambda: cells[1]["id"] == "c0")
        sink.extend_text(0, "four")
        sink.append(result("five"))
        moved = person.notebook.ycells[1]
        await until(lambda: len(moved["outputs"]) == 3)
        assert moved["execution_state"] == "running"
        sink.count(1)
        await sink.close()
    assert await outputs(server, "a.ipynb", 1) == [
        stream("one three four"),
        result("two"),
        result("five"),
    ]


async def test_a_person_may_clear_the_outputs_of_a_run(start_server: START) -> None:
    server = await start_server()
    server.write("a.ipynb", "run")
    sink = await sink_of(server, "a.ipynb")
    sink.begin()
    sink.append(stream("gone"))
    sink.append(result("gone"))
    async with tab(server.app, "a.ipynb") as person:
        await until(lambda: len(person.notebook.ycells[0]["outputs"]) == 2)
        person.notebook.ycells[0]["outputs"].clear()
        (room,) = server.rooms.values()
        mine = room._document.ycells[0]["outputs"]
        await until(lambda: len(mine) == 0)
        assert await outputs(server, "a.ipynb") == []
        sink.extend_text(0, "from now on")
        sink.append(result("after"))
        sink.extend_text(0, " here")
        await sink.close()
    assert await outputs(server, "a.ipynb") == [stream("from now on here"), result("after")]


@pytest.mark.parametrize("trust", [False, True])
async def test_only_on_request_is_the_file_of_a_run_signed(
    start_server: START, trust: bool
) -> None:
    server = await start_server(live=False, options={"trust_outputs": trust})
    server.write("a.ipynb", "1")
    server.contents.notary.sign(server.file("a.ipynb"))
    sink = await sink_of(server, "a.ipynb")
    sink.begin()
    sink.append({"output_type": "display_data", "data": {"text/html": "<script>"}, "metadata": {}})
    await sink.close()
    assert server.contents.notary.check_signature(server.file("a.ipynb")) is trust


@pytest.mark.parametrize("trust", [False, True])
async def test_only_on_request_is_a_run_trusted(start_server: START, trust: bool) -> None:
    server = await start_server(options={"trust_outputs": trust})
    server.write("a.ipynb", "1")
    notebook = server.file("a.ipynb")
    server.app.contents_manager.notary.sign(notebook)
    sink = await sink_of(server, "a.ipynb")
    (room,) = server.rooms.values()
    metadata = room._document.ycells[0]["metadata"]
    assert metadata["trusted"] is True, "a signed notebook opens trusted"
    sink.begin()
    sink.append({"output_type": "display_data", "data": {"text/html": "<script>"}, "metadata": {}})
    await until(lambda: metadata.get("trusted", False) is trust)
    await sink.close()


@pytest.mark.parametrize("busy", [True, False])
async def test_a_run_survives_a_reload_from_disk(start_server: START, busy: bool) -> None:
    server = await start_server(YDocExtension={"file_poll_interval": 0.02})
    server.write("a.ipynb", "run")
    sink = await sink_of(server, "a.ipynb")
    sink.begin()
    sink.append(stream("before "))
    server.write("a.ipynb", "run", *(str(number) for number in range(300)))
    replaced = server.file("a.ipynb")
    if busy:
        # Stream outputs make the room delete the cell and make it anew, some steps later; without
        # any it clears the cell in place.
        replaced.cells[0].outputs = [nbformat.v4.new_output("stream", text="older")]
    nbformat.write(replaced, server.root / "a.ipynb")
    stat = (server.root / "a.ipynb").stat()
    os.utime(server.root / "a.ipynb", (stat.st_atime + 5, stat.st_mtime + 5))
    (room,) = server.rooms.values()
    written = 0

    def reloaded() -> bool:
        nonlocal written
        if busy:
            sink.extend_text(0, "x")
            written += 1
        return len(room._document.ycells) == 301 and not room._update_lock.locked()

    await until(reloaded, "the room reloads while the run writes")
    sink.extend_text(0, " after")
    await sink.close()
    assert await outputs(server, "a.ipynb") == [stream(f"before {'x' * written} after")]


async def test_what_is_written_together_is_one_change(start_server: START) -> None:
    server = await start_server()
    server.write("a.ipynb", "1")
    sink = await sink_of(server, "a.ipynb")
    (room,) = server.rooms.values()
    updates: list[bytes] = []
    subscription = room.ydoc.observe(lambda event: updates.append(event.update))
    with sink.together():
        sink.begin()
        sink.append(stream("a"), result("1"))
        sink.count(1)
        sink.end()
    await sink.close()
    room.ydoc.unobserve(subscription)
    assert len(updates) == 1
    cell = room._document.ycells[0]
    assert (cell["execution_state"], cell["execution_count"]) == ("idle", 1)
    assert await outputs(server, "a.ipynb") == [stream("a"), result("1")]


async def test_writes_are_cheap(start_server: START) -> None:
    server = await start_server()
    server.write("a.ipynb", *(str(number) for number in range(1000)))
    sink = await sink_of(server, "a.ipynb", 500)
    sink.begin()
    sink.append(stream(""))
    took: list[float] = []
    for number in range(200):
        started = time.perf_counter()
        sink.extend_text(0, f"line {number}\n")
        took.append(time.perf_counter() - started)
    await sink.close()
    assert sorted(took)[len(took) // 2] < 0.0005


# Files: written about once a second, and at the end.


async def test_outputs_reach_the_file_during_the_run(start_server: START) -> None:
    server = await start_server(live=False)
    server.write("a.ipynb", "1")
    sink = await sink_of(server, "a.ipynb")
    sink.begin()
    sink.append(stream("early "))
    await until(lambda: b'"early ' in (server.root / "a.ipynb").read_bytes())
    sink.extend_text(0, "late")
    await sink.close()
    assert await outputs(server, "a.ipynb") == [stream("early late")]


async def test_a_change_outside_during_a_run_is_kept(start_server: START) -> None:
    server = await start_server(live=False)
    server.write("a.ipynb", "run", "b")
    sink = await sink_of(server, "a.ipynb")
    sink.begin()
    sink.append(stream("text"))
    notebook = server.file("a.ipynb")
    notebook.cells.insert(0, nbformat.v4.new_markdown_cell("from outside", id="outside"))
    nbformat.write(notebook, server.root / "a.ipynb")
    await sink.close()
    assert server.sources("a.ipynb") == ["from outside", "run", "b"]
    assert await outputs(server, "a.ipynb", 1) == [stream("text")]


async def test_a_run_whose_file_cannot_be_written_says_so(
    start_server: START, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await start_server(live=False)
    server.write("a.ipynb", "1")
    sink = await sink_of(server, "a.ipynb")
    sink.begin()
    sink.append(stream("text"))

    async def save(model: Any, path: str) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(server.app.contents_manager, "save", save)
    with pytest.raises(WriteRefused, match=r"permission denied|HTTP status 500"):
        await sink.close()
