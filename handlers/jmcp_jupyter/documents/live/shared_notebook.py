"""A notebook as a Y document, wherever its room is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, cast

from pycrdt import Array, Map, Text

from jmcp_jupyter.documents.common.models import check_version
from jmcp_jupyter.documents.common.notebook_fields import (
    CELL_TYPES,
    Flaw,
    wrong_kind,
    wrong_word,
)
from jmcp_jupyter.documents.live.cell_texts import CellTexts
from jmcp_jupyter.documents.live.document_watch import DocumentWatch
from jmcp_jupyter.documents.live.remade_cells import RemadeCells
from jmcp_jupyter.documents.live.y_data import from_y

SHARED_FIELDS = (
    ("cell_type", str, "text"),
    ("source", Text, "text"),
    ("metadata", (Map, dict, type(None)), "object"),
    ("id", (str, type(None)), "text"),
)
"""Fields of every shared cell: the types that they may have, and how a sentence calls these."""

NOBODY = "jmcp: nobody undoes here"
"""An origin that no change has. An undo manager follows changes of those that it is told."""


class SharedNotebook:
    """One copy of a notebook's shared document, and what jmcp keeps about it.

    `notebook` is a `jupyter_ydoc.YNotebook`; `reloading` tells whether a change is the room's own,
    from the file; `version` is where the watch begins to count.
    """

    loading = ""
    """Names the loading of the room from the file, as far as can be known."""

    def __init__(self, notebook: Any, reloading: Callable[[], bool], version: int = 0) -> None:
        self.notebook = notebook
        _keep_nothing_to_undo(notebook)
        self.grown = 0
        """Characters that jmcp wrote since all was saved: an upper bound of what the file grows by."""
        self.cells: Array[Map[Any]] = notebook.ycells
        self.meta: Map[Any] = notebook.ydoc.get("meta", type=Map)
        self.watch = DocumentWatch(self.cells, self.meta, reloading, version)
        self.remade = RemadeCells(notebook, self.watch)
        self.texts = CellTexts(self.cells, self.watch)

    def metadata(self) -> Mapping[str, Any]:
        """The notebook's metadata; within a transaction as they were before it."""
        if self.watch.metadata is None:
            self.watch.metadata = from_y(self.meta.get("metadata")) or {}
        return self.watch.metadata

    def content(self) -> dict[str, Any]:
        """The whole notebook as plain JSON. Takes a millisecond for each twenty cells."""
        return {**(from_y(self.meta) or {}), "cells": from_y(self.cells)}

    def count(self) -> int:
        """How many cells there are."""
        count = self.watch.count
        if count is None or getattr(self.notebook.ydoc, "_txn", self) is not None:
            return len(self.cells)
        return count

    def transaction(self) -> AbstractContextManager[Any]:
        return cast("AbstractContextManager[Any]", self.notebook.ydoc.transaction())

    def check(self, path: str) -> None:
        """Refuse what jmcp would break by editing it. Raises NotebookBroken."""
        with self.transaction():
            check_version(path, self.metadata(), None)
            for index, cell in enumerate(self.cells):
                flaw = _flaw(index, cell)
                if flaw is not None:
                    raise flaw.error(path)
            self.watch.duplicates()  # builds the index now, and not within the first edit

    def close(self) -> None:
        self.remade.on_put_back = None
        self.texts.stop()
        self.watch.close()


def _keep_nothing_to_undo(notebook: Any) -> None:
    """Let the document forget what is deleted.

    jupyter_ydoc gives each notebook an undo manager, which keeps all that was ever deleted in the
    document (a kilobyte for each edit), in memory and in what each browser tab loads. Nobody undoes
    anything there: browsers have undo managers of their own.
    """
    notebook.undo_manager.include_origin(NOBODY)
    notebook.undo_manager.clear()


def _flaw(index: int, cell: Any) -> Flaw | None:
    """What keeps a cell of a shared document from being edited. Outputs are left unread: to
    read all takes fifty times as long as what is looked at here.
    """
    if not isinstance(cell, Map):
        return wrong_kind(index, "", from_y(cell), "object")
    for name, shared, wanted in SHARED_FIELDS:
        value = cell.get(name)
        if not isinstance(value, shared):
            return wrong_kind(index, name, from_y(value), wanted)
    kind = cell["cell_type"]
    if kind not in CELL_TYPES:
        return wrong_word(index, "cell_type", kind, CELL_TYPES)
    if kind == "code" and not isinstance(cell.get("outputs", ()), (Array, tuple)):
        return wrong_kind(index, "outputs", from_y(cell.get("outputs")), "list")
    return None
