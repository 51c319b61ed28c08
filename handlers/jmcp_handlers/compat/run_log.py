"""The log of a run while it goes on: what came when, and how it ended."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from jmcp.core.ports import Output
from jmcp.core.runs.record.progress import Progress
from jmcp.core.runs.record.run import Run
from jmcp_api import limits, phrases
from jmcp_api.models import ErrorObject
from jmcp_handlers.compat.outputs import IMAGE_TYPES, cut, text_of
from jmcp_handlers.support.outputs.output_results import joined

HEAD_CHARACTERS = limits.FULL_OUTPUT_CHARACTERS * 2 // 3
TAIL_CHARACTERS = limits.FULL_OUTPUT_CHARACTERS - HEAD_CHARACTERS
"""Of the last lines of a log that is too long; between them and its head lines are left out."""
LINE_CHARACTERS = 20
"""Of a line beside its text, so that many short ones do not become too many."""
ENDING_CHARACTERS = 200
"""Of the end of a text, by which it is seen whether it has only grown."""


class RunLog:
    """The lines so far. `interval` is the number of seconds between lines that only say how far the
    run is."""

    def __init__(self, run: Run, *, full: bool, interval: float) -> None:
        self._run = run
        self._full = full
        self._interval = interval
        self._head: list[str] = []
        self._tail: deque[str] = deque()
        self._head_left = HEAD_CHARACTERS
        self._tail_left = TAIL_CHARACTERS
        self._left_out = 0
        self._logged = 0
        """Outputs that have a line."""
        self._length = 0
        """Characters of the last one of these, and its end."""
        self._ending = ""
        self._seconds = 0.0
        self._last_progress = 0.0

    async def note(self, progress: Progress) -> Progress:
        """Add what is new; returns the report with the line that was added last."""
        self._seconds = progress.done
        last = await self._note_outputs(progress.outputs)
        if not progress.final and self._seconds - self._last_progress >= self._interval:
            self._last_progress = self._seconds
            last = self._add(self._how_far(len(progress.outputs)))
        return replace(progress, message=last) if last is not None else progress

    async def end(self, outputs: Sequence[Output], error: ErrorObject | None) -> list[str]:
        """All lines, the last of them how it ended."""
        await self._note_outputs(outputs)
        if not self._run.done:
            self._add(phrases.log_goes_on(seconds=self._seconds))
        elif error is not None:
            self._add(phrases.log_failed(seconds=self._seconds, message=error.message))
        else:
            self._add(phrases.log_completed(seconds=self._seconds))
        between = [phrases.log_left_out(count=self._left_out)] if self._left_out else []
        return [*self._head, *between, *self._tail]

    def _how_far(self, count: int) -> str:
        waiting = self._run.waits_for
        if waiting is not None:
            return phrases.log_queued(seconds=self._seconds, what=waiting.what)
        return phrases.log_progress(seconds=self._seconds, count=count)

    async def _note_outputs(self, outputs: Sequence[Output]) -> str | None:
        if len(outputs) < self._logged:  # the code cleared them
            self._logged = self._length = 0
            self._ending = ""
        last = None
        for number in range(max(0, self._logged - 1), len(outputs)):
            fresh = self._fresh(outputs[number], is_new=number >= self._logged)
            if fresh is not None and (text := await _text(fresh)):
                shown = cut(text.rstrip("\n"), TAIL_CHARACTERS, full=self._full)
                last = self._add(phrases.log_output(seconds=self._seconds, text=shown))
        self._logged = len(outputs)
        return last

    def _fresh(self, output: Output, *, is_new: bool) -> Output | None:
        """What is new of the output: the whole, what a text has grown by, or None. A line that was
        written anew, as a progress bar does, is new as a whole."""
        if output["output_type"] != "stream":
            return output if is_new else None
        text = joined(output.get("text", ""))
        length, ending = (0, "") if is_new else (self._length, self._ending)
        if text[:length].endswith(ending):
            begins = length
        else:
            begins = text.rfind("\n", 0, max(0, len(text) - 1)) + 1
        self._length, self._ending = len(text), text[-ENDING_CHARACTERS:]
        return {**output, "text": text[begins:]} if text[begins:] else None

    def _add(self, line: str) -> str:
        size = len(line) + LINE_CHARACTERS
        if not self._tail and size <= self._head_left:
            self._head_left -= size
            self._head.append(line)
            return line
        self._tail.append(line)
        self._tail_left -= size
        while self._tail_left < 0 and len(self._tail) > 1:
            self._tail_left += len(self._tail.popleft()) + LINE_CHARACTERS
            self._left_out += 1
        return line


async def _text(output: Output) -> str | None:
    data = output.get("data", {})
    if image := next((one for one in IMAGE_TYPES if one in data), None):
        return phrases.data_placeholder(mime_types=[image])
    return await text_of(output)
