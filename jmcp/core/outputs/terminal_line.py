"""The last line of a terminal's text, in which a program moves back to write over it."""

from __future__ import annotations

_ENCODING = "utf-32-le"
_ERRORS = "surrogatepass"
_WIDTH = 4
"""Bytes of a character there, the same for each: the place of a column is known."""


class TerminalLine:
    """A line and the column at which the next text is written.

    In pieces while it only grows; as an array from the first time on that text is written over, so
    that this takes time by the length of what is written, not by that of the line.
    """

    def __init__(self, text: str = "") -> None:
        self._pieces = [text]
        self._characters: bytearray | None = None
        self._length = self._column = len(text)

    def __len__(self) -> int:
        return self._length

    def __str__(self) -> str:
        if self._characters is not None:
            return self._characters.decode(_ENCODING, _ERRORS)
        self._pieces = ["".join(self._pieces)]
        return self._pieces[0]

    @property
    def at_end(self) -> bool:
        """Whether what is written next comes behind all that there is."""
        return self._column == self._length

    def back(self, columns: int) -> None:
        """Go back so many columns, at most to the first."""
        self._column = max(0, self._column - columns)

    def write(self, text: str) -> str | None:
        """Write text. Returns what the line has grown by; None if other text was overwritten."""
        if self._characters is None and self.at_end:
            self._pieces.append(text)
            self._length += len(text)
            self._column = self._length
            return text
        if self._characters is None:
            self._characters = bytearray(str(self).encode(_ENCODING, _ERRORS))
            self._pieces = []
        new = text.encode(_ENCODING, _ERRORS)
        start = _WIDTH * self._column
        over = self._characters[start : start + len(new)]
        self._characters[start : start + len(new)] = new
        self._column += len(text)
        self._length = max(self._length, self._column)
        if not new.startswith(over):
            return None
        return text[len(over) // _WIDTH :]
