"""What has to be in a notebook at the end, by what each side did and saw.

Each text that somebody writes has a mark of its own. What a person does is seen in the tab in the same
moment, before and after; what an agent does is in the answers to its calls.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum

MARK = re.compile(r"[a-z]\d+z")


def marks(text: str) -> set[str]:
    return set(MARK.findall(text))


UNHEARD = "nobody that was heard of"


class State(Enum):
    THERE = "there"
    GONE = "gone"
    OPEN = "open"
    """One side deleted the cell before it knew of what the other wrote there, which brings it back; or
    an undo brings back what somebody else took away meanwhile."""


@dataclass(frozen=True, slots=True)
class Cell:
    id: str
    type: str
    source: str


Cells = Sequence[Cell]


@dataclass(slots=True, kw_only=True)
class Entry:
    """A mark or a cell; `cell` is that of a mark, `by` who wrote it."""

    by: str
    cell: str
    state: State = State.THERE
    removers: set[str] = field(default_factory=set)
    """Who took it away since it was last written."""
    story: list[str] = field(default_factory=list)


class Ledger:
    def __init__(self, cells: Cells) -> None:
        self.marks: dict[str, Entry] = {}
        self.cells: dict[str, Entry] = {}
        for cell in cells:
            self.has_cell(cell.id, "file", "in the file")
            self.wrote(marks(cell.source), cell.id, "file", "in the file")

    def has_cell(self, cell_id: str, by: str, story: str) -> None:
        entry = self.cells.setdefault(cell_id, Entry(by=by, cell=cell_id))
        if not _heard(entry, by, story):
            _put(entry, State.THERE, story)

    def wrote(self, found: Iterable[str], cell_id: str, by: str, story: str) -> None:
        """Also what comes back. A cell that is gone, which the writer did not know, is there again."""
        if cell_id not in self.cells:
            self.has_cell(cell_id, "nobody", f"first seen at {story}")
        new = set()
        for mark in found:
            entry = self.marks.setdefault(mark, Entry(by=by, cell=cell_id))
            entry.cell = cell_id
            if not _heard(entry, by, story):
                new.add(mark)
        if new and self.cells[cell_id].state is State.GONE:
            self._reopen(cell_id, new, f"{story}, not knowing that it is gone")
        for mark in new:
            entry = self.marks[mark]
            others = entry.removers - {by}
            entry.removers.clear()
            _put(entry, State.OPEN if "undo" in story and others else State.THERE, story)

    def removed(self, found: Iterable[str], by: str, story: str) -> None:
        """Also of marks that are in a tab before their writer was answered."""
        for mark in found:
            entry = self.marks.setdefault(mark, Entry(by=UNHEARD, cell=""))
            entry.removers.add(by)
            _put(entry, State.GONE, story)

    def lost_cell(self, cell_id: str, source: str, by: str, story: str) -> None:
        """A cell is deleted by somebody who knew that source."""
        entry = self.cells.setdefault(cell_id, Entry(by=UNHEARD, cell=cell_id))
        _put(entry, State.GONE, story)
        known = marks(source)
        self.removed(known, by, story)
        unknown = {
            mark
            for mark, entry in self.marks.items()
            if entry.cell == cell_id and mark not in known and entry.state is State.THERE
        }
        if unknown:
            self._reopen(cell_id, unknown, f"{story}, not knowing of {sorted(unknown)}")

    def _reopen(self, cell_id: str, stay: set[str], story: str) -> None:
        """A cell comes back for the sake of these marks, and what else it had may come with them."""
        _put(self.cells[cell_id], State.OPEN, story)
        for mark in self.marks_in(cell_id) - stay:
            _put(self.marks[mark], State.OPEN, story)

    def saw(self, before: Cells, after: Cells, who: str, story: str) -> list[str]:
        """Take up what a person did, by the tab before and after; says what an undo should not do."""
        wrong = self._undo_faults(before, after, who) if "undo" in story else []
        was, now = _by_id(before), _by_id(after)
        for cell_id in was.keys() - now.keys():
            self.lost_cell(cell_id, was[cell_id], who, story)
        for cell_id, source in now.items():
            if cell_id not in was:
                self.has_cell(cell_id, who, story)
            old = marks(was.get(cell_id, ""))
            self.removed(old - marks(source), who, story)
            self.wrote(marks(source) - old, cell_id, who, story)
        return wrong

    def _undo_faults(self, before: Cells, after: Cells, who: str) -> list[str]:
        """Of others' texts an undo takes only those in a cell that goes, because its insert is undone."""
        was, now = _by_id(before), _by_id(after)
        return [
            f"{who}'s undo took {mark}, which {self.marks[mark].by} wrote in cell {cell_id}"
            for cell_id, source in was.items()
            if cell_id in now
            for mark in sorted(marks(source) - marks(now[cell_id]))
            if mark in self.marks and self.marks[mark].by != who
        ]

    def faults(self, cells: Cells) -> list[str]:
        """What is wrong with these cells, at the end."""
        ids = Counter(cell.id for cell in cells)
        found = Counter(mark for cell in cells for mark in MARK.findall(cell.source))
        wrong = [
            f"cell {cell_id} is there {count} times" for cell_id, count in ids.items() if count > 1
        ]
        wrong += [f"{mark} is there {count} times" for mark, count in found.items() if count > 1]
        for kind, entries, there in (("cell", self.cells, ids), ("text", self.marks, found)):
            for name, entry in entries.items():
                if entry.state is State.THERE and name not in there and not _is_torn(name, cells):
                    wrong.append(f"{kind} {name} is lost: {_story(entry)}")
                if entry.state is State.GONE and name in there:
                    wrong.append(f"{kind} {name} is there again: {_story(entry)}")
        return wrong

    def marks_in(self, cell_id: str) -> set[str]:
        return {mark for mark, entry in self.marks.items() if entry.cell == cell_id}

    def marks_there(self, cell_id: str) -> set[str]:
        return {mark for mark in self.marks_in(cell_id) if self.marks[mark].state is State.THERE}


def _is_torn(mark: str, cells: Cells) -> bool:
    """Whether another text stands in the midst of a mark, whose keys came one by one from another window:
    two who write at one place at the same time."""
    return any(
        re.search(".*".join(mark), cell.source, re.DOTALL) is not None
        for cell in cells
        if len(marks(cell.source)) > 1
    )


def _heard(entry: Entry, by: str, story: str) -> bool:
    """Whether that was taken away already by somebody who saw it before its writer was answered."""
    if entry.by != UNHEARD:
        return False
    entry.by = by
    entry.story.insert(0, story)
    return True


def _put(entry: Entry, state: State, story: str) -> None:
    entry.state = state
    entry.story.append(story)


def _story(entry: Entry) -> str:
    return f"cell {entry.cell}, {'; '.join(entry.story)}"


def _by_id(cells: Cells) -> dict[str, str]:
    """Sources by id; of cells that are there twice, all that they hold."""
    found: dict[str, str] = {}
    for cell in cells:
        found[cell.id] = found.get(cell.id, "") + cell.source
    return found
