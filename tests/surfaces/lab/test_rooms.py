"""Tabs of jmcp's labextension in rooms."""

from __future__ import annotations

import pytest

from tests.notebooks import write_notebook
from tests.ports.documents.tab import until
from tests.surfaces.conftest import ExtensionServer
from tests.surfaces.lab.tab import LabTab

pytestmark = pytest.mark.oldest


async def test_tabs_share_a_notebook_and_its_saves(shared: ExtensionServer) -> None:
    write_notebook(shared.root / "a.ipynb", "1", "2")
    one = await LabTab.join(shared.client, "a.ipynb")
    two = await LabTab.join(shared.client, "./a.ipynb")
    assert one.sources == two.sources == ["1", "2"], "the second one has not filled it again"
    assert one.place == two.place
    assert one.place["writable"] is True
    await until(lambda: one.dirty is False, "clean once it is open")

    one.type_over(0, "typed")
    await until(lambda: two.sources == ["typed", "2"], "the other tab sees it")
    await one.acknowledged()
    saved = await shared.client.post("/jmcp/lab/save", json={"path": "a.ipynb"})
    assert saved.status_code == 200, saved.text
    assert saved.json()["path"] == "a.ipynb"
    assert saved.json()["content"] is None
    assert '"typed"' in (shared.root / "a.ipynb").read_text()
    await one.close()
    await two.close()
