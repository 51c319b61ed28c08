"""The tutorial's task on jmcp and on the peer: what a model has to read for it, and in how many calls.

Somebody has run a notebook of 20 cells up to a broken one. It is opened, the broken cell is looked for in what it shows and
mended, it and the rest are run, a plot is added and its cell read. Each server is used in the cheapest way that its tools have
for that.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat

from benchmarks import limits
from benchmarks.clients.mcp import ModernClient
from benchmarks.figures import Figure, Reference
from benchmarks.servers import jmcp, peer

NOTEBOOK = "tutorial.ipynb"
BROKEN = 12
WRONG, RIGHT = "totl", "total"
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PLOT = f"""import base64
from IPython.display import Image
print('highest:', max(positive.values()))
Image(data=base64.b64decode({PIXEL!r}))"""
"""A picture without a library for it, which the peer's environment has not."""
MONTHS = "January February March April May June July August September October November December"
SOURCES = (
    "# Sales of the year\n\nWhat was sold, by month.",
    f"import math\nimport statistics\n\nMONTHS = {MONTHS!r}.split()",
    "sales = [120, 80, -3, 95, 143, 60, 77, -1, 88, 102, 99, 130]",
    "for month, sold in zip(MONTHS, sales):\n    print(f'{month:>12} {sold:8}')",
    "## Clean",
    "positive = {month: sold for month, sold in zip(MONTHS, sales) if sold > 0}\npositive",
    "print(f'{len(sales) - len(positive)} values left out')",
    "for name in ('mean', 'median', 'stdev'):\n    print(f'{name:>12}', getattr(statistics, name)(positive.values()))",
    "## Sum up",
    "total = sum(positive.values())",
    "mean = total / len(positive)",
    "print(f'mean: {mean:.1f}')",
    "share = {month: sold / totl for month, sold in positive.items()}",
    "for month, part in share.items():\n    print(f'{month:>12} {part:8.1%}')",
    "rank = sorted(share, key=share.get, reverse=True)\nprint(rank)",
    "best = rank[0]",
    "print('best month:', best)",
    "## Result",
    "result = {'total': total, 'mean': round(mean, 1), 'best': best}",
    "print(result)",
)
CODE = tuple(number for number, source in enumerate(SOURCES) if source[0] != "#")


@dataclass(kw_only=True)
class Read:
    """What a model has read so far, in bytes: of those clients that show it the text, and of those that show
    it the structure where there is one. Pictures are the same for both and do not count."""

    client: ModernClient
    calls: int = 0
    text: int = 0
    structure: int = 0
    texts: list[str] = field(default_factory=list)

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """One call, whose result is read. Raises RuntimeError for an error."""
        result, _ = self.client.request("tools/call", name=tool, arguments=arguments)
        text = "\n".join(part["text"] for part in result["content"] if part["type"] == "text")
        if result.get("isError"):
            raise RuntimeError(text)
        structured: dict[str, Any] = result.get("structuredContent") or {}
        compact = json.dumps(structured, ensure_ascii=False, separators=(",", ":"))
        self.calls += 1
        self.text += len(text.encode())
        self.structure += len(compact.encode()) if structured else len(text.encode())
        self.texts.append(text)
        return structured


def write(root: Path) -> None:
    content = nbformat.v4.new_notebook()
    for number, source in enumerate(SOURCES):
        kind = "code" if number in CODE else "markdown"
        make: Callable[..., Any] = getattr(nbformat.v4, f"new_{kind}_cell")
        content.cells.append(make(source, id=f"cell{number:04d}"))
    nbformat.write(content, root / NOTEBOOK)


def with_jmcp(client: ModernClient, root: Path) -> Read:
    write(root)
    somebody = client.call("use_notebook", notebook_path=NOTEBOOK)["session_id"]
    client.call("run_cells", session_id=somebody)
    read = Read(client=client)
    opened = read.call("use_notebook", notebook_path=NOTEBOOK)
    on, cells = {"session_id": opened["session_id"]}, opened["cells"]
    failed = next(row for row in cells["rows"] if "error" in row)
    broken = {"cell_id": failed[cells["columns"].index("cell_id")]}
    read.call("edit_cell_source", **on, **broken, old_string=WRONG, new_string=RIGHT)
    read.call("run_cells", **on, start_cell_id=broken["cell_id"])
    plot = read.call("insert_execute_code_cell", **on, cell_index=-1, cell_source=PLOT)
    read.call("read_cell", **on, cell_id=plot["cell_id"])
    _check(read)
    return read


