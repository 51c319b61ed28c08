"""Telling a caller how far a run is, for as long as the caller waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from jmcp.core.outputs.terminal import plain
from jmcp.core.ports import Output
from jmcp.core.runs.registry import Execution
from jmcp.core.runs.waitable import Waitable

INTERVAL = 0.5
"""Seconds between reports: a person reads no faster, and a model pays for each."""
HEARTBEAT = 5.0
"""Seconds between reports without news; clients that give up on a silent call wait longer."""
LINE_CHARACTERS = 200
"""Of the last line of output that a report quotes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a call is. `done` grows with every report of it: seconds, or of `total` steps.

    `outputs` are those so far, as nbformat, of a run that has any. `final` is the report that
    comes right before the result, which says everything else itself.
    """

    done: float
    total: float | None
    message: str
    outputs: Sequence[Output] = ()
    final: bool = False


Report = Callable[[Progress], Awaitable[None]]
"""Takes a report on its way to the caller. Does nothing once the caller is gone."""

Describe = Callable[[float, bool], Progress]
"""What there is to report after so many seconds of watching, and whether it is the last time."""


async def watch(run: Waitable, seconds: float, report: Report | None, describe: Describe) -> bool:
    """Wait for a run as `run.wait` does, and report on it meanwhile. Says whether it is done."""
    if report is None:
        return await run.wait(seconds)
    clock = asyncio.get_running_loop().time
    began = clock()
    seen = -1

    def left(at_most: float) -> float:
        return max(0.0, min(at_most, began + seconds - clock()))

    while left(INTERVAL) and not await run.wait(left(INTERVAL)):
        await run.changed_since(seen, left(HEARTBEAT - INTERVAL))
        if run.done or not left(INTERVAL):
            break
        seen = run.progress
        await report(describe(clock() - began, False))
    await report(describe(clock() - began, True))
    return run.done


def of_run(run: Execution, seconds: float, final: bool) -> Progress:
    """A run by itself: `done` are the seconds of watching it."""
    outputs = run.outputs
    line = last_line(outputs)
    message = f"{run.status}: {line}" if line else run.status
    return Progress(done=seconds, total=None, message=message, outputs=outputs, final=final)


def last_line(outputs: Sequence[Output]) -> str:
    """The last line that the outputs show."""
    for output in reversed(outputs):
        text = output.get("text") or output.get("evalue")
        text = text or output.get("data", {}).get("text/plain", "")
        # Its end will do: the whole text may be of many megabytes.
        lines = plain(str(text)[-4 * LINE_CHARACTERS :]).split("\n")
        for line in reversed(lines):
            if line.strip():
                return line.strip()[-LINE_CHARACTERS:]
    return ""
