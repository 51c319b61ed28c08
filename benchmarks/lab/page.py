"""A JupyterLab without collaboration, with or without jmcp's labextension, and a page of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from benchmarks.servers import jmcp
from benchmarks.servers.process import Server
from benchmarks.workbench.browser import PATIENCE_MILLISECONDS

COLLABORATION = ("@jupyter/collaboration-extension", "@jupyter/docprovider-extension")
OURS = "jmcp-labextension"
PYTHON: dict[str, Any] = {
    "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
}
"""Else JupyterLab asks for a kernel."""
SETTINGS = ".jupyter/lab/user-settings/@jupyterlab"
QUIET: dict[str, dict[str, Any]] = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    # Otherwise cells outside of the window are not in the page.
    "notebook-extension/tracker": {"windowingMode": "none"},
}
WATCH = """() => {
  window.seen = (selector, mark) => new Promise((done) => {
    const look = () => [...document.querySelectorAll(selector)].some((node) => node.textContent.includes(mark));
    const painted = () => requestAnimationFrame(() => done(performance.timeOrigin + performance.now()));
    if (look()) return painted();
    const watch = new MutationObserver(() => look() && (watch.disconnect(), painted()));
    watch.observe(document.querySelector(".jp-Notebook"), {subtree: true, childList: true, characterData: true});
  });
}"""


@contextmanager
def plain(base: Path, *, without: tuple[str, ...] = COLLABORATION) -> Iterator[Server]:
    """JupyterLab without these labextensions."""
    home = base / "home"
    page_config = {"disabledExtensions": dict.fromkeys(without, True), "exposeAppInBrowser": True}
    _write(home / ".jupyter/labconfig/page_config.json", page_config)
    for plugin, settings in QUIET.items():
        _write(home / SETTINGS / f"{plugin}.jupyterlab-settings", settings)
    with jmcp.in_jupyter(base) as server:
        yield server


def _write(file: Path, content: dict[str, Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content))


@contextmanager
def notebook(chrome: Browser, server: Server, path: str) -> Iterator[Page]:
    """A page with that notebook, which `seen(selector, mark)` looks at: when, in milliseconds since
    1970, a text was painted in a node."""
    context = chrome.new_context()
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    try:
        page = context.new_page()
        page.goto(f"{server.url}lab/tree/{path}?token={server.token}")
        page.locator(".jp-Notebook .jp-Cell .cm-content").first.wait_for()
        page.evaluate(WATCH)
        yield page
    finally:
        context.close()
