"""Notebooks that have no room, or none any more: they open, and are saved, as in plain JupyterLab."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Browser, Route

from tests.e2e.agent import saved, write
from tests.e2e.lab import chromium
from tests.e2e.lab_extension.tab import DIALOGS, PYTHON, Tab
from tests.e2e.lab_extension.test_saving import has
from tests.served import Served
from tests.thorough import thorough

pytestmark = pytest.mark.skipif(chromium() is None, reason="no chromium on the PATH")

ROOMS = "**/jmcp/lab/rooms*"
OF_JUPYTERLAB = (
    "() => { const { context } = window.jupyterapp.shell.currentWidget;"
    " return [context.canSave, context.model.collaborative]; }"
)
"""Whether JupyterLab saves the notebook by itself, and whether a room does."""


async def refuse(route: Route) -> None:
    body = '{"status": 409, "code": "not_shareable", "detail": "Not this one."}'
    await route.fulfill(status=409, content_type="application/problem+json", body=body)


async def gone(route: Route) -> None:
    """As a Jupyter Server answers that has no jmcp."""
    await route.fulfill(status=404, body="<html>404</html>")


async def of_jupyterlab(tab: Tab) -> Any:
    return await tab.page.evaluate(OF_JUPYTERLAB)


@thorough
async def test_a_notebook_without_a_room_is_jupyterlabs(plain_lab: Served, chrome: Browser) -> None:
    write(plain_lab, "none.ipynb", "one = 1", **PYTHON)
    tab = Tab(await chrome.new_page(), plain_lab, "none.ipynb")
    await tab.page.add_init_script(DIALOGS)
    await tab.page.route(ROOMS, refuse)
    await tab.load()
    await tab.type_into(0, " # typed")
    assert await of_jupyterlab(tab) == [True, False]
    await tab.page.keyboard.press("Control+s")
    await saved(plain_lab, "none.ipynb", has("one = 1 # typed"), "by JupyterLab")
    await tab.clean()
    assert await tab.dialogs() == []
    await tab.close()


@thorough
async def test_a_tab_whose_server_has_no_jmcp_any_more_becomes_jupyterlabs(
    plain_lab: Served, chrome: Browser
) -> None:
    write(plain_lab, "gone.ipynb", "one = 1", **PYTHON)
    tab = await Tab.open(chrome, plain_lab, "gone.ipynb")
    assert await of_jupyterlab(tab) == [False, True]
    await tab.type_into(0, " # room")
    await saved(plain_lab, "gone.ipynb", has("one = 1 # room"), "by the room")
    await tab.page.route(ROOMS, gone)
    await tab.unlink()
    await tab.page.wait_for_function(f"({OF_JUPYTERLAB})()[0]")
    await tab.type_into(0, " # file")
    await tab.page.keyboard.press("Control+s")
    await saved(plain_lab, "gone.ipynb", has("one = 1 # room # file"), "by JupyterLab")
    assert await tab.dialogs() == []
    await tab.close()
