"""A remote server: networks that break, servers that come back, and what is promised then."""

from __future__ import annotations

import asyncio
import gc
import json
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from jupyter_server.base.handlers import APIHandler
from jupyter_server.serverapp import ServerApp
from jupyter_server.utils import url_path_join

from jmcp.core.errors import (
    BackendError,
    JupyterRefused,
    JupyterUnreachable,
    NotebookTooLarge,
    WriteRefused,
)
from jmcp.core.ports import Cells, NotebookRef, OutputSink
from jmcp_jupyter.documents.remote import room, room_connection
from jmcp_jupyter.documents.remote.documents import RemoteDocuments
from jmcp_jupyter.http_api import JupyterApi
from tests.document_access import editing, output_sink, reading
from tests.jupyter_process import TOKEN, StartJupyter
from tests.network import Network, network
from tests.ports.documents.conftest import DocumentServer, nbformat
from tests.ports.documents.tab import tab, until
from tests.served import TOKEN as SERVED_TOKEN
from tests.served import Served, lab

NEVER: dict[str, Any] = {"YDocExtension": {"document_save_delay": 3600.0}}


@asynccontextmanager
async def beyond(
    app: ServerApp, net: Network | None = None, **options: Any
) -> AsyncIterator[DocumentServer]:
    """Documents on that server, by way of a network."""
    port = app.port if net is None else net.port
    api = JupyterApi(f"http://127.0.0.1:{port}/", TOKEN, seconds=5.0)
    documents = RemoteDocuments(api, **{"flush_seconds": 0.05, **options})
    try:
        yield DocumentServer(app=app, documents=documents, remote=True)
    finally:
        await documents.close()
        await api.close()


async def run_of(server: DocumentServer, path: str, index: int = 0) -> OutputSink:
    ref = await server.documents.identify(path)
    async with reading(server.documents, ref) as cells:
        return await output_sink(server.documents, ref, cells.get(index))


async def outputs(server: DocumentServer, path: str) -> list[dict[str, Any]]:
    async with reading(server.documents, await server.documents.identify(path)) as cells:
        return list(cells.get(0, outputs=True).outputs)


def stream(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": text}


def texts(cells: Cells) -> list[str]:
    return [cells.get(index).source for index in range(len(cells))]


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
    jupyter: StartJupyter,
) -> None:
    app = await jupyter()
    async with beyond(app) as server:
        server.write("a.ipynb", "1")
        ref = await server.documents.identify("a.ipynb")
        async with reading(server.documents, ref):
            pass
        (shared,) = server.rooms.values()
        notebook = shared._document

        def delete_first(message: bytes) -> bool:
            if message[:2] == b"\0\0":  # the question whether the edit is there
                while len(notebook.ycells) > 1:
                    del notebook.ycells[0]
            return False

        for text in ("x" * 100, "y"):
            shared.on_message = None
            async with editing(server.documents, ref) as cells:
                shared.on_message = delete_first
                cells.insert(0, "code", text)
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


async def until_read(server: DocumentServer, path: str) -> list[str]:
    async with asyncio.timeout(20):
        while True:
            try:
                return await server.texts(path)
            except BackendError:
                await asyncio.sleep(0.02)


@pytest.mark.parametrize("what", ["edit", "read"])
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


async def test_a_run_survives_a_cut(jupyter: StartJupyter) -> None:
    app = await jupyter()
    async with network(app.port) as net, beyond(app, net) as server:
        server.write("a.ipynb", "1", "2")
        sink = await run_of(server, "a.ipynb")
        sink.begin()
        sink.append(stream("before "))
        net.cut()
        sink.extend_text(0, "during ")
        sink.append({"output_type": "display_data", "data": {"text/plain": "x"}, "metadata": {}})
        net.mend()
        async with tab(app, "a.ipynb") as person:
            cell = person.notebook.ycells[0]
            await until(lambda: len(cell["outputs"]) == 2, "written again without another output")
            assert str(cell["outputs"][0]["text"]) == "before during "
            assert cell["execution_state"] == "running"
            sink.extend_text(0, "after")
            sink.count(7)
            await sink.close()
            await until(lambda: cell["execution_count"] == 7)
            assert cell["execution_state"] == "idle"
        assert [output.get("text") for output in await outputs(server, "a.ipynb")] == [
            "before during after",
            None,
        ]


