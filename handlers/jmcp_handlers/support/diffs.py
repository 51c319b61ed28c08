"""What is different in two sources."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jmcp.core.editing.line_diff import DiffBudget, LineChange, line_changes

DIFF_CHARACTERS = 200_000
"""Sources longer than this together get no diff, which would be as long."""
CONTEXT_LINES = 2
"""Equal lines that are shown around a change."""


def diff(
    before: str,
    after: str,
    names: tuple[str, str] = ("before", "after"),
    *,
    budget: DiffBudget | None = None,
) -> str | None:
    """A unified diff; None where nothing differs, or the sources are too long for one.

    Lines are compared as long as `budget` lasts; what differs after that is shown as replaced.
    """
    if before == after or len(before) + len(after) > DIFF_CHARACTERS:
        return None
    old, new = before.splitlines(), after.splitlines()
    hunks = [_hunk(old, new, hunk) for hunk in _hunks(line_changes(old, new, budget))]
    if not hunks:
        return ""  # line ends differ
    return "\n".join([f"--- {names[0]}", f"+++ {names[1]}", *hunks])


def _hunks(changes: Sequence[LineChange]) -> Iterator[list[LineChange]]:
    """Changes whose surroundings touch, together."""
    hunk: list[LineChange] = []
    for change in changes:
        if hunk and change.old_start - hunk[-1].old_stop > 2 * CONTEXT_LINES:
            yield hunk
            hunk = []
        hunk.append(change)
    if hunk:
        yield hunk


def _hunk(old: Sequence[str], new: Sequence[str], changes: Sequence[LineChange]) -> str:
    first, last = changes[0], changes[-1]
    above = min(CONTEXT_LINES, first.old_start)
    below = min(CONTEXT_LINES, len(old) - last.old_stop)
    start, stop = first.old_start - above, last.old_stop + below
    ranges = _range(start, stop), _range(first.new_start - above, last.new_stop + below)
    lines = [f"@@ -{ranges[0]} +{ranges[1]} @@"]
    for change in changes:
        lines += [f" {line}" for line in old[start : change.old_start]]
        lines += [f"-{line}" for line in old[change.old_start : change.old_stop]]
        lines += [f"+{line}" for line in new[change.new_start : change.new_stop]]
        start = change.old_stop
    return "\n".join([*lines, *(f" {line}" for line in old[start:stop])])


def _range(start: int, stop: int) -> str:
    """A range of lines in the unified format: counted from 1; an empty range is named by the line
    before it."""
    if stop - start == 1:
        return str(start + 1)
    return f"{start + (stop > start)},{stop - start}"
