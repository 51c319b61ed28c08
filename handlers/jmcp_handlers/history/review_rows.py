"""Cells that a session changed, as a review shows them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from jmcp.core.editing.draft import Draft
from jmcp.core.editing.line_diff import DiffBudget
from jmcp.core.editing.published_cells import beside
from jmcp.core.journal.entries import Author, Entry
from jmcp.core.journal.review import by_cell
from jmcp.core.journal.shown_outputs import OUTPUT_CHANGES, has_blank, shows
from jmcp.core.journal.undo import Undo, undo
from jmcp.core.ports import Cells
from jmcp.core.sessions.lookup import iso
from jmcp_api.enums import RevertState, ReviewKind
from jmcp_api.models import ReviewedCell, ReviewHunk
from jmcp_handlers.support.addressing import first_line
from jmcp_handlers.support.diffs import hunks

CELL_CHARACTERS = 20_000
"""Of the hunks of one cell."""
SOURCES = frozenset({"insert", "set_source", "delete"})
PLACES = frozenset({"insert", "move", "delete"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewedEntries:
    """The entries of one cell that are to be reviewed, oldest first, with what they did to it, all in
    all: at least one kind, the weightiest first. `before` and `after` are its sources, None where the
    cell was not there, or where no entry is about its source."""

    entries: Sequence[Entry]
    kinds: Sequence[ReviewKind]
    before: str | None
    after: str | None

    @property
    def cell_id(self) -> str | None:
        return self.entries[0].cell_id


def reviewed(entries: Sequence[Entry], cells: Cells) -> list[ReviewedEntries]:
    """What these entries, oldest first, did to each cell, in the order of the notebook as it is. A
    cell that has again what it had before them is left out."""
    found = [one for group in by_cell(entries) if (one := _net(group)) is not None]
    places = {cells.get(index).cell_id: float(index) for index in range(len(cells))}
    return sorted(found, key=lambda one: _place(one, places))


def _place(one: ReviewedEntries, places: Mapping[str | None, float]) -> float:
    """The cell's index; of one that is gone, where it was."""
    if one.cell_id is not None and one.cell_id in places:
        return places[one.cell_id]
    above, below = one.entries[-1].was
    if above is not None and above in places:
        return places[above] + 0.5
    if below is not None and below in places:
        return places[below] - 0.5
    return one.entries[-1].index - 0.5


def _net(entries: Sequence[Entry]) -> ReviewedEntries | None:
    sources = [one for one in entries if one.change in SOURCES]
    before = sources[0].before if sources else None
    after = sources[-1].after if sources else None
    kinds = _kinds(entries, sources)
    if not kinds:
        return None
    return ReviewedEntries(entries=entries, kinds=kinds, before=before, after=after)


def _kinds(entries: Sequence[Entry], sources: Sequence[Entry]) -> list[ReviewKind]:
    first, last = (sources[0], sources[-1]) if sources else (None, None)
    added = first is not None and first.change == "insert"
    deleted = last is not None and last.change == "delete"
    if added and deleted:
        return []
    if deleted:
        return ["deleted"]
    if first is not None and added:
        return ["added" if first.rest is None else "restored"]
    found: list[ReviewKind] = []
    if first is not None and last is not None:
        if first.cell_type != last.cell_type:
            found.append("retyped")
        if first.before != last.after:
            found.append("edited")
    placed = [one for one in entries if one.change in PLACES]
    if any(one.change == "move" for one in placed) and placed[0].was != placed[-1].now:
        found.append("moved")
    shown = [one.change for one in entries if one.change in OUTPUT_CHANGES]
    if shown and shown[0] == shown[-1]:
        found.append("outputs_cleared" if shown[0] == "clear_outputs" else "outputs_restored")
    return found


