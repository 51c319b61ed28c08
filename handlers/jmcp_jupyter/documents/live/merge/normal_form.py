"""A notebook of a file as a Y document of jupyter_ydoc has it, so that both can be compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DEFAULT_MAJOR, DEFAULT_MINOR = 4, 5
"""What `YNotebook.set` takes where the file says nothing."""


def normalised(content: Mapping[str, Any]) -> dict[str, Any]:
    """What `YNotebook.get` answers after `YNotebook.set(content)`, but for the ids that this gives
    to cells without one."""
    metadata = dict(content.get("metadata") or {})
    metadata.setdefault("language_info", {"name": ""})
    metadata.setdefault("kernelspec", {"name": "", "display_name": ""})
    cells = [_cell(cell) for cell in content["cells"]]
    return {
        "cells": cells or [_cell({"cell_type": "code", "execution_count": None, "source": ""})],
        "metadata": metadata,
        "nbformat": content.get("nbformat", DEFAULT_MAJOR),
        "nbformat_minor": content.get("nbformat_minor", DEFAULT_MINOR),
    }


def _cell(cell: Mapping[str, Any]) -> dict[str, Any]:
    kept = {"metadata": {}, **cell, "source": _joined(cell["source"])}
    kept.pop("execution_state", None)
    if cell["cell_type"] == "code":
        kept.setdefault("outputs", [])
    elif not kept.get("attachments"):
        kept.pop("attachments", None)
    if any(output.get("output_type") == "stream" for output in kept.get("outputs", ())):
        kept["outputs"] = [
            {**output, "text": _joined(output.get("text", ""))}
            if output.get("output_type") == "stream"
            else output
            for output in kept["outputs"]
        ]
    return kept


def _joined(text: Any) -> Any:
    return "".join(text) if isinstance(text, list) else text
