"""Saving a notebook that its room shares: each of JupyterLab's ways does what a person expects."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import nbformat
import pytest
from playwright.async_api import Browser, expect

from tests.e2e.agent import Agent, eventually, saved, write
from tests.e2e.lab import chromium
from tests.e2e.lab_extension.tab import PYTHON, Tab
from tests.served import Served
from tests.thorough import thorough

pytestmark = pytest.mark.skipif(chromium() is None, reason="no chromium on the PATH")


def has(*sources: str) -> Callable[[Any], bool]:
    return lambda notebook: [cell.source for cell in notebook.cells] == list(sources)


async def appears(served: Served, path: str) -> None:
    async def there() -> bool:
        return (served.root / path).exists()

    await eventually(there, f"{path} is there")


async def accept(tab: Tab) -> None:
    """Agree with the question that JupyterLab asks."""
    await tab.page.locator(".jp-Dialog .jp-mod-accept").click()


async def test_saved_reverted_and_renamed_without_a_question_about_the_file(
    plain_lab: Served, plain_agent: Agent, chrome: Browser
) -> None:
    write(plain_lab, "saves.ipynb", "person = 1", "agent = 1", **PYTHON)
    tab = await Tab.open(chrome, plain_lab, "saves.ipynb")
    keyboard = tab.page.keyboard
    await tab.clean()
    await plain_agent.open("saves.ipynb")

    # The agent saves, then the person, then both at once.
    await plain_agent.call("overwrite_cell_source", cell_index=1, cell_source="agent = 2")
    await tab.type_into(0, " + 2")
    await keyboard.press("Control+s")
    await saved(plain_lab, "saves.ipynb", has("person = 1 + 2", "agent = 2"), "both are saved")
    await tab.clean()
    await tab.type_into(0, " + 3")
    await keyboard.press("Control+s")
    await plain_agent.call("overwrite_cell_source", cell_index=1, cell_source="agent = 3")
    await keyboard.press("Control+s")
    await saved(plain_lab, "saves.ipynb", has("person = 1 + 2 + 3", "agent = 3"), "both again")
    await tab.clean()
    assert await tab.dialogs() == []

    # With autosave off the room does not save because of the tab; what the person gives up is gone.
    await tab.menu("Settings", "Autosave Documents")
    await tab.type_into(0, " + 4")
    await expect(tab.page.locator(".jp-mod-dirty").first).to_be_visible()
    await tab.menu("File", "Reload Notebook from Disk")
    await accept(tab)
    await expect(tab.cell(0).locator(".cm-content")).to_have_text("person = 1 + 2 + 3")
    await tab.clean()
    await tab.menu("Settings", "Autosave Documents")
    assert has("person = 1 + 2 + 3", "agent = 3")(nbformat.read(plain_lab.root / "saves.ipynb", 4))
    read = await plain_agent.call("read_cell", cell_index=0)
    assert "+ 4" not in json.dumps(read)

    # Another name, and a save there.
    await tab.menu("File", "Rename Notebook…")
    await tab.page.locator(".jp-Dialog input").fill("named.ipynb")
    await accept(tab)
    await tab.type_into(0, " + 5")
    await keyboard.press("Control+s")
    await saved(plain_lab, "named.ipynb", has("person = 1 + 2 + 3 + 5", "agent = 3"), "by its name")
    await tab.clean()
    assert not (plain_lab.root / "saves.ipynb").exists()
    assert not [asked for asked in await tab.dialogs() if "Changed" in asked or "Error" in asked]
    await tab.close()


@thorough
async def test_revert_to_checkpoint_save_as_duplicate_and_a_new_notebook(
    plain_lab: Served, chrome: Browser
) -> None:
    write(plain_lab, "point.ipynb", "one = 1", "two = 2", **PYTHON)
    tab = await Tab.open(chrome, plain_lab, "point.ipynb")
    await tab.type_into(0, " # first")
    await tab.page.keyboard.press("Control+s")
    await saved(plain_lab, "point.ipynb", has("one = 1 # first", "two = 2"), "saved")
    await tab.type_into(1, " # second")
    await saved(plain_lab, "point.ipynb", has("one = 1 # first", "two = 2 # second"), "by itself")
    await tab.menu("File", "Revert Notebook to Checkpoint…")
    await accept(tab)
    await expect(tab.cell(1).locator(".cm-content")).to_have_text("two = 2")
    await saved(plain_lab, "point.ipynb", has("one = 1 # first", "two = 2"), "as at the checkpoint")
    await tab.clean()

    await tab.menu("File", "Duplicate Notebook")
    await appears(plain_lab, "point-Copy1.ipynb")
    await saved(plain_lab, "point-Copy1.ipynb", has("one = 1 # first", "two = 2"), "duplicate")

    await tab.menu("File", "Save Notebook As…")
    await tab.page.locator(".jp-Dialog input").fill("other.ipynb")
    await accept(tab)
    await appears(plain_lab, "other.ipynb")
    await saved(plain_lab, "other.ipynb", has("one = 1 # first", "two = 2"), "save as")
    await expect(tab.page.locator(".lm-TabBar-tabLabel", has_text="other.ipynb")).to_have_count(1)
    await tab.type_into(0, " # other")
    await saved(plain_lab, "other.ipynb", has("one = 1 # first # other", "two = 2"), "other")
    assert has("one = 1 # first", "two = 2")(nbformat.read(plain_lab.root / "point.ipynb", 4))

    await tab.page.keyboard.press("Control+Shift+l")
    await tab.page.evaluate("window.jupyterapp.commands.execute('launcher:create')")
    cards = tab.page.locator(".jp-LauncherCard[data-category=Notebook]:visible")
    await cards.first.click()
    fresh = tab.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell .cm-content")
    await expect(fresh).to_have_count(1)
    await fresh.click()
    await tab.page.keyboard.type("new = 1")
    await saved(plain_lab, "Untitled.ipynb", has("new = 1"), "a new notebook")
    assert not [asked for asked in await tab.dialogs() if "Changed" in asked or "Error" in asked]
    await tab.close()


@thorough
async def test_a_deleted_notebook_that_is_saved_again_comes_back(
    plain_lab: Served, chrome: Browser
) -> None:
    write(plain_lab, "deleted.ipynb", "one = 1", **PYTHON)
    tab = await Tab.open(chrome, plain_lab, "deleted.ipynb")
    await tab.type_into(0, " # kept")
    await saved(plain_lab, "deleted.ipynb", has("one = 1 # kept"), "saved")
    await tab.clean()
    (plain_lab.root / "deleted.ipynb").unlink()
    await tab.type_into(0, " # more")
    await tab.page.keyboard.press("Control+s")
    await appears(plain_lab, "deleted.ipynb")
    await saved(plain_lab, "deleted.ipynb", has("one = 1 # kept # more"), "with its text")
    await tab.type_into(0, "!")
    await saved(plain_lab, "deleted.ipynb", has("one = 1 # kept # more!"), "by itself")
    assert not [asked for asked in await tab.dialogs() if "Changed" in asked or "Error" in asked]
    await tab.close()
