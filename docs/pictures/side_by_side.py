"""Make the pictures of side-by-side.md: two agents in a JupyterLab without collaboration.

python -m docs.pictures.side_by_side
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from playwright.async_api import Browser, ViewportSize, expect

from docs.pictures.make import FOLDER, LOAD, PLOT, TITLE, save
from tests.e2e.agent import connected_agent
from tests.e2e.lab import COLLABORATION, Lab, browser, serve_lab
from tests.served import Served

SIZE: ViewportSize = {"width": 1000, "height": 700}
SLOW = """\
import time

for resample in range(1000):
    time.sleep(1)
"""


async def make(served: Served, chrome: Browser) -> None:
    """side-by-side-light.png: one runs a cell, the other has just edited one. side-by-side-dark.png: the
    first is paused."""
    async with (
        connected_agent(served, "claude") as first,
        connected_agent(served, "codex") as other,
    ):
        await first.open("demand.ipynb", mode="create")
        title = {"cell_index": 0, "cell_type": "markdown", "cell_source": TITLE.strip()}
        await first.call("insert_cell", **title)
        await first.call("overwrite_cell_source", cell_index=1, cell_source=LOAD.strip())
        await first.call("execute_cell", cell_index=1)
        await first.run(PLOT.strip())
        lab = await Lab.open(chrome, served, "demand.ipynb", viewport=SIZE)
        page = lab.page
        await expect(lab.outputs(2).locator("img")).to_be_visible()
        await page.keyboard.press("Escape")
        await page.keyboard.press("Control+b")
        await page.locator(".jmcp-AgentsButton-button").click()
        await first.call("insert_cell", cell_index=-1, cell_type="code", cell_source=SLOW.strip())
        await first.call("execute_cell", cell_index=3, wait=0)
        await other.open("demand.ipynb")
        await other.call("read_cell", cell_index=2)
        edit = {"old_string": "linewidth=2.2", "new_string": "linewidth=2.5"}
        await other.call("edit_cell_source", cell_index=2, **edit)
        await expect(lab.cell(2).locator(".jmcp-Markers")).to_be_visible()
        await lab.cell(2).evaluate("cell => cell.scrollIntoView({block: 'start'})")
        scrolled = page.locator(".jp-Notebook .jp-WindowedPanel-outer")
        await scrolled.evaluate("it => it.scrollBy(0, -12)")
        await expect(page.get_by_text("kernel busy")).to_have_count(2)
        await page.mouse.move(0, 0)
        save(await page.screenshot(), FOLDER / "side-by-side-light.png")

        await page.get_by_role("button", name="Pause: claude").click()
        await expect(page.get_by_text("2 agents, 1 paused")).to_be_visible()
        await lab.menu("Settings", "Theme", "JupyterLab Dark")
        await expect(page.locator("body")).to_have_attribute("data-jp-theme-light", "false")
        await expect(page.locator("#jupyterlab-splash")).to_have_count(0)
        await page.mouse.move(0, 0)
        save(await page.screenshot(), FOLDER / "side-by-side-dark.png")
        await page.get_by_role("button", name="Resume: claude").click()
        await expect(page.get_by_text("2 agents", exact=True)).to_be_visible()
        await first.call("interrupt_kernel")
        await expect(page.get_by_text("kernel idle")).to_have_count(2)
        await lab.close()


async def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        serve_lab(Path(folder), without=COLLABORATION) as served,
    ):
        async with browser() as chrome:
            await make(served, chrome)


if __name__ == "__main__":
    asyncio.run(main())
