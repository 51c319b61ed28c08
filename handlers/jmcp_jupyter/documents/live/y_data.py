"""JSON in and out of a Y document, whose numbers are floats and whose strings are UTF-8."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
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

    Lines are compared as long as `budget` lasts; of those that differ, what their start and end have
    in common stays.
    """
    source = clean(source)
    before = str(text)
    start = common_prefix(before, source)
    end = common_suffix(before[start:], source[start:])
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
        start = common_prefix(gone, added)
        end = common_suffix(gone[start:], added[start:])
        at = offsets[change.old_start] + byte_size(gone[:start])
        size = byte_size(gone[start : len(gone) - end])
        if size:
            del text[at : at + size]
        if len(added) > start + end:
            text.insert(at, added[start : len(added) - end])


def byte_size(text: str) -> int:
    """Offsets in a pycrdt text count UTF-8 bytes."""
    return len(text) if text.isascii() else len(text.encode("utf-8"))
