"""A remote server: its rooms, its limits, its session, and that it comes back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join

from jmcp.core.errors import (
    BackendError,
    JupyterRefused,
    JupyterUnreachable,
    NotebookTooLarge,
)
from jmcp.core.ports import NotebookRef
from jmcp_jupyter.documents.remote import room
from jmcp_jupyter.documents.remote.documents import RemoteDocuments
from jmcp_jupyter.http_api import JupyterApi
from tests.document_access import editing, output_sink, reading
from tests.jupyter_process import StartJupyter
from tests.network import network
from tests.ports.documents.conftest import nbformat
from tests.ports.documents.remote import NEVER, beyond, stream, texts
from tests.ports.documents.tab import tab, until
from tests.served import TOKEN as SERVED_TOKEN
from tests.served import Served, lab


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
