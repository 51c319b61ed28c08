"""Directories as the contents manager lists them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from jupyter_core.utils import ensure_async
from tornado.web import HTTPError

from jmcp.core.ports import FileEntry
from jmcp_api.backend_errors import DirectoryMissing


async def list_directory(manager: Any, path: str) -> Sequence[FileEntry]:
    """The entries of a directory by path. Raises DirectoryMissing."""
    try:
        model = await ensure_async(manager.get(path, type="directory", content=True))
    except HTTPError as error:
        raise DirectoryMissing.nothing_there(path=path) from error
    return entries(model)


def entries(model: Mapping[str, Any]) -> Sequence[FileEntry]:
    """The entries in a directory's model, by path."""
    return sorted((_entry(row) for row in model["content"]), key=lambda entry: entry.path)


def _entry(model: Mapping[str, Any]) -> FileEntry:
    kind = model["type"]
    return FileEntry(
        path=str(model["path"]).strip("/"),
        type=kind if kind in ("notebook", "directory") else "file",
        size=None if kind == "directory" else model.get("size"),
        last_modified=moment(model["last_modified"]),
        created=moment(model["created"]),
        writable=bool(model["writable"]),
    )


def moment(when: datetime | str) -> str:
    """A moment of a model as ISO 8601 in UTC. Raises ValueError."""
    told = datetime.fromisoformat(when) if isinstance(when, str) else when
    return told.astimezone(UTC).isoformat().replace("+00:00", "Z")
