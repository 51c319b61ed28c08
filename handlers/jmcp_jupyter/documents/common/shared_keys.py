"""What a live document changes in its notebook's file by itself, with the first save."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jmcp_api import phrases

NOTEBOOK_KEYS = frozenset({"cells", "metadata", "nbformat", "nbformat_minor"})
MAX_NAMED = 5
"""Changes that are named one by one: each cell may have some."""


def changed_keys(content: Mapping[str, Any]) -> Sequence[str]:
    """What is dropped and added, as parts of a sentence. `content` is a valid notebook's.

    Empty entries for kernel and language, which every live document gives to a notebook that says
    nothing of either, are left out: they tell a reader nothing.
    """
    changes: list[str] = []
    for change in _changes(content):
        if len(changes) == MAX_NAMED:
            return [*changes, phrases.more_fields()]
        changes.append(change)
    return changes


def _changes(content: Mapping[str, Any]) -> Iterator[str]:
    for name in content:
        if name not in NOTEBOOK_KEYS:
            yield phrases.field_dropped(field=name)
    if "nbformat_minor" not in content:
        yield phrases.field_added(field="nbformat_minor")
    if not content["cells"]:
        yield phrases.cell_added()
    for index, cell in enumerate(content["cells"]):
        if cell["cell_type"] == "code" and "outputs" not in cell:
            yield phrases.of_cell(index=index, message=phrases.field_added(field="outputs"))
        if cell["cell_type"] != "code" and cell.get("attachments") == {}:
            yield phrases.of_cell(index=index, message=phrases.field_dropped(field="attachments"))
        if "execution_state" in cell:
            message = phrases.field_dropped(field="execution_state")
            yield phrases.of_cell(index=index, message=message)
