"""Text that was written for a terminal, as plain text."""

from __future__ import annotations

import re
from collections.abc import Iterator

# ECMA-48 control sequences (colours, cursor moves) and OSC strings (hyperlinks, titles).
_CONTROL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")


PIECE_CHARACTERS = 2**20
"""Of a long text, what is looked at in one turn of the event loop: at most 20 milliseconds."""


def pieces(text: str) -> Iterator[str]:
    """A text in pieces, between which no control sequence is, unless it is itself that long."""
    start = 0
    while start < len(text):
        end = start + PIECE_CHARACTERS
        if end < len(text):
            middle = start + PIECE_CHARACTERS // 2
            after_line = text.rfind("\n", middle, end) + 1
            end = after_line or max(text.rfind("\x1b", middle, end), 0) or end
        yield text[start:end]
        start = end


def plain(text: str) -> str:
    """The text without colours, links and cursor moves."""
    return _CONTROL.sub("", text)
