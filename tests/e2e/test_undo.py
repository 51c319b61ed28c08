"""Two undos of one notebook: a person's Ctrl-Z in JupyterLab, and an agent's undo_change."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.agent import Agent, connected_agent, eventually, write
from tests.e2e.lab import Lab, chromium
from tests.served import Served
from tests.thorough import thorough

pytestmark = pytest.mark.skipif(chromium() is None, reason="no chromium on the PATH")

PYTHON: dict[str, Any] = {
    "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
}
"""Without it JupyterLab asks for a kernel."""


@pytest.fixture
async def agent(lab_server: Served) -> AsyncIterator[Agent]:
    async with connected_agent(lab_server) as agent:
        yield agent


@thorough
async def test_neither_takes_back_what_the_other_did(
    lab_server: Served, agent: Agent, chrome: Browser
) -> None:
    write(lab_server, "undo.ipynb", "person = 1", "agent = 1", "both = 1", **PYTHON)
    lab = await Lab.open(chrome, lab_server, "undo.ipynb")
    await agent.open("undo.ipynb")

    async def agent_reads(*sources: str) -> None:
        async def there() -> bool:
            read = await agent.call("read_notebook", response_format="detailed")
            return [cell["source"] for cell in read["cells"]] == list(sources)

        await eventually(there, f"the agent reads {sources}")

    await lab.type_into(0, " + 2")
    await lab.type_into(2, " + 2")
    await agent_reads("person = 1 + 2", "agent = 1", "both = 1 + 2")
    await agent.call("overwrite_cell_source", cell_index=1, cell_source="agent = 2")
    await agent.call("edit_cell_source", cell_index=2, old_string="both", new_string="all")
    await expect(lab.cell(2).locator(".cm-content")).to_have_text("all = 1 + 2")

    # The person takes back all that the person can, in each cell and in the notebook.
    for index in range(3):
        await lab.cell(index).locator(".cm-content").click()
        for _ in range(3):
            await lab.page.keyboard.press("Control+z")
    await lab.page.keyboard.press("Escape")
    for _ in range(3):
        await lab.page.keyboard.press("z")
    await agent_reads("person = 1", "agent = 2", "all = 1")

    # The agent takes back its own, also where the person has edited since (it has read that).
    await lab.type_into(0, " + 3")
    await agent_reads("person = 1 + 3", "agent = 2", "all = 1")
    assert await agent.refused("undo_change") == "cell_changed"
    await agent.call("undo_change", force=True)
    taken = await agent.call("undo_change")
    assert [cell["cell_index"] for cell in taken["cells"]] == [1]
    await agent_reads("person = 1 + 3", "agent = 1", "both = 1 + 2")
    await expect(lab.cell(1).locator(".cm-content")).to_have_text("agent = 1")
    await lab.close()
