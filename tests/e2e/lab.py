"""JupyterLab in a real browser, as a person has it open."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

from playwright.async_api import Browser, Locator, Page, async_playwright, expect

from tests.served import Served, serve

CLEANUP_SECONDS = 1
"""After the last tab of a notebook was closed; 60 by default."""
# --no-sandbox: Chromium's own sandbox does not start as root, as in a container.
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MILLISECONDS = 30_000
expect.set_options(timeout=PATIENCE_MILLISECONDS)


def chromium() -> str | None:
    """The browser that the machine has."""
    return shutil.which("chromium") or shutil.which("google-chrome")


@contextmanager
def serve_lab(base: Path) -> Iterator[Served]:
    """A server whose rooms go soon after their last tab, and whose Lab asks no questions."""
    home = base / "home"
    config = home / ".jupyter"
    settings = config / "lab" / "user-settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text(
        json.dumps({"fetchNews": "false", "checkForUpdates": False})
    )
    (config / "jupyter_server_config.json").write_text(
        json.dumps({"YDocExtension": {"document_cleanup_delay": CLEANUP_SECONDS}})
    )
    with serve(home, base / "root") as served:
        yield served


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        try:
            yield launched
        finally:
            await launched.close()


class Lab:
    """One tab with one notebook."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self._url = url

    @classmethod
    async def open(cls, browser: Browser, served: Served, path: str, **options: object) -> Lab:
        """A tab of a new person: nothing is shared with other tabs but the server."""
        page = await browser.new_page(**options)  # type: ignore[arg-type] # passed on as they are
        page.set_default_timeout(PATIENCE_MILLISECONDS)
        # A workspace of its own: the default one opens again what earlier tabs had open.
        where = f"lab/workspaces/{uuid4().hex}/tree/{quote(path)}"
        lab = cls(page, f"{served.url}{where}?token={served.token}")
        await lab.load()
        return lab

    async def load(self) -> None:
        """Load the page with the notebook, also once more.

        Not by the page's own reload: that restores the layout which Lab saved last, and Lab saves
        it some time after the notebook was opened.
        """
        await self.page.goto(self._url)
        await self.cell(0).wait_for()

    def cell(self, index: int) -> Locator:
        return self.page.locator(".jp-Notebook .jp-Cell").nth(index)

    def outputs(self, index: int) -> Locator:
        return self.cell(index).locator(".jp-OutputArea-output")

    async def sources(self) -> list[str]:
        """What the person sees in code editors; empty for a rendered markdown cell."""
        editors = self.page.locator(".jp-Notebook .jp-Cell .cm-content")
        return await editors.all_inner_texts()

    async def type_into(self, index: int, text: str) -> None:
        await self.cell(index).locator(".cm-content").click()
        await self.page.keyboard.press("Control+End")
        await self.page.keyboard.type(text)

    async def menu(self, *names: str) -> None:
        """Click through a menu."""
        await self.page.locator(".lm-MenuBar-itemLabel", has_text=names[0]).click()
        for name in names[1:]:
            await self.page.locator(".lm-Menu-itemLabel").get_by_text(name, exact=True).click()

    async def close(self) -> None:
        await self.page.context.close()
