"""A tab whose connection goes and comes back: what is typed is kept, and nobody is asked anything."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.agent import Agent, connected_agent, eventually, saved, write
from tests.e2e.lab import COLLABORATION, chromium, serve_lab
from tests.e2e.lab_extension.tab import DIALOGS, LOST, PYTHON, Tab, together
from tests.e2e.lab_extension.test_saving import has
from tests.network import network
from tests.served import Served, free_port
from tests.thorough import thorough

pytestmark = pytest.mark.skipif(chromium() is None, reason="no chromium on the PATH")


@thorough
async def test_both_texts_are_there_after_a_lost_connection(
    plain_lab: Served, plain_agent: Agent, chrome: Browser
) -> None:
    write(plain_lab, "lost.ipynb", "shared = 1", "agent = 1", **PYTHON)
    tab = await Tab.open(chrome, plain_lab, "lost.ipynb")
    await plain_agent.open("lost.ipynb")
    await tab.type_into(0, " + 2")
    await saved(plain_lab, "lost.ipynb", has("shared = 1 + 2", "agent = 1"), "before")

    await plain_agent.call("read_notebook")
    await tab.cut()
    await tab.type_into(0, " + 3")
    await expect(tab.page.locator(LOST)).to_be_visible()
    await tab.page.keyboard.press("Control+s")
    await expect(tab.page.locator(".jp-mod-dirty").first).to_be_visible()
    await plain_agent.call("edit_cell_source", cell_index=0, old_string="shared", new_string="ours")
    await plain_agent.call("overwrite_cell_source", cell_index=1, cell_source="agent = 2")

    await tab.mend()
    await expect(tab.page.locator(LOST)).to_have_count(0)
    await expect(tab.cell(1).locator(".cm-content")).to_have_text("agent = 2")
    await expect(tab.cell(0).locator(".cm-content")).to_have_text("ours = 1 + 2 + 3")
    await saved(plain_lab, "lost.ipynb", has("ours = 1 + 2 + 3", "agent = 2"), "both texts")
    await tab.page.keyboard.press("Control+s")
    await tab.clean()
    assert await tab.dialogs() == []
    await tab.close()


@thorough
@pytest.mark.parametrize("store", ["kept", "lost"])
async def test_the_server_was_restarted_with_unsaved_text_in_two_tabs(
    tmp_path: Path, chrome: Browser, store: str
) -> None:
    port = free_port()
    options = ("--port", str(port))
    with serve_lab(tmp_path, *options, without=COLLABORATION) as served:
        write(served, "again.ipynb", "one = 1", "two = 2", "three = 3", **PYTHON)
        first = await Tab.open(chrome, served, "again.ipynb")
        second = await Tab.open(chrome, served, "again.ipynb")
        await first.type_into(0, " # a")
        await saved(served, "again.ipynb", has("one = 1 # a", "two = 2", "three = 3"), "saved")
        await first.clean()
        # Now, for JupyterLab's own "Server Connection Error" takes the focus while one types.
        await together(first.cut(), second.cut())
        await first.type_into(0, "b")
        await second.type_into(1, " # c")
    if store == "lost":
        forget(tmp_path)
    with serve_lab(tmp_path, *options, without=COLLABORATION) as served:
        await together(first.mend(), second.mend())
        expected = ["one = 1 # ab", "two = 2 # c", "three = 3"]
        for tab in (first, second):
            await expect(tab.page.locator(".jp-Notebook .cm-content")).to_have_text(expected)
        await saved(served, "again.ipynb", has(*expected), "what both typed")
        async with connected_agent(served) as agent:
            await agent.open("again.ipynb")
            await agent.call("overwrite_cell_source", cell_index=2, cell_source="three = 4")
        for tab in (first, second):
            await expect(tab.cell(2).locator(".cm-content")).to_have_text("three = 4")
            assert not [asked for asked in await tab.dialogs() if "Changed" in asked]
            await tab.close()


def forget(base: Path) -> None:
    """Lose the rooms' store, as a server in a new container does."""
    for folder in (base / "home", base / "root"):
        for file in folder.rglob("*ystore*"):
            file.unlink()


@thorough
async def test_two_views_of_a_notebook_come_back_from_another_history(
    tmp_path: Path, chrome: Browser
) -> None:
    port = free_port()
    options = ("--port", str(port))
    with serve_lab(tmp_path, *options, without=COLLABORATION) as served:
        write(served, "views.ipynb", "one = 1", "two = 2", **PYTHON)
        tab = await Tab.open(chrome, served, "views.ipynb")
        await tab.page.evaluate("window.jupyterapp.commands.execute('docmanager:clone')")
        views = tab.page.locator(".jp-NotebookPanel")
        await expect(views).to_have_count(2)
        second = views.nth(1).locator(".jp-Cell .cm-content")
        await tab.type_into(0, " # a")
        await saved(served, "views.ipynb", has("one = 1 # a", "two = 2"), "saved")
        await tab.clean()
        await tab.cut()
        await tab.page.keyboard.type("b")
        await second.nth(1).click()
        await tab.page.keyboard.press("Control+End")
        await tab.page.keyboard.type(" # c")
    forget(tmp_path)
    with serve_lab(tmp_path, *options, without=COLLABORATION) as served:
        await tab.mend()
        expected = ["one = 1 # ab", "two = 2 # c"]
        await saved(served, "views.ipynb", has(*expected), "what was typed in both views")
        async with connected_agent(served) as agent:
            await agent.open("views.ipynb")
            await agent.call("overwrite_cell_source", cell_index=0, cell_source="one = 2")
        await expect(views).to_have_count(2)
        for index in range(2):
            sources = views.nth(index).locator(".jp-Cell .cm-content")
            await expect(sources).to_have_text(["one = 2", "two = 2 # c"])
        assert not [asked for asked in await tab.dialogs() if "Changed" in asked]
        await tab.close()


