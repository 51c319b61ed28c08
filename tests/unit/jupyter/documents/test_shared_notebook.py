"""A shared document forgets what is deleted in it."""

from __future__ import annotations

from typing import Any

from jupyter_ydoc import YNotebook

from jmcp_jupyter.documents.live.shared_notebook import SharedNotebook

EDITS = 50
SOURCE = "x = 1\n" * 1_000


def code_cell(number: int) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "id": f"c{number}",
        "metadata": {},
        "source": "",
        "outputs": [],
        "execution_count": None,
    }


def test_deleted_text_is_not_kept_for_an_undo_that_nobody_makes() -> None:
    notebook = YNotebook()
    notebook.set({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [code_cell(0)]})
    document = SharedNotebook(notebook, lambda: False)
    before = len(notebook.ydoc.get_update())
    for number in range(1, EDITS + 1):
        with document.transaction():
            document.cells.insert(0, notebook.create_ycell(code_cell(number)))
        with document.transaction():
            source = document.cells[0]["source"]
            source += SOURCE
        with document.transaction():
            del document.cells[0]
    assert len(notebook.ydoc.get_update()) - before < len(SOURCE)
    document.close()
