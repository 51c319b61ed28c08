"""Joins two changes of one text by words, such that nothing that either side wrote is lost."""

from __future__ import annotations

import re
from collections.abc import Sequence

from jmcp.core.editing.line_diff import LineChange, line_changes

WORDS = re.compile(r"\w+|\n|[^\S\n]+|[^\w\s]")

Gaps = dict[int, str]
"""What is put in, by the place in the words of before."""


def words(text: str) -> list[str]:
    """The parts that stay or go as one: together they are the text."""
    return WORDS.findall(text)


def joined(base: str | None, mine: str, theirs: str) -> str:
    """The text with what `mine` and `theirs` changed of `base`, from which both came.

    What either put in is there, once where both did; what either took out is gone. Without a base
    all that either has is there. Takes time in proportion to the texts: what is not compared within
    the bound of `line_changes` counts as replaced.
    """
    if base is None:
        return _both(mine, theirs)
    if mine == theirs or theirs == base:
        return mine
    if mine == base:
        return theirs
    old, ours, others = words(base), words(mine), words(theirs)
    gone: set[int] = set()
    puts = _changed(old, ours, gone), _changed(old, others, gone)
    text = []
    for at in range(len(old) + 1):
        text.append(_put(*(put.get(at, "") for put in puts)))
        if at < len(old) and at not in gone:
            text.append(old[at])
    return "".join(text)


def _changed(old: Sequence[str], new: Sequence[str], gone: set[int]) -> Gaps:
    """What `new` puts in; what it takes out is added to `gone`."""
    puts: Gaps = {}
    for change in line_changes(old, new):
        gone.update(range(change.old_start, change.old_stop))
        puts[change.old_start] = "".join(new[change.new_start : change.new_stop])
    return puts


def _put(mine: str, theirs: str) -> str:
    if theirs in mine:
        return mine
    return theirs if mine in theirs else mine + theirs


def _both(mine: str, theirs: str) -> str:
    ours, others = words(mine), words(theirs)
    text: list[str] = []
    at = 0
    changes = [*line_changes(ours, others), LineChange(len(ours), len(ours), 0, 0)]
    for change in changes:
        text += ours[at : change.old_start]
        text += ours[change.old_start : change.old_stop]
        text += others[change.new_start : change.new_stop]
        at = change.old_stop
    return "".join(text)
