"""What a keystroke costs the page, with the labextension and without, in turns."""

from __future__ import annotations

import gzip
import statistics
from pathlib import Path

from playwright.sync_api import Browser, CDPSession, Page

from benchmarks import limits
from benchmarks.figures import Figure
from benchmarks.lab.page import COLLABORATION, OURS, PYTHON, notebook, plain
from benchmarks.notebooks import write_notebook

PATH = "typing.ipynb"
CELLS, ROUNDS, KEYS = 100, 6, 100
DELAY_MILLISECONDS = 20
CODE = frozenset({".js", ".css", ".svg"})
BUILT = Path(__file__).parents[2] / "labextension/built"


def keystrokes(base: Path, chrome: Browser, share: float) -> list[Figure]:
    rounds = max(2, round(ROUNDS * share))
    with plain(base / "ours") as ours, plain(base / "bare", without=(*COLLABORATION, OURS)) as bare:
        for server in (ours, bare):
            write_notebook(server.root / PATH, CELLS, **PYTHON)
        with notebook(chrome, ours, PATH) as shared, notebook(chrome, bare, PATH) as alone:
            pages = (shared, alone)
            metrics = [page.context.new_cdp_session(page) for page in pages]
            for page, session in zip(pages, metrics, strict=True):
                session.send("Performance.enable")
                _type(page, session)  # the first compiles
            taken: tuple[list[float], list[float]] = ([], [])
            for _ in range(rounds):
                for index in (0, 1):
                    taken[index].append(_type(pages[index], metrics[index]))
    with_it, without = statistics.median(taken[0]), statistics.median(taken[1])
    each = "; ".join(
        f"{name} {min(one):.2f} to {max(one):.2f}"
        for name, one in (("with", taken[0]), ("without", taken[1]))
    )
    return [
        Figure(
            name="lab: CPU of the page that the extension adds to a keystroke",
            value=with_it - without,
            unit="ms",
            limit=limits.KEYSTROKE,
            note=f"{with_it:.2f} with and {without:.2f} without it, {CELLS} cells; {each}",
        ),
        weight(),
    ]


def _type(page: Page, session: CDPSession) -> float:
    """Milliseconds of the page's processor per key."""
    editor = page.locator(".jp-Notebook .jp-Cell").nth(5).locator(".cm-content")
    editor.click()
    page.keyboard.press("Control+End")
    before = _busy(session)
    page.keyboard.type("a" * (KEYS - 1) + "\n", delay=DELAY_MILLISECONDS)
    page.wait_for_timeout(500)  # what a key leaves behind: messages, a save
    return 1000 * (_busy(session) - before) / KEYS


def _busy(session: CDPSession) -> float:
    """Seconds in which the page's thread did something, since it was loaded."""
    found = session.send("Performance.getMetrics")["metrics"]
    return float(next(one["value"] for one in found if one["name"] == "TaskDuration"))


def weight() -> Figure:
    """All code of the labextension, compressed."""
    files = [file for file in BUILT.rglob("*") if file.suffix in CODE]
    return Figure(
        name="lab: the extension, compressed",
        value=sum(len(gzip.compress(file.read_bytes())) for file in files) / 1000,
        unit="kB",
        limit=limits.LABEXTENSION_CODE,
        note=f"{len(files)} files",
    )