async def test_the_end_of_a_run_is_written_when_the_network_is_back(
    jupyter: StartJupyter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "DELIVERY_SECONDS", 0.2)
    app = await jupyter()
    async with network(app.port) as net, beyond(app, net) as server:
        server.write("a.ipynb", "1")
        sink = await run_of(server, "a.ipynb")
        sink.begin()
        net.cut()
        sink.append(stream("all of it"))
        sink.count(3)
        with pytest.raises(JupyterUnreachable, match="are kept"):
            await sink.close()
        net.mend()
        async with tab(app, "a.ipynb") as person:
            cell = person.notebook.ycells[0]
            await until(lambda: cell["execution_count"] == 3)
            assert str(cell["outputs"][0]["text"]) == "all of it"
            assert cell["execution_state"] == "idle"


async def test_a_display_update_survives_a_cut(jupyter: StartJupyter) -> None:
    app = await jupyter()
    async with network(app.port) as net, beyond(app, net) as server:
        server.write("a.ipynb", "1")
        run = await run_of(server, "a.ipynb")
        run.begin()
        run.append(stream("old"))
        await run.close()
        other = await run_of(server, "a.ipynb")
        net.cut()
        other.replace(0, stream("new"))
        net.mend()
        await other.close()
        assert await outputs(server, "a.ipynb") == [stream("new")]


async def test_unsaved_edits_are_saved_after_a_cut(jupyter: StartJupyter) -> None:
    app = await jupyter(**NEVER)
    async with network(app.port) as net, beyond(app, net, save_after=0.2) as server:
        server.write("a.ipynb", "1")
        ref = await server.documents.identify("a.ipynb")
        async with editing(server.documents, ref) as cells:
            cells.set_source(0, "edited after all")
        net.cut()
        assert server.documents.save_state(ref.key) == "pending"
        net.mend()
        file = server.root / "a.ipynb"
        await until(lambda: b'"edited after all"' in file.read_bytes(), "saved")


