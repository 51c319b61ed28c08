"""Code that prints without end: memory, file and the interrupt stay small, and nobody else waits."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from jmcp_api.sessions import POLICY
from tests.scenarios.runs.conftest import RunnableNotebook
from tests.thorough import thorough

SECONDS = 60
MEMORY_BYTES = 600 * 2**20
"""What the outputs of one run may take, with Jupyter and its live document in the same process. The
kernel may be that far ahead of its reader, too."""
TURN_SECONDS = 2.0
"""The longest turn of the event loop, on a slow and busy machine. Unbounded outputs took a minute."""

ENDLESS = {
    "lines": "while True: print('x' * 1000)",
    "one line": "while True: print('x' * 1000, end='')",
    "backspaces": "while True: print('x' * 1000 + '\\b' * 500, end='')",
    "displays": "while True: display(1)",
    "large displays": "while True: display({'text/html': 'x' * 10**6}, raw=True)",
}


def resident_bytes() -> int:
    """The resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


async def longest_turn(over: asyncio.Event) -> float:
    """The longest time that the loop was held up until then."""
    loop, longest = asyncio.get_running_loop(), 0.0
    while not over.is_set():
        before = loop.time()
        await asyncio.sleep(0)
        longest = max(longest, loop.time() - before)
        await asyncio.sleep(0.005)
    return longest


CASES = [(mode, kind) for mode in ("live", "file") for kind in ENDLESS]
FAST = [case for case in CASES if case[0] == "live" or case[1] in ("lines", "displays")]
"""What is kept of an output does not depend on the document, only how it gets there."""


@pytest.mark.parametrize(
    ("notebook", "kind"),
    [case if case in FAST else pytest.param(*case, marks=thorough) for case in CASES],
    indirect=["notebook"],
)
async def test_endless_output_is_bounded(notebook: RunnableNotebook, kind: str) -> None:
    code = ENDLESS[kind]
    before = resident_bytes()
    over = asyncio.Event()
    watching = asyncio.create_task(longest_turn(over))
    run = await notebook.submit(code)
    async with asyncio.timeout(SECONDS):
        while run.record.left_out is None:
            await run.changed_since(run.progress, None)
        missing = run.record.left_out
        while run.record.left_out == missing:  # and it goes on
            await run.changed_since(run.progress, None)
    assert run.status == "running"
    assert resident_bytes() - before < MEMORY_BYTES
    async with asyncio.timeout(SECONDS / 2):
        await notebook.registry.interrupt(notebook.kernel_id)
        await run.wait(None)
    over.set()
    assert await watching < TURN_SECONDS
    assert (run.status, run.whole) == ("interrupted", False)
    assert resident_bytes() - before < MEMORY_BYTES

    kept = POLICY.run_output
    cell = await notebook.cell("c0")
    assert list(cell.outputs) == run.outputs
    assert cell.outputs[-1]["output_type"] == "error"
    assert len(cell.outputs) <= kept.outputs_head + kept.outputs_tail + 2
    await notebook.documents.save(notebook.ref)
    size = (Path(notebook.app.root_dir) / "n.ipynb").stat().st_size
    assert size < 2 * (kept.text_head + kept.text_tail + kept.data_head + kept.data_tail)
