"""What a search of a large notebook takes."""

from __future__ import annotations

import statistics
from functools import partial
from pathlib import Path

from benchmarks import limits
from benchmarks.clients.mcp import ModernClient
from benchmarks.figures import Figure, milliseconds, spread
from benchmarks.notebooks import write_notebook

CELLS = 1000
SEARCHES = 30


def searches(client: ModernClient, root: Path) -> list[Figure]:
    """Sources and outputs of 1,000 cells, for a text and for a regular expression."""
    write_notebook(root / "searched.ipynb", CELLS)
    session = client.call("use_notebook", notebook_path="searched.ipynb")["session_id"]
    figures = []
    for name, pattern, regex in (("a text", "= 99", False), ("a pattern", r"= \d*99$", True)):
        search = partial(client.call, "search_notebook", session_id=session, where="both")
        taken = milliseconds(partial(search, pattern=pattern, regex=regex), SEARCHES)
        figures.append(
            Figure(
                name=f"search_notebook for {name}, {CELLS} cells",
                value=statistics.median(taken),
                unit="ms",
                limit=limits.SEARCH,
                note=spread(taken),
            )
        )
    client.call("unuse_notebook", session_id=session)
    return figures
