"""What a person sees of agents in JupyterLab, and does with them there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.e2e.agent import Agent, connected_agent, eventually, write
from tests.e2e.lab import COLLABORATION, Lab, chromium, serve_lab
from tests.e2e.workbench.axe import Axe
from tests.served import Served
from tests.thorough import thorough

pytestmark = pytest.mark.skipif(chromium() is None, reason="no chromium on the PATH")

PYTHON: dict[str, Any] = {
    "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
}
CELLS = 40
FAR = 35
"""A cell that is not on the screen."""
ODD = "<img src=x onerror=alert(1)>"
BUTTON = ".jmcp-AgentsButton-button"
PANEL = ".jmcp-Agents"
WHERE = """() => ({
    focus: document.activeElement.outerHTML.slice(0, 80),
    scrolled: document.querySelector('.jp-Notebook .jp-WindowedPanel-outer').scrollTop,
    cells: [...document.querySelectorAll('.jp-Notebook .jp-Cell')].slice(0, 12)
        .map(it => it.getBoundingClientRect().top),
})"""
WIDER = """(panel) => [panel, ...panel.querySelectorAll('*')]
    .filter(it => it.getBoundingClientRect().right > panel.getBoundingClientRect().right + 1
        || panel.scrollWidth > panel.clientWidth + 1)
    .map(it => it.outerHTML.slice(0, 100))"""


@asynccontextmanager
async def agents(served: Served, *names: str) -> AsyncIterator[list[Agent]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(connected_agent(served, name)) for name in names]


class Presence:
    """What the page shows of agents."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.button = page.locator(BUTTON)
        self.panel = page.get_by_role("dialog", name="Agents")

    def of(self, name: str) -> Locator:
        """That agent's part of the panel."""
        heading = self.page.get_by_role("heading", name=name, exact=True)
        return self.panel.get_by_role("listitem").filter(has=heading)

    def act(self, what: str, name: str) -> Locator:
        return self.panel.get_by_role("button", name=f"{what}: {name}", exact=True)

    def said(self, name: str) -> Locator:
        return self.of(name).get_by_role("status")


async def side_by_side(served: Served, chrome: Browser, path: str) -> None:
    """A person beside two agents, from when they come until they leave."""
    write(served, path, *(f"x{number} = {number}" for number in range(CELLS)), **PYTHON)
    lab = await Lab.open(chrome, served, path)
    page, presence = lab.page, Presence(lab.page)
    async with agents(served, "scribe", ODD) as (scribe, odd):
        await expect(presence.button).to_be_hidden()
        await scribe.open(path)
        await odd.open(path)
        await expect(presence.button).to_have_text("2 agents")

        # A marker at the cell that was edited: nothing moves, and the person's focus stays.
        await lab.cell(0).locator(".cm-content").click()
        before = await page.evaluate(WHERE)
        await scribe.call("overwrite_cell_source", cell_index=1, cell_source="x1 = 'agent'")
        await expect(lab.cell(1)).to_contain_text("agent")
        await expect(lab.cell(1).locator(".jmcp-Markers")).to_have_text("scribe edited")
        await odd.call("read_cell", cell_index=1)
        await odd.call("overwrite_cell_source", cell_index=1, cell_source="x1 = 'both'")
        await expect(lab.cell(1).locator(".jmcp-Markers-label")).to_have_count(2)
        assert await page.evaluate(WHERE) == before

        await presence.button.click()
        await expect(presence.panel).to_be_focused()
        await expect(presence.of("scribe")).to_contain_text(f"{path} · ")
        await expect(presence.of("scribe")).to_contain_text("overwrite_cell_source cell 1 · ok")
        await expect(presence.of(ODD)).to_be_visible()
        assert await presence.panel.evaluate(WIDER) == []

        await presence.act("Pause", "scribe").click()
        await expect(presence.said("scribe")).to_contain_text("Paused")
        await expect(presence.button).to_have_text("2 agents, 1 paused")
        edit = {"cell_index": 2, "cell_source": "x2 = 'agent'"}
        assert await scribe.refused("overwrite_cell_source", **edit) == "paused_by_person"
        await odd.call("overwrite_cell_source", cell_index=FAR, cell_source="far = True")
        await presence.act("Resume", "scribe").click()
        await expect(presence.button).to_have_text("2 agents")
        await scribe.call("overwrite_cell_source", **edit)
        await expect(lab.cell(2)).to_contain_text("agent")

        await presence.act("Undo its last change", "scribe").click()
        await expect(lab.cell(2)).to_contain_text("x2 = 2")
        await expect(presence.said("scribe")).to_contain_text("Took back")

        await expect(lab.cell(FAR)).not_to_be_in_viewport()
        await presence.act("Show its cell", ODD).click()
        await expect(lab.cell(FAR)).to_be_in_viewport()
        await expect(lab.cell(FAR)).to_contain_text("far = True")

        assert await Axe(page).grave(within=[PANEL, BUTTON]) == []
        await presence.panel.get_by_role("button", name="Close").focus()
        await page.keyboard.press("Escape")
        await expect(presence.panel).to_be_hidden()
        await expect(presence.button).to_be_focused()

        await odd.close()
        await expect(presence.button).to_have_text("1 agent")
    await expect(presence.button).to_be_hidden()
    await expect(page.locator(".jmcp-Markers")).to_have_count(0)
    await lab.close()


async def test_a_person_sees_agents_and_stops_them(plain_lab: Served, chrome: Browser) -> None:
    await side_by_side(plain_lab, chrome, "walk.ipynb")


