"""How soon the person sees what the agent does, and the agent what the person types."""

from __future__ import annotations

import re
import statistics
import time

from playwright.sync_api import Browser, Page

from benchmarks import limits
from benchmarks.clients.mcp import ModernClient
from benchmarks.figures import Figure, Reference, spread
from benchmarks.lab.page import PYTHON, notebook
from benchmarks.notebooks import write_notebook
from benchmarks.servers.process import Server

PATH = "seen.ipynb"
CELLS = 30
EDITS, LINES, KEYS = 200, 40, 100
SOURCE = ".jp-Notebook .cm-content"
OUTPUT = ".jp-Notebook .jp-OutputArea-output"
NEXT = "([selector, mark]) => void (window.found = seen(selector, mark))"
STREAM = """\
import time
for number in range({lines}):
    print("line", number, time.time(), flush=True)
    time.sleep(0.05)
"""
OWN_EDIT = """async (mark) => {
  const cell = [...jupyterapp.shell.widgets("main")].find((one) => one.content?.model).content.model.cells.get(1);
  const began = performance.timeOrigin + performance.now();
  const found = seen(".jp-Notebook .cm-content", mark);
  cell.sharedModel.setSource(mark);
  return (await found) - began;
}"""


def seen(chrome: Browser, server: Server, share: float) -> list[Figure]:
    write_notebook(server.root / PATH, CELLS, **PYTHON)
    with (
        ModernClient(server.mcp_url, server.token) as client,
        notebook(chrome, server, PATH) as page,
    ):
        session = client.call("use_notebook", notebook_path=PATH)["session_id"]
        client.call("execute_code", session_id=session, code="1")
        count = max(5, round(EDITS * share))
        own = [float(page.evaluate(OWN_EDIT, f"own_{number}_")) for number in range(count)]
        edits = [_edited(page, client, session, number) for number in range(count)]
        lines = _streamed(page, client, session, max(5, round(LINES * share)))
        keys = [
            _typed(page, client, session, number) for number in range(max(5, round(KEYS * share)))
        ]
    called, answered = [one[0] for one in edits], [one[1] for one in edits]
    return [
        Figure(
            name="lab: agent's edit, answered to painted, p95",
            value=_p95(answered),
            unit="ms",
            limit=limits.EDIT_SEEN,
            note=spread(answered),
        ),
        Figure(
            name="lab: agent's edit, called to painted, median",
            value=statistics.median(called),
            unit="ms",
            reference=Reference(name="an edit of the page's own", value=statistics.median(own)),
            note=spread(called),
        ),
        Figure(
            name="lab: line of a run, printed to painted, p95",
            value=_p95(lines),
            unit="ms",
            limit=limits.EDIT_SEEN,
            note=spread(lines),
        ),
        Figure(
            name="lab: keystrokes in the agent's next read",
            value=100 * sum(keys) / len(keys),
            unit="%",
            limit=limits.KEY_READ,
            note=f"of {len(keys)}, read as soon as the key was up",
        ),
    ]


def _edited(page: Page, client: ModernClient, session: str, number: int) -> tuple[float, float]:
    """Milliseconds until an edit is painted, since it was called and since it was answered."""
    mark = f"edit_{number}_"
    page.evaluate(NEXT, [SOURCE, mark])
    called = time.time()
    client.call(
        "overwrite_cell_source", session_id=session, cell_index=2 + number % 20, cell_source=mark
    )
    answered = time.time()
    found = float(page.evaluate("found"))
    return found - called * 1000, max(0.0, found - answered * 1000)


def _streamed(page: Page, client: ModernClient, session: str, lines: int) -> list[float]:
    """Milliseconds from the print of each line until it is painted; the clock is one for all."""
    page.evaluate(
        "([selector, lines]) => { window.all = Promise.all([...Array(lines).keys()].map("
        "(n) => seen(selector, `line ${n} `))); }",
        [OUTPUT, lines],
    )
    run = client.call(
        "insert_execute_code_cell",
        session_id=session,
        cell_index=0,
        cell_source=STREAM.format(lines=lines),
    )
    printed = re.findall(r"line (\d+) ([\d.]+)", run["outputs"][0]["text"])
    assert len(printed) == lines, f"{len(printed)} of {lines} lines came back"
    painted = page.evaluate("all")
    return [when - float(at) * 1000 for when, (_, at) in zip(painted, printed, strict=True)]


def _typed(page: Page, client: ModernClient, session: str, number: int) -> bool:
    """Whether the read right after a keystroke has it."""
    cell = page.locator(".jp-Notebook .jp-Cell").nth(10)
    if number == 0:
        cell.locator(".cm-content").click()
        page.keyboard.press("Control+End")
    page.keyboard.press(chr(ord("a") + number % 26))
    typed = cell.locator(".cm-content").inner_text()
    read = client.call("read_cell", session_id=session, cell_index=10)
    return str(read["source"]).strip() == typed.strip()


def _p95(taken: list[float]) -> float:
    return statistics.quantiles(taken, n=20)[-1]
