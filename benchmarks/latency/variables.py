"""What listing the variables of a kernel takes."""

from __future__ import annotations

import statistics
from functools import partial
from pathlib import Path

from benchmarks import limits
from benchmarks.clients.mcp import ModernClient
from benchmarks.figures import Figure, milliseconds, spread
from benchmarks.notebooks import write_notebook

VARIABLES = 500
LISTINGS = 30


def variables(client: ModernClient, root: Path) -> list[Figure]:
    """500 variables, all of them described, as many as fit into a result."""
    write_notebook(root / "variables.ipynb", 1)
    session = client.call("use_notebook", notebook_path="variables.ipynb")["session_id"]
    code = f"globals().update({{f'v{{n}}': [n] * 100 for n in range({VARIABLES})}})"
    client.call("execute_code", session_id=session, code=code)
    listed = partial(client.call, "list_variables", session_id=session, limit=0)
    taken = milliseconds(listed, LISTINGS)
    client.call("unuse_notebook", session_id=session)
    return [
        Figure(
            name=f"list_variables, {VARIABLES} variables",
            value=statistics.median(taken),
            unit="ms",
            limit=limits.VARIABLES,
            note=spread(taken),
        )
    ]
