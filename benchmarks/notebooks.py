"""Notebooks to work on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat


def write_notebook(path: Path, cells: int, first: str = "value_0 = 0", **metadata: Any) -> None:
    """A notebook of short code cells, with ids c00000 onwards; `first` is the source of the first."""
    content = nbformat.v4.new_notebook(metadata=metadata)
    content.cells = [
        nbformat.v4.new_code_cell(
            f"value_{index} = {index}" if index else first, id=f"c{index:05d}"
        )
        for index in range(cells)
    ]
    nbformat.write(content, path)
