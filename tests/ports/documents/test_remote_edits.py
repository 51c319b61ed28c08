"""Edits on a remote server: confirmed when they return, or said to be uncertain."""

from __future__ import annotations

import asyncio
import gc
import time
from typing import Any

import pytest

from jmcp.core.errors import (
    JupyterUnreachable,
    WriteRefused,
)
from jmcp_jupyter.documents.remote import room_connection
from tests.document_access import editing, reading
from tests.jupyter_process import StartJupyter
from tests.network import network
from tests.ports.documents.remote import NEVER, beyond, run_of, stream, texts, until_read
from tests.ports.documents.tab import tab
from tests.thorough import fast_only


async def test_an_edit_is_on_the_server_when_it_returns(jupyter: StartJupyter) -> None:
    app = await jupyter()
    async with beyond(app) as server:
        server.write("a.ipynb", *"abc")
        ref = await server.documents.identify("a.ipynb")
        async with reading(server.documents, ref):
            pass
        (shared,) = server.rooms.values()

        def now() -> list[str]:
            return [str(cell["source"]) for cell in shared._document.ycells]

        async with editing(server.documents, ref) as cells:
            cells.insert(0, "code", "new")
        assert now() == ["new", "a", "b", "c"]
        async with editing(server.documents, ref) as cells:
            cells.delete(1)
        assert now() == ["new", "b", "c"]
        async with editing(server.documents, ref) as cells:
            cells.set_source(0, "ne")
        assert now() == ["ne", "b", "c"]
        async with editing(server.documents, ref) as cells:
            cells.move(0, 2)
        assert now() == ["b", "c", "ne"]


async def test_a_read_sees_what_was_changed_before_it(jupyter: StartJupyter) -> None:
    app = await jupyter()
    async with beyond(app) as server, beyond(app) as there:
        server.write("a.ipynb", "0")
        ref = await server.documents.identify("a.ipynb")
        for number in range(1, 30):
            one, other = (server, there) if number % 2 else (there, server)
            async with editing(one.documents, ref) as cells:
                cells.set_source(0, str(number))
            async with reading(other.documents, ref) as cells:
                assert texts(cells) == [str(number)]


