"""What Jupyter's models of notebooks say, wherever the contents manager is, and jmcp's errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from jmcp.core.errors import BackendError
from jmcp_api import phrases
from jmcp_api.backend_errors import (
    NotebookBroken,
    NotebookMissing,
    NotebookTooLarge,
    PathRefused,
)
from jmcp_api.limits import NOTEBOOK_MIB

CELL_TYPES = frozenset({"code", "markdown", "raw"})

DEFAULT_MAX_BYTES = NOTEBOOK_MIB * 2**20
"""A notebook's file may have this many bytes; opening one takes several times that in memory."""


def read_error(path: str, status: int) -> BackendError:
    """Why Jupyter did not read a notebook, from its HTTP status."""
    if status == 404:
        return NotebookMissing.nothing_there(path=path)
    if status == 403:
        return PathRefused.unreadable(path=path)
    return NotebookBroken.unreadable(path=path)


@contextmanager
def shaped(path: str) -> Iterator[None]:
    """JSON that nbformat lets pass but that has not the shape of a notebook is NotebookBroken."""
    try:
        yield
    except (KeyError, TypeError, AttributeError) as error:
        raise NotebookBroken.structure(path=path) from error


def check_size(path: str, size: int | None, limit: int) -> None:
    """Refuse a file above the limit, both in bytes. Raises NotebookTooLarge."""
    if size is not None and size > limit:
        raise NotebookTooLarge.file(path=path, size_bytes=size, limit_bytes=limit)


def check_content(path: str, content: Mapping[str, Any]) -> None:
    """Refuse what jmcp would break by editing it. Raises NotebookBroken."""
    with shaped(path):
        check_version(path, content["metadata"])
        check_cell_types(path, (cell["cell_type"] for cell in content["cells"]))


def check_cell_types(path: str, kinds: Iterator[Any]) -> None:
    """Raises NotebookBroken."""
    if any(kind not in CELL_TYPES for kind in kinds):
        raise NotebookBroken.cell_types(path=path)


def check_version(path: str, metadata: Mapping[str, Any]) -> None:
    """Refuse a notebook that Jupyter converted to nbformat 4 while reading. Raises NotebookBroken.

    Conversion leaves the old major version behind in `orig_nbformat`. An edit would silently
    rewrite the whole file in another format.
    """
    original = metadata.get("orig_nbformat")
    if isinstance(original, (int, float)) and original < 4:
        raise NotebookBroken.old_format(path=path, major=int(original))


def stamp_of(model: Mapping[str, Any]) -> str:
    """The hash of a model, else its modification time and size."""
    return model.get("hash") or f"{model['last_modified']} {model.get('size')}"


def status_phrase(status: int) -> str:
    """An HTTP status in one phrase, without the server's own paths (Jupyter's messages have them)."""
    if status == 403:
        return phrases.permission_denied()
    return phrases.no_such_file() if status == 404 else phrases.http_status(status=status)
