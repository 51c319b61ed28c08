"""What `LabPages` promises, inside Jupyter and over HTTP, and the fake with them."""

from __future__ import annotations

from typing import Any

import pytest

from jmcp.core.lab_pages import LabPages
from jmcp_jupyter.http_api import JupyterApi
from jmcp_jupyter.lab import local, remote
from jmcp_jupyter.lab.local import LocalLabPages
from jmcp_jupyter.lab.remote import RemoteLabPages
from tests.jupyter_process import TOKEN, StartJupyter
from tests.ports.lab_pages.conftest import LabServer, LabSetup

PATH = "sub folder/ü #1.ipynb"


def workspace(name: str, *paths: str) -> dict[str, Any]:
    entries = {f"notebook:{path}": {"data": {"path": path}} for path in paths}
    return {"data": entries, "metadata": {"id": name}}


async def tabs(pages: LabPages) -> list[tuple[str, str]]:
    return sorted((tab.workspace, tab.path) for tab in (await pages.tabs()).tabs)


async def test_a_page_is_made_in_a_workspace_and_found_in_it(any_lab: LabSetup) -> None:
    pages = any_lab.pages
    assert await tabs(pages) == []
    page = await pages.focus(PATH)
    assert page.workspace is not None
    assert f"/lab/workspaces/{page.workspace}/tree/sub%20folder/%C3%BC%20%231.ipynb" in page.url
    assert any_lab.saved(page.workspace)["metadata"]["id"] == page.workspace
    assert await tabs(pages) == [(page.workspace, PATH)]
    # What people did there since is put aside.
    any_lab.save(page.workspace, workspace(page.workspace, PATH, "other.ipynb"))
    assert (await pages.focus(PATH)).url == page.url
    other = await pages.focus(PATH, "c1")
    assert other.workspace != page.workspace
    any_lab.save("default", workspace("/default", "RTC:a.ipynb", "b.ipynb", "note.txt"))
    assert [path for name, path in await tabs(pages) if name == "default"] == ["a.ipynb", "b.ipynb"]
    assert list(await pages.shown()) == []


async def test_one_odd_file_hides_no_other_workspace(lab_server: LabServer) -> None:
    await lab_server.pages.focus("b.ipynb")
    for text in ("", "{", "[]", '{"data": 3, "metadata": {}}', "[" * 100_000):
        lab_server.put_text("aaa", text)
        found = await lab_server.pages.tabs()
        assert [tab.path for tab in found.tabs] == ["b.ipynb"], text[:9]
        assert len(found.unread) == 1, text[:9]


async def test_what_is_too_large_is_not_read(
    lab_server: LabServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "FILE_BYTES", 2000)
    monkeypatch.setattr(remote, "LIST_BYTES", 4000)
    lab_server.save("large", workspace("large", *(f"{number}.ipynb" for number in range(500))))
    await lab_server.pages.focus("b.ipynb")
    found = await lab_server.pages.tabs()
    assert [tab.path for tab in found.tabs] == ["b.ipynb"]
    assert len(found.unread) == 1


async def test_of_very_many_workspaces_those_saved_last_are_read(
    lab_server: LabServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (local, remote):
        monkeypatch.setattr(module, "FILES", 2)
    for number in range(4):
        lab_server.save(f"w{number}", workspace(f"w{number}", f"{number}.ipynb"))
    found = await lab_server.pages.tabs()
    assert (len(found.tabs), len(found.unread)) == (2, 1)


@pytest.mark.parametrize("where", ["local", "remote"])
async def test_a_server_without_jupyterlab_says_so(jupyter: StartJupyter, where: str) -> None:
    app = await jupyter(collaboration=False, file_ids=False)
    api = JupyterApi(app.connection_url, TOKEN)
    pages: LabPages = RemoteLabPages(api, external_url=None)
    if where == "local":
        pages = LocalLabPages(app, external_url=None, variables={})
    page = await pages.focus("a.ipynb")
    assert (page.workspace, page.url) == (None, f"{app.connection_url}lab/tree/a.ipynb")
    assert page.reason is not None
    assert list((await pages.tabs()).unread) == [page.reason]
    await api.close()