async def test_an_update_that_the_server_swallows_is_no_success(
    jupyter: StartJupyter, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = await jupyter()
    async with beyond(app) as server:
        server.write("a.ipynb", "1")
        ref = await server.documents.identify("a.ipynb")
        async with reading(server.documents, ref):
            pass
        (shared,) = server.rooms.values()
        shared.on_message = lambda message: bytes(message[:2]) == b"\0\2"  # an update: skip it

        async def edit() -> None:
            async with editing(server.documents, ref) as cells:
                cells.set_source(0, "2")

        with pytest.raises(WriteRefused, match="did not take"):
            await edit()
        shared.on_message = None
        assert await server.texts("a.ipynb") == ["1"]
        await edit()
        assert await server.texts("a.ipynb") == ["2"]


async def test_an_edit_whose_cells_others_delete_at_once_is_confirmed(
    jupyter: StartJupyter, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No time for the edit to come back, which would confirm it: the server is asked for it.
    monkeypatch.setattr(room_connection, "ECHO_SECONDS", 0)
    app = await jupyter()
    async with beyond(app) as server:
        server.write("a.ipynb", "1")
        ref = await server.documents.identify("a.ipynb")
        async with reading(server.documents, ref):
            pass
        (shared,) = server.rooms.values()
        notebook = shared._document
        deleted: list[str] = []

        def delete_first(message: bytes) -> bool:
            if message[:2] == b"\0\0":  # the question whether the edit is there
                while len(notebook.ycells) > 1:
                    deleted.append(str(notebook.ycells[0]["source"]))
                    del notebook.ycells[0]
            return False

        shared.on_message = delete_first
        for text in ("x" * 100, "y"):
            async with editing(server.documents, ref) as cells:
                cells.insert(0, "code", text)
            assert deleted.pop() == text
        shared.on_message = None
        assert await server.texts("a.ipynb") == ["1"]


async def test_a_cut_in_the_middle_of_an_edit(jupyter: StartJupyter) -> None:
    app = await jupyter()
    async with network(app.port) as net, beyond(app, net) as server:
        server.write("a.ipynb", "1")
        ref = await server.documents.identify("a.ipynb")

        async def edit() -> None:
            async with editing(server.documents, ref) as cells:
                net.cut()
                cells.set_source(0, "2")

        with pytest.raises(JupyterUnreachable, match="may or may not be there"):
            await edit()
        with pytest.raises(JupyterUnreachable, match="does not answer"):
            await server.texts("a.ipynb")
        net.mend()
        assert await server.texts("a.ipynb") in (["1"], ["2"])
        async with editing(server.documents, ref) as cells:
            cells.set_source(0, "3")
        async with tab(app, "a.ipynb") as person:
            assert person.sources == ["3"]


async def test_an_edit_across_a_reconnect_is_not_believed(jupyter: StartJupyter) -> None:
    """The cells that the edit got belong to a document that is no longer connected."""
    app = await jupyter()
    async with network(app.port) as net, beyond(app, net) as server:
        server.write("a.ipynb", "1")
        ref = await server.documents.identify("a.ipynb")

        async def edit() -> None:
            async with editing(server.documents, ref) as cells:
                net.cut()
                net.mend()
                await until_read(server, "a.ipynb")
                cells.set_source(0, "2")

        with pytest.raises(JupyterUnreachable, match="may or may not be there"):
            await edit()
        assert await server.texts("a.ipynb") == ["1"]


@pytest.mark.parametrize("what", fast_only(["edit", "read"], "read"))
async def test_a_stalled_network_ends_calls_within_a_bound(
    jupyter: StartJupyter, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    app = await jupyter()
    async with network(app.port) as net, beyond(app, net) as server:
        server.write("a.ipynb", "1")
        ref = await server.documents.identify("a.ipynb")
        assert await server.texts("a.ipynb") == ["1"]
        genuine = room_connection.REPLY_SECONDS
        monkeypatch.setattr(room_connection, "REPLY_SECONDS", 0.3)

        async def edit() -> None:
            async with editing(server.documents, ref) as cells:
                if what == "edit":
                    net.stall()
                    cells.set_source(0, "2")

        if what == "read":
            net.stall()
        async with asyncio.timeout(20):
            with pytest.raises(JupyterUnreachable):
                await (edit() if what == "edit" else server.texts("a.ipynb"))
        monkeypatch.setattr(room_connection, "REPLY_SECONDS", genuine)
        net.flow()
        assert (await until_read(server, "a.ipynb")) in (["1"], ["2"])
        async with editing(server.documents, ref) as cells:
            cells.set_source(0, "3")
        assert await server.texts("a.ipynb") == ["3"]


async def test_a_file_that_was_written_without_an_answer_is_not_called_unchanged(
    jupyter: StartJupyter, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = await jupyter(collaboration=False)
    async with network(app.port) as net, beyond(app, net) as server:
        server.write("a.ipynb", "1")
        ref = await server.documents.identify("a.ipynb")
        write: Any = app.contents_manager.save

        async def save(*args: Any) -> Any:
            saved = await write(*args)
            net.cut()
            return saved

        async def edit(source: str) -> None:
            async with editing(server.documents, ref) as cells:
                cells.set_source(0, source)

        monkeypatch.setattr(app.contents_manager, "save", save)
        with pytest.raises(JupyterUnreachable, match="may or may not be there"):
            await edit("2")
        monkeypatch.undo()
        net.mend()
        assert await server.texts("a.ipynb") == ["2"]
        await edit("3")
        assert server.sources("a.ipynb") == ["3"]


async def test_a_slow_network_is_slow_and_nothing_else(jupyter: StartJupyter) -> None:
    app = await jupyter()
    async with network(app.port) as net, beyond(app, net) as server:
        net.delay = 0.02
        server.write("a.ipynb", "1")
        ref = await server.documents.identify("a.ipynb")
        sink = await run_of(server, "a.ipynb")
        sink.begin()
        for number in range(5):
            sink.append(stream(str(number)))
            async with editing(server.documents, ref) as cells:
                cells.insert(1, "code", str(number))
        await sink.close()
        async with tab(app, "a.ipynb") as person:
            assert person.sources == ["1", "4", "3", "2", "1", "0"]
            assert len(person.notebook.ycells[0]["outputs"]) == 5
        assert await server.documents.save(ref) == "saved"


async def test_edits_cost_the_same_after_many(jupyter: StartJupyter) -> None:
    app = await jupyter(**NEVER)
    async with beyond(app) as server:
        server.write("a.ipynb", *(str(number) for number in range(10)))
        ref = await server.documents.identify("a.ipynb")
        took: list[float] = []
        gc.collect()
        for number in range(600):
            started = time.perf_counter()
            async with editing(server.documents, ref) as cells:
                cells.insert(len(cells), "code", f"x = {number}")
            took.append(time.perf_counter() - started)
        first, last = sorted(took[:100])[50], sorted(took[-100:])[50]
        assert last < 5 * first + 0.005
