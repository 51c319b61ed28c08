"""JSON in and out of a Y document, whose numbers are floats and whose strings are UTF-8."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, takewhile
from typing import Any

from pycrdt import Array, Map, Text

from jmcp.core.editing.line_diff import (
    DiffBudget,
    LineChange,
    common_prefix,
    common_suffix,
    line_changes,
)
from jmcp.core.outputs.numbers import converted, is_plain_numbers
from jmcp_jupyter.documents.common.nbformat_cells import clean, storable

MAX_CHANGES = 200
"""Of one text at once; above it the changed region is replaced whole. Yjs looks for the place of
each from the start, through all pieces that earlier changes have left of the text."""


LONGEST_WORD = 64
"""Characters that are changed with the one that differs, at most, on either side."""


def from_y(value: Any) -> Any:
    """Shared or plain data as plain JSON, whole numbers as ints (Yjs stores floats only).

    Beyond 64 bits they stay floats: of 1e300 no integer of 301 digits is made.
    """
    if isinstance(value, (Map, Array, Text)):
        value = value.to_py()
    if isinstance(value, dict):
        return {key: from_y(item) for key, item in value.items()}
    if is_plain_numbers(value):
        return converted(value, int)
    if isinstance(value, list):
        return [from_y(item) for item in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**63:
        return int(value)
    return value


def value_of(shared: Map[Any], key: str) -> Any:
    """The value of a key, None without it. Each access of Y data costs; `get` makes it three."""
    try:
        return shared[key]
    except KeyError:
        return None


def ename_of(outputs: Sequence[Any]) -> str | None:
    """The name of the first exception among these outputs of a shared cell."""
    for output in outputs:
        if isinstance(output, Map) and value_of(output, "output_type") == "error":
            return str(value_of(output, "ename") or "")
    return None


def y_output(output: dict[str, Any]) -> Map[Any]:
    """One output for a cell's `outputs`; the text of a stream is shared text, to append to."""
    stored = storable(output)
    if stored.get("output_type") == "stream":
        text = stored.get("text", "")
        stored["text"] = Text(text if isinstance(text, str) else "".join(text))
    return Map(stored)


def append_text(text: Text, more: str) -> None:
    """Append to a text. (`output["text"] += more` on the parent empties it instead.)"""
    text += clean(more)


def replace_text(text: Text, source: str, budget: DiffBudget | None = None) -> None:
    """Make `text` read `source` by changing only what differs, so that cursors elsewhere stay.

    Lines are compared as long as `budget` lasts; of those that differ, the words stay that their start
    and end have in common. What somebody else appends to a word meanwhile comes behind what takes
    its place, and not into it.
    """
    source = clean(source)
    before = str(text)
    start, end = _same_words(before, source)
    old, new = before[start : len(before) - end], source[start : len(source) - end]
    old_lines, new_lines = old.splitlines(keepends=True), new.splitlines(keepends=True)
    changes = line_changes(old_lines, new_lines, budget)
    if len(changes) > MAX_CHANGES:
        changes = [LineChange(0, len(old_lines), 0, len(new_lines))]
    base = byte_size(before[:start])
    offsets = [*accumulate(map(byte_size, old_lines), initial=base)]
    # From the end, so that earlier offsets stay true.
    for change in reversed(changes):
        gone = "".join(old_lines[change.old_start : change.old_stop])
        added = "".join(new_lines[change.new_start : change.new_stop])
        start, end = _same_words(gone, added)
        at = offsets[change.old_start] + byte_size(gone[:start])
        size = byte_size(gone[start : len(gone) - end])
        new = added[start : len(added) - end]
        if new:
            text.insert(at, new)
            at += byte_size(new)
        if size:
            del text[at : at + size]


def _same_words(old: str, new: str) -> tuple[int, int]:
    """How many characters two texts have in common at their start and at their end, without a part of
    a word that is another one in between."""
    start = common_prefix(old, new)
    end = common_suffix(old[start:], new[start:])
    between = [text[start : len(text) - end] for text in (old, new)]
    if any(part and _is_word(part[-1]) for part in between):
        end -= _word_length(old[len(old) - end :])
    if any(part and _is_word(part[0]) for part in between):
        start -= _word_length(old[max(0, start - LONGEST_WORD) : start][::-1])
    return start, end


def _word_length(text: str) -> int:
    """Of the word that the text begins with."""
    word = takewhile(_is_word, text[:LONGEST_WORD])
    return sum(1 for _ in word)


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def byte_size(text: str) -> int:
    """Offsets in a pycrdt text count UTF-8 bytes."""
    return len(text) if text.isascii() else len(text.encode("utf-8"))
