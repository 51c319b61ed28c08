"""`make bench`: start a server, measure everything against a floor in the same run, print a table."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks import calls, process
from benchmarks.table import Figure, show
from benchmarks.wire import Wire
from tests.served import serve


def main() -> int:
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        with (
            serve(base / "home", base / "root") as server,
            Wire(server.mcp_url, server.token) as wire,
        ):
            figures += calls.listing(wire)
            runtime_dir = base / "home" / ".local" / "share" / "jupyter" / "runtime"
            figures += calls.runs(wire, server.root, runtime_dir)
            figures += calls.edits(wire, server.root)
        (base / "lab").mkdir()
        figures += process.ready(base / "home", base / "lab")
    show(figures)
    return 0 if all(figure.met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
