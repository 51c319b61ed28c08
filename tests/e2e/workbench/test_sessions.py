"""The workbench shows what agents do, beside JupyterLab."""

from __future__ import annotations

from playwright.async_api import Browser, expect

from tests.e2e.agent import Agent
from tests.e2e.workbench.page import opened
from tests.notebooks import write_notebook
from tests.served import Served


async def test_an_agent_s_session_and_calls_are_shown(
    chrome: Browser, served: Served, agent: Agent
) -> None:
    write_notebook(served.root / "shown.ipynb", "1 + 1")
    await agent.open("shown.ipynb")
    async with opened(chrome, served) as workbench:
        assert served.token not in workbench.page.url
        await expect(workbench.page.get_by_role("button", name="shown.ipynb")).to_be_visible()
        log = await workbench.panel("Log")
        await expect(log.get_by_text("use_notebook").first).to_be_visible()
        await agent.call("execute_cell", cell_index=0)
        await expect(log.get_by_text("execute_cell", exact=True).first).to_be_visible()
        await expect(workbench.lab.locator("#jp-main-dock-panel")).to_be_visible()
        assert workbench.complaints == []
