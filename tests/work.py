"""How much work something is, in lines of Python: the same on every machine, however busy."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


class TooMuchWork(AssertionError):
    """What was measured took more than it may."""


def lines_run(function: Callable[[], object], *, most: int) -> int:
    """How many lines of Python the call runs, in whatever module; raises TooMuchWork above `most`.

    A million is about 50 milliseconds without the counting. C code counts nothing.
    """
    count = 0

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal count
        if event == "line":
            count += 1
            if count > most:
                raise TooMuchWork(f"more than {most:,} lines")
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function()
    finally:
        sys.settrace(before)
    return count
