"""Notebooks through Jupyter's contents manager, synchronous or not, with jmcp's errors."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from jupyter_server.utils import ensure_async
from tornado.web import HTTPError

from jmcp.runtime.errors import (
    BackendError,
    NotebookBroken,
    NotebookMissing,
    NotebookTooLarge,
    PathRefused,
    WriteRefused,
)

DEFAULT_MAX_BYTES = 512 * 2**20
"""A notebook's file may have this many bytes; opening one takes several times that in memory."""


@contextmanager
def reading(path: str) -> Iterator[None]:
    """Turn what Jupyter raises while it reads a notebook into jmcp's errors."""
    try:
        yield
    except HTTPError as error:
        raise _read_error(path, error) from error
    except (KeyError, TypeError, AttributeError) as error:
        # JSON that nbformat lets pass but that has not the shape of a notebook.
        raise NotebookBroken(f"{path!r} has not the structure of a notebook.", path=path) from error


def _read_error(path: str, error: HTTPError) -> BackendError:
    if error.status_code == 404:
        return NotebookMissing(f"There is no notebook at {path!r}.", path=path)
    if error.status_code == 403:
        return PathRefused(f"The server may not read {path!r}.", path=path)
    return NotebookBroken(
        f"{path!r} is not a notebook that Jupyter can read (JSON, nbformat 4). Repair or "
        "replace the file, then open it again.",
        path=path,
    )


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


class Contents:
    """The contents manager of one server. A stamp changes whenever the file's bytes do."""

    def __init__(self, settings: Mapping[str, Any], max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        self._settings = settings
        self._max_bytes = max_bytes

    @property
    def manager(self) -> Any:
        return self._settings["contents_manager"]

    async def about(self, path: str) -> dict[str, Any]:
        """The model without content. Raises NotebookMissing, PathRefused, NotebookTooLarge."""
        with reading(path):
            model: dict[str, Any] = await ensure_async(
                self.manager.get(path, type="notebook", content=False)
            )
        size = model.get("size")
        if size is not None and size > self._max_bytes:
            raise NotebookTooLarge(
                f"{path!r} has {size:,} bytes; the limit is {self._max_bytes:,}. Clear large "
                "outputs, or ask for a higher limit.",
                path=path,
                size_bytes=size,
                limit_bytes=self._max_bytes,
            )
        return model

    async def load(self, path: str) -> tuple[dict[str, Any], str]:
        """Content and stamp of one reading. Raises as `about`, and NotebookBroken."""
        with reading(path):
            model = await self._get(path, content=True)
            content: dict[str, Any] = model["content"]
            check_version(path, content["metadata"])
            if any(cell["cell_type"] not in CELL_TYPES for cell in content["cells"]):
                raise NotebookBroken(f"{path!r} has cells of an unknown type.", path=path)
        return content, stamp_of(model)

    async def stamp(self, path: str) -> str:
        """What the file is now. Raises NotebookMissing, PathRefused."""
        with reading(path):
            return stamp_of(await self._get(path, content=False))

    async def save(self, path: str, content: dict[str, Any]) -> str:
        """Write a notebook and return its new stamp. Raises WriteRefused."""
        model = {"type": "notebook", "format": "json", "content": content}
        try:
            await ensure_async(self.manager.save(model, path))
        except (HTTPError, OSError) as error:
            raise WriteRefused(
                f"{path!r} could not be written: {brief(error)}.", path=path
            ) from error
        return await self.stamp(path)

    async def _get(self, path: str, *, content: bool) -> dict[str, Any]:
        get = self.manager.get
        # Contents managers older than jupyter_server 2.11 have no hashes.
        hashed = {"require_hash": True} if "require_hash" in _parameters(get) else {}
        model: dict[str, Any] = await ensure_async(
            get(path, type="notebook", content=content, **hashed)
        )
        return model


CELL_TYPES = frozenset({"code", "markdown", "raw"})


def _parameters(function: Any) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(function).parameters


def stamp_of(model: Mapping[str, Any]) -> str:
    """The hash of a model, else its modification time and size."""
    return model.get("hash") or f"{model['last_modified']} {model.get('size')}"


def brief(error: Exception) -> str:
    """An error in one phrase, without the server's own paths (Jupyter's messages have them)."""
    if isinstance(error, HTTPError):
        return {403: "permission denied", 404: "no such file or directory"}.get(
            error.status_code, f"HTTP status {error.status_code}"
        )
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return type(error).__name__
