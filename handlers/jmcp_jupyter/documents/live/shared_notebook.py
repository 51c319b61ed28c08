"""A notebook as a Y document, wherever its room is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, cast

from pycrdt import Array, Map

from jmcp_jupyter.documents.common.models import check_cell_types, check_version, shaped
from jmcp_jupyter.documents.live.document_watch import DocumentWatch
from jmcp_jupyter.documents.live.y_data import from_y


class SharedNotebook:
    """One copy of a notebook's shared document, and what jmcp keeps about it.

    `notebook` is a `jupyter_ydoc.YNotebook`; `reloading` tells whether a change is the room's own,
    from the file; `version` is where the watch begins to count.
    """

    loading = ""
    """Names the loading of the room from the file, as far as can be known."""

    def __init__(self, notebook: Any, reloading: Callable[[], bool], version: int = 0) -> None:
        self.notebook = notebook
        self.cells: Array[Map[Any]] = notebook.ycells
        self.meta: Map[Any] = notebook.ydoc.get("meta", type=Map)
        self.watch = DocumentWatch(self.cells, self.meta, reloading, version)

    def metadata(self) -> dict[str, Any]:
        return from_y(self.meta.get("metadata")) or {}

    def transaction(self) -> AbstractContextManager[Any]:
        return cast("AbstractContextManager[Any]", self.notebook.ydoc.transaction())

    def check(self, path: str) -> None:
        """Refuse what jmcp would break by editing it. Raises NotebookBroken."""
        with shaped(path), self.transaction():
            check_version(path, self.metadata())
            check_cell_types(path, (cell["cell_type"] for cell in self.cells))
            self.watch.duplicates()  # builds the index now, and not within the first edit

    def close(self) -> None:
        self.watch.close()
