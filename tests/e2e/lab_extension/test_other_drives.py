"""A notebook of another drive than JupyterLab's own: rooms have nothing to do with it."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.agent import saved, write
from tests.e2e.lab import chromium
from tests.e2e.lab_extension.tab import PYTHON, Tab
from tests.e2e.lab_extension.test_saving import has
from tests.served import Served

pytestmark = pytest.mark.skipif(chromium() is None, reason="no chromium on the PATH")

OPEN = """
async () => {
  const { serviceManager, commands } = window.jupyterapp;
  const { contents, serverSettings } = serviceManager;
  const Drive = contents.defaultDrive.constructor;
  contents.addDrive(new Drive({ name: 'Second', serverSettings }));
  await commands.execute('docmanager:open', { path: 'Second:other.ipynb' });
}
"""


async def test_a_notebook_of_another_drive_opens_and_is_saved(
    plain_lab: Served, chrome: Browser
) -> None:
    write(plain_lab, "first.ipynb", "first = 1", **PYTHON)
    write(plain_lab, "other.ipynb", "other = 1", **PYTHON)
    tab = await Tab.open(chrome, plain_lab, "first.ipynb")
    await tab.page.evaluate(OPEN)
    cell = tab.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell .cm-content")
    await expect(cell).to_have_text("other = 1")
    await cell.click()
    await tab.page.keyboard.press("Control+End")
    await tab.page.keyboard.type(" # typed")
    await tab.page.keyboard.press("Control+s")
    await saved(plain_lab, "other.ipynb", has("other = 1 # typed"), "by its drive")
    await tab.clean()
    assert await tab.dialogs() == []
    await tab.close()
