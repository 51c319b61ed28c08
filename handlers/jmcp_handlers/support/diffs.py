"""What is different in two sources."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jmcp.core.editing.line_diff import DiffBudget, LineChange, line_changes

DIFF_CHARACTERS = 200_000
"""Sources longer than this together get no diff, which would be as long."""
CONTEXT_LINES = 2
"""Equal lines that are shown around a change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hunk:
    """Changes that are near each other, with the equal lines around them. `old` and `new` are ranges of
    lines, counted from 0; `lines` begin with a space, with - or with +."""

    old: range
    new: range
    lines: Sequence[str]


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
    found = hunks(before.splitlines(), after.splitlines(), budget=budget)
    if not found:
        return ""  # line ends differ
    return "\n".join([f"--- {names[0]}", f"+++ {names[1]}", *map(_unified, found)])


def hunks(
    old: Sequence[str],
    new: Sequence[str],
    *,
    context: int = CONTEXT_LINES,
    budget: DiffBudget | None = None,
) -> list[Hunk]:
    """What differs in these lines, with so many equal lines around it; `budget` as of `diff`."""
    changes = line_changes(old, new, budget)
    return [_hunk(old, new, near, context) for near in _groups(changes, context)]


def _groups(changes: Sequence[LineChange], context: int) -> Iterator[list[LineChange]]:
    """Changes whose surroundings touch, together."""
    group: list[LineChange] = []
    for change in changes:
        if group and change.old_start - group[-1].old_stop > 2 * context:
            yield group
            group = []
        group.append(change)
    if group:
        yield group


def _hunk(
    old: Sequence[str], new: Sequence[str], changes: Sequence[LineChange], context: int
) -> Hunk:
    first, last = changes[0], changes[-1]
    above = min(context, first.old_start)
    below = min(context, len(old) - last.old_stop)
    start, stop = first.old_start - above, last.old_stop + below
    whole = range(start, stop), range(first.new_start - above, last.new_stop + below)
    lines: list[str] = []
    for change in changes:
        lines += [f" {line}" for line in old[start : change.old_start]]
        lines += [f"-{line}" for line in old[change.old_start : change.old_stop]]
        lines += [f"+{line}" for line in new[change.new_start : change.new_stop]]
        start = change.old_stop
    lines += [f" {line}" for line in old[start:stop]]
    return Hunk(old=whole[0], new=whole[1], lines=lines)


def _unified(hunk: Hunk) -> str:
    return "\n".join([f"@@ -{_range(hunk.old)} +{_range(hunk.new)} @@", *hunk.lines])


def _range(lines: range) -> str:
    """A range of lines in the unified format: counted from 1; an empty range is named by the line
    before it."""
    if len(lines) == 1:
        return str(lines.start + 1)
    return f"{lines.start + (len(lines) > 0)},{len(lines)}"
