"""The journal on documents of a remote Jupyter Server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from jupyter_server_ydoc import handlers

from jmcp.core.stores.journal.sqlite import SqliteJournal
from jmcp_jupyter.documents.remote.documents import RemoteDocuments
from jmcp_jupyter.http_api import JupyterApi
from tests.journaled_notebooks import JournaledNotebooks
from tests.jupyter_process import TOKEN
from tests.ports.documents.tab import tab
from tests.scenarios.journal.conftest import NEVER, JournaledServer
from tests.sentences import said

RemoteJournal = Any


@pytest.fixture
async def documents(
    server: JournaledServer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[RemoteJournal]:
    """Makes journaled documents on the server as it is now: a process of jmcp."""
    made: list[tuple[JupyterApi, JournaledNotebooks]] = []

    def new() -> JournaledNotebooks:
        monkeypatch.setattr(handlers, "SERVER_SESSION", f"{id(server.app)}")
        api = JupyterApi(f"http://127.0.0.1:{server.app.port}{server.app.base_url}", TOKEN)
        inner = RemoteDocuments(api, save_after=NEVER)
        made.append(
            (api, JournaledNotebooks(inner, SqliteJournal(server.state), look_seconds=0.02))
        )
        return made[-1][1]

    yield new
    for api, one in made:
        for task in one.recorder._follower._tasks.values():
            task.cancel()
        await one.close()
        await api.close()


async def read(documents: JournaledNotebooks) -> tuple[list[str], str]:
    async with documents.read(await documents.documents.identify("a.ipynb")) as cells:
        notes = "\n".join(said(cells.notices()))
        return [cells.get(index).source for index in range(len(cells))], notes


async def test_what_jupyter_lost_comes_back(
    server: JournaledServer, documents: RemoteJournal
) -> None:
    first = documents()
    async with first.edit(await first.documents.identify("a.ipynb")) as cells:
        cells.set_source(0, "by an agent")
        cells.insert(3, "code", "new")
    assert server.sources("a.ipynb") == ["0", "1", "2"]
    await server.crash()
    sources, notes = await read(documents())
    assert sources == ["by an agent", "1", "2", "new"]
    assert "Recovered 2 edits" in notes


async def test_what_jupyter_kept_is_left_to_the_people_there(
    server: JournaledServer, documents: RemoteJournal
) -> None:
    """jmcp alone died; what a person undid since stays undone, and is saved."""
    first = documents()
    async with first.edit(await first.documents.identify("a.ipynb")) as cells:
        cells.set_source(0, "by an agent")
        cells.set_source(1, "by an agent too")
    for task in first.recorder._follower._tasks.values():
        task.cancel()
    async with tab(server.app, "a.ipynb") as person:
        source = person.notebook.ycells[0]["source"]
        source[0 : len(source)] = "0"
        second = documents()

        async def undone() -> bool:
            return (await read(second))[0] == ["0", "by an agent too", "2"]

        await server.until(undone)
        assert (await read(second))[1] == ""

        async def saved() -> bool:
            return server.sources("a.ipynb") == ["0", "by an agent too", "2"]

        await server.until(saved)
        assert "conflicted" not in await server.states()
