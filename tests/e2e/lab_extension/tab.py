"""A tab of a JupyterLab without collaboration: what the person sees of it, and what disturbs."""

from __future__ import annotations

import asyncio
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page, Route, WebSocketRoute, expect

from tests.e2e.lab import Lab
from tests.served import Served

PYTHON: dict[str, Any] = {
    "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
}
"""Without it JupyterLab asks for a kernel."""
ROOM = "**/jmcp/lab/room/**"
REQUESTS = ("**/jmcp/lab/rooms*", "**/jmcp/lab/save*", "**/api/contents/**")
DIALOGS = """
window.dialogs = [];
new MutationObserver((changes) => {
  for (const node of changes.flatMap((change) => [...change.addedNodes]))
    if (node.classList?.contains('jp-Dialog')) window.dialogs.push(node.innerText);
}).observe(document, { childList: true, subtree: true });
"""
HERE = """
() => {
  const focused = document.activeElement;
  const cell = focused?.closest('.jp-Cell');
  const selection = window.getSelection();
  const before = document.createRange();
  const content = focused?.closest('.cm-content');
  if (content && selection.rangeCount) {
    before.setStart(content, 0);
    before.setEnd(selection.getRangeAt(0).startContainer, selection.getRangeAt(0).startOffset);
  }
  return {
    id: cell?.querySelector('.cm-content')?.innerText ?? null,
    editing: !!content,
    offset: content ? before.toString().length : null,
    selected: selection.toString(),
    top: cell ? Math.round(cell.getBoundingClientRect().top) : null,
  };
}
"""
LOST = ".jmcp-room-lost"


class Tab(Lab):
    """One page with one notebook, whose connection to its room can be cut."""

    def __init__(self, page: Page, served: Served, path: str) -> None:
        super().__init__(page, served, path)
        self._cut = False
        self._links: list[WebSocketRoute] = []

    @classmethod
    async def open(
        cls, browser: Browser | BrowserContext, served: Served, path: str, **options: object
    ) -> Tab:
        """In a browser of a new person, or one more tab of one."""
        page = await browser.new_page(**options)  # type: ignore[arg-type] # passed on as they are
        tab = cls(page, served, path)
        await page.add_init_script(DIALOGS)
        await page.route_web_socket(ROOM, tab._linked)
        await tab.load()
        return tab

    async def _linked(self, link: WebSocketRoute) -> None:
        if self._cut:
            await link.close()
            return
        link.connect_to_server()
        self._links.append(link)

    async def cut(self) -> None:
        """The server is away: nothing that the page asks is answered."""
        self._cut = True
        for pattern in REQUESTS:
            await self.page.route(pattern, _fail)
        await self.unlink()

    async def unlink(self) -> None:
        """Close what connects the page's notebooks with their rooms."""
        for link in self._links:
            await link.close()
        self._links.clear()

    async def mend(self) -> None:
        self._cut = False
        for pattern in REQUESTS:
            await self.page.unroute(pattern, _fail)

    async def here(self) -> dict[str, Any]:
        """Where the person is: the cell's text, the cursor's offset, what is selected."""
        found: dict[str, Any] = await self.page.evaluate(HERE)
        return found

    async def dialogs(self) -> list[str]:
        """All that this page ever asked."""
        asked: list[str] = await self.page.evaluate("window.dialogs")
        return asked

    async def clean(self) -> None:
        """Wait until JupyterLab shows the notebook as saved."""
        await expect(self.page.locator(".jp-mod-dirty")).to_have_count(0)


async def _fail(route: Route) -> None:
    await route.abort("connectionfailed")


async def together(*calls: Any) -> None:
    await asyncio.gather(*calls)
