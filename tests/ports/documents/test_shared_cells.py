"""Cells that a person runs, cuts and brings back while jmcp runs them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jmcp_jupyter.documents.remote.room_connection import NotebookClient
from tests.document_access import editing
from tests.ports.documents.conftest import nbformat, remote_only
from tests.ports.documents.tab import BOUND_SECONDS, tab, until
from tests.ports.documents.test_sinks import outputs, result, sink_of, stream

START = Callable[..., Any]


def cell_of(person: Any, index: int = 0) -> Any:
    return person.notebook.ycells[index]


def stored(output: dict[str, Any]) -> Any:
    """An output as a tab puts it."""
    from jmcp_jupyter.documents.live.y_data import y_output

    return y_output(output)


def clear_in(person: Any) -> None:
    """What JupyterLab does for Clear Outputs, and first of all when a cell is run."""
    cell = cell_of(person)
    with person.notebook.ydoc.transaction():
        cell["outputs"].clear()
        cell["execution_count"] = None
        cell["execution_state"] = "idle"


def run_in(person: Any) -> None:
    """What JupyterLab does when somebody runs the cell, before the kernel is at it."""
    clear_in(person)
    cell_of(person)["execution_state"] = "running"


def texts_in(person: Any) -> list[str]:
    return [str(output["text"]) for output in cell_of(person)["outputs"]]


def end_in(person: Any, count: int) -> None:
    cell_of(person)["execution_count"] = count
    cell_of(person)["execution_state"] = "idle"


@pytest.mark.parametrize("printed", [0, 1])
async def test_a_person_who_runs_the_cell_meanwhile_has_it(
    start_server: START, printed: int
) -> None:
    server = await start_server()
    server.write("a.ipynb", "run")
    sink = await sink_of(server, "a.ipynb")
    (room,) = server.rooms.values()
    mine = room._document.ycells[0]
    sink.begin()
    async with tab(server.app, "a.ipynb") as person:
        await until(lambda: cell_of(person)["execution_state"] == "running")
        for _ in range(printed):
            sink.append(stream("before"))
        await until(lambda: len(cell_of(person)["outputs"]) == printed)
        run_in(person)
        await until(lambda: sink.taken)
        sink.append(stream("after"))
        sink.extend_text(0, "more")
        sink.count(1)
        await sink.close()
        cell_of(person)["outputs"].append(stored(stream("theirs")))
        end_in(person, 2)
        await until(lambda: mine["execution_count"] == 2)
    assert not sink.deleted
    assert await outputs(server, "a.ipynb") == [stream("theirs")]
    assert mine["execution_state"] == "idle"


async def test_what_came_between_clearing_and_running_is_taken_away(start_server: START) -> None:
    server = await start_server()
    server.write("a.ipynb", "run")
    sink = await sink_of(server, "a.ipynb")
    (room,) = server.rooms.values()
    mine = room._document.ycells[0]
    sink.begin()
    sink.append(stream("before"))
    async with tab(server.app, "a.ipynb") as person:
        await until(lambda: len(cell_of(person)["outputs"]) == 1)
        clear_in(person)
        await until(lambda: len(mine["outputs"]) == 0)
        sink.extend_text(0, "between")
        sink.append(result("between"))
        cell_of(person)["execution_state"] = "running"
        await until(lambda: sink.taken)
        await sink.close()
        await until(lambda: len(mine["outputs"]) == 0)
        await until(lambda: len(cell_of(person)["outputs"]) == 0)


async def test_a_person_who_clears_the_cell_has_not_run_it(start_server: START) -> None:
    server = await start_server()
    server.write("a.ipynb", "run")
    sink = await sink_of(server, "a.ipynb")
    sink.begin()
    sink.append(stream("before"))
    async with tab(server.app, "a.ipynb") as person:
        await until(lambda: len(cell_of(person)["outputs"]) == 1)
        clear_in(person)
        (room,) = server.rooms.values()
        mine = room._document.ycells[0]
        await until(lambda: len(mine["outputs"]) == 0)
        sink.append(result("after"))
        sink.count(1)
        await sink.close()
    assert not sink.taken
    assert await outputs(server, "a.ipynb") == [result("after")]
    assert mine["execution_count"] == 1


@pytest.mark.parametrize("late", [False, True])
async def test_whose_run_was_first_does_not_write_into_the_next(
    start_server: START, late: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jmcp_jupyter.documents.live.output_sink.STALE_SECONDS", BOUND_SECONDS)
    server = await start_server()
    server.write("a.ipynb", "run")
    async with tab(server.app, "a.ipynb") as person:
        run_in(person)
        cell_of(person)["outputs"].append(stored(stream("theirs ")))
        sink: Any = await sink_of(server, "a.ipynb")
        (room,) = server.rooms.values()
        mine = room._document.ycells[0]
        known = sink._opened.document.cells[0]
        await until(lambda: len(known["outputs"]) == 1, "jmcp has heard of the tab's run")
        sink.begin()
        sink.append(stream("mine"))
        await until(lambda: texts_in(person) == ["mine"])
        if late:  # the tab hears the end of its run after this one is over
            sink.count(2)
            await sink.close()
        cell_of(person)["outputs"][0]["text"] += "theirs in mine"
        cell_of(person)["outputs"].append(stored(result("theirs")))
        end_in(person, 1)
        await until(lambda: mine["execution_count"] in (1, 2) and len(mine["outputs"]) != 0)
        if not late:
            await until(lambda: mine["execution_count"] == 1)
            sink.count(2)
            await sink.close()
        await until(lambda: cell_of(person)["execution_count"] == 2)
        await until(lambda: len(cell_of(person)["outputs"]) == 1)
    assert await outputs(server, "a.ipynb") == [stream("mine")]
    assert mine["execution_count"] == 2


async def test_what_others_write_into_a_silent_run_is_replaced(start_server: START) -> None:
    server = await start_server()
    server.write("a.ipynb", "run")
    sink = await sink_of(server, "a.ipynb")
    sink.begin()
    sink.append(stream("mine"))
    async with tab(server.app, "a.ipynb") as person:
        await until(lambda: texts_in(person) == ["mine"])
        cell_of(person)["outputs"].append(stored(stream("theirs")))
        end_in(person, 1)
        await until(lambda: texts_in(person) == ["mine"])
        await until(lambda: cell_of(person)["execution_state"] == "running")
        assert cell_of(person)["execution_count"] is None
        await sink.close()


@remote_only
@pytest.mark.parametrize("wins", ["tab", "jmcp"])
async def test_runs_that_are_begun_at_once_leave_one_of_them_in_the_cell(
    start_server: START, wins: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await start_server()
    server.write("a.ipynb", "run")
    held: list[bytes] = []
    sink: Any = await sink_of(server, "a.ipynb")
    async with tab(server.app, "a.ipynb", 2**53 - 1 if wins == "tab" else 1) as person:
        (room,) = server.rooms.values()
        genuine = NotebookClient._receive
        monkeypatch.setattr(NotebookClient, "_receive", lambda _, message: held.append(message))
        run_in(person)
        cell_of(person)["outputs"].append(stored(stream("theirs ")))
        await until(lambda: len(room._document.ycells[0]["outputs"]) == 1)
        sink.begin()
        sink.append(stream("mine"))
        await until(lambda: "mine" in texts_in(person))
        monkeypatch.setattr(NotebookClient, "_receive", genuine)
        for message in held:
            genuine(sink._opened._client, message)
        await until(lambda: len(texts_in(person)) == 1)
        assert sink.taken is (wins == "tab")
        sink.count(2)
        await sink.close()
        cell_of(person)["outputs"].append(stored(stream("late")))
        if wins == "jmcp":
            await until(lambda: texts_in(person) == ["mine"])
            assert cell_of(person)["execution_count"] == 2
        else:
            assert texts_in(person) == ["theirs ", "late"]


@pytest.mark.parametrize("back", ["during", "after"])
async def test_a_cell_that_is_cut_and_brought_back_keeps_its_run(
    start_server: START, back: str
) -> None:
    server = await start_server()
    server.write("a.ipynb", "run", "other")
    sink = await sink_of(server, "a.ipynb")
    (room,) = server.rooms.values()
    sink.begin()
    sink.append(stream("one "))
    async with tab(server.app, "a.ipynb") as person:
        await until(lambda: len(cell_of(person)["outputs"]) == 1)
        stale = person.notebook.get_cell(0)

        def bring_back() -> None:
            with person.notebook.ydoc.transaction():
                person.notebook.ycells.insert(0, person.notebook.create_ycell(stale))
                cell_of(person)["execution_state"] = "running"

        del person.notebook.ycells[0]
        await until(lambda: len(room._document.ycells) == 1)
        await until(lambda: sink.deleted)  # outside it hears of that a moment later
        sink.extend_text(0, "two")
        sink.append(result("three"))
        if back == "during":
            bring_back()
            await until(lambda: len(room._document.ycells) == 2)
        sink.count(7)
        sink.end()
        await sink.close()
        if back == "after":
            assert sink.deleted
            bring_back()
        else:
            assert not sink.deleted
        await until(lambda: cell_of(person)["execution_count"] == 7)
        assert cell_of(person)["execution_state"] == "idle"
    assert await outputs(server, "a.ipynb") == [stream("one two"), result("three")]


async def test_a_cell_that_a_file_lacks_for_a_while_keeps_its_run(start_server: START) -> None:
    server = await start_server(live=False)
    server.write("a.ipynb", "run", "other")
    whole = server.file("a.ipynb")
    sink: Any = await sink_of(server, "a.ipynb")
    sink.begin()
    sink.append(stream("one "))
    await until(lambda: sink._flushing.done(), "the file has it")
    lacking = server.file("a.ipynb")
    del lacking.cells[0]
    nbformat.write(lacking, server.root / "a.ipynb")
    sink.extend_text(0, "two")
    await until(lambda: sink.deleted)
    nbformat.write(whole, server.root / "a.ipynb")
    sink.count(3)
    await sink.close()
    assert not sink.deleted
    assert await outputs(server, "a.ipynb") == [stream("one two")]


async def test_a_run_that_lost_its_cell_writes_no_file(start_server: START) -> None:
    server = await start_server(live=False)
    server.write("a.ipynb", "run")
    first, second = await sink_of(server, "a.ipynb"), await sink_of(server, "a.ipynb")
    first.begin()
    first.append(stream("first"))
    first.give_up()
    second.begin()
    second.append(stream("second"))
    await second.close()
    first.append(stream("first"))
    await first.close()
    assert first.taken
    assert await outputs(server, "a.ipynb") == [stream("second")]


async def test_a_room_is_let_go_when_its_cell_did_not_come_back(
    start_server: START, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jmcp_jupyter.documents.live.output_sink.RETURN_SECONDS", 0.05)
    server = await start_server()
    server.write("a.ipynb", "run", "other")
    sink: Any = await sink_of(server, "a.ipynb")
    sink.begin()
    ref = await server.documents.identify("a.ipynb")
    async with editing(server.documents, ref) as cells:
        cells.delete(0)
    await sink.close()
    assert sink.deleted
    watch = sink._opened.document.watch
    assert watch.listeners
    await until(lambda: not watch.listeners)
    assert sink._catch_up not in sink._opened.followers
