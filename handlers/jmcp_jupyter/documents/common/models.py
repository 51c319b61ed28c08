"""What Jupyter's models of notebooks say, wherever the contents manager is, and jmcp's errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from jmcp.core.errors import (
    BackendError,
    NotebookBroken,
    NotebookMissing,
    NotebookTooLarge,
    PathRefused,
)

CELL_TYPES = frozenset({"code", "markdown", "raw"})

DEFAULT_MAX_BYTES = 512 * 2**20
"""A notebook's file may have this many bytes; opening one takes several times that in memory."""


def read_error(path: str, status: int) -> BackendError:
    """Why Jupyter did not read a notebook, from its HTTP status."""
    if status == 404:
        return NotebookMissing(f"There is no notebook at {path!r}.", path=path)
    if status == 403:
        return PathRefused(f"The server may not read {path!r}.", path=path)
    return NotebookBroken(
        f"{path!r} is not a notebook that Jupyter can read (JSON, nbformat 4). Repair or "
        "replace the file, then open it again.",
        path=path,
    )


@contextmanager
def shaped(path: str) -> Iterator[None]:
    """JSON that nbformat lets pass but that has not the shape of a notebook is NotebookBroken."""
    try:
        yield
    except (KeyError, TypeError, AttributeError) as error:
        raise NotebookBroken(f"{path!r} has not the structure of a notebook.", path=path) from error


def check_size(path: str, size: int | None, limit: int) -> None:
    """Refuse a file above the limit, both in bytes. Raises NotebookTooLarge."""
    if size is not None and size > limit:
        raise NotebookTooLarge(
            f"{path!r} has {size:,} bytes; the limit is {limit:,}. Clear large "
            "outputs, or ask for a higher limit.",
            path=path,
            size_bytes=size,
            limit_bytes=limit,
        )


def check_content(path: str, content: Mapping[str, Any]) -> None:
    """Refuse what jmcp would break by editing it. Raises NotebookBroken."""
    with shaped(path):
        check_version(path, content["metadata"])
        check_cell_types(path, (cell["cell_type"] for cell in content["cells"]))


def check_cell_types(path: str, kinds: Iterator[Any]) -> None:
    """Raises NotebookBroken."""
    if any(kind not in CELL_TYPES for kind in kinds):
        raise NotebookBroken(f"{path!r} has cells of an unknown type.", path=path)


def check_version(path: str, metadata: Mapping[str, Any]) -> None:
    """Refuse a notebook that Jupyter converted to nbformat 4 while reading. Raises NotebookBroken.

    Conversion leaves the old major version behind in `orig_nbformat`. An edit would silently
    rewrite the whole file in another format.
    """
    original = metadata.get("orig_nbformat")
    if isinstance(original, (int, float)) and original < 4:
        raise NotebookBroken(
            f"{path!r} is in nbformat {int(original)}; jmcp edits nbformat 4. Convert it first "
            "(jupyter nbconvert --to notebook --inplace).",
            path=path,
        )


def stamp_of(model: Mapping[str, Any]) -> str:
    """The hash of a model, else its modification time and size."""
    return model.get("hash") or f"{model['last_modified']} {model.get('size')}"


def status_phrase(status: int) -> str:
    """An HTTP status in one phrase, without the server's own paths (Jupyter's messages have them)."""
    return {403: "permission denied", 404: "no such file or directory"}.get(
        status, f"HTTP status {status}"
    )
