"""What it costs that sessions and edits outlive the process: SQLite and the journal against memory."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from pathlib import Path

from benchmarks import limits
from benchmarks.clients.mcp import ModernClient
from benchmarks.figures import Figure, milliseconds
from benchmarks.notebooks import write_notebook
from benchmarks.servers.jmcp import in_jupyter

ROUNDS = 30
CALLS = 10
SOURCE_LINES = 60
"""Of a cell: 3 KB, which the journal keeps before and after each edit."""


def added(base: Path) -> list[Figure]:
    """Milliseconds that a call takes longer than with everything in memory, in the same minutes."""
    with (
        in_jupyter(base / "sqlite") as durable,
        in_jupyter(base / "memory", "--store", "memory") as volatile,
        ModernClient(durable.mcp_url, durable.token) as on_disk,
        ModernClient(volatile.mcp_url, volatile.token) as in_memory,
    ):
        servers = {
            "SQLite": _calls(on_disk, durable.root),
            "memory": _calls(in_memory, volatile.root),
        }
        taken: dict[tuple[str, str], list[float]] = {}
        # Back to back in small batches, so that both see the same machine.
        for _ in range(ROUNDS):
            for server, actions in servers.items():
                for name, action in actions.items():
                    taken.setdefault((name, server), []).extend(milliseconds(action, CALLS))
    medians = {key: statistics.median(values) for key, values in taken.items()}
    return [
        Figure(
            name=f"{name}: SQLite and the journal add",
            value=medians[name, "SQLite"] - medians[name, "memory"],
            unit="ms",
            limit=limits.DURABILITY,
            note=" against ".join(
                f"{medians[name, server]:.2f} ms ({server})" for server in servers
            ),
        )
        for name in servers["SQLite"]
    ]


def _calls(client: ModernClient, root: Path) -> dict[str, Callable[[], object]]:
    """A read, and an edit of a whole source each time."""
    write_notebook(root / "durable.ipynb", 10)
    session = client.call("use_notebook", notebook_path="durable.ipynb")["session_id"]
    numbers = iter(range(10**9))

    def read() -> object:
        return client.call("read_cell", session_id=session, cell_index=0)

    def overwrite() -> object:
        number = next(numbers)
        source = "\n".join(
            f"value_{number}_{line} = 'some text of a cell' * {line}"
            for line in range(SOURCE_LINES)
        )
        return client.call(
            "overwrite_cell_source", session_id=session, cell_index=1, cell_source=source
        )

    return {"read_cell": read, "overwrite_cell_source": overwrite}
