"""The tool console: a form for each tool, its call, and what comes back, as a person uses it."""

from __future__ import annotations

from playwright.async_api import Browser, expect

from tests.e2e.workbench.page import opened
from tests.notebooks import write_notebook
from tests.served import Served


async def test_a_tool_is_found_filled_in_and_run(chrome: Browser, served: Served) -> None:
    write_notebook(served.root / "form.ipynb", "1 + 1")
    async with opened(chrome, served) as workbench:
        panel = await workbench.panel("Tools")
        await panel.get_by_label("Search tools").fill("open notebook")
        await panel.get_by_role("button", name="Open notebook use_notebook").click()
        await panel.get_by_role("button", name="Run", exact=True).click()
        await expect(panel.get_by_text("This is required.")).to_be_visible()
        await panel.get_by_label("notebook_path").fill("form.ipynb")
        await panel.get_by_role("button", name="Run", exact=True).click()
        await expect(panel.get_by_text("Done in")).to_be_visible()
        await panel.get_by_role("tab", name="JSON").click()
        await expect(panel.get_by_text("cell_count")).to_be_visible()
        assert workbench.complaints == []
