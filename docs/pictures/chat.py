"""Make the pictures of outputs in a chat, as the chat client of the tests shows them.

python -m docs.pictures.chat
"""

from __future__ import annotations

import asyncio
import io
import tempfile
from pathlib import Path

from PIL import Image
from playwright.async_api import Locator, expect

from docs.pictures.make import COLOURS, FOLDER
from tests.e2e.chat.chat_client import Chat, HostPages, built_host, conversation, served_pages
from tests.e2e.lab import browser, serve_lab
from tests.node_tools import NodeTools, found_node
from tests.notebooks import write_notebook
from tests.served import Served

SIZE = {"width": 760, "height": 620}
PLOT = """\
import matplotlib.pyplot as plt
import numpy as np

hours = np.arange(24)
figure, axes = plt.subplots(figsize=(7, 2.8), layout="constrained")
for name, base, shift in [("summer", 41, 8), ("winter", 47, 11)]:
    axes.plot(hours, base + 9 * np.sin((hours - shift) / 24 * 2 * np.pi), label=name, linewidth=2.2)
axes.set(xlabel="hour of day", ylabel="GW", xlim=(0, 23))
axes.legend(frameon=False);
"""
TABLE = """\
import pandas as pd

names = ["Adelie", "Chinstrap", "Gentoo"]
rows = [(names[n % 3], 3200 + n * 389 % 2600, 172 + n * 17 % 59) for n in range(48)]
pd.DataFrame(rows, columns=["species", "body_mass_g", "flipper_mm"])
"""
HOSTILE = """\
from IPython.display import HTML

HTML("<h3>Quarterly report</h3><p>Revenue <b>rose</b> by 4%.</p>"
     "<script>document.body.innerHTML = 'taken over'; top.location = 'https://example.org'</script>")
"""


async def pictures(served: Served, pages: HostPages) -> None:
    write_notebook(served.root / "demand.ipynb", PLOT, TABLE, HOSTILE)
    async with browser() as chrome, conversation(chrome, served, pages, viewport=SIZE) as chat:
        await chat.open("demand.ipynb")
        for index in range(3):
            await chat.call("execute_cell", cell_index=index, wait=60)
        await chat.show(cell_index=0)
        await shoot(chat, chat.view.locator("img.picture"), "chat-plot")
        await chat.show(cell_index=1, context={"theme": "dark"})
        await chat.view.get_by_role("button", name="body_mass_g").click()
        await shoot(chat, chat.view.get_by_text("Rows 1 to 10 of 48"), "chat-table")
        await chat.show(cell_index=2)
        frame = chat.view.frame_locator("iframe")
        await shoot(chat, frame.get_by_text("Quarterly report"), "chat-html")


async def shoot(chat: Chat, seen: Locator, name: str) -> None:
    """The view alone, once that is to be seen."""
    await expect(seen).to_be_visible()
    view = chat.page.locator("iframe")
    # Its height follows what is in it.
    await expect(view).not_to_have_css("height", "200px")
    with Image.open(io.BytesIO(await view.screenshot())) as image:
        picture = image.convert("RGB").quantize(COLOURS)
    picture.save(FOLDER / f"{name}.png", optimize=True)


def main() -> None:
    node = found_node()
    assert node is not None, "no Node: `make tests/node/node_modules/.installed`"
    with tempfile.TemporaryDirectory() as folder, serve_lab(Path(folder)) as served:
        host = built_host(Path(folder) / "host", NodeTools(node=node))
        with served_pages(host) as pages:
            asyncio.run(pictures(served, pages))


if __name__ == "__main__":
    main()
