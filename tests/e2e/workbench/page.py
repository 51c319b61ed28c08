"""The workbench in a real browser, as a person has it open."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, FrameLocator, Locator, Page

from tests.e2e.lab import PATIENCE_MILLISECONDS
from tests.served import Served

LAB = re.compile(r"^[^?#]*/lab(?:[/?#]|$)")


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

    async def release(self) -> None:
        """End the page's own session, with the kernels that it started."""
        await self.page.evaluate(RELEASE)


RELEASE = """async () => {
  const session_id = sessionStorage.getItem("jmcp.session");
  if (session_id === null) return;
  const token = sessionStorage.getItem("jmcp.token");
  const xsrf = document.cookie.split("; ").find((part) => part.startsWith("_xsrf="));
  const who = token ? { Authorization: `Bearer ${token}` } : { "X-XSRFToken": xsrf.slice(6) };
  for (let goesOn = true; goesOn; ) {
    const answer = await fetch(location.pathname.replace("/jmcp/workbench", "/mcp/tools/call"), {
      method: "POST",
      headers: { "Content-Type": "application/json", ...who },
      body: JSON.stringify({
        tool_name: "unuse_notebook",
        arguments: { session_id, kernel: "stop", confirm: true },
      }),
    });
    const said = await answer.json();
    if (!answer.ok && said.code !== "session_not_found") throw new Error(said.detail);
    goesOn = answer.ok && !said.result.session_ended;
  }
}"""


@asynccontextmanager
async def opened(
    chrome: Browser, served: Served, query: str = "", *, lab: bool = True
) -> AsyncIterator[Workbench]:
    """The page in a browser's context of its own, logged in. `query` is added to its URL. Without
    `lab` its frame is empty, for tests of what is beside it."""
    context = await chrome.new_context()
    if not lab:
        await context.route(LAB, lambda route: route.fulfill(content_type="text/html", body=""))
    try:
        workbench = Workbench(await context.new_page())
        await workbench.page.goto(f"{served.url}jmcp/workbench?token={served.token}{query}")
        yield workbench
        await workbench.release()
    finally:
        await context.close()


async def no_sideways_scrolling(page: Page) -> None:
    """Nothing of the page is wider than its window."""
    wide = await page.evaluate(
        "[...document.querySelectorAll('#workbench *')]"
        ".filter(it => it.getBoundingClientRect().right > innerWidth + 1)"
        ".filter(it => !it.closest('[hidden]')).map(it => it.outerHTML.slice(0, 200))"
    )
    assert wide == [], wide