@thorough
async def test_a_person_sees_agents_and_stops_them_with_collaboration(
    lab_server: Served, chrome: Browser
) -> None:
    await side_by_side(lab_server, chrome, "walk.ipynb")


@thorough
async def test_agents_are_in_the_list_of_collaborators(lab_server: Served, chrome: Browser) -> None:
    write(lab_server, "listed.ipynb", "x = 1", **PYTHON)
    lab = await Lab.open(chrome, lab_server, "listed.ipynb")
    listed = lab.page.locator(".jp-Collaborator")
    await lab.page.locator("[data-id=jp-collaboration-panel]").click()
    async with agents(lab_server, "scribe", ODD) as (scribe, odd):
        await scribe.open("listed.ipynb")
        await odd.open("alone.ipynb", mode="create")
        await expect(listed.filter(has_text="scribe (agent)")).to_be_visible()
        await expect(listed.filter(has_text=f"{ODD} (agent)")).to_be_visible()
        await listed.filter(has_text="scribe").locator(".jp-CollaboratorHeader").click()
        files = listed.filter(has_text="scribe").locator(".jp-DirListing-itemText")
        await expect(files).to_have_text("listed.ipynb")
        # Agents are nobody who has a notebook open in a tab.
        shown = await odd.call("list_open_notebooks")
        assert [one["notebook_path"] for one in shown["notebooks"] if one["live"]] == [
            "listed.ipynb"
        ]
        await odd.close()
        await expect(listed.filter(has_text=ODD)).to_have_count(0)
    await expect(listed).to_have_count(0)
    await lab.close()


@thorough
async def test_show_opens_the_notebook_and_a_refusal_is_said(
    plain_lab: Served, chrome: Browser
) -> None:
    write(plain_lab, "mine.ipynb", "x = 1", **PYTHON)
    write(plain_lab, "its.ipynb", *(f"y{number} = 1" for number in range(CELLS)), **PYTHON)
    lab = await Lab.open(chrome, plain_lab, "mine.ipynb")
    presence = Presence(lab.page)
    async with agents(plain_lab, "codex") as (codex,):
        await codex.open("its.ipynb")
        await presence.button.click()
        await presence.act("Undo its last change", "codex").click()
        await expect(presence.said("codex")).not_to_be_empty()
        await codex.call("overwrite_cell_source", cell_index=FAR, cell_source="here = True")
        await presence.act("Show its cell", "codex").click()
        cell = lab.page.locator(".jp-Notebook .jp-Cell", has_text="here = True")
        await expect(cell).to_be_in_viewport()
    await lab.close()


@thorough
async def test_a_marker_stays_while_a_cell_runs(plain_lab: Served, chrome: Browser) -> None:
    write(plain_lab, "runs.ipynb", "input_ = 1", "import time; time.sleep(600)", **PYTHON)
    lab = await Lab.open(chrome, plain_lab, "runs.ipynb")
    marker = lab.cell(1).locator(".jmcp-Markers")
    async with agents(plain_lab, "codex") as (codex,):
        await codex.open("runs.ipynb")
        started = await codex.call("execute_cell", cell_index=1, wait=0)
        await expect(marker).to_have_text("codex runs")
        await lab.page.wait_for_timeout(7_000)  # longer than a marker of an edit stays
        await expect(marker).to_have_text("codex runs")
        await codex.call("interrupt_kernel")
        assert started["status"] == "running"
        await expect(marker).to_have_count(0)
    await lab.close()


@thorough
async def test_in_the_dark(plain_lab: Served, chrome: Browser) -> None:
    write(plain_lab, "dark.ipynb", "x = 1", **PYTHON)
    lab = await Lab.open(chrome, plain_lab, "dark.ipynb")
    presence = Presence(lab.page)
    await lab.menu("Settings", "Theme", "JupyterLab Dark")
    async with agents(plain_lab, "codex") as (codex,):
        await codex.open("dark.ipynb")
        await codex.refused("overwrite_cell_source", cell_index=99, cell_source="")
        await codex.call("overwrite_cell_source", cell_index=0, cell_source="x = 2")
        await presence.button.click()
        await expect(presence.of("codex")).to_contain_text("overwrite_cell_source cell 0")

        async def dark() -> bool:
            return (await lab.page.locator("body").get_attribute("data-jp-theme-light")) == "false"

        await eventually(dark, "the theme is dark")
        assert await Axe(lab.page).grave(within=[PANEL, BUTTON, ".jmcp-Markers"]) == []
    await lab.close()


@thorough
async def test_what_is_shown_goes_with_the_server(chrome: Browser, tmp_path: Path) -> None:
    with serve_lab(tmp_path, without=COLLABORATION) as served:
        write(served, "lost.ipynb", "x = 1", **PYTHON)
        lab = await Lab.open(chrome, served, "lost.ipynb")
        presence, marker = Presence(lab.page), lab.cell(0).locator(".jmcp-Markers")
        async with agents(served, "codex") as (codex,):
            await codex.open("lost.ipynb")
            await codex.call("execute_cell", cell_index=0)
            await codex.call("overwrite_cell_source", cell_index=0, cell_source="x = 2")
            await expect(marker).to_be_visible()
            await expect(presence.button).to_be_visible()
        await codex_is_gone(presence, marker)
        async with agents(served, "codex") as (codex,):
            await codex.open("lost.ipynb")
            await expect(presence.button).to_be_visible()
            codex.session_id = None  # nobody answers its release
            served.process.kill()
            await codex_is_gone(presence, marker)
        await lab.close()


async def codex_is_gone(presence: Presence, marker: Locator) -> None:
    await expect(presence.button).to_be_hidden()
    await expect(marker).to_have_count(0)
