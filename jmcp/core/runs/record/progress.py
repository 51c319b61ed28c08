"""Telling a caller how far a run is, for as long as the caller waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from jmcp.core.outputs.terminal import plain
from jmcp.core.ports import Output

REPORT_INTERVAL_SECONDS = 0.5
"""Seconds between reports: a person reads no faster, and a model pays for each."""
HEARTBEAT_SECONDS = 5.0
"""Seconds between reports of no change; clients that give up on a silent call wait longer."""
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


class Watchable(Protocol):
    """A run or a batch, as who watches it sees it."""

    progress: int

    @property
    def done(self) -> bool: ...
    async def wait(self, seconds: float | None) -> bool: ...
    async def changed_since(self, progress: int, seconds: float | None) -> bool: ...
    def describe(self, seconds: float, *, final: bool) -> Progress:
        """What there is to report after so many seconds of watching; `final`: for the last time."""


async def watch(
    run: Watchable,
    seconds: float,
    report: Report | None,
    *,
    heartbeat: float = HEARTBEAT_SECONDS,
) -> bool:
    """Wait for a run as `run.wait` does, and report on it meanwhile. Returns whether it is done.

    `heartbeat` is how many seconds are at most between reports.
    """
    if report is None:
        return await run.wait(seconds)
    clock = asyncio.get_running_loop().time
    began = clock()
    reported = -1

    def left(at_most: float) -> float:
        return max(0.0, min(at_most, began + seconds - clock()))

    while left(REPORT_INTERVAL_SECONDS) and not await run.wait(left(REPORT_INTERVAL_SECONDS)):
        await run.changed_since(reported, left(heartbeat - REPORT_INTERVAL_SECONDS))
        if run.done or not left(REPORT_INTERVAL_SECONDS):
            break
        reported = run.progress
        await report(run.describe(clock() - began, final=False))
    await report(run.describe(clock() - began, final=True))
    return run.done


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
