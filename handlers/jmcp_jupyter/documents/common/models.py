"""What Jupyter's models of notebooks say, wherever the contents manager is, and jmcp's errors."""

from __future__ import annotations

from collections.abc import Mapping
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
from jmcp_jupyter.documents.common.notebook_fields import check_fields

DEFAULT_MAX_BYTES = NOTEBOOK_MIB * 2**20
"""A notebook's file may have this many bytes; opening one takes several times that in memory."""

UNREAD_STATUSES = (403, 404)
"""What Jupyter answers where there is nothing to read; anything else is about what it read."""


def read_error(path: str, status: int) -> BackendError:
    """Why Jupyter did not read a notebook, from its HTTP status."""
    if status == 404:
        return NotebookMissing.nothing_there(path=path)
    if status == 403:
        return PathRefused.unreadable(path=path)
    return NotebookBroken.unreadable(path=path)


def check_size(path: str, size: int | None, limit: int) -> None:
    """Refuse a file above the limit, both in bytes. Raises NotebookTooLarge."""
    if size is not None and size > limit:
        raise NotebookTooLarge.file(path=path, size_bytes=size, limit_bytes=limit)


def check_content(path: str, content: Any) -> None:
    """Refuse what jmcp would break by editing it. Raises NotebookBroken."""
    if isinstance(content, Mapping):
        check_version(path, content.get("metadata"), content.get("nbformat"))
    check_fields(path, content)


def complete(content: dict[str, Any]) -> None:
    """Add what files are found to lack that Jupyter cannot write a notebook without."""
    content.setdefault("nbformat_minor", 0)
    for cell in content["cells"]:
        if cell["cell_type"] == "code":
            cell.setdefault("execution_count", None)
            cell.setdefault("outputs", [])


def check_version(path: str, metadata: Any, nbformat: Any) -> None:
    """Refuse a notebook of an older format, also one that Jupyter converted while reading.

    Conversion leaves the old major version behind in `orig_nbformat`. An edit would silently
    rewrite the whole file in another format. Raises NotebookBroken.
    """
    before = metadata.get("orig_nbformat") if isinstance(metadata, Mapping) else None
    for major in (before, nbformat):
        if isinstance(major, (int, float)) and major < 4:
            raise NotebookBroken.old_format(path=path, major=int(major))


def stamp_of(model: Mapping[str, Any]) -> str:
    """The hash of a model, else its modification time and size."""
    return model.get("hash") or f"{model['last_modified']} {model.get('size')}"


def stamp_of_saved(saved: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """The stamp of `found`, the model of a file that was just written, of which Jupyter answered
    `saved`; one that no file has where others have written it in between: `found` is theirs."""
    written = saved.get("last_modified")
    return stamp_of(found) if written in (None, found.get("last_modified")) else ""


def status_phrase(status: int) -> str:
    """An HTTP status in one phrase, without the server's own paths (Jupyter's messages have them)."""
    if status == 403:
        return phrases.permission_denied()
    return phrases.no_such_file() if status == 404 else phrases.http_status(status=status)