FIND = """opened = client.use_notebook('tutorial.ipynb')
bad = next(cell for cell in opened.cells if cell.ename)
print(bad.cell_index, bad.ename, client.read_cell(cell_id=bad.cell_id).source)"""
FIX = f"""client.edit_cell_source('{WRONG}', '{RIGHT}', cell_index={BROKEN})
ran = client.run_cells(start_index={BROKEN})
print(ran.status, ran.batch.cells[-1].output)
plot = client.insert_execute_code_cell({PLOT!r}, cell_index=-1)
print(plot.status, plot.outputs[0].text)"""


def with_scripts(client: ModernClient, root: Path) -> Read:
    """The same with scripts, once a model knows the tools."""
    write(root)
    somebody = client.call("use_notebook", notebook_path=NOTEBOOK)["session_id"]
    client.call("run_cells", session_id=somebody)
    read = Read(client=client)
    found = read.call("run_script", code=FIND)
    read.call("run_script", code=FIX, session_id=found["session_id"])
    _check(read)
    return read


def with_peer(client: ModernClient, root: Path) -> Read:
    write(root)
    on = {"notebook_name": "tutorial"}
    opening = {**on, "notebook_path": NOTEBOOK, "mode": "connect"}
    somebody = Read(client=client)
    somebody.call("use_notebook", **opening)
    for number in CODE[: CODE.index(BROKEN) + 1]:
        somebody.call("execute_cell", cell_index=number)
    read = Read(client=client)
    read.call("use_notebook", **opening)
    # Its listings have no outputs and no states: only the cells themselves show the error.
    for number in CODE:
        read.call("read_cell", **on, cell_index=number)
        if "NameError" in read.texts[-1]:
            break
    read.call("edit_cell_source", **on, cell_index=BROKEN, old_string=WRONG, new_string=RIGHT)
    for number in CODE[CODE.index(BROKEN) :]:
        read.call("execute_cell", cell_index=number)
    read.call("insert_execute_code_cell", cell_index=-1, cell_source=PLOT)
    read.call("read_cell", **on, cell_index=len(SOURCES))
    _check(read)
    return read


def _check(read: Read) -> None:
    """Raises AssertionError where the task was not done."""
    told = "\n".join(read.texts)
    assert "NameError" in told, told
    assert "'total': 994" in told, told
    assert "highest: 143" in read.texts[-1], read.texts[-1]


def figures(base: Path) -> list[Figure]:
    """The task on both servers."""
    with (
        jmcp.in_jupyter(base / "jmcp") as server,
        ModernClient(server.mcp_url, server.token) as client,
    ):
        ours = with_jmcp(client, server.root)
    # Another server: this one would bring the first task's edits back into the file that is made anew.
    with (
        jmcp.in_jupyter(base / "scripts", "--toolset", "core,code") as server,
        ModernClient(server.mcp_url, server.token) as client,
    ):
        scripted = with_scripts(client, server.root)
    with (
        peer.in_jupyter(base / "peer") as server,
        ModernClient(server.mcp_url, server.token) as client,
    ):
        theirs = with_peer(client, server.root)
    return [
        Figure(
            name="the tutorial's task: calls",
            value=ours.calls,
            unit="",
            limit=limits.TUTORIAL_CALLS,
            note=f"{peer.NAME}: {theirs.calls}",
        ),
        Figure(
            name="the tutorial's task with scripts: calls",
            value=scripted.calls,
            unit="",
            limit=limits.TUTORIAL_SCRIPTS,
        ),
        *(
            Figure(
                name=f"the tutorial's task with scripts: what a model reads, {channel}",
                value=value / 1000,
                unit="kB",
                limit=limits.TUTORIAL_SCRIPTS_KB,
            )
            for channel, value in (("text", scripted.text), ("structure", scripted.structure))
        ),
        *(
            Figure(
                name=f"the tutorial's task: what a model reads, {channel}",
                value=mine / 1000,
                unit="kB",
                reference=Reference(name=peer.NAME, value=other / 1000),
                limit=limit,
            )
            for channel, mine, other, limit in (
                ("text", ours.text, theirs.text, limits.TUTORIAL_TEXT_OF_PEER),
                ("structure", ours.structure, theirs.structure, limits.TUTORIAL_OF_PEER),
            )
        ),
    ]
