"""What is typed without a connection outlives its tab: it is in the notebook once somebody opens that again."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, expect

from tests.e2e.agent import Agent, eventually, saved, write
from tests.e2e.lab import COLLABORATION, chromium, serve_lab
from tests.e2e.lab_extension.tab import LOST, PYTHON, Tab
from tests.e2e.lab_extension.test_saving import has
from tests.served import Served
from tests.thorough import fast_only, thorough

pytestmark = pytest.mark.skipif(chromium() is None, reason="no chromium on the PATH")

KEPT = """
() => new Promise((resolve, reject) => {
  const opening = indexedDB.open('jmcp-drafts', 1);
  opening.onupgradeneeded = () => opening.transaction.abort();  // the page has made none yet
  opening.onerror = () => resolve([]);
  opening.onsuccess = () => {
    const asked = opening.result.transaction('drafts').objectStore('drafts').getAll();
    asked.onerror = () => reject(asked.error);
    asked.onsuccess = () => { opening.result.close(); resolve(asked.result); };
  };
})
"""
"""What the browser keeps, as an expression."""
TOLD = ".Toastify__toast"


@pytest.fixture
async def person(chrome: Browser) -> AsyncIterator[BrowserContext]:
    """A browser, of which tabs come and go."""
    context = await chrome.new_context()
    yield context
    await context.close()


async def kept(tab: Tab) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await tab.page.evaluate(f"({KEPT})()")
    return found


async def keeps(tab: Tab, text: str) -> None:
    """Wait until the browser has that text."""

    async def has_it() -> bool:
        return any(text in row["versions"] for row in await kept(tab))

    await eventually(has_it, f"the browser keeps {text}")


async def keeps_nothing(tab: Tab) -> None:
    async def has_none() -> bool:
        return not await kept(tab)

    await eventually(has_none, "the browser keeps nothing")


async def lost(tab: Tab) -> None:
    await tab.cut()
    await expect(tab.page.locator(LOST)).to_have_text(
        "Not connected: what you type is kept in this browser"
    )


async def kill(tab: Tab) -> None:
    crashed = asyncio.Event()
    tab.page.on("crash", lambda _: crashed.set())
    with pytest.raises(Exception, match=r"(?i)crash|closed|timeout"):
        await tab.page.goto("chrome://crash", timeout=5_000)
    await crashed.wait()
    await tab.page.close()


@pytest.mark.parametrize("how", fast_only(["left", "closed", "killed"], "killed"))
async def test_what_was_typed_offline_outlives_its_tab(
    plain_lab: Served, plain_agent: Agent, person: BrowserContext, how: str
) -> None:
    path = f"draft_{how}.ipynb"
    write(plain_lab, path, "first = 1\nshared = 1", "agent = 1", **PYTHON)
    tab = await Tab.open(person, plain_lab, path)
    await plain_agent.open(path)
    await plain_agent.call("read_notebook", response_format="detailed")
    await lost(tab)
    await tab.type_into(0, " + 3")
    await keeps(tab, "shared = 1 + 3")
    if how == "left":  # what was typed in the last second goes with the page itself
        await tab.page.keyboard.type("4")
        await tab.page.goto("about:blank")
        await tab.page.close()
    elif how == "closed":
        await tab.page.evaluate("jupyterapp.shell.currentWidget.dispose()")
        await keeps(tab, "shared = 1 + 3")
        await tab.page.close()
    else:
        await kill(tab)
    await plain_agent.call("edit_cell_source", cell_index=0, old_string="first", new_string="ours")
    await plain_agent.call("overwrite_cell_source", cell_index=1, cell_source="agent = 2")

    again = await Tab.open(person, plain_lab, path)
    typed = "shared = 1 + 34" if how == "left" else "shared = 1 + 3"
    expected = [f"ours = 1\n{typed}", "agent = 2"]
    shown = again.page.locator(".jp-Notebook .cm-content")
    await expect(shown).to_have_text([f"ours = 1{typed}", "agent = 2"])
    await expect(again.page.locator(TOLD)).to_contain_text(
        f"What you typed in {path} without a connection, in a tab that is closed, is in the notebook now."
    )
    await keeps_nothing(again)
    await again.page.keyboard.press("Control+s")
    await saved(plain_lab, path, has(*expected), "what was typed, and the agent's")
    assert await again.dialogs() == []


@thorough
async def test_each_of_two_tabs_gives_its_own(
    plain_lab: Served, plain_agent: Agent, person: BrowserContext
) -> None:
    """A tab that is still there is not robbed of what it gives by itself, and undoes nothing of another's."""
    write(plain_lab, "two.ipynb", "first = 1", "second = 1", **PYTHON)
    gone = await Tab.open(person, plain_lab, "two.ipynb")
    there = await Tab.open(person, plain_lab, "two.ipynb")
    await lost(gone)
    await lost(there)
    await gone.type_into(0, " + 2")
    await there.type_into(1, " + 3")
    await keeps(gone, "first = 1 + 2")
    await keeps(there, "second = 1 + 3")
    await gone.page.close()

    again = await Tab.open(person, plain_lab, "two.ipynb")
    shown = again.page.locator(".jp-Notebook .cm-content")
    await expect(shown).to_have_text(["first = 1 + 2", "second = 1"])
    [left] = await kept(again)
    assert "second = 1 + 3" in left["versions"]
    await plain_agent.open("two.ipynb")
    await plain_agent.call("read_notebook", response_format="detailed")
    await plain_agent.call("overwrite_cell_source", cell_index=0, cell_source="first = 'agent'")

    await there.mend()
    expected = ["first = 'agent'", "second = 1 + 3"]
    for tab in (again, there):
        await expect(tab.page.locator(".jp-Notebook .cm-content")).to_have_text(expected)
    await keeps_nothing(again)
    await saved(plain_lab, "two.ipynb", has(*expected), "what both typed")
    assert await again.dialogs() == await there.dialogs() == []


