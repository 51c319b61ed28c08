"""A page that jmcp's labextension does not reach, as one that was loaded before jmcp was installed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.agent import Agent, eventually, notices, saved, write
from tests.e2e.lab import Lab, chromium
from tests.served import Served

pytestmark = pytest.mark.skipif(chromium() is None, reason="no chromium on the PATH")

PYTHON: dict[str, Any] = {
    "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
}
PATH = "old.ipynb"
EXTENSION = "**/extensions/jmcp-labextension/**"


async def old_page(chrome: Browser, served: Served) -> Lab:
    page = await chrome.new_page()
    await page.route(EXTENSION, lambda route: route.abort())
    lab = Lab(page, served, PATH)
    await lab.load()
    return lab


async def answer(lab: Lab, button: str) -> None:
    """Save, and answer "File Changed"."""
    await lab.page.keyboard.press("Control+s")
    dialog = lab.page.locator(".jp-Dialog")
    await expect(dialog).to_contain_text("has changed on disk")
    await dialog.get_by_role("button", name=button, exact=True).click()
    await expect(dialog).to_have_count(0)


async def test_no_answer_to_file_changed_loses_what_the_agent_did(
    plain_lab: Served, plain_agent: Agent, chrome: Browser
) -> None:
    write(plain_lab, PATH, "person = 1", "both = 1", **PYTHON)
    lab = await old_page(chrome, plain_lab)
    opened = await plain_agent.open(PATH)

    async def told_of_page() -> bool:
        return "open_elsewhere" in notices(await plain_agent.call("read_notebook"))

    if "open_elsewhere" not in notices(opened):  # the answer to the page was not over yet
        await eventually(told_of_page, "the agent is told of the page")

    async def seen() -> list[str]:
        """What the agent sees, once that is what the file has."""

        async def same() -> list[str]:
            read = await plain_agent.call("read_notebook", response_format="detailed")
            sources: list[str] = [cell["source"] for cell in read["cells"]]
            try:
                file = json.loads((plain_lab.root / PATH).read_text())
            except ValueError:  # read in the midst of being written
                return []
            return sources if ["".join(c["source"]) for c in file["cells"]] == sources else []

        return list(await eventually(same, "the file has what the agent sees"))

    kind = {"cell_index": 1, "cell_source": "print(6 * 7)"}
    ran = await plain_agent.call("insert_execute_code_cell", **kind)
    assert "open_elsewhere" not in notices(ran)
    await seen()
    await lab.type_into(0, "  # typed")
    await answer(lab, "Overwrite")

    async def told() -> bool:
        return "edits_put_back" in notices(await plain_agent.call("read_notebook"))

    await eventually(told, "the agent is told that its cell was thrown away and is back")
    assert await seen() == ["person = 1  # typed", "print(6 * 7)", "both = 1"]

    await lab.load()
    await expect(lab.outputs(1)).to_contain_text("42")
    assert await lab.sources() == ["person = 1  # typed", "print(6 * 7)", "both = 1"]

    change = {"cell_index": 2, "cell_source": "both = 'agent'"}
    await plain_agent.call("overwrite_cell_source", **change)
    await seen()
    await lab.type_into(0, " and lost")
    await answer(lab, "Revert")
    await expect(lab.cell(2)).to_contain_text("both = 'agent'")
    assert await lab.sources() == ["person = 1  # typed", "print(6 * 7)", "both = 'agent'"]

    # What they have loaded now is the agent's work too, and they may delete it.
    await lab.type_into(0, " again")
    await lab.page.keyboard.press("Control+s")

    await saved(plain_lab, PATH, lambda file: "typed again" in file.cells[0].source, "typed")
    await expect(lab.page.locator(".jp-Dialog")).to_have_count(0)
    assert await seen() == ["person = 1  # typed again", "print(6 * 7)", "both = 'agent'"]
    await lab.close()
