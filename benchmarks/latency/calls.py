"""What a call costs over MCP: the tool list, and edits and reads by notebook size."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

from benchmarks import limits
from benchmarks.clients.mcp import ModernClient
from benchmarks.figures import Figure, Reference, milliseconds, spread
from benchmarks.limits import Limit
from benchmarks.notebooks import write_notebook

LISTINGS = 100
EDITS = 60
BATCH = 10
SMALL, LARGE = 10, 1000
LOADED = "anthropic/alwaysLoad"
"""In the `_meta` of a tool that clients which defer tools are to keep loaded."""


def listing(client: ModernClient) -> list[Figure]:
    """tools/list: its time, what a model sees of it, and the whole answer."""
    taken = milliseconds(lambda: client.request("tools/list"), LISTINGS)
    result, size = client.request("tools/list")
    loaded = [tool for tool in result["tools"] if tool.get("_meta", {}).get(LOADED)]
    return [
        Figure(
            name="tools/list",
            value=statistics.median(taken),
            unit="ms",
            limit=limits.TOOLS_LIST,
            note=spread(taken),
        ),
        Figure(
            name="tools/list, what a model sees",
            value=_visible(result["tools"]) / 1000,
            unit="kB",
            limit=limits.TOOLS_LIST_VISIBLE,
        ),
        Figure(
            name=f"tools/list, what a model sees of the {len(loaded)} that stay loaded",
            value=_visible(loaded) / 1000,
            unit="kB",
            limit=limits.TOOLS_LIST_LOADED,
        ),
        Figure(
            name="tools/list, whole answer",
            value=size / 1000,
            unit="kB",
            limit=limits.TOOLS_LIST_SIZE,
        ),
    ]


def _visible(tools: Sequence[Mapping[str, Any]]) -> int:
    """Bytes of what a model gets of these tools."""
    seen = [{key: tool[key] for key in ("name", "description", "inputSchema")} for tool in tools]
    return len(json.dumps(seen, separators=(",", ":"), ensure_ascii=False).encode())


def edits(
    client: ModernClient,
    root: Path,
    place: str,
    *,
    small: Limit,
    large: Limit | None = None,
    growth: Limit | None = None,
) -> list[Figure]:
    """Reads, edits and inserts at 10 cells, and at 1,000 against 10, by index and by id.

    `small` and `large` limit milliseconds, `growth` the ratio of the two.
    """
    few, many = _actions(client, root, SMALL), _actions(client, root, LARGE)
    figures = []
    for action in few:
        small_taken: list[float] = []
        large_taken: list[float] = []
        # In turns of a few calls each, so that both see the same machine.
        for _ in range(EDITS // BATCH):
            small_taken += milliseconds(few[action], BATCH)
            large_taken += milliseconds(many[action], BATCH)
        median = statistics.median(small_taken)
        figures += [
            Figure(
                name=f"{action}, {SMALL} cells, {place}",
                value=median,
                unit="ms",
                limit=small,
                note=spread(small_taken),
            ),
            Figure(
                name=f"{action}, {LARGE} cells, {place}",
                value=statistics.median(large_taken),
                unit="ms",
                reference=Reference(name=f"{SMALL} cells", value=median) if growth else None,
                limit=growth or large,
                note=spread(large_taken),
            ),
        ]
    return figures


def _actions(client: ModernClient, root: Path, size: int) -> dict[str, Callable[[], object]]:
    """What is timed, by name, in a notebook of that many cells."""
    path = f"edits-{size}.ipynb"
    write_notebook(root / path, size)
    session = client.call("use_notebook", notebook_path=path)["session_id"]
    middle = size // 2
    numbers = iter(range(10**9))

    def call(tool: str, **arguments: Any) -> Callable[[], object]:
        return lambda: client.call(tool, session_id=session, **arguments)

    def overwrite(cell: dict[str, Any]) -> Callable[[], object]:
        # A source of its own each time: an unchanged one would not be written.
        return lambda: call("overwrite_cell_source", cell_source=f"v = {next(numbers)}", **cell)()

    def edit(cell: dict[str, Any]) -> Callable[[], object]:
        sources = cycle((("v", "vv"), ("vv", "v")))

        def replace() -> object:
            old, new = next(sources)
            arguments = {"old_string": old, "new_string": new, "replace_all": True, **cell}
            return call("edit_cell_source", **arguments)()

        return replace

    cells: dict[str, dict[str, Any]] = {
        "index": {"cell_index": middle},
        "id": {"cell_id": f"c{middle:05d}"},
    }
    anchors: dict[str, dict[str, Any]] = {
        "index": {"cell_index": middle},
        "id": {"after_cell_id": f"c{middle - 1:05d}"},
    }
    found: dict[str, Callable[[], object]] = {}
    for by, cell in cells.items():
        found[f"read_cell by {by}"] = call("read_cell", **cell)
        found[f"overwrite_cell_source by {by}"] = overwrite(cell)
        found[f"edit_cell_source by {by}"] = edit(cell)
    for by, anchor in anchors.items():
        found[f"insert_cell by {by}"] = call(
            "insert_cell", cell_type="code", cell_source="1", **anchor
        )
    return found
