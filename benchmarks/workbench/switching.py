"""How soon the frame shows another notebook, without its page being loaded again."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence

from playwright.sync_api import Browser, Page

from benchmarks import limits
from benchmarks.clients.mcp import ModernClient
from benchmarks.figures import Figure, spread
from benchmarks.notebooks import write_notebook
from benchmarks.servers.process import Server
from benchmarks.workbench.browser import workbench

NOTEBOOKS = 8
CELLS = 20
KERNEL_MS = 3_000
"""In which a kernel starts."""
KERNELSPEC = {"name": "python3", "display_name": "Python 3", "language": "python"}
SHOWN = """(path) => { window.shown = new Promise((done) => {
    const inside = document.querySelector("iframe[title=JupyterLab]").contentDocument;
    const look = () => {
        const label = document.querySelector(".notebook-label code")?.textContent;
        const tab = inside.querySelector("#jp-main-dock-panel .lm-TabBar-tab.jp-mod-current");
        const cell = inside.querySelector(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell .cm-line");
        const there = label === path && tab?.textContent.includes(path) && cell !== null;
        if (there) requestAnimationFrame(() => done(Date.now()));
        else requestAnimationFrame(look);
    };
    look();
}); }"""
BEGAN = (
    """() => addEventListener("click", () => (window.clicked = Date.now()), { capture: true })"""
)


def switching(chrome: Browser, server: Server) -> list[Figure]:
    paths = [f"switch-{number}.ipynb" for number in range(NOTEBOOKS)]
    for path in paths:
        write_notebook(server.root / path, CELLS, kernelspec=KERNELSPEC)
    with ModernClient(server.mcp_url, server.token) as client, workbench(chrome, server) as page:
        session = client.call("use_notebook", notebook_path=paths[0])["session_id"]
        _ready(page)
        window = page.frames[1]
        window.evaluate("window.loadedOnce = true")
        page.evaluate(BEGAN)
        page.get_by_text("Notebooks on disk").click()
        page.get_by_role("searchbox").fill("switch-")
        listed = page.locator(".notebooks")

        def choose(path: str) -> float:
            page.evaluate(SHOWN, path)
            listed.get_by_title(path, exact=True).click()
            taken = float(page.evaluate("shown.then((at) => at - window.clicked)"))
            # JupyterLab starts the kernel of a notebook that it opens, which is no part of this.
            page.wait_for_timeout(KERNEL_MS)
            return taken

        def switch_as_agent(path: str) -> float:
            page.evaluate(SHOWN, path)
            client.call("use_notebook", notebook_path=path, session_id=session)
            ended = time.time() * 1000
            return float(page.evaluate("shown")) - ended

        new = [choose(path) for path in paths]
        known = [choose(path) for path in paths]
        page.get_by_role("button", name="Follow").first.click()
        page.wait_for_timeout(1000)
        followed = [switch_as_agent(path) for path in paths[1:]]
        assert window.evaluate("window.loadedOnce === true"), "the frame was loaded again"
    return [
        _figure("to a notebook", new),
        _figure("to one that is open", known),
        _figure("after an agent's call, followed", followed),
    ]


def _ready(page: Page) -> None:
    """JupyterLab takes commands."""
    status = page.locator(".frame-status:empty")
    status.wait_for(state="attached")


def _figure(what: str, taken: Sequence[float]) -> Figure:
    return Figure(
        name=f"workbench: switch {what}",
        value=statistics.median(taken),
        unit="ms",
        limit=limits.SWITCH,
        note=spread(taken),
    )
