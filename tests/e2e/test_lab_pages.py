"""The pages that agents give people, opened in a browser."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e.agent import Agent, connected_agent, write
from tests.e2e.lab import PATIENCE_MILLISECONDS, chromium
from tests.served import Served
from tests.thorough import thorough

pytestmark = [
    thorough,
    pytest.mark.skipif(chromium() is None, reason="no chromium on the PATH"),
]
PYTHON: dict[str, Any] = {
    "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
}
ODD = "sub folder/ü #1 100%.ipynb"


@pytest.fixture
async def agent(lab_server: Served) -> AsyncIterator[Agent]:
    async with connected_agent(lab_server) as agent:
        yield agent


@pytest.fixture
async def page(lab_server: Served, chrome: Browser) -> Page:
    """A page of somebody who is logged in."""
    context = await chrome.new_context(viewport={"width": 1200, "height": 800})
    page = await context.new_page()
    page.set_default_timeout(PATIENCE_MILLISECONDS)
    page.on("dialog", lambda dialog: dialog.accept())
    await page.goto(f"{lab_server.url}lab?token={lab_server.token}")
    await page.locator(".jp-Launcher").first.wait_for()
    return page


async def shows_alone(page: Page, *names: str) -> None:
    """The tabs of the page, the one in front first."""
    labels = page.locator("#jp-main-dock-panel .lm-TabBar-tabLabel")
    await expect(labels).to_have_count(len(names))
    assert sorted(await labels.all_inner_texts()) == sorted(names)
    front = page.locator("#jp-main-dock-panel .lm-TabBar-tab.lm-mod-current .lm-TabBar-tabLabel")
    await expect(front).to_have_text(names[0])
    await expect(page.locator(".jp-NotebookPanel:visible .jp-Cell").first).to_be_visible()


async def test_a_prepared_notebook_is_alone_and_in_front(
    lab_server: Served, agent: Agent, page: Page
) -> None:
    (lab_server.root / "sub folder").mkdir()
    for path in ("one.ipynb", "two.ipynb", ODD):
        write(lab_server, path, "x = 1", **PYTHON)
    shown = await agent.call("switch_notebook", notebook_path="one.ipynb")
    agent.session_id = shown["session_id"]
    await page.goto(shown["url"])
    await shows_alone(page, "one.ipynb")
    for path in ("two.ipynb", ODD, "two.ipynb"):
        shown = await agent.call("prepare_notebook", notebook_path=path)
        await page.goto(shown["url"])
        await shows_alone(page, path.rpartition("/")[2])
    # Beside it the person opens another one; shown again, the notebook is alone again.
    await page.goto(f"{shown['url'].rpartition('/tree/')[0]}/tree/one.ipynb")
    await shows_alone(page, "one.ipynb", "two.ipynb")
    again = await agent.call("prepare_notebook", notebook_path="two.ipynb")
    assert (again["action"], again["url"]) == ("reload_iframe", shown["url"])
    await page.goto(again["url"])
    await shows_alone(page, "two.ipynb")
    # Another page of the same browser cannot have the same workspace at the same time.
    second = await page.context.new_page()
    second.set_default_timeout(PATIENCE_MILLISECONDS)
    await second.goto(again["url"])
    await shows_alone(second, "two.ipynb")
    assert "/lab/workspaces/auto-" in second.url
    await shows_alone(page, "two.ipynb")


async def test_switching_closes_other_tabs_or_leaves_them(
    lab_server: Served, agent: Agent, page: Page
) -> None:
    for path in ("three.ipynb", "four.ipynb", "five.ipynb"):
        write(lab_server, path, "x = 1", **PYTHON)
    for path in ("three.ipynb", "four.ipynb"):
        await page.goto((await agent.call("switch_notebook", notebook_path=path))["url"])
        await shows_alone(page, path)
    listed = await agent.call("list_open_notebooks", limit=0)
    live = {row["notebook_path"] for row in listed["notebooks"] if row["live"]}
    assert "four.ipynb" in live
    keeping = await agent.call(
        "switch_notebook", notebook_path="five.ipynb", close_other_tabs=False
    )
    await page.goto(keeping["url"])
    await expect(page.locator("#jp-main-dock-panel .lm-TabBar-tabLabel").last).to_be_visible()
    front = page.locator("#jp-main-dock-panel .lm-TabBar-tab.lm-mod-current .lm-TabBar-tabLabel")
    await expect(front).to_have_text("five.ipynb")
