"""JSON in and out of a Y document, whose numbers are floats and whose strings are UTF-8."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import Any

from pycrdt import Array, Map, Text

from jmcp_jupyter.documents.common.nbformat_cells import clean, storable

MAX_DIFFED_LINES = 2000
"""Above it a changed region is replaced whole: comparing lines is quadratic at worst."""


def from_y(value: Any) -> Any:
    """Shared or plain data as plain JSON, whole numbers as ints (Yjs stores floats only)."""
    if isinstance(value, (Map, Array, Text)):
        value = value.to_py()
    if isinstance(value, dict):
        return {key: from_y(item) for key, item in value.items()}
    if isinstance(value, list):
        return [from_y(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


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


def replace_text(text: Text, source: str) -> None:
    """Make `text` read `source` by changing only what differs, so that cursors elsewhere stay."""
    source = clean(source)
    before = str(text)
    start = _common_prefix(before, source)
    end = _common_prefix(before[start:][::-1], source[start:][::-1])
    old, new = before[start : len(before) - end], source[start : len(source) - end]
    old_lines, new_lines = old.splitlines(keepends=True), new.splitlines(keepends=True)
    if len(old_lines) + len(new_lines) > MAX_DIFFED_LINES:
        old_lines, new_lines = [old], [new]
    at = _size(before[:start])
    # From the end, so that earlier offsets stay true.
    operations = SequenceMatcher(None, old_lines, new_lines, autojunk=False).get_opcodes()
    for tag, i1, i2, j1, j2 in reversed(operations):
        if tag == "equal":
            continue
        position = at + _size("".join(old_lines[:i1]))
        removed = _size("".join(old_lines[i1:i2]))
        if removed:
            del text[position : position + removed]
        if j2 > j1:
            text.insert(position, "".join(new_lines[j1:j2]))


def _size(text: str) -> int:
    """Offsets in a pycrdt text count UTF-8 bytes."""
    return len(text.encode("utf-8"))


def _common_prefix(a: str, b: str) -> int:
    """The length of the common prefix, by bisection over slices (a loop over characters is slow)."""
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
