"""A browser with the workbench in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.servers.process import Server

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PATIENCE_MILLISECONDS = 60_000


@contextmanager
def browser() -> Iterator[Browser]:
    """Chromium without a window."""
    executable = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        try:
            yield launched
        finally:
            launched.close()


@contextmanager
def workbench(chrome: Browser, server: Server) -> Iterator[Page]:
    """The page, logged in, in a context whose cache is empty."""
    context = chrome.new_context()
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    try:
        page = context.new_page()
        page.goto(f"{server.url}jmcp/workbench?token={server.token}")
        yield page
    finally:
        context.close()
