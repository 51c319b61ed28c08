"""Agents and tabs of jmcp's labextension in one room, in a JupyterLab without collaboration."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.serverapp import ServerApp

from jmcp_jupyter.documents.local.tabs.ways import OURS
from jmcp_jupyter.documents.remote.documents import RemoteDocuments
from jmcp_jupyter.http_api import JupyterApi
from tests.calls import Calls
from tests.document_access import editing, output_sink, reading
from tests.jupyter_process import TOKEN, StartJupyter
from tests.notebooks import write_notebook
from tests.ports.documents.tab import until
from tests.surfaces.conftest import ExtensionServer, client_of
from tests.surfaces.lab.tab import LabTab, links_of, room_of, rooms_of

pytestmark = pytest.mark.oldest

CHECKOUT = Path(__file__).parents[3]
ALONE: dict[str, Any] = {"YDocExtension": {"disable_rtc": True, "document_cleanup_delay": 0.2}}


class Agent(Calls):
    """Calls of the jmcp that runs in a Jupyter Server."""

    def __init__(self, dispatcher: Any) -> None:
        self.dispatcher = dispatcher


@pytest.fixture
async def plain(jupyter: StartJupyter, tmp_path: Path) -> AsyncIterator[ExtensionServer]:
    """As most people have it: with JupyterLab, whose collaboration is not there or switched off."""
    folder = tmp_path / "labextensions"
    folder.mkdir()
    (folder / OURS).symlink_to(CHECKOUT / "labextension" / "built")
    found = {"extra_labextensions_path": [str(folder)]}
    serverapp = await jupyter(extensions=["jmcp", "jupyterlab"], LabApp=found, **ALONE)
    async with client_of(serverapp) as client:
        yield ExtensionServer(serverapp, client)


async def agent_of(serverapp: ServerApp) -> Agent:
    (extension,) = serverapp.extension_manager.extension_apps["jmcp"]
    return Agent((await extension.hosted.app()).state.dispatcher)


def sources(server: ExtensionServer, path: str) -> list[str]:
    return source_lines(server.root / path)


def source_lines(file: Path) -> list[str]:
    """The sources of a notebook's file; nothing while it is being written."""
    try:
        cells = json.loads(file.read_text())["cells"]
    except ValueError:
        return []
    return ["".join(cell["source"]) for cell in cells]


async def test_an_agent_is_live_with_a_tab_and_without(plain: ExtensionServer) -> None:
    status = (await plain.client.get("/jmcp/lab/status")).json()
    assert (status["rooms"], status["way"]) == (True, "jmcp")
    write_notebook(plain.root / "a.ipynb", "1")
    agent = await agent_of(plain.serverapp)
    opened = await agent.call("use_notebook", notebook_path="a.ipynb")
    assert opened["document"] == "live", "before anybody has a tab"
    mine = {"session_id": opened["session_id"]}
    await agent.call(
        "insert_cell", **mine, cell_index=1, cell_type="code", cell_source="of the agent"
    )

    tab = await LabTab.join(plain.client, "a.ipynb")
    assert tab.sources == ["1", "of the agent"]
    await tab.tell(5, 1, '{"autosave": false}')
    tab.type_over(0, "typed, not saved")
    await tab.acknowledged()
    read = await agent.call("read_cell", **mine, cell_index=0)
    assert "typed, not saved" in json.dumps(read)
    await agent.call("insert_cell", **mine, cell_index=2, cell_type="code", cell_source="another")
    await until(lambda: tab.sources[-1:] == ["another"])
    # JupyterLab's autosave is off: what an agent did is saved all the same.
    await until(lambda: sources(plain, "a.ipynb")[-1:] == ["another"], "saved by jmcp")
    await until(lambda: tab.dirty is False, "and told so")
    await tab.close()
    assert await agent.call("read_cell", **mine, cell_index=2)
    room = room_of(plain.serverapp, tab.place)
    assert not room.awareness.states.get(5)


