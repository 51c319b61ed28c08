"""`make bench`: start servers, measure everything against a floor in the same run, print a table.

Names of parts (`inside`, `outside`, `start`, `many`) measure only those.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import calls, durable, elsewhere, health, idle, load, many, process
from benchmarks.table import Figure, show
from benchmarks.wire import Wire
from tests.served import serve


def inside(base: Path) -> list[Figure]:
    """jmcp in its JupyterLab."""
    with (
        serve(base / "home", base / "root") as server,
        Wire(server.mcp_url, server.token) as wire,
        Wire(server.mcp_url, server.token) as other,
    ):
        runtime_dir = base / "home" / ".local" / "share" / "jupyter" / "runtime"
        return [
            *calls.listing(wire),
            *calls.runs(wire, server.root, runtime_dir),
            *calls.edits(wire, server.root),
            *load.inserts(wire, server.root, "inside"),
            *load.flood(
                wire, other, server.root, {"jmcp": server.process.pid}, "inside", lost_is_said=False
            ),
        ]


def outside(base: Path) -> list[Figure]:
    """jmcp beside a Jupyter Server, with and without that server's limit on output."""
    figures = []
    with (
        elsewhere.servers(base / "free", elsewhere.NO_RATE_LIMIT) as (jupyter, served),
        Wire(served.mcp_url, served.token) as wire,
        Wire(served.mcp_url, served.token) as other,
    ):
        figures += elsewhere.runs(jupyter, served, wire)
        figures += elsewhere.edits(wire, served.root)
        figures += load.inserts(wire, served.root, "outside")
        pids = {"jmcp": served.process.pid, "Jupyter": jupyter.process.pid}
        figures += load.flood(wire, other, served.root, pids, "outside", lost_is_said=False)
    with (
        elsewhere.servers(base / "limited") as (jupyter, served),
        Wire(served.mcp_url, served.token) as wire,
        Wire(served.mcp_url, served.token) as other,
    ):
        pids = {"jmcp": served.process.pid, "Jupyter": jupyter.process.pid}
        figures += load.flood(
            wire, other, served.root, pids, "outside with rate limit", lost_is_said=True
        )
        figures += elsewhere.stdio(jupyter, base / "limited" / "home")
    return figures


def start(base: Path) -> list[Figure]:
    """What the extension adds to the start and the memory of a JupyterLab."""
    (base / "lab").mkdir()
    return process.ready(base / "home", base / "lab")


def several(base: Path) -> list[Figure]:
    """Many clients on one server, and what each of them costs."""
    return [
        *many.figures(base / "many"),
        *idle.memory(base / "idle"),
        *health.checks(base / "health"),
        *durable.added(base / "durable"),
    ]


PARTS: dict[str, Callable[[Path], list[Figure]]] = {
    "inside": inside,
    "outside": outside,
    "start": start,
    "many": several,
}


def main(names: Sequence[str]) -> int:
    figures: list[Figure] = []
    for name in names or list(PARTS):
        with tempfile.TemporaryDirectory() as folder:
            figures += PARTS[name](Path(folder))
    show(figures)
    return 0 if all(figure.met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
