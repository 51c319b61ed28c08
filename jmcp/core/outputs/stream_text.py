"""The text of one stream output, as a terminal would have left it."""

from __future__ import annotations

import re

from jmcp.core.outputs.terminal_line import TerminalLine

_CONTROL = re.compile("([\r\n]|\b+)")


class StreamText:
    """Grows by appending; a carriage return or a backspace overwrites the last line.

    A progress bar is thus one line however often it moves, as in JupyterLab. Remembers what was
    added since the last `take`, so that a document can be extended instead of rewritten. Whatever
    is appended takes time by its own length, not by that of the text.
    """

    def __init__(self, text: str = "") -> None:
        head, newline, tail = text.rpartition("\n")
        self._done = [head + newline]
        self._done_length = len(head) + len(newline)
        self._line = TerminalLine(tail)
        self._fresh: list[str] = []
        self._rewritten = False

    def __len__(self) -> int:
        return self._done_length + len(self._line)

    def __str__(self) -> str:
        self._done = ["".join(self._done)]
        return self._done[0] + str(self._line)

    def append(self, text: str) -> None:
        """Add the text of one message."""
        if "\r" in text or "\b" in text or not self._line.at_end:
            self._overwrite(text)
            return
        head, newline, tail = text.rpartition("\n")
        if newline:
            self._finish_line(head + newline)
        self._line.write(tail)
        self._fresh.append(text)

    def take(self) -> str | None:
        """What was appended since the last call; None if text from before it was overwritten."""
        fresh = None if self._rewritten else "".join(self._fresh)
        self._fresh, self._rewritten = [], False
        return fresh

    def _finish_line(self, rest: str) -> None:
        self._done.extend((str(self._line), rest))
        self._done_length += len(self._line) + len(rest)
        self._line = TerminalLine()

    def _overwrite(self, text: str) -> None:
        for piece in _CONTROL.split(text):
            if piece == "\n":
                self._finish_line(piece)
                self._fresh.append(piece)
            elif piece == "\r":
                self._line.back(len(self._line))
            elif piece.startswith("\b"):
                self._line.back(len(piece))
            elif piece:
                added = self._line.write(piece)
                if added is None:
                    self._rewritten = True
                else:
                    self._fresh.append(added)