@thorough
async def test_a_tab_that_slept_without_a_connection_has_both_texts(
    plain_lab: Served, plain_agent: Agent, chrome: Browser
) -> None:
    write(plain_lab, "slept.ipynb", "person = 1", "agent = 1", **PYTHON)
    async with network(urlsplit(plain_lab.url).port or 80) as between:
        page = await chrome.new_page()
        await page.add_init_script(DIALOGS)
        through = replace(plain_lab, url=f"http://127.0.0.1:{between.port}/")
        tab = Tab(page, through, "slept.ipynb")
        await tab.load()
        await plain_agent.open("slept.ipynb")
        await tab.type_into(0, " + 2")
        await saved(plain_lab, "slept.ipynb", has("person = 1 + 2", "agent = 1"), "before")

        between.cut()
        await page.keyboard.type(" + 3")
        with asleep(await renderers(chrome)):
            await plain_agent.call("read_notebook")
            await plain_agent.call("overwrite_cell_source", cell_index=1, cell_source="agent = 2")
            change = {"old_string": "person", "new_string": "someone"}
            await plain_agent.call("edit_cell_source", cell_index=0, **change)
            await saved(plain_lab, "slept.ipynb", has("someone = 1 + 2", "agent = 2"), "meanwhile")
            between.mend()
        await saved(plain_lab, "slept.ipynb", has("someone = 1 + 2 + 3", "agent = 2"), "both")
        await expect(tab.cell(0).locator(".cm-content")).to_have_text("someone = 1 + 2 + 3")
        await expect(tab.cell(1).locator(".cm-content")).to_have_text("agent = 2")
        await expect(page.locator(LOST)).to_have_count(0)
        assert not [asked for asked in await tab.dialogs() if "Changed" in asked]
        await tab.close()


async def renderers(chrome: Browser) -> list[int]:
    """The processes of a browser that have its pages."""
    session = await chrome.new_browser_cdp_session()
    found = await session.send("SystemInfo.getProcessInfo")
    await session.detach()
    return [one["id"] for one in found["processInfo"] if one["type"] == "renderer"]


@contextmanager
def asleep(processes: list[int]) -> Iterator[None]:
    """Pages stand still, as a browser has them do that nobody looks at: it freezes none that is visible."""
    assert processes
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)


@thorough
async def test_a_tab_that_crashes_in_the_midst_of_an_edit_leaves_what_it_typed(
    plain_lab: Served, plain_agent: Agent, chrome: Browser
) -> None:
    write(plain_lab, "crash.ipynb", "one = 1", "two = 2", **PYTHON)
    tab = await Tab.open(chrome, plain_lab, "crash.ipynb")
    await plain_agent.open("crash.ipynb")
    await tab.type_into(0, " # typed")

    async def typed() -> bool:
        return "# typed" in json.dumps(await plain_agent.call("read_cell", cell_index=0))

    await eventually(typed, "the agent reads it")
    crashed = asyncio.Event()
    tab.page.on("crash", lambda _: crashed.set())
    with pytest.raises(Exception, match=r"(?i)crash|closed|timeout"):
        await tab.page.goto("chrome://crash", timeout=5_000)
    await crashed.wait()
    await plain_agent.call("overwrite_cell_source", cell_index=1, cell_source="two = 3")
    await saved(plain_lab, "crash.ipynb", has("one = 1 # typed", "two = 3"), "both")
    await tab.page.context.close()
    again = await Tab.open(chrome, plain_lab, "crash.ipynb")
    sources = again.page.locator(".jp-Notebook .cm-content")
    await expect(sources).to_have_text(["one = 1 # typed", "two = 3"])
    await again.close()


@thorough
async def test_a_server_that_stands_still_loses_nothing(tmp_path: Path, chrome: Browser) -> None:
    """As a machine that slept: no connection was closed, and none answers."""
    with serve_lab(tmp_path, without=COLLABORATION) as served:
        write(served, "sleep.ipynb", "one = 1", **PYTHON)
        tab = await Tab.open(chrome, served, "sleep.ipynb")
        os.kill(served.process.pid, signal.SIGSTOP)
        try:
            await tab.type_into(0, " # typed")
            await expect(tab.page.locator(LOST)).to_be_visible()
        finally:
            os.kill(served.process.pid, signal.SIGCONT)
        await expect(tab.page.locator(LOST)).to_have_count(0)
        await saved(served, "sleep.ipynb", has("one = 1 # typed"), "it came")
        assert await tab.dialogs() == []
        await tab.close()
