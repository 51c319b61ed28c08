"""A cell that an agent moves or deletes while a person types in it, whose text is still on its way."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.agent import Agent, saved, write
from tests.e2e.lab import chromium
from tests.e2e.lab_extension.tab import LOST, PYTHON, Tab
from tests.e2e.lab_extension.test_saving import has
from tests.served import Served
from tests.thorough import thorough

pytestmark = pytest.mark.skipif(chromium() is None, reason="no chromium on the PATH")


@thorough
async def test_what_was_typed_stays(plain_lab: Served, plain_agent: Agent, chrome: Browser) -> None:
    write(plain_lab, "moved.ipynb", "moved = 1", "deleted = 1", "other = 1", **PYTHON)
    tab = await Tab.open(chrome, plain_lab, "moved.ipynb")
    await plain_agent.open("moved.ipynb")
    await plain_agent.call("read_notebook")
    await tab.cut()
    await tab.type_into(0, " + 2")
    await tab.type_into(1, " + 3")
    await plain_agent.call("edit_cell_source", cell_index=0, old_string="moved", new_string="here")
    await plain_agent.call("move_cell", cell_index=0, target_index=2)
    await plain_agent.call("delete_cell", cell_index=0)
    await tab.mend()
    await expect(tab.page.locator(LOST)).to_have_count(0)
    expected = ["deleted = 1 + 3", "other = 1", "here = 1 + 2"]
    await expect(tab.page.locator(".jp-Notebook .cm-content")).to_have_text(expected)
    await saved(plain_lab, "moved.ipynb", has(*expected), "all that was typed")
    await tab.close()
