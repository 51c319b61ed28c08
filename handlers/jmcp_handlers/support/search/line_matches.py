"""Lines of texts that match: a text, or a regular expression that cannot run for ever."""

from __future__ import annotations

import asyncio
import json
import re
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from jmcp_api.errors import PatternInvalid, PatternTooSlow
from jmcp_handlers.support.search.pattern_processes import PatternEnded, PatternProcesses
from jmcp_handlers.support.time_slices import TimeSlices

PATTERN_SECONDS = 2.0
"""Seconds for all texts that a call has matched against a regular expression at once, with the
start of the process. Ten megabytes take a quarter of that with a pattern without nested repetition.
"""
PIECE_CHARACTERS = 200_000
"""Characters of a text that are searched before other calls get their turn: up to 5 ms."""
_THREADS = ThreadPoolExecutor(max_workers=2, thread_name_prefix="jmcp-pattern")
"""Limits how many regular expressions are matched at once in this server."""
_PROCESSES = PatternProcesses()


@dataclass(frozen=True, slots=True, kw_only=True)
class LineMatch:
    """The first match in one line: which text and which line of it, from 0, and where in the text
    the match begins and ends."""

    text: int
    line: int
    start: int
    end: int


class Pattern(Protocol):
    """What is searched for."""

    async def find(self, texts: Sequence[str], limit: int) -> list[LineMatch]:
        """The first `limit` lines that match."""


class TextPattern:
    """A text as it is."""

    def __init__(self, text: str, *, ignore_case: bool) -> None:
        self._size = len(text)
        self._pattern = re.compile(re.escape(text), re.IGNORECASE if ignore_case else 0)

    async def find(self, texts: Sequence[str], limit: int) -> list[LineMatch]:
        found: list[LineMatch] = []
        slices = TimeSlices()
        for number, text in enumerate(texts):
            last = line = 0
            for begin in range(0, len(text), PIECE_CHARACTERS):
                await slices.rest()
                for start, end in self._piece(text, max(begin, last), begin + PIECE_CHARACTERS):
                    if len(found) == limit:
                        return found
                    line += text.count("\n", last, start)
                    found.append(LineMatch(text=number, line=line, start=start, end=end))
                    after = text.find("\n", start)
                    last, line = (after + 1, line + 1) if after != -1 else (len(text), line)
        return found

    def _piece(self, text: str, begin: int, stop: int) -> Iterator[tuple[int, int]]:
        """Where the first match of each line is that begins in this piece of the text."""
        while match := self._pattern.search(text, begin, stop + self._size - 1):
            yield match.span()
            after = text.find("\n", match.start())
            if after == -1:
                return
            begin = after + 1


class RegularExpression:
    """One of Python's regular expressions, matched in another process: that can be ended, and
    blocks neither the event loop nor uses the memory of this one.

    Raises pattern_invalid.
    """

    def __init__(self, pattern: str, *, ignore_case: bool) -> None:
        self._pattern = pattern
        self._ignore_case = ignore_case
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                re.compile(pattern)
        except re.error as error:
            if error.pos is None:
                raise PatternInvalid.whole(reason=error.msg, position=None) from error
            raise PatternInvalid.at(reason=error.msg, position=error.pos) from error
        except (RecursionError, OverflowError) as error:
            raise PatternInvalid.whole(reason=str(error), position=None) from error

    async def find(self, texts: Sequence[str], limit: int) -> list[LineMatch]:
        """Raises pattern_too_slow, and pattern_invalid for what only the process finds."""
        if not texts:
            return []
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(_THREADS, self._found, texts, limit)

    def _found(self, texts: Sequence[str], limit: int) -> list[LineMatch]:
        try:
            answer = _PROCESSES.ask(
                self._pattern.encode("utf-8", "surrogatepass"),
                [text.encode("utf-8", "surrogatepass") for text in texts],
                ignore_case=self._ignore_case,
                limit=limit,
                seconds=PATTERN_SECONDS,
            )
        except PatternEnded as error:
            raise PatternTooSlow.ended(limit_seconds=PATTERN_SECONDS) from error
        if answer.startswith(b"!"):
            raise PatternInvalid.whole(reason=answer[1:].decode(), position=None)
        return [
            LineMatch(text=text, line=line, start=start, end=end)
            for text, line, start, end in json.loads(answer)
        ]
