"""Cells and notebooks as nbformat 4 stores them: what live and file mode have in common."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from jmcp.core.outputs.numbers import GREATEST_INTEGER, LEAST_INTEGER, is_plain_numbers
from jmcp.core.ports import CellType, Kernelspec, StoredCell

_RANDOM = Random()
"""Its own, which no extension of the server seeds. The system's random numbers take ten times as
long."""


def new_id() -> str:
    """A cell id like nbformat's own: 8 hexadecimal characters."""
    return f"{_RANDOM.getrandbits(32):08x}"


def new_cell(cell_type: CellType, source: str, cell_id: str | None = None) -> dict[str, Any]:
    """A cell for nbformat 4.5. Metadata is empty: jmcp never says that a cell is trusted."""
    cell: dict[str, Any] = {
        "id": cell_id or new_id(),
        "cell_type": cell_type,
        "source": clean(source),
        "metadata": {},
    }
    if cell_type == "code":
        cell |= {"execution_count": None, "outputs": []}
    return cell


def whole_cell(stored: StoredCell) -> dict[str, Any]:
    """A copy of a whole cell for nbformat 4.5, which gets an id if it has none."""
    cell: dict[str, Any] = storable(dict(stored))
    return cell if cell.get("id") else {**cell, "id": new_id()}


def new_notebook(
    kernelspec: Kernelspec | None = None, cells: Sequence[StoredCell] = ()
) -> dict[str, Any]:
    """A notebook with these cells, for that kernel if given; without any, one empty code cell.

    A room inserts one into a notebook without cells, so none would read as 0 cells in file mode
    and as 1 in live mode; JupyterLab's own new notebooks have one too.
    """
    metadata = {}
    if kernelspec is not None:
        name, language = kernelspec.name, kernelspec.language
        metadata = kernel_metadata({}, name, kernelspec.display_name, language)
    return {
        "cells": [whole_cell(cell) for cell in cells] or [new_cell("code", "")],
        "metadata": metadata,
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def has_ids(minor: Any) -> bool:
    """Whether cells of that nbformat_minor have ids that last (4.5 and later)."""
    return int(minor or 0) >= 5


def in_file(cell: Mapping[str, Any]) -> dict[str, Any]:
    """The cell without what Jupyter marks and no file has."""
    return {**cell, "metadata": visible_metadata(cell.get("metadata") or {})}


def visible_metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Cell metadata as the file has it: `trusted` is a mark that Jupyter adds while reading."""
    return {name: value for name, value in metadata.items() if name != "trusted"}


def kernelspec_name(metadata: Mapping[str, Any]) -> str | None:
    """The kernelspec's name in notebook metadata; rooms write '' where there is none."""
    spec = metadata.get("kernelspec")
    name = spec.get("name") if isinstance(spec, Mapping) else None
    return name or None


def kernel_metadata(
    metadata: Mapping[str, Any], name: str, display_name: str, language: str
) -> dict[str, Any]:
    """What a notebook's metadata say of its kernel, where they were `metadata` before."""
    return {
        "kernelspec": {"name": name, "display_name": display_name, "language": language},
        "language_info": language_info(metadata, language),
    }


def language_info(metadata: Mapping[str, Any], language: str) -> dict[str, Any]:
    """The `language_info` to store: what is there when the language is the same."""
    known = metadata.get("language_info")
    if isinstance(known, Mapping) and known.get("name") == language:
        return dict(known)
    return {"name": language}


def storable(value: Any) -> Any:
    """A copy of JSON that a file and a Y document can hold.

    Neither holds lone surrogates, which a kernel may print, and a Y document no integers above 64
    bits. pycrdt panics on both, with an exception that no `except Exception` sees. NaN and the
    infinities become text, as ipykernel sends them: they are not JSON, and no Jupyter Server saves
    a live document that has one.
    """
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean(str(key)): storable(item) for key, item in value.items()}
    if is_plain_numbers(value):
        return [*value]
    if isinstance(value, (list, tuple)):
        return [storable(item) for item in value]
    if isinstance(value, int) and not LEAST_INTEGER <= value <= GREATEST_INTEGER:
        return float(value) if abs(value) < 2**1000 else str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def clean(text: str) -> str:
    """`text` without lone surrogates."""
    if text.isascii():
        return text
    return text.encode("utf-8", "replace").decode("utf-8")
