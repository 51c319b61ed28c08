"""The message that a tab and its room send each other directly before a change that removes cells.

A RAW message of jupyter-server-ydoc (type 2, JSON): `{"type": "removed", "cells": {...}}`. The room says
what each cell said when it was removed: `"<cell id>": "<source>"`. The tab says
`"<cell id>": {"text": ..., "base": ..., "gone": ...}`, as `Known`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pycrdt import write_message

from jmcp_jupyter.documents.live.tab_changes import Known

RAW = 2
REMOVED = "removed"


def message(removed: Mapping[str, str]) -> bytes:
    """The message of a room. Sources have no lone surrogates."""
    text = json.dumps({"type": REMOVED, "cells": removed}, ensure_ascii=False).encode()
    return bytes([RAW]) + write_message(text)


def read(text: bytes) -> dict[str, Known]:
    """What a tab says, from the JSON of its message. Raises ValueError for anything else."""
    said = json.loads(text)
    if not isinstance(said, dict) or said.get("type") != REMOVED:
        raise ValueError("no removal")
    cells = said.get("cells")
    if not isinstance(cells, dict):
        raise ValueError("no cells")  # noqa: TRY004  of what a tab sends, not of a type
    return {cell_id: _known(cell) for cell_id, cell in cells.items()}


def _known(cell: Any) -> Known:
    if not isinstance(cell, dict):
        raise ValueError("no cell")  # noqa: TRY004
    text, base, gone = cell.get("text"), cell.get("base"), cell.get("gone")
    if not isinstance(text, str) or not isinstance(base, str) or not isinstance(gone, bool):
        raise ValueError("no text")  # noqa: TRY004
    return Known(text=text, base=base, gone=gone)