async def test_a_cut_of_minutes_with_a_clock_a_hundred_times_as_fast(
    jupyter: StartJupyter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Past the delivery of a run's outputs, and past the last and longest wait between attempts."""
    for name in ("FIRST_WAIT_SECONDS", "LONGEST_WAIT_SECONDS", "DELIVERY_SECONDS"):
        monkeypatch.setattr(room, name, getattr(room, name) / 100)
    waits: list[float] = []
    app = await jupyter(**NEVER)
    async with network(app.port) as net, beyond(app, net, save_after=0.2) as server:
        server.write("a.ipynb", "1", "2")
        ref = await server.documents.identify("a.ipynb")
        async with editing(server.documents, ref) as cells:
            cells.set_source(1, "edited before")
        sink = await run_of(server, "a.ipynb")
        sink.begin()
        genuine = room.RemoteRoom.ready

        async def counted(one: room.RemoteRoom) -> room_connection.NotebookClient:
            waits.append(asyncio.get_running_loop().time())
            return await genuine(one)

        monkeypatch.setattr(room.RemoteRoom, "ready", counted)
        net.cut()
        sink.append(stream("all of it"))
        sink.count(3)
        with pytest.raises(JupyterUnreachable, match="are kept"):
            await sink.close()
        attempts = len(waits)
        await until(lambda: len(waits) > attempts + 30)
        assert waits[-1] - waits[attempts] > 10 * room.LONGEST_WAIT_SECONDS
        net.mend()
        file = server.root / "a.ipynb"
        await until(lambda: b"all of it" in file.read_bytes(), "saved")
        assert server.sources("a.ipynb") == ["1", "edited before"]
        assert server.file("a.ipynb").cells[0].execution_count == 3


async def test_a_room_is_left_when_nobody_needs_it(
    jupyter: StartJupyter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "IDLE_SECONDS", 0.05)
    app = await jupyter(YDocExtension={"document_cleanup_delay": 0.05})
    async with beyond(app, save_after=0.02) as server:
        server.write("a.ipynb", "0")
        ref = await server.documents.identify("a.ipynb")
        for number in range(1, 5):
            async with editing(server.documents, ref) as cells:
                assert texts(cells) == [str(number - 1)]
                cells.set_source(0, str(number))
            assert await server.documents.save(ref) == "saved"
            await until(lambda: not server.rooms, "left, and cleaned by Jupyter")
        assert server.sources("a.ipynb") == ["4"]


async def test_sessions_share_one_connection(jupyter: StartJupyter) -> None:
    app = await jupyter()
    async with beyond(app) as server:
        server.write("a.ipynb", "1")
        assert await asyncio.gather(*(server.texts("a.ipynb") for _ in range(10))) == [["1"]] * 10
        (shared,) = server.rooms.values()
        assert len(shared.clients) == 1


async def test_what_is_not_sent_back_is_not_announced(jupyter: StartJupyter) -> None:
    """jmcp shows no cursor, and does not switch a person's autosave on again."""
    app = await jupyter()
    async with beyond(app) as server:
        server.write("a.ipynb", "1")
        assert await server.texts("a.ipynb") == ["1"]
        (shared,) = server.rooms.values()
        assert not [state for state in shared.awareness.states.values() if state]


async def test_a_large_notebook_above_websockets_own_limit_is_whole(jupyter: StartJupyter) -> None:
    app = await jupyter()
    async with beyond(app) as server:
        server.write("big.ipynb", *(f"{number}: {'x' * 1_000_000}" for number in range(30)))
        ref = await server.documents.identify("big.ipynb")
        async with editing(server.documents, ref) as cells:
            assert len(cells) == 30
            cells.insert(0, "code", "y" * 20_000_000)  # one message of 20 MB to the server
        assert [len(text) for text in (await server.texts("big.ipynb"))[:1]] == [20_000_000]


async def test_a_document_above_the_limit_is_an_error(jupyter: StartJupyter) -> None:
    app = await jupyter(**NEVER)
    async with beyond(app, max_bytes=1_000_000) as server, beyond(app) as there:
        server.write("a.ipynb", "1")
        ref = await server.documents.identify("a.ipynb")
        async with editing(there.documents, ref) as cells:
            cells.insert(0, "code", "x" * 20_000_000)
        with pytest.raises(NotebookTooLarge, match="live document"):
            await server.texts("a.ipynb")


async def test_where_jupyterlab_works_on_files_so_does_jmcp(jupyter: StartJupyter) -> None:
    app = await jupyter(extensions=["jupyterlab"], YDocExtension={"disable_rtc": True})
    async with beyond(app) as server:
        server.write("a.ipynb", "1")
        ref = await server.documents.identify("a.ipynb")
        async with editing(server.documents, ref) as cells:
            assert cells.mode == "file"
            cells.set_source(0, "2")
        assert server.sources("a.ipynb") == ["2"]
        assert not server.rooms


class OtherRooms(APIHandler):
    def get(self, room_id: str) -> None:
        self.set_status(400)


async def test_another_provider_of_rooms_is_refused(jupyter: StartJupyter) -> None:
    app = await jupyter(collaboration=False)
    route = url_path_join(app.base_url, "api/collaboration/room/(.*)")
    app.web_app.add_handlers(".*$", [(route, OtherRooms)])
    async with beyond(app) as server:
        server.write("a.ipynb", "1")
        with pytest.raises(JupyterRefused, match="jupyter_server_documents"):
            await server.documents.create("b.ipynb")
        with pytest.raises(JupyterRefused, match="jupyter_server_documents"):
            await server.texts("a.ipynb")
        assert not (server.root / "b.ipynb").exists()


async def test_the_server_s_session(jupyter: StartJupyter) -> None:
    app = await jupyter()
    async with beyond(app) as server, beyond(app) as there:
        server.write("a.ipynb", "1")
        assert await server.documents.server_session() == await there.documents.server_session()
        async with tab(app, "a.ipynb"):
            pass
        store = server.root.parent / "jupyter_home/server0/collaboration.json"
        if not store.exists():  # jupyter-server-ydoc 2 does not let one choose
            store = server.root / ".jupyter/collaboration_sessions.json"
        assert await server.documents.server_session() in json.loads(store.read_text())


async def test_without_the_event_stream_it_works_too(
    jupyter: StartJupyter, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = await jupyter()
    async with beyond(app) as server:
        events = server.documents._events  # type: ignore[attr-defined]
        monkeypatch.setattr(events, "begin", nothing)
        server.write("a.ipynb", "1")
        ref = await server.documents.identify("a.ipynb")
        assert await server.texts("a.ipynb") == ["1"]
        await server.contents.rename("a.ipynb", "b.ipynb")
        await server.noticed(ref.key, "b.ipynb")
        async with editing(server.documents, ref) as cells:
            assert cells.ref.path == "b.ipynb"


async def nothing() -> None:
    pass


async def test_a_folder_above_that_is_renamed_takes_its_notebooks_along(
    jupyter: StartJupyter,
) -> None:
    """jupyter_server_fileid's default manager follows it where the folder has an id too."""
    app = await jupyter()
    async with beyond(app) as server:
        server.write("sub/a.ipynb", "1")
        ref = await server.documents.identify("sub/a.ipynb")
        assert await server.texts("sub/a.ipynb") == ["1"]
        await server.contents.rename("sub", "other")
        await server.noticed(ref.key, "other/a.ipynb")
        assert await server.documents.identify("other/a.ipynb") == NotebookRef(
            key=ref.key, path="other/a.ipynb"
        )
        assert await server.texts("other/a.ipynb") == ["1"]


async def test_a_server_that_is_started_anew(tmp_path: Path) -> None:
    """Its rooms are loaded anew from the files; what jmcp has of the old ones must not mix in."""
    root, notebook = tmp_path / "root", nbformat.v4.new_notebook()
    notebook.cells = [
        nbformat.v4.new_code_cell(text, id=f"c{index}") for index, text in enumerate("abc")
    ]
    root.mkdir()
    nbformat.write(notebook, root / "a.ipynb")
    unsaved = "--YDocExtension.document_save_delay=3600"

    async def now(documents: RemoteDocuments) -> list[str]:
        async with reading(documents, await documents.identify("a.ipynb")) as cells:
            return texts(cells)

    with lab(tmp_path / "home", root, unsaved) as first:
        async with network(_port(first)) as net:
            api = JupyterApi(f"http://127.0.0.1:{net.port}/", SERVED_TOKEN, seconds=10.0)
            documents = RemoteDocuments(api, save_after=3600.0)
            ref = await documents.identify("a.ipynb")
            session = await documents.server_session()
            async with editing(documents, ref) as cells:
                cells.set_source(2, "saved")
            assert await documents.save(ref) == "saved"
            async with editing(documents, ref) as cells:
                cells.insert(0, "code", "not saved when the server died")
                sink = await output_sink(documents, ref, cells.get(1))
            sink.begin()
            sink.append(stream("before "))
            first.process.kill()
            first.process.wait()
            with pytest.raises(JupyterUnreachable):
                await now(documents)
            sink.extend_text(0, "during ")
            with lab(tmp_path / "home", root, unsaved) as second:
                net.redirect("127.0.0.1", _port(second))
                async with asyncio.timeout(60):
                    while (was := await _or_none(now(documents))) is None:  # noqa: ASYNC110 # it starts
                        await asyncio.sleep(0.1)
                assert was == ["a", "b", "saved"]
                assert await documents.server_session() != session
                assert await documents.current(ref.key) == ref
                sink.extend_text(0, "after")
                await sink.close()
                async with editing(documents, ref) as cells:
                    assert cells.get(0, outputs=True).outputs == (stream("before during after"),)
                    cells.insert(3, "code", "d")
                assert await documents.save(ref) == "saved"
                assert [cell.source for cell in nbformat.read(root / "a.ipynb", 4).cells] == [
                    *("a", "b", "saved", "d")
                ]
                await documents.close()
                await api.close()


def _port(server: Served) -> int:
    port = urlsplit(server.url).port
    assert port is not None
    return port


async def _or_none(reading: Coroutine[Any, Any, list[str]]) -> list[str] | None:
    try:
        return await reading
    except BackendError:
        return None


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