async def test_a_notebook_is_moved_deleted_and_read_only_under_an_open_tab(
    plain: ExtensionServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_notebook(plain.root / "a.ipynb", "1")
    tab = await LabTab.join(plain.client, "a.ipynb")
    contents = plain.serverapp.contents_manager

    async def save(path: str) -> Any:
        await tab.acknowledged()
        body = {"path": path, "room": tab.place["room"]}
        return await plain.client.post("/jmcp/lab/save", json=body)

    await contents.rename("a.ipynb", "b.ipynb")
    tab.type_over(0, "after the rename")
    saved = await save("a.ipynb")
    assert saved.status_code == 200, saved.text
    assert saved.json()["path"] == "b.ipynb"
    assert sources(plain, "b.ipynb") == ["after the rename"]
    assert not (plain.root / "a.ipynb").exists()
    place = await plain.client.put(
        "/jmcp/lab/rooms", json={"path": "a.ipynb", "room": tab.place["room"]}
    )
    assert place.json() == {**tab.place, "path": "b.ipynb"}

    with monkeypatch.context() as patch:
        patch.setattr(contents, "is_writable", lambda path: False)
        tab.type_over(0, "not writable")
        refused = await save("b.ipynb")
        assert refused.status_code == 409
        assert "read-only" in refused.json()["detail"]
        assert refused.json()["code"] == "write_refused"
    with monkeypatch.context() as patch:

        async def full(*_: Any, **__: Any) -> None:
            raise OSError(28, "No space left on device")

        patch.setattr(contents, "save", full)
        refused = await save("b.ipynb")
        assert refused.status_code == 409
        assert "no space left" in refused.json()["detail"]
    assert (await save("b.ipynb")).status_code == 200
    assert sources(plain, "b.ipynb") == ["not writable"]

    # The path of a notebook that somebody deleted outside of Jupyter still has an id.
    write_notebook(plain.root / "c.ipynb", "older")
    assert (await plain.client.put("/jmcp/lab/rooms", json={"path": "c.ipynb"})).status_code == 200
    (plain.root / "c.ipynb").unlink()
    await contents.rename("b.ipynb", "c.ipynb")
    tab.type_over(0, "over an id that was left")
    saved = await save("c.ipynb")
    assert saved.status_code == 200, saved.text
    assert sources(plain, "c.ipynb") == ["over an id that was left"]

    await contents.delete("c.ipynb")
    assert (await save("c.ipynb")).status_code == 404
    assert not (plain.root / "c.ipynb").exists()
    await tab.close()
    await until(lambda: not rooms_of(plain.serverapp), "its room goes, too")


async def test_a_jmcp_beside_that_server_is_live_with_its_tabs(plain: ExtensionServer) -> None:
    write_notebook(plain.root / "a.ipynb", "1")
    tab = await LabTab.join(plain.client, "a.ipynb")
    api = JupyterApi(f"{plain.url}/", TOKEN)
    documents = RemoteDocuments(api)
    try:
        sharing = await documents.sharing()
        assert (sharing.mode, sharing.way) == ("live", "jmcp")
        ref = await documents.identify("a.ipynb")
        async with editing(documents, ref) as cells:
            assert cells.mode == "live"
            cells.insert(1, "code", "from beside")
        await until(lambda: tab.sources == ["1", "from beside"])
        tab.type_over(0, "typed")
        await tab.acknowledged()

        async def read() -> list[str]:
            async with reading(documents, ref) as there:
                return [there.get(index).source for index in range(len(there))]

        while await read() != ["typed", "from beside"]:  # noqa: ASYNC110  # no event tells
            await asyncio.sleep(0.005)
    finally:
        await documents.close()
        await api.close()
    await tab.close()


async def test_outputs_go_on_while_tabs_come_and_go(plain: ExtensionServer) -> None:
    write_notebook(plain.root / "a.ipynb", "1")
    documents = (await agent_of(plain.serverapp)).dispatcher.documents
    ref = await documents.identify("a.ipynb")
    async with reading(documents, ref) as cells:
        sink = await output_sink(documents, ref, cells.get(0))
    sink.begin()
    sink.append({"output_type": "stream", "name": "stdout", "text": "before "})
    tab = await LabTab.join(plain.client, "a.ipynb")
    sink.extend_text(0, "during ")

    def shown(one: LabTab) -> str:
        outputs = one.notebook.ycells[0]["outputs"]
        return "".join(str(output["text"]) for output in outputs)

    await until(lambda: shown(tab) == "before during ", "the tab came in between")
    place = tab.place
    await tab.close()
    await until(lambda: not links_of(plain.serverapp, place), "the last tab is gone")
    sink.extend_text(0, "after")
    back = await LabTab.join(plain.client, "a.ipynb")
    assert back.place == place
    await until(lambda: shown(back) == "before during after")
    await sink.close()
    assert await documents.save(ref) == "saved"
    assert "before during after" in (plain.root / "a.ipynb").read_text()
    await back.close()


async def test_a_move_in_a_tab_keeps_what_an_agent_wrote_at_that_moment(
    plain: ExtensionServer,
) -> None:
    write_notebook(plain.root / "a.ipynb", "1", "2")
    agent = await agent_of(plain.serverapp)
    opened = await agent.call("use_notebook", notebook_path="a.ipynb")
    mine = {"session_id": opened["session_id"]}
    tab = await LabTab.join(plain.client, "a.ipynb")
    behind = await LabTab.join(plain.client, "a.ipynb")
    place = behind.place
    await behind.close()

    await agent.call("read_notebook", **mine)
    await agent.call("overwrite_cell_source", **mine, cell_index=0, cell_source="1\n# of the agent")
    # In the tab that has no connection, a person moves the cell.
    ydoc, cells = behind.notebook.ydoc, behind.notebook.ycells
    with ydoc.transaction():
        stored = cells[0].to_py()
        assert stored is not None
        del cells[0]
        cells.insert(1, behind.notebook.create_ycell(stored))
    assert behind.sources == ["2", "1"]
    back = await LabTab.into(str(plain.client.base_url), place, behind)
    await back.acknowledged()
    expected = ["2", "1\n# of the agent"]
    await until(lambda: tab.sources == back.sources == expected, "in all tabs")
    await until(lambda: sources(plain, "a.ipynb") == expected, "and saved")
    # For the agent it is the cell that it wrote.
    await agent.call(
        "overwrite_cell_source", **mine, cell_id="c0", cell_source="1\n# of the agent, again"
    )
    await until(lambda: back.sources == ["2", "1\n# of the agent, again"])
    await tab.close()
    await back.close()


async def test_two_servers_on_one_folder_lose_nothing(
    jupyter: StartJupyter, tmp_path: Path
) -> None:
    quick: dict[str, Any] = {
        "root": tmp_path / "root",
        "YDocExtension": {"file_poll_interval": 0.05, "document_save_delay": 0.05},
    }
    servers = [await jupyter(extensions=["jmcp"], **quick) for _ in range(2)]
    write_notebook(tmp_path / "root" / "a.ipynb", "1", "2")
    async with client_of(servers[0]) as here, client_of(servers[1]) as there:
        one = await LabTab.join(here, "a.ipynb")
        two = await LabTab.join(there, "a.ipynb")
        one.type_over(0, "typed here")
        await until(lambda: two.sources == ["typed here", "2"], "what the other server saved")
        two.type_over(1, "typed there")
        both = ["typed here", "typed there"]
        await until(lambda: one.sources == two.sources == both, "each has what the other typed")
        await one.close()

        # A program whose clock is an hour late, and one whose clock is an hour early.
        for hours in (-1, 1):
            file = tmp_path / "root" / "a.ipynb"
            saved = await there.post("/jmcp/lab/save", json={"path": "a.ipynb"})
            assert saved.status_code == 200, saved.text
            text = file.read_text().replace("typed here", f"written {hours}")
            file.write_text(text)
            when = time.time() + 3600 * hours
            os.utime(file, (when, when))
            two.type_over(1, f"typed {hours}")
            await two.acknowledged()
            await there.post("/jmcp/lab/save", json={"path": "a.ipynb"})
            expected = [f"written {hours}", f"typed {hours}"]
            await until(lambda: two.sources == expected, "merged")  # noqa: B023
            await until(lambda: source_lines(file) == expected, "and saved")  # noqa: B023
            two.type_over(0, "typed here")
            await two.acknowledged()
        await two.close()