NO_STORE = "IDBObjectStore.prototype.put = () => { throw new DOMException('full', 'QuotaExceededError'); };"
"""A browser whose storage is full."""
NO_DATABASE = (
    "Object.defineProperty(window, 'indexedDB', { get() { throw new Error('forbidden'); } });"
)
"""One that forbids it, as some do for pages in frames."""


@pytest.mark.parametrize("broken", fast_only([NO_STORE, NO_DATABASE], NO_STORE))
async def test_a_browser_that_keeps_nothing_says_so(
    plain_lab: Served, person: BrowserContext, broken: str
) -> None:
    path = f"full_{len(broken)}.ipynb"
    write(plain_lab, path, "one = 1", **PYTHON)
    await person.add_init_script(broken)
    tab = await Tab.open(person, plain_lab, path)
    await tab.cut()
    await tab.type_into(0, " + 2")
    await expect(tab.page.locator(LOST)).to_have_text(
        "Not connected: what you type is kept in this tab alone"
    )
    await tab.mend()
    await expect(tab.page.locator(LOST)).to_have_count(0)
    await saved(plain_lab, path, has("one = 1 + 2"), "what was typed")
    assert await tab.dialogs() == []


@thorough
async def test_a_server_that_stands_still_has_nothing_twice(
    tmp_path: Path, person: BrowserContext
) -> None:
    """The connection is there, and nobody answers; what was sent on it arrives after all."""
    with serve_lab(tmp_path, without=COLLABORATION) as served:
        write(served, "still.ipynb", "one = 1", **PYTHON)
        tab = await Tab.open(person, served, "still.ipynb")
        os.kill(served.process.pid, signal.SIGSTOP)
        try:
            await tab.type_into(0, " + 2")
            await keeps(tab, "one = 1 + 2")
            await tab.page.close()
        finally:
            os.kill(served.process.pid, signal.SIGCONT)
        again = await Tab.open(person, served, "still.ipynb")
        await keeps_nothing(again)
        await expect(again.page.locator(".jp-Notebook .cm-content")).to_have_text(["one = 1 + 2"])
        await saved(served, "still.ipynb", has("one = 1 + 2"), "what was typed")
