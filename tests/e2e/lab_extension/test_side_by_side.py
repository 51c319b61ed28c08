"""A person and an agent in one notebook, in a JupyterLab without collaboration."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.agent import Agent, eventually, write
from tests.e2e.lab import Lab, chromium
from tests.served import Served

pytestmark = pytest.mark.skipif(chromium() is None, reason="no chromium on the PATH")

PYTHON: dict[str, Any] = {
    "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
}
DIALOG = ".jp-Dialog"


@pytest.mark.oldest
async def test_each_sees_what_the_other_does_and_saving_asks_nothing(
    plain_lab: Served, plain_agent: Agent, chrome: Browser
) -> None:
    write(plain_lab, "both.ipynb", "person = 1", "agent = 1", **PYTHON)
    lab = await Lab.open(chrome, plain_lab, "both.ipynb")
    await plain_agent.open("both.ipynb")

    await plain_agent.call(
        "insert_cell", cell_index=2, cell_type="code", cell_source="print(6 * 7)"
    )
    await plain_agent.call("execute_cell", cell_index=2)
    await expect(lab.outputs(2)).to_contain_text("42")

    await lab.type_into(0, "  # typed")

    async def typed() -> bool:
        cell = await plain_agent.call("read_cell", cell_index=0)
        return "# typed" in json.dumps(cell)

    await eventually(typed, "the agent reads what was typed")
    await lab.page.keyboard.press("Control+s")
    await expect(lab.page.locator(DIALOG)).to_have_count(0)

    async def saved() -> bool:
        return "# typed" in (plain_lab.root / "both.ipynb").read_text()

    await eventually(saved, "the file has what was typed")


async def test_a_program_that_writes_the_file_takes_nothing_that_is_typed(
    plain_lab: Served, plain_agent: Agent, chrome: Browser
) -> None:
    """What it changed is in the tab, the cursor stays, and whoever types goes on."""
    write(plain_lab, "program.ipynb", "person = 1", "other = 1", "last = 1", **PYTHON)
    file = plain_lab.root / "program.ipynb"
    lab = await Lab.open(chrome, plain_lab, "program.ipynb")
    await plain_agent.open("program.ipynb")
    await lab.type_into(0, "  # typed")

    while not (text := file.read_text()):  # noqa: ASYNC110  # it is being saved just now
        await asyncio.sleep(0.01)
    content = json.loads(text)
    content["cells"][1]["source"] = "other = 2"
    content["cells"][2:2] = [{**content["cells"][1], "id": "inserted", "source": "new = 3"}]
    file.write_text(json.dumps(content))

    await expect(lab.cell(1)).to_contain_text("other = 2")
    await expect(lab.cell(2)).to_contain_text("new = 3")
    await lab.page.keyboard.type(" and on")
    await expect(lab.cell(0)).to_contain_text("person = 1  # typed and on")
    await expect(lab.page.locator(DIALOG)).to_have_count(0)

    async def both() -> bool:
        try:
            cells = json.loads(file.read_text())["cells"]
        except ValueError:  # it is being saved just now
            return False
        return [" ".join("".join(cell["source"]).split()) for cell in cells] == [
            "person = 1 # typed and on",
            "other = 2",
            "new = 3",
            "last = 1",
        ]

    await eventually(both, "the file has both")
    assert "file_merged" in json.dumps(await plain_agent.call("read_notebook"))
