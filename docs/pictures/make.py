"""Make live.png: JupyterLab with a notebook that an agent has just filled over MCP.

python -m docs.pictures.make
"""

from __future__ import annotations

import asyncio
import io
import tempfile
from pathlib import Path

from PIL import Image
from playwright.async_api import expect

from tests.e2e.agent import Agent, connected_agent
from tests.e2e.lab import Lab, browser, serve_lab
from tests.served import Served

PICTURE = Path(__file__).with_name("live.png")
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


async def take(served: Served) -> bytes:
    async with browser() as chrome, connected_agent(served) as agent:
        await agent.open("demand.ipynb", mode="create")
        lab = await Lab.open(chrome, served, "demand.ipynb", viewport=SIZE, device_scale_factor=1)
        await lab.page.keyboard.press("Escape")  # out of the empty cell
        await lab.page.keyboard.press("Control+b")  # the file browser has nothing to show
        await work(agent)
        await expect(lab.outputs(2).locator("img")).to_be_visible()
        await expect(lab.page.get_by_role("heading", name="afternoon peak")).to_be_visible()
        await expect(lab.cell(2)).to_contain_text("[2]:")
        return await lab.page.screenshot()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, serve_lab(Path(folder)) as served:
        shot = asyncio.run(take(served))
    with Image.open(io.BytesIO(shot)) as image:
        image.convert("RGB").quantize(COLOURS).save(PICTURE, optimize=True)


if __name__ == "__main__":
    main()
