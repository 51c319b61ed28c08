"""Make the pictures: JupyterLab with what an agent does there over MCP.

python -m docs.pictures.make
"""

from __future__ import annotations

import asyncio
import io
import shutil
import tempfile
from pathlib import Path

from PIL import Image
from playwright.async_api import Browser, expect

from tests.e2e.agent import Agent, connected_agent
from tests.e2e.lab import Lab, browser, serve_lab
from tests.served import Served

FOLDER = Path(__file__).parent
NOTEBOOKS = FOLDER.parents[1] / "examples" / "notebooks"
SIZE = {"width": 1200, "height": 920}
COLOURS = 256
"""A palette of so many is a third of the size, and looks the same on a page of text and plots."""

TITLE = """\
# Does the afternoon peak come earlier in summer?

Hourly demand of a model year, as two averages: **June to August** and **December to February**.
"""
LOAD = """\
import numpy as np

hours = np.arange(24)
rng = np.random.default_rng(7)
summer = 41 + 9 * np.sin((hours - 8) / 24 * 2 * np.pi) + rng.normal(0, 0.6, 24)
winter = 47 + 11 * np.sin((hours - 11) / 24 * 2 * np.pi) + rng.normal(0, 0.6, 24)
print(f"summer peaks at {summer.argmax()}:00, winter at {winter.argmax()}:00")
"""
PLOT = """\
import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(8.2, 2.9), layout="constrained")
for name, demand, colour in [("summer", summer, "#e8710a"), ("winter", winter, "#1a73e8")]:
    axes.plot(hours, demand, label=name, color=colour, linewidth=2.2)
    axes.scatter(hours[demand.argmax()], demand.max(), color=colour, zorder=3)
axes.set(xlabel="hour of day", ylabel="GW", xlim=(0, 23))
axes.spines[["top", "right"]].set_visible(False)
axes.legend(frameon=False);
"""
HISTOGRAM = """\
figure, axes = plt.subplots(figsize=(7, 3), layout="constrained")
for species, group in penguins.groupby("species"):
    axes.hist(group["body_mass_g"].dropna(), bins=20, alpha=0.6, label=species)
axes.set(xlabel="body mass (g)", ylabel="penguins")
axes.legend(title="species");
"""
LOAD_CELL, SUMMARY_CELL, PLOT_CELL = 3, 4, 8
"""Cells of the welcome notebook, and where the agent puts its plot."""


async def work(agent: Agent) -> None:
    """What the agent does, as its model would call it."""
    # A first import may speak of building a font cache; that is not for the picture.
    await agent.call("execute_code", code="import matplotlib.pyplot", timeout=120)
    await agent.call("restart_notebook")
    title = {"cell_index": 0, "cell_type": "markdown", "cell_source": TITLE.strip()}
    await agent.call("insert_cell", **title)
    await agent.call("overwrite_cell_source", cell_index=1, cell_source=LOAD.strip())
    await agent.call("execute_cell", cell_index=1)
    await agent.run(PLOT.strip())


async def live(chrome: Browser, served: Served) -> None:
    """live.png: a notebook that an agent has just filled."""
    async with connected_agent(served) as agent:
        await agent.open("demand.ipynb", mode="create")
        lab = await opened(chrome, served, "demand.ipynb")
        await work(agent)
        await expect(lab.outputs(2).locator("img")).to_be_visible()
        await expect(lab.page.get_by_role("heading", name="afternoon peak")).to_be_visible()
        await expect(lab.cell(2)).to_contain_text("[2]:")
        await shoot(lab, "live")
        await lab.close()


async def tutorial(chrome: Browser, served: Served) -> None:
    """The pictures of tutorial.md, whose calls these are."""
    for file in NOTEBOOKS.iterdir():
        if file.is_file():
            shutil.copy(file, served.root)
    async with connected_agent(served) as agent:
        lab = await opened(chrome, served, "welcome.ipynb", browser_shown=True)
        await expect(lab.page.get_by_role("heading", name="Welcome to jmcp")).to_be_visible()
        await shoot(lab, "tutorial-start")
        await agent.open("welcome.ipynb")
        await agent.call("execute_code", code="import matplotlib.pyplot", timeout=120)
        await agent.call("restart_notebook")
        await agent.call("execute_cell", cell_id="load")
        await expect(lab.cell(LOAD_CELL).locator("table")).to_be_visible()
        await show(lab, LOAD_CELL)
        await shoot(lab, "tutorial-first-cell")
        await agent.call("run_cells", start_cell_id="load")
        edit = {"old_string": '"body_mass"', "new_string": '"body_mass_g"'}
        await agent.call("edit_cell_source", cell_id="heaviest", **edit)
        await agent.call("execute_cell", cell_id="heaviest")
        plot = {"cell_index": PLOT_CELL, "cell_source": HISTOGRAM.strip()}
        await agent.call("insert_execute_code_cell", **plot)
        await expect(lab.outputs(PLOT_CELL).locator("img")).to_be_visible()
        await show(lab, PLOT_CELL - 1)
        await shoot(lab, "tutorial-plot")
        await together(lab, agent)
        await lab.close()


async def together(lab: Lab, agent: Agent) -> None:
    """A person changes a cell that the agent has read; the agent's next edit of it is refused."""
    await agent.call("read_cell", cell_id="summary")
    await show(lab, SUMMARY_CELL)
    line = lab.cell(SUMMARY_CELL).locator(".cm-line").last
    await line.click()
    await lab.page.keyboard.press("End")
    await lab.page.keyboard.press("ArrowLeft")
    await lab.page.keyboard.press("Backspace")
    await lab.page.keyboard.type("2")
    await expect(line).to_contain_text("round(2)")
    source = 'penguins.groupby("species").size()'
    refused = await agent.refused("overwrite_cell_source", cell_id="summary", cell_source=source)
    assert refused == "cell_changed"
    await shoot(lab, "tutorial-together")


async def opened(chrome: Browser, served: Served, path: str, *, browser_shown: bool = False) -> Lab:
    """A tab with that notebook, in which nothing is being edited; with the list of files or without."""
    lab = await Lab.open(chrome, served, path, viewport=SIZE, device_scale_factor=1)
    await lab.page.keyboard.press("Escape")
    if not browser_shown:
        await lab.page.keyboard.press("Control+b")
    return lab


async def show(lab: Lab, index: int) -> None:
    """Scroll so that this cell is the first."""
    await lab.cell(index).evaluate("cell => cell.scrollIntoView({block: 'start'})")


async def shoot(lab: Lab, name: str) -> None:
    save(await lab.page.screenshot(), FOLDER / f"{name}.png")


def save(screenshot: bytes, path: Path) -> None:
    """Keep a screenshot in fewer colours."""
    with Image.open(io.BytesIO(screenshot)) as image:
        picture = image.convert("RGB").quantize(COLOURS)
    picture.save(path, optimize=True)


async def make(served: Served) -> None:
    async with browser() as chrome:
        await tutorial(chrome, served)
        await live(chrome, served)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, serve_lab(Path(folder)) as served:
        asyncio.run(make(served))


if __name__ == "__main__":
    main()
