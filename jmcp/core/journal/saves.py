"""Which edits a notebook's file has, by the versions of its live document."""

from __future__ import annotations

from collections import defaultdict

MARKS = 512
"""Positions kept for one notebook. If its file cannot be written for long, every second one is
dropped."""


class Saves:
    """For each notebook, at which version of its document the journal's entries were made.

    An edit is in the file when the file has the version that the document had right after it: then
    it does not matter how many edits came since.
    """

    def __init__(self) -> None:
        self._marks: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)

    def note(self, key: str, version: int, number: int) -> None:
        """All entries up to that number were made by the time of that version."""
        marks = self._marks[key]
        if marks and marks[-1][0] >= version:
            version = marks.pop()[0]
        marks.append((version, number))
        if len(marks) > MARKS:
            del marks[:-1:2]  # a mark speaks for all entries before it

    def upto(self, key: str, version: int | None) -> int | None:
        """The number of the newest entry that a file of that version has; None if it has none."""
        if version is None:
            return None
        numbers = [number for made, number in self._marks.get(key, ()) if made <= version]
        return numbers[-1] if numbers else None

    def settled(self, key: str, upto: int) -> None:
        """The file has all entries up to that number."""
        left = [mark for mark in self._marks.get(key, ()) if mark[1] > upto]
        if left:
            self._marks[key] = left
        else:
            self.forget(key)

    def left(self, key: str) -> bool:
        """Whether there are entries that the file may lack."""
        return key in self._marks

    def forget(self, key: str) -> None:
        """Forget the notebook: all is saved, or the document is another one."""
        self._marks.pop(key, None)