class ReviewRows:
    """Makes rows of a review. `running` are the ids of cells that run; `sessions` the masked ids of the
    caller's sessions, where rows are to say whose changes they are."""

    def __init__(
        self,
        cells: Cells,
        *,
        running: Collection[str],
        context: int,
        sessions: Mapping[Author, str] | None,
    ) -> None:
        self._cells = cells
        self._running = running
        self._context = context
        self._sessions = sessions
        self._draft = Draft(cells)
        self._budget = DiffBudget()

    def of(self, one: ReviewedEntries) -> ReviewedCell:
        at = self._cells.find(one.cell_id) if one.cell_id is not None else None
        source = one.after if one.after is not None else one.before
        if source is None and at is not None:
            source = self._cells.get(at).source
        shown, left_out = self._hunks(one)
        return ReviewedCell(
            cell_index=at,
            cell_id=one.cell_id,
            cell_type=one.entries[-1].cell_type,
            change=one.kinds[0],
            also=[*one.kinds[1:]],
            change_ids=[*dict.fromkeys(entry.change_id for entry in one.entries)],
            sessions=self._authors(one),
            when=iso(one.entries[-1].at),
            first_line=None if source is None else first_line(source),
            hunks=shown,
            left_out=left_out or None,
            as_left=self._as_left(one, at),
            revert=self._revert(one),
        )

    def _authors(self, one: ReviewedEntries) -> list[str] | None:
        if self._sessions is None:
            return None
        authors = dict.fromkeys(entry.author for entry in one.entries)
        return [self._sessions[author] for author in authors if author in self._sessions]

    def _hunks(self, one: ReviewedEntries) -> tuple[list[ReviewHunk], int]:
        """What differs, as far as it has room, and how many characters of it are left out."""
        if one.before == one.after:
            return [], 0
        old, new = (() if text is None else text.split("\n") for text in (one.before, one.after))
        left, missing = CELL_CHARACTERS, 0
        shown: list[ReviewHunk] = []
        for hunk in hunks(old, new, context=self._context, budget=self._budget):
            lines = []
            for line in hunk.lines:
                kept = line[: left + 1] if left > 0 else ""
                left -= len(kept)
                missing += len(line) - len(kept)
                if kept:
                    lines.append(kept)
            if lines:
                starts = {"old_start": hunk.old.start + 1, "new_start": hunk.new.start + 1}
                shown.append(ReviewHunk(**starts, lines=lines))
        return shown, missing

    def _as_left(self, one: ReviewedEntries, at: int | None) -> bool:
        last = {_subject(entry): entry for entry in one.entries}
        text = last.get("text")
        if text is not None and text.change == "delete":
            return at is None
        if at is None:
            return False
        return all(self._is_so(entry, at) for entry in last.values())

    def _is_so(self, entry: Entry, at: int) -> bool:
        """Whether the cell at that index is as the entry left it."""
        cells = self._cells
        if entry.change == "move":
            above, below = beside(cells, at)
            return above == entry.now[0] or below == entry.now[1]
        if entry.change in OUTPUT_CHANGES:
            cleared = entry.change == "clear_outputs"
            return has_blank(cells, at) if cleared else shows(cells, at, entry)
        cell = cells.get(at)
        return (cell.source, cell.cell_type) == (entry.after, entry.cell_type)

    def _revert(self, one: ReviewedEntries) -> RevertState:
        if one.cell_id not in self._running and not self._plan(one, force=False).conflicts:
            return "possible"
        return "with_force" if self._plan(one, force=True).done else "not_possible"

    def _plan(self, one: ReviewedEntries, *, force: bool) -> Undo:
        draft = self._draft.copy()
        return undo(self._cells, one.entries, force=force, running=self._running, draft=draft)


def _subject(entry: Entry) -> str:
    if entry.change in SOURCES:
        return "text"
    return "place" if entry.change == "move" else "outputs"


def characters(row: ReviewedCell) -> int:
    """Of the texts of a row."""
    lines = sum(len(line) for hunk in row.hunks for line in hunk.lines)
    return lines + len(row.first_line or "") + 10 * len(row.change_ids)
