"""From the request of the workbench to the first that is painted, and what its code weighs."""

from __future__ import annotations

import gzip
import statistics

from playwright.sync_api import Browser

from benchmarks import limits
from benchmarks.figures import Figure, spread
from benchmarks.servers.process import Server
from benchmarks.workbench.browser import workbench
from jmcp.transport.pages.built_files import COMPRESSION_LEVEL, FOLDER

LOADS = 7
CODE = frozenset({".js", ".css", ".html"})
PAINTED = """() => new Promise((done) => new PerformanceObserver((list) => {
    for (const { name, startTime } of list.getEntries())
        if (name === "first-contentful-paint") done(startTime);
}).observe({ type: "paint", buffered: true }))"""
LIVE = """() => new Promise((done) => {
    const look = () => document.querySelector('.connection[data-state="live"]')
        ? done(performance.now()) : requestAnimationFrame(look);
    look();
})"""


def loads(chrome: Browser, server: Server) -> list[Figure]:
    """Of a server that is warm and a browser that has nothing of the page, JupyterLab included."""
    painted, live = [], []
    for _ in range(LOADS + 1):
        with workbench(chrome, server) as page:
            painted.append(float(page.evaluate(PAINTED)))
            live.append(float(page.evaluate(LIVE)))
    painted, live = painted[1:], live[1:]  # the first warms the server
    return [
        Figure(
            name="workbench: first paint",
            value=statistics.median(painted),
            unit="ms",
            limit=limits.FIRST_PAINT,
            note=spread(painted),
        ),
        Figure(
            name="workbench: live",
            value=statistics.median(live),
            unit="ms",
            note=spread(live),
        ),
    ]


def weight() -> Figure:
    """All code of the workbench as it is sent."""
    files = [file for file in (FOLDER / "workbench").iterdir() if file.suffix in CODE]
    sizes = [len(gzip.compress(file.read_bytes(), COMPRESSION_LEVEL)) for file in files]
    return Figure(
        name="workbench: its code, compressed",
        value=sum(sizes) / 1000,
        unit="kB",
        limit=limits.PAGE_CODE,
        note=f"{len(files)} files",
    )
