"""Every hostile input that is measured."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from benchmarks.clients.mcp import META
from benchmarks.hostile import notebooks
from benchmarks.hostile.kinds import (
    HostileInput,
    body,
    opened,
    recovery,
    replacement,
    run,
    searched,
    source,
)
from benchmarks.hostile.notebooks import code_cell, display, notebook

EQUAL_LINES = 990
LARGE_SOURCE_CHARACTERS = 99_000
CELL_CHARACTERS = 1_000_000
"""What the source of one cell may have (`sizes.cell_characters` of the spec)."""
BOMB_EDGE_PIXELS = 13_000
LARGEST_EDGE_PIXELS = 6_300
"""Of a square image that is just small enough to be looked at."""
LONG_OUTPUT_CHARACTERS = 50_000_000
TOO_LONG_CHARACTERS = 100_000_000
"""More than is read of one message (`sizes.message_bytes`)."""
OUTPUTS = 20_000
LARGE_NOTEBOOK_BYTES = 100 * 2**20
CELLS = 5_000
DEPTH = 100_000


def _call(session: str, tool: str, arguments: str) -> bytes:
    """The bytes of a call, whose arguments are JSON that no encoder would write."""
    return (
        '{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"_meta": '
        + json.dumps(META)
        + f', "name": "{tool}", "arguments": {{"session_id": "{session}", {arguments}}}}}}}'
    ).encode()


def _lines(count: int, first: int = 0) -> str:
    return "\n".join(
        f"value_{number} = {number * 7919 % 1000}" for number in range(first, first + count)
    )


def _images(*edges: int) -> Any:
    return notebook(
        code_cell("1", *(display(image_png=notebooks.png(edge, edge)) for edge in edges))
    )


def _broken_images() -> Any:
    whole = notebooks.png(1_000, 1_000)
    broken = (whole[: len(whole) // 2], "", "no base64 at all", whole[:40], "iVBORw0KGgo=" * 1000)
    return notebook(code_cell("1", *(display(image_png=data) for data in broken)))


def _table(rows: int) -> str:
    row = "<tr>" + "<td>cell</td>" * 20 + "</tr>"
    return f"<table>{row * rows}</table>"


_SHOWN = "from IPython.display import display, HTML, Markdown; "
_ENDLESS_UPDATE = (
    "from IPython.display import display\n"
    "shown = display('x', display_id=True)\n"
    "while True: shown.update('x' * 1000)"
)

INPUTS: tuple[HostileInput, ...] = (
    body("an integer of 70 bits", lambda s: _call(s, "read_cell", f'"cell_index": {2**70}')),
    body(
        "an integer of a million digits",
        lambda s: _call(s, "read_cell", f'"cell_index": {"9" * 1_000_000}'),
    ),
    body("NaN", lambda s: _call(s, "read_cell", '"cell_index": NaN')),
    body(
        "deep nesting in arguments",
        lambda s: _call(s, "read_cell", f'"cell_index": {"[" * DEPTH}{"]" * DEPTH}'),
    ),
    body("deep nesting instead of a request", lambda s: b"[" * DEPTH),
    body(
        "3 MB of arguments nobody knows",
        lambda s: _call(s, "read_cell", ", ".join(f'"a{n}": {{}}' for n in range(250_000))),
    ),
    body(
        "U+2028 in a source",
        lambda s: json.dumps(
            {
                "jsonrpc": "2.0",
                "id": 1,
                "method": "tools/call",
                "params": {
                    "_meta": META,
                    "name": "overwrite_cell_source",
                    "arguments": {
                        "session_id": s,
                        "cell_index": 0,
                        "cell_source": "\u2028" * 300_000,
                    },
                },
            },
            ensure_ascii=False,
        ).encode(),
        tool="overwrite_cell_source",
    ),
    source(
        "990 equal lines",
        "x = 1\n" * EQUAL_LINES,
        "x = 1\n" * (EQUAL_LINES // 2) + "x = 2\n" * EQUAL_LINES,
    ),
    source(
        "two sources of 99 kB",
        _lines(5_000)[:LARGE_SOURCE_CHARACTERS],
        _lines(5_000, first=2_500)[:LARGE_SOURCE_CHARACTERS],
    ),
    source(
        "two sources of 99 kB in one line",
        "ab" * (LARGE_SOURCE_CHARACTERS // 2),
        "ba" * (LARGE_SOURCE_CHARACTERS // 2),
    ),
    source(
        "two sources of 1 MB",
        ("x = 1\ny = 2\n" * 90_000)[:CELL_CHARACTERS],
        ("y = 2\nz = 3\n" * 90_000)[:CELL_CHARACTERS],
    ),
    replacement("replace_all of 40 kB by 400 MB", "a" * 40_000, "a", "b" * 10_000),
    replacement("replace_all of a million places", "a" * CELL_CHARACTERS, "a", "b"),
    run("endless lines", "while True: print('x' * 1000)", endless=True),
    run("endless short lines", "while True: print(1)", endless=True),
    run("one endless line", "while True: print('x' * 1000, end='')", endless=True),
    run("endless displays", "while True: display(1)", endless=True),
    run(
        "endless large displays",
        "while True: display({'text/html': 'x' * 10**6}, raw=True)",
        endless=True,
    ),
    run("endless updates of a display", _ENDLESS_UPDATE, endless=True),
    run(
        "endless clear_output",
        "from IPython.display import clear_output\nwhile True:\n clear_output(wait=True)\n print('x' * 10000)",
        endless=True,
    ),
    run("endless backspaces", "while True: print('x' * 1000 + '\\b' * 500, end='')", endless=True),
    run(
        "a long line with backspaces",
        "print('x' * 1_000_000 + '\\b' * 1_000_000 + 'y' * 1_000_000)",
    ),
    run(
        "backspaces one at a time",
        "for _ in range(20_000): print('x' * 50 + '\\b', end='', flush=True)",
    ),
    run("a message of 50 MB of an exception", f"raise ValueError('x' * {LONG_OUTPUT_CHARACTERS})"),
    run("100 MB in one line", f"print('x' * {TOO_LONG_CHARACTERS})"),
    run("50 MB in one line", f"print('x' * {LONG_OUTPUT_CHARACTERS})"),
    run("50 MB in lines of 100", f"print(('x' * 99 + '\\n') * {LONG_OUTPUT_CHARACTERS // 100})"),
    run("50 MB of control sequences", f"print('\\x1b[31mx' * {LONG_OUTPUT_CHARACTERS // 6})"),
    run("20,000 outputs", f"for n in range({OUTPUTS}): display(n)"),
    run(
        "HTML at its limit",
        f"display({{'text/html': {_table(400)!r}, 'text/plain': '<HTML object>'}}, raw=True)",
    ),
    run(
        "50 MB of HTML",
        f"display({{'text/html': '<td>' * {LONG_OUTPUT_CHARACTERS // 4}, 'text/plain': '<HTML object>'}}, raw=True)",
    ),
    run(
        "100 HTML outputs at their limit",
        f"for _ in range(100): display({{'text/html': {_table(400)!r}, 'text/plain': '<HTML object>'}}, raw=True)",
    ),
    run("50 MB of Markdown", f"{_SHOWN}display(Markdown('*x* ' * {LONG_OUTPUT_CHARACTERS // 4}))"),
    run(
        "JSON of a million numbers",
        "display({'application/json': {'n': list(range(10**6))}, 'text/plain': '<JSON object>'}, raw=True)",
    ),
    run(
        "JSON nested 900 deep",
        "x = []\nfor _ in range(900): x = [x]\n"
        "display({'application/json': x, 'text/plain': '<JSON object>'}, raw=True)",
    ),
    opened("an image of 13,000 x 13,000", lambda: _images(BOMB_EDGE_PIXELS)),
    opened("8 images of 6,300 x 6,300", lambda: _images(*[LARGEST_EDGE_PIXELS] * 8)),
    opened("broken images", _broken_images),
    *(
        opened(f"a notebook with {name}", partial(dict, content))
        for name, content in notebooks.odd().items()
    ),
    searched("a regular expression that tries everything", "x" * 50_000, "(x+x+)+y"),
    searched("a million places of a regular expression", "x\n" * 500_000, "x"),
    # Jupyter loads these in its event loop, with or without jmcp: no limit.
    opened(
        "5,000 cells",
        lambda: notebook(*(code_cell(f"v = {n}", cell_id=f"c{n}") for n in range(CELLS))),
        limited=False,
    ),
    opened(
        "100 cells of 1 MB",
        lambda: notebook(
            *(code_cell(_lines(60_000)[:CELL_CHARACTERS], cell_id=f"c{n}") for n in range(100))
        ),
        limited=False,
    ),
    opened(
        "100 MB of outputs",
        lambda: notebook(
            *(
                code_cell(
                    "1", display(text_html="x" * (LARGE_NOTEBOOK_BYTES // 20)), cell_id=f"c{n}"
                )
                for n in range(20)
            )
        ),
        limited=False,
    ),
    opened(
        "an output of two million numbers",
        lambda: notebook(code_cell("1", display(application_json={"n": list(range(2_000_000))}))),
        limited=False,
    ),
    recovery(
        "recovery of 20 x 99 kB",
        _lines(5_000)[:LARGE_SOURCE_CHARACTERS],
        _lines(5_000, 9_000)[:LARGE_SOURCE_CHARACTERS],
    ),
)
