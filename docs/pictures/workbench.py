"""Make the pictures of the workbench: each panel while an agent is at work, and a server that is away.

python -m docs.pictures.workbench
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

from playwright.async_api import Browser, ViewportSize, expect

from docs.pictures.make import FOLDER, LOAD, PLOT, TITLE, save
from tests.e2e.agent import Agent, connected_agent
from tests.e2e.lab import browser, serve_lab
from tests.e2e.workbench.page import Workbench
from tests.served import Served

WIDE: ViewportSize = {"width": 1280, "height": 800}
NARROW: ViewportSize = {"width": 390, "height": 844}
NOTEBOOK = "demand.ipynb"
FOUND = "np.argmax(summer) - np.argmax(winter)"
SLOW = "import time; time.sleep(40)"

Scheme = Literal["light", "dark"]
Form = tuple[str, ViewportSize, Scheme]
FORMS: Sequence[Form] = (("wide", WIDE, "light"), ("narrow", NARROW, "dark"))


async def work(agent: Agent) -> None:
    """What the agent does, as its model would call it: once it looks for a cell that is not there."""
    await agent.open(NOTEBOOK, mode="create")
    # A first import may speak of building a font cache; that is not for the picture.
    await agent.call("execute_code", code="import matplotlib.pyplot", timeout=120)
    title = {"cell_index": 0, "cell_type": "markdown", "cell_source": TITLE.strip()}
    await agent.call("insert_cell", **title)
    await agent.call("overwrite_cell_source", cell_index=1, cell_source=LOAD.strip())
    await agent.call("execute_cell", cell_index=1)
    await agent.refused("read_cell", cell_index=7)
    await agent.run(PLOT.strip())
    await agent.call("list_variables")


@asynccontextmanager
async def page_of(
    chrome: Browser, served: Served, agent: Agent, form: Form
) -> AsyncIterator[Workbench]:
    """The workbench with the agent's notebook in JupyterLab, once that is drawn."""
    _, size, scheme = form
    context = await chrome.new_context(viewport=size, color_scheme=scheme)
    try:
        workbench = Workbench(await context.new_page())
        await workbench.page.goto(f"{served.url}jmcp/workbench?token={served.token}")
        await expect(workbench.page.locator(".connection")).to_have_text("live")
        sessions = await workbench.panel("Sessions")
        await sessions.get_by_role("button", name=NOTEBOOK).first.click()
        await expect(sessions.get_by_text("this page", exact=True)).to_be_visible()
        await expect(workbench.page.get_by_text("Calls hit")).to_be_visible()
        if size is WIDE:
            image = workbench.lab.locator(".jp-OutputArea-output img").first
            await expect(image).to_be_visible()
            await workbench.page.keyboard.press("Escape")
        yield workbench
    finally:
        await context.close()


async def tools(workbench: Workbench) -> None:
    """The form of a tool, filled in."""
    panel = await workbench.panel("Tools")
    await panel.get_by_text("execute_code", exact=True).first.click()
    await expect(panel.get_by_label("code").first).to_be_visible()
    await panel.get_by_label("code").first.fill(FOUND)


async def log(workbench: Workbench, agent: Agent) -> asyncio.Task[object]:
    """A call that goes on, one that failed, and one that is open."""
    running = asyncio.create_task(agent.ask("execute_code", code=SLOW))
    panel = await workbench.panel("Log")
    await expect(panel.get_by_role("list", name="Calls under way")).to_contain_text("execute_code")
    rows = panel.locator("[data-row]", has_text="read_cell")
    before = await rows.count()
    await agent.call("read_cell", cell_index=1)
    await expect(rows).to_have_count(before + 1)
    await rows.first.click()
    return running


async def shoot(workbench: Workbench, name: str, form: Form) -> None:
    await workbench.page.mouse.move(0, 0)
    save(await workbench.page.screenshot(), FOLDER / "workbench" / f"{name}-{form[0]}.png")


async def each(chrome: Browser, served: Served, agent: Agent, form: Form) -> None:
    async with page_of(chrome, served, agent, form) as workbench:
        for panel in ("Sessions", "Quick actions", "Review"):
            await workbench.panel(panel)
            await expect(workbench.page.get_by_text("Loading …")).to_have_count(0)
            await shoot(workbench, panel.lower().replace(" ", "-"), form)
        await tools(workbench)
        await shoot(workbench, "tools", form)
        running = await log(workbench, agent)
        await shoot(workbench, "log", form)
        await agent.call("interrupt_kernel")
        await running
        # Else the next picture has its session too.
        own = await workbench.page.evaluate("sessionStorage.getItem('jmcp.session')")
        await agent.call("unuse_notebook", session_id=own)


async def away(chrome: Browser, served: Served, agent: Agent) -> None:
    """away-wide.png: the server has ended, and what it told is still there."""
    async with page_of(chrome, served, agent, FORMS[0]) as workbench:
        await workbench.panel("Log")
        served.process.terminate()
        await expect(workbench.page.locator(".connection")).to_have_text("not connected")
        await shoot(workbench, "away", FORMS[0])


async def make(served: Served) -> None:
    async with browser() as chrome, connected_agent(served) as agent:
        await work(agent)
        for form in FORMS:
            await each(chrome, served, agent, form)
        # Nothing of the agent is left to be closed at a server that is gone.
        agent.session_id = None
        await away(chrome, served, agent)


def main() -> None:
    (FOLDER / "workbench").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, serve_lab(Path(folder)) as served:
        asyncio.run(make(served))


if __name__ == "__main__":
    main()
