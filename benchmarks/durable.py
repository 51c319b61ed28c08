"""What it costs that sessions and edits outlive the process: SQLite and the journal against memory."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from pathlib import Path

from benchmarks.calls import notebook
from benchmarks.table import Figure, milliseconds
from benchmarks.wire import Wire
from tests.served import serve

ROUNDS = 30
CALLS = 10
LIMIT_MS = 1.0
LINES = 60
"""Of a cell's source: 3 KB, which the journal keeps before and after each edit."""


def added(base: Path) -> list[Figure]:
    """Milliseconds that a call takes longer than with everything in memory, in the same minutes."""
    with (
        serve(base / "kept" / "home", base / "kept" / "root") as kept,
        serve(base / "held" / "home", base / "held" / "root", "--store", "memory") as held,
        Wire(kept.mcp_url, kept.token) as on_disk,
        Wire(held.mcp_url, held.token) as in_memory,
    ):
        servers = {"SQLite": _calls(on_disk, kept.root), "memory": _calls(in_memory, held.root)}
        taken: dict[tuple[str, str], list[float]] = {}
        # Back to back in small batches, so that both see the same machine.
        for _ in range(ROUNDS):
            for server, actions in servers.items():
                for name, action in actions.items():
                    taken.setdefault((name, server), []).extend(milliseconds(action, CALLS))
    return [
        Figure(
            name=f"{name}: SQLite and the journal add",
            value=statistics.median(taken[name, "SQLite"])
            - statistics.median(taken[name, "memory"]),
            unit="ms",
            limit=LIMIT_MS,
            note=" against ".join(
                f"{statistics.median(taken[name, server]):.2f} ms ({server})" for server in servers
            ),
        )
        for name in servers["SQLite"]
    ]


def _calls(wire: Wire, root: Path) -> dict[str, Callable[[], object]]:
    """A read, and an edit of a whole source each time."""
    notebook(root / "kept.ipynb", 10)
    session = wire.call("use_notebook", notebook_path="kept.ipynb")["session_id"]
    counter = iter(range(10**9))

    def read() -> object:
        return wire.call("read_cell", session_id=session, cell_index=0)

    def overwrite() -> object:
        number = next(counter)
        source = "\n".join(
            f"value_{number}_{line} = 'some text of a cell' * {line}" for line in range(LINES)
        )
        return wire.call(
            "overwrite_cell_source", session_id=session, cell_index=1, cell_source=source
        )

    return {"read_cell": read, "overwrite_cell_source": overwrite}
