"""How soon a call is in the workbench's log, and how the page answers with many calls in it."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page

from benchmarks import limits
from benchmarks.clients.mcp import ModernClient
from benchmarks.figures import Figure, spread
from benchmarks.notebooks import write_notebook
from benchmarks.servers.process import Server
from benchmarks.workbench.browser import workbench

APPEARING = 30
CALLS = 1_000
SESSIONS = 50
CALLS_PER_SECOND = 20
BURST_PER_SECOND = 200
BURST_SECONDS = 3
PATH = "log.ipynb"
NEXT_ROW = """() => { window.nextRow = new Promise((done) => {
    const list = document.querySelector("ol[aria-label=Calls]");
    const watch = new MutationObserver(() => {
        watch.disconnect();
        // Painted: with the frame after the one that has it.
        requestAnimationFrame(() => requestAnimationFrame(() => done(Date.now())));
    });
    watch.observe(list, { childList: true });
}); }"""
WATCH = """() => {
    window.interactions = []; window.longTasks = [];
    new PerformanceObserver((list) => { for (const it of list.getEntries())
        if (it.interactionId) window.interactions.push({ name: it.name, duration: it.duration });
    }).observe({ type: "event", durationThreshold: 16 });
    new PerformanceObserver((list) => { for (const it of list.getEntries())
        window.longTasks.push(it.duration);
    }).observe({ type: "longtask" });
}"""
TO_THE_END = """async (scroller) => {
    while (scroller.querySelector(".log-more")) {
        scroller.scrollTo(0, scroller.scrollHeight);
        await new Promise(requestAnimationFrame);
    }
}"""
SETTLED = "() => new Promise((done) => requestAnimationFrame(() => requestIdleCallback(done)))"


def log(chrome: Browser, server: Server) -> list[Figure]:
    write_notebook(server.root / PATH, 3)
    with ModernClient(server.mcp_url, server.token) as client, workbench(chrome, server) as page:
        session = client.call("use_notebook", notebook_path=PATH)["session_id"]

        def call() -> None:
            client.call("read_cell", session_id=session, cell_index=0)

        # While JupyterLab loads, the thread that it shares with the page has no time for anything else.
        page.frame_locator("iframe").locator("#jp-main-dock-panel").wait_for()
        page.evaluate(SETTLED)
        page.get_by_role("tab", name="Log").click()
        call()
        page.locator("[data-row]").first.wait_for()
        appeared = [_appeared(page, call) for _ in range(APPEARING)]
        for _ in range(SESSIONS - 1):
            client.call("use_notebook", notebook_path=PATH)
        for _ in range(CALLS):
            call()
        page.evaluate(WATCH)
        with _calling(call, CALLS_PER_SECOND):
            _interact(page)
            page.evaluate(SETTLED)
        felt = page.evaluate("interactions.map(({ duration }) => duration)")
        page.evaluate("longTasks.length = 0")
        with _calling(call, BURST_PER_SECOND):
            page.wait_for_timeout(BURST_SECONDS * 1000)
        long_tasks = page.evaluate("longTasks")
    return [
        Figure(
            name="workbench: call in the log after its end, p95",
            value=statistics.quantiles(appeared, n=20)[-1],
            unit="ms",
            limit=limits.CALL_IN_LOG,
            note=spread(appeared),
        ),
        Figure(
            name=f"workbench: slowest interaction, {CALLS} calls and {SESSIONS} sessions",
            value=max(felt, default=16),
            unit="ms",
            limit=limits.INTERACTION,
            note=f"{len(felt)} events of 16 ms or more, median {statistics.median(felt or [16]):.0f} ms",
        ),
        Figure(
            name=f"workbench: longest task, {BURST_PER_SECOND} calls per second",
            value=max(long_tasks, default=0),
            unit="ms",
            note=f"{len(long_tasks)} of 50 ms or more in {BURST_SECONDS} s",
        ),
    ]


def _appeared(page: Page, call: Callable[[], None]) -> float:
    """Milliseconds from the answer to a call until its row is painted."""
    page.evaluate(NEXT_ROW)
    call()
    ended = time.time() * 1000
    return max(0.0, float(page.evaluate("nextRow")) - ended)


def _interact(page: Page) -> None:
    """What a person does in the log, with real events of mouse and keyboard."""
    panel = page.get_by_role("tabpanel", name="Log")
    rows, scroller = panel.locator("[data-row]"), panel.locator(".log-scroller")
    for number in (0, 3, 5):
        rows.nth(number).click()
    find = panel.get_by_role("searchbox", name="Find calls")
    find.click()
    page.keyboard.type("read_cell limit", delay=60)
    find.press("ControlOrMeta+a")
    find.press("Delete")
    panel.get_by_role("button", name="Filter").click()
    panel.get_by_label("Tool").select_option("read_cell")
    panel.get_by_role("button", name="Show all").click()
    scroller.evaluate("it => it.scrollTo(0, it.scrollHeight)")
    panel.get_by_role("button", name="new call").click()
    rows.nth(0).focus()
    for key in ("ArrowDown", "ArrowDown", "Enter", "Home", "End"):
        page.keyboard.press(key)
    for name in ("Sessions", "Log"):
        page.get_by_role("tab", name=name).click()
    panel.get_by_role("button", name="Pause").click()
    panel.get_by_role("button", name="Pause").click()


@contextmanager
def _calling(call: Callable[[], None], per_second: float) -> Iterator[None]:
    """Somebody calls so often meanwhile, as far as the server manages."""
    done = threading.Event()

    def go_on() -> None:
        while not done.wait(1 / per_second):
            call()

    calling = threading.Thread(target=go_on)
    calling.start()
    try:
        yield
    finally:
        done.set()
        calling.join()
