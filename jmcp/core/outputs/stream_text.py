"""The text of one stream output, as a terminal would have left it."""

from __future__ import annotations

import re

_CONTROL = re.compile("([\r\n\b])")


class StreamText:
    """Grows by appending; a carriage return or a backspace overwrites the last line.

    A progress bar is thus one line however often it moves, as in JupyterLab. Remembers what was
    added since the last `take`, so that a document can be extended instead of rewritten.
    """

    def __init__(self, text: str = "") -> None:
        head, newline, tail = text.rpartition("\n")
        self._done = [head + newline]
        # In pieces: a line that grows without end would be copied with each of them.
        self._line = [tail]
        self._length = self._column = len(tail)
        self._fresh: list[str] = []
        self._rewritten = False

    def __str__(self) -> str:
        self._done = ["".join(self._done)]
        self._line = ["".join(self._line)]
        return self._done[0] + self._line[0]

    def append(self, text: str) -> None:
        """Add the text of one message."""
        if "\r" in text or "\b" in text or self._column != self._length:
            self._overwrite(text)
            return
        head, newline, tail = text.rpartition("\n")
        if newline:
            self._done.extend((*self._line, head, newline))
            self._line, self._length = [], 0
        self._line.append(tail)
        self._length += len(tail)
        self._column = self._length
        self._fresh.append(text)

    def take(self) -> str | None:
        """What was appended since the last call; None if text from before it was overwritten."""
        fresh = None if self._rewritten else "".join(self._fresh)
        self._fresh, self._rewritten = [], False
        return fresh

    def _overwrite(self, text: str) -> None:
        before = line = "".join(self._line)
        column = self._column
        finished: list[str] = []
        for piece in _CONTROL.split(text):
            if piece == "\n":
                finished.append(line + piece)
                line, column = "", 0
            elif piece == "\r":
                column = 0
            elif piece == "\b":
                column = max(0, column - 1)
            else:
                line = line[:column] + piece + line[column + len(piece) :]
                column += len(piece)
        after = "".join(finished) + line
        if after.startswith(before):
            self._fresh.append(after[len(before) :])
        else:
            self._rewritten = True
        self._done.extend(finished)
        self._line, self._length, self._column = [line], len(line), column
