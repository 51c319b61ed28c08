"""The workbench in a real browser, as a person has it open."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, FrameLocator, Locator, Page

from tests.e2e.lab import PATIENCE_MILLISECONDS
from tests.served import Served


class Workbench:
    """One tab with the page. `complaints` are what the browser's console reports as errors."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.set_default_timeout(PATIENCE_MILLISECONDS)
        page.on(
            "console",
            lambda message: (
                self.complaints.append(message.text) if message.type == "error" else None
            ),
        )
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    @property
    def lab(self) -> FrameLocator:
        """JupyterLab in the frame."""
        return self.page.frame_locator("iframe[title=JupyterLab]")

    async def panel(self, title: str) -> Locator:
        """A panel, once its tab is chosen."""
        await self.page.get_by_role("tab", name=title).click()
        return self.page.get_by_role("tabpanel", name=title)


@asynccontextmanager
async def opened(chrome: Browser, served: Served, query: str = "") -> AsyncIterator[Workbench]:
    """The page in a browser's context of its own, logged in. `query` is added to its URL."""
    context = await chrome.new_context()
    try:
        workbench = Workbench(await context.new_page())
        await workbench.page.goto(f"{served.url}jmcp/workbench?token={served.token}{query}")
        yield workbench
    finally:
        await context.close()
