"""A notebook whose file may not be written: it opens as in plain JupyterLab, and agents do not edit it."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.agent import connected_agent, texts, write
from tests.e2e.lab import COLLABORATION, chromium, serve_lab
from tests.e2e.lab_extension.tab import PYTHON, Tab
from tests.thorough import thorough

pytestmark = pytest.mark.skipif(chromium() is None, reason="no chromium on the PATH")

BY_MODE = """\
import os
from jupyter_server.services.contents.filemanager import FileContentsManager

def is_writable(self, path):
    return bool(os.stat(self._get_os_path(path=path)).st_mode & 0o200)

FileContentsManager.is_writable = is_writable
"""
"""Also where the server is root's, who may write everything."""


@thorough
async def test_a_read_only_notebook_opens_and_takes_no_edit(
    tmp_path: Path, chrome: Browser
) -> None:
    config = tmp_path / "home/.jupyter/jupyter_server_config.py"
    config.parent.mkdir(parents=True)
    config.write_text(BY_MODE)
    with serve_lab(tmp_path, without=COLLABORATION) as served:
        write(served, "fixed.ipynb", "one = 1", "two = 2", **PYTHON)
        file = served.root / "fixed.ipynb"
        before = file.read_text()
        file.chmod(0o444)
        tab = await Tab.open(chrome, served, "fixed.ipynb")
        await expect(tab.page.get_by_text("notebook is read-only")).to_be_visible()
        async with connected_agent(served) as agent:
            await agent.open("fixed.ipynb")
            change = {"cell_index": 0, "cell_source": "one = 2"}
            assert await agent.refused("overwrite_cell_source", **change) == "write_refused"
            new = {"cell_index": 0, "cell_type": "code", "cell_source": "zero = 0"}
            assert await agent.refused("insert_cell", **new) == "write_refused"
            read = await agent.call("read_notebook", response_format="detailed")
            assert [cell["source"] for cell in read["cells"]] == ["one = 1", "two = 2"]
            assert texts(await agent.call("execute_code", code="40 + 2")) == ["42"]

            await tab.type_into(0, " # typed")
            await tab.page.keyboard.press("Control+s")
            await expect(tab.page.get_by_text("fixed.ipynb is read-only")).to_be_visible()
            file.chmod(0o644)
            await agent.call("overwrite_cell_source", **change)
        assert await tab.dialogs() == []
        assert before == file.read_text() or "one = 2" in file.read_text()
        await tab.close()
