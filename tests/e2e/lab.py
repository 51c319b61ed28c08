"""JupyterLab in a real browser, as a person has it open."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from playwright.async_api import Browser, Locator, Page, async_playwright, expect

from tests.served import Served, configure, serve

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
PATIENCE_MILLISECONDS = 90_000
"""A page of JupyterLab takes 3 s here, and 20 s on a busy machine."""
expect.set_options(timeout=PATIENCE_MILLISECONDS)


def chromium() -> str | None:
    """The browser that the machine has."""
    return shutil.which("chromium") or shutil.which("google-chrome")


COLLABORATION = ("@jupyter/collaboration-extension", "@jupyter/docprovider-extension")
OURS = "jmcp-labextension"


@contextmanager
def serve_lab(
    base: Path, *options: str, without: Sequence[str] = (), look_seconds: float = 1.0
) -> Iterator[Served]:
    """A server whose rooms go soon after their last tab, and whose Lab asks no questions. `without`:
    labextensions that a person does not have. `options`: of `jmcp serve`, also for one more in `base`.
    `look_seconds`: how often a room looks at its file; Jupyter's own default."""
    home = base / "home"
    config = home / ".jupyter/labconfig/page_config.json"
    config.parent.mkdir(parents=True, exist_ok=True)
    # The second: as window.jupyterapp, through which tests give commands.
    page = {"disabledExtensions": dict.fromkeys(without, True), "exposeAppInBrowser": True}
    config.write_text(json.dumps(page))
    _set(home, "apputils-extension/notification", {"fetchNews": "false", "checkForUpdates": False})
    # Otherwise cells outside of the window may be taken out of the page, and counting is wrong.
    _set(home, "notebook-extension/tracker", {"windowingMode": "none"})
    rooms = {"document_cleanup_delay": CLEANUP_SECONDS, "file_poll_interval": look_seconds}
    configure(home, {"YDocExtension": rooms})
    with serve(home, base / "root", *options) as served:
        yield served


def _set(home: Path, plugin: str, settings: dict[str, Any]) -> None:
    """A person's settings of a plugin of JupyterLab."""
    file = home / f".jupyter/lab/user-settings/@jupyterlab/{plugin}.jupyterlab-settings"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(settings))


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(
            executable_path=chromium(), args=FLAGS, timeout=PATIENCE_MILLISECONDS
        )
        try:
            yield launched
        finally:
            await launched.close()


class Lab:
    """One tab with one notebook."""

    def __init__(self, page: Page, served: Served, path: str) -> None:
        self.page = page
        self._served = served
        self._path = path
        page.set_default_timeout(PATIENCE_MILLISECONDS)
        # "Leave this page?" Playwright by itself would answer: no.
        page.on("dialog", lambda dialog: dialog.accept())

    @classmethod
    async def open(cls, browser: Browser, served: Served, path: str, **options: object) -> Lab:
        """A tab of a new person: nothing is shared with other tabs but the server."""
        page = await browser.new_page(**options)  # type: ignore[arg-type] # passed on as they are
        lab = cls(page, served, path)
        await lab.load()
        return lab

    async def load(self) -> None:
        """Load the page with the notebook, also once more.

        In a workspace that is new each time. A known one, and the page's own reload, restore the
        layout which Lab saved last, and Lab saves it some time after the notebook was opened.
        """
        where = f"lab/workspaces/{uuid4().hex}/tree/{quote(self._path)}"
        await self.page.goto(f"{self._served.url}{where}?token={self._served.token}")
        await self.cell(0).wait_for()

    async def run_cell(self, index: int) -> None:
        """Run a cell with its own kernel, which the page may still be connecting to."""
        indicator = self.page.locator(".jp-Notebook-ExecutionIndicator")
        await expect(indicator).to_have_attribute("data-status", "idle")
        await self.cell(index).locator(".cm-content").click()
        await self.page.keyboard.press("Control+Enter")

    async def images_loaded(self) -> None:
        """Return when each image of the page is there or failed, and its event was handled.

        The events of an image come in the order of the images: one more, which is sure to fail,
        is the last.
        """
        await self.page.wait_for_function("[...document.images].every(image => image.complete)")
        await self.page.evaluate(
            "new Promise(done => { const last = new Image(); last.onerror = done;"
            " last.src = 'data:image/png,broken'; })"
        )

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
