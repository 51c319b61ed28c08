"""What a call costs over MCP: runs against the raw kernel, edits and reads by notebook size."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterator
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

import nbformat

from benchmarks.floor import RawKernel
from benchmarks.table import Figure, milliseconds, spread
from benchmarks.wire import Wire

RUNS = 100
EDITS = 60
SIZES = (10, 1000)
EDIT_LIMIT_MS = 5.0
RUN_LIMIT_RATIO = 2.5
GROWTH_LIMIT_RATIO = 2.0


def notebook(path: Path, cells: int) -> None:
    """A notebook of short code cells, with ids c00000 onwards."""
    content = nbformat.v4.new_notebook()
    content.cells = [
        nbformat.v4.new_code_cell(f"value_{index} = {index}", id=f"c{index:05d}")
        for index in range(cells)
    ]
    nbformat.write(content, path)


def listing(wire: Wire) -> list[Figure]:
    """tools/list: its time, what a model sees of it, and the whole answer."""
    taken = milliseconds(lambda: wire.request("tools/list"), RUNS)
    result, size = wire.request("tools/list")
    seen = [
        {key: tool[key] for key in ("name", "description", "inputSchema")}
        for tool in result["tools"]
    ]
    visible = len(json.dumps(seen, separators=(",", ":"), ensure_ascii=False).encode())
    return [
        Figure(
            name="tools/list",
            value=statistics.median(taken),
            unit="ms",
            limit=5,
            note=spread(taken),
        ),
        Figure(name="tools/list, what a model sees", value=visible / 1000, unit="kB", limit=14),
        Figure(name="tools/list, whole answer", value=size / 1000, unit="kB", limit=45),
    ]


def runs(wire: Wire, root: Path, runtime_dir: Path) -> list[Figure]:
    """`1+1` through MCP with its outputs in the notebook, and by a raw client on that kernel."""
    notebook(root / "runs.ipynb", 10)
    session = wire.call("use_notebook", notebook_path="runs.ipynb")["session_id"]
    wire.call("overwrite_cell_source", session_id=session, cell_index=0, cell_source="1+1")
    wire.call("execute_cell", session_id=session, cell_index=0)
    reread = wire.call("use_notebook", notebook_path="runs.ipynb", session_id=session)
    raw = RawKernel(runtime_dir, reread["kernel"]["kernel_id"])
    ours: list[float] = []
    floor: list[float] = []
    try:
        # Back to back in small batches, so that both see the same machine.
        for _ in range(RUNS // 10):
            floor += milliseconds(lambda: raw.run("1+1"), 10)
            ours += milliseconds(
                lambda: wire.call("execute_cell", session_id=session, cell_index=0), 10
            )
    finally:
        raw.close()
    wire.call("unuse_notebook", session_id=session, kernel="stop")
    ratio = statistics.median(ours) / statistics.median(floor)
    return [
        Figure(
            name="raw client 1+1", value=statistics.median(floor), unit="ms", note=spread(floor)
        ),
        Figure(
            name="execute_cell 1+1", value=statistics.median(ours), unit="ms", note=spread(ours)
        ),
        Figure(name="execute_cell / raw client", value=ratio, unit="x", limit=RUN_LIMIT_RATIO),
    ]


def edits(wire: Wire, root: Path) -> list[Figure]:
    """insert, read, overwrite and edit at 10 and 1,000 cells, by index and by id."""
    medians: dict[tuple[str, int], float] = {}
    figures: list[Figure] = []
    for size in SIZES:
        for action, taken in timed_edits(wire, root, size).items():
            medians[action, size] = statistics.median(taken)
            figures.append(
                Figure(
                    name=f"{action}, {size} cells",
                    value=medians[action, size],
                    unit="ms",
                    limit=EDIT_LIMIT_MS if size == SIZES[0] else None,
                    note=spread(taken),
                )
            )
    small, large = SIZES
    for action, size in list(medians):
        if size == large:
            figures.append(
                Figure(
                    name=f"{action}, {large} / {small} cells",
                    value=medians[action, large] / medians[action, small],
                    unit="x",
                    limit=GROWTH_LIMIT_RATIO,
                )
            )
    return figures


def timed_edits(wire: Wire, root: Path, size: int) -> dict[str, list[float]]:
    """Milliseconds of reads, edits and inserts in a notebook of that many cells."""
    name = f"edits{size}.ipynb"
    notebook(root / name, size)
    session = wire.call("use_notebook", notebook_path=name)["session_id"]
    middle = size // 2
    counter = iter(range(10**9))

    def call(tool: str, **arguments: Any) -> Callable[[], object]:
        return lambda: wire.call(tool, session_id=session, **arguments)

    def overwrite(cell: dict[str, Any]) -> Callable[[], object]:
        # A source of its own each time: an unchanged one would not be written.
        return lambda: call("overwrite_cell_source", cell_source=f"v = {next(counter)}", **cell)()

    taken: dict[str, list[float]] = {}
    by: dict[str, dict[str, Any]] = {
        "index": {"cell_index": middle},
        "id": {"cell_id": f"c{middle:05d}"},
    }
    for how, cell in by.items():
        taken[f"read_cell by {how}"] = milliseconds(call("read_cell", **cell), EDITS)
        taken[f"overwrite by {how}"] = milliseconds(overwrite(cell), EDITS)
        edit = call("edit_cell_source", old_string="v", new_string="vv", replace_all=True, **cell)
        back = call("edit_cell_source", old_string="vv", new_string="v", replace_all=True, **cell)
        turns = cycle((edit, back))
        taken[f"edit by {how}"] = milliseconds(partial(_next, turns), EDITS)
    anchors: dict[str, dict[str, Any]] = {
        "index": {"cell_index": middle},
        "id": {"after_cell_id": f"c{middle - 1:05d}"},
    }
    for how, anchor in anchors.items():
        insert = call("insert_cell", cell_type="code", cell_source="1", **anchor)
        taken[f"insert by {how}"] = milliseconds(insert, EDITS)
    wire.call("unuse_notebook", session_id=session)
    return taken


def _next(turns: Iterator[Callable[[], object]]) -> None:
    next(turns)()
