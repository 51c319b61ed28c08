"""Notebook files for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat as untyped_nbformat

nbformat: Any = untyped_nbformat


def notebook_text(*sources: str, minor: int = 5, **metadata: Any) -> str:
    """What a file of a notebook of code cells holds, with ids c0, c1 ... from nbformat 4.5 on."""
    return str(nbformat.writes(_notebook(*sources, minor=minor, **metadata)))


def write_notebook(path: Path, *sources: str, minor: int = 5, **metadata: Any) -> Any:
    """The same as a file; returns the notebook."""
    notebook = _notebook(*sources, minor=minor, **metadata)
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    return notebook


def _notebook(*sources: str, minor: int, **metadata: Any) -> Any:
    cells: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "source": source,
            "metadata": {},
            "outputs": [],
            "execution_count": None,
            **({"id": f"c{index}"} if minor >= 5 else {}),
        }
        for index, source in enumerate(sources)
    ]
    return nbformat.from_dict(
        {"nbformat": 4, "nbformat_minor": minor, "metadata": metadata, "cells": cells}
    )
