"""Notebooks through Jupyter's contents manager, synchronous or not, with jmcp's errors."""

from __future__ import annotations

import asyncio
import base64
import inspect
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat as untyped_nbformat
from jupyter_server.services.contents.checkpoints import (
    AsyncGenericCheckpointsMixin,
    GenericCheckpointsMixin,
)
from jupyter_server.services.contents.filecheckpoints import FileCheckpoints
from jupyter_server.services.contents.fileio import FileManagerMixin
from jupyter_server.services.contents.filemanager import FileContentsManager
from jupyter_server.utils import ensure_async
from tornado.web import HTTPError

from jmcp.core.errors import BackendError
from jmcp.core.ports import Checkpoint
from jmcp_api import phrases
from jmcp_api.backend_errors import (
    FileExists,
    JupyterUnreachable,
    NotebookBroken,
    NotebookExists,
    WriteRefused,
)
from jmcp_jupyter.documents.common.bounded_cells import GrowthBound
from jmcp_jupyter.documents.common.checkpoints import checkpoint_of, sorted_checkpoints
from jmcp_jupyter.documents.common.file_diagnosis import diagnose
from jmcp_jupyter.documents.common.known_sizes import KnownSizes
from jmcp_jupyter.documents.common.models import (
    DEFAULT_MAX_BYTES,
    UNREAD_STATUSES,
    check_content,
    check_size,
    complete,
    read_error,
    stamp_of,
    stamp_of_saved,
    status_phrase,
)
from jmcp_jupyter.documents.local.files.file_guard import FileGuard

nbformat: Any = untyped_nbformat
KEPT_OS_PATHS = 1024
_OS_PATHS: dict[tuple[str, str], str] = {}
READ_AT_ONCE_BYTES = 2**20
"""A file up to this size is read and hashed where its hash is asked for: a millisecond."""

log = logging.getLogger("jmcp")

NOT_READABLE = 400
"""What Jupyter answers for a file of which nbformat makes no notebook."""


@contextmanager
def reading(path: str) -> Iterator[None]:
    """Turn what Jupyter raises while it looks at a notebook's file into jmcp's errors."""
    try:
        yield
    except HTTPError as error:
        raise read_error(path, error.status_code) from error


@contextmanager
def writing(path: str) -> Iterator[None]:
    """Turn what Jupyter raises while it writes a notebook's file into jmcp's errors."""
    try:
        yield
    except (HTTPError, OSError) as error:
        raise WriteRefused.not_written(path=path, reason=brief(error)) from error


class Contents:
    """The contents manager of one server. A stamp changes whenever the file's bytes do."""

    def __init__(self, settings: Mapping[str, Any], max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        self._settings = settings
        self._max_bytes = max_bytes
        self._sizes = KnownSizes(max_bytes)
        self.on_saved: Callable[[str], None] = lambda path: None
        """Called with the path of each notebook that was written."""

    @property
    def manager(self) -> Any:
        return self._settings["contents_manager"]

    async def about(self, path: str) -> dict[str, Any]:
        """The model without content. Raises NotebookMissing, PathRefused, NotebookTooLarge."""
        with reading(path):
            model: dict[str, Any] = await ensure_async(
                self.manager.get(path, type="notebook", content=False)
            )
        self._sizes.note(path, model)
        check_size(path, model.get("size"), self._max_bytes)
        return model

    def bound(self, path: str) -> GrowthBound | None:
        """How large the file is, and may become; where there is no file, as last seen."""
        stat = _stat(self.manager, path)
        if stat is not None:
            return GrowthBound(size=stat.st_size, limit=self._max_bytes)
        return self._sizes.bound(path)

    async def load(self, path: str) -> tuple[dict[str, Any], str]:
        """Content and stamp of one reading. Raises as `about`, and NotebookBroken."""
        try:
            model = await self._get(path, content=True)
        except Exception as error:  # Jupyter has no error for what is no notebook
            raise await self.why_unreadable(path, error) from error
        content: dict[str, Any] = model["content"]
        check_content(path, content)
        return content, stamp_of(model)

    async def why_unreadable(self, path: str, error: Exception) -> BackendError:
        """What to tell of a notebook that Jupyter could not read: its file knows it best."""
        if isinstance(error, HTTPError) and error.status_code in UNREAD_STATUSES:
            return read_error(path, error.status_code)
        try:
            raw = await ensure_async(
                self.manager.get(path, type="file", format="base64", content=True)
            )
            data = base64.b64decode(raw["content"])
        except Exception:  # noqa: BLE001  # no contents manager need know files
            return read_error(path, 0)
        flaw = await asyncio.to_thread(diagnose, path, data)
        if flaw is None and isinstance(error, HTTPError) and error.status_code == NOT_READABLE:
            return read_error(path, error.status_code)
        if flaw is None:
            log.warning("%s could not be opened, although it is a notebook.", path, exc_info=error)
            return JupyterUnreachable.not_opened(path=path, reason=brief(error))
        return flaw

    def unmoved(self, path: str) -> AbstractAsyncContextManager[None]:
        """The file is neither renamed nor deleted through Jupyter while this lasts, where Jupyter has its
        files in a folder."""
        return FileGuard.unmoved(self.manager, path)

    async def stamp(self, path: str) -> str:
        """What the file is now. Raises NotebookMissing, PathRefused."""
        with reading(path):
            return stamp_of(await self._get(path, content=False))

    async def save(self, path: str, content: dict[str, Any]) -> str:
        """Write a notebook and return its new stamp, as `stamp_of_saved`. Raises WriteRefused."""
        model = {"type": "notebook", "format": "json", "content": content}
        with writing(path):
            saved = await ensure_async(self.manager.save(model, path))
        with reading(path):
            stamp = stamp_of_saved(saved, await self._get(path, content=False))
        self.on_saved(path)
        return stamp

    async def save_new(self, path: str, content: dict[str, Any]) -> None:
        """Write a notebook where nothing is. Raises NotebookExists, WriteRefused.

        Whoever makes a file there meanwhile keeps it: Jupyter's contents managers overwrite what
        they are told to save, so the file is made first where it is one of this machine's.
        """
        manager = self.manager
        if not isinstance(manager, FileContentsManager):
            await self.save(path, content)
            return
        file = os.path.join(manager.root_dir, path)
        try:
            _make_empty(file)
        except FileExistsError as error:
            raise NotebookExists.file_there(path=path) from error
        except OSError as error:
            raise WriteRefused.not_written(path=path, reason=brief(error)) from error
        try:
            await self.save(path, content)
        except BaseException:
            _remove_empty(file)
            raise

    async def create_directory(self, path: str) -> None:
        """Make a folder, unless somebody has made it meanwhile. Raises WriteRefused."""
        manager = self.manager
        try:
            await ensure_async(manager.save({"type": "directory"}, path))
        except (HTTPError, OSError) as error:
            if await ensure_async(manager.dir_exists(path)):
                return
            taken = await ensure_async(manager.file_exists(path))
            reason = phrases.name_of_file() if taken else brief(error)
            raise WriteRefused.not_written(path=path, reason=reason) from error

    async def checkpoints(self, path: str) -> Sequence[Checkpoint]:
        with reading(path):
            await self.about(path)
            return sorted_checkpoints(await ensure_async(self.manager.list_checkpoints(path)))

    async def create_checkpoint(self, path: str) -> Checkpoint:
        with writing(path):
            return checkpoint_of(await ensure_async(self.manager.create_checkpoint(path)))

    async def checkpoint(self, path: str, checkpoint_id: str) -> dict[str, Any] | None:
        checkpoints = self.manager.checkpoints
        try:
            if isinstance(checkpoints, FileCheckpoints):
                file = checkpoints.checkpoint_path(checkpoint_id, path)
                text = await asyncio.to_thread(Path(file).read_text, encoding="utf-8")
                content = await asyncio.to_thread(nbformat.reads, text, as_version=4)
            elif isinstance(checkpoints, (GenericCheckpointsMixin, AsyncGenericCheckpointsMixin)):
                model = await ensure_async(checkpoints.get_notebook_checkpoint(checkpoint_id, path))
                content = model["content"]
            else:
                return None
        except (HTTPError, OSError, ValueError, nbformat.ValidationError) as error:
            raise NotebookBroken.checkpoint(path=path) from error
        found: dict[str, Any] = content
        check_content(path, found)
        complete(found)
        return found

    async def restore_checkpoint(self, path: str, checkpoint_id: str) -> None:
        async with self.unmoved(path):
            await self.about(path)
            with writing(path):
                await ensure_async(self.manager.restore_checkpoint(checkpoint_id, path))

    async def write_file(self, path: str, data: bytes, *, overwrite: bool) -> None:
        """Write a file that is no notebook. Raises FileExists, WriteRefused.

        Whoever makes one there meanwhile keeps it, unless it is to be replaced.
        """
        manager = self.manager
        made = None
        if not overwrite and isinstance(manager, FileContentsManager):
            made = os.path.join(manager.root_dir, path)
            try:
                _make_empty(made)
            except FileExistsError as error:
                raise FileExists.there(path=path) from error
            except OSError as error:
                raise WriteRefused.not_written(path=path, reason=brief(error)) from error
        model = {"type": "file", "format": "base64", "content": base64.b64encode(data).decode()}
        try:
            await ensure_async(manager.save(model, path))
        except BaseException as error:
            if made is not None:
                _remove_empty(made)
            if isinstance(error, (HTTPError, OSError)):
                raise WriteRefused.not_written(path=path, reason=brief(error)) from error
            raise

    async def _get(self, path: str, *, content: bool) -> dict[str, Any]:
        get = self.manager.get
        # Contents managers older than jupyter_server 2.11 have no hashes.
        hashed = {"require_hash": True} if "require_hash" in _parameters(get) else {}
        model: dict[str, Any] = await ensure_async(
            get(path, type="notebook", content=content, **hashed)
        )
        self._sizes.note(path, model)
        return model


def os_path(manager: Any, path: str) -> str:
    """Where a contents manager of files has that path. Jupyter's own take it apart and check it each
    time, which is half of what looking at the file takes. Raises HTTPError 404 outside of its root.
    """
    if not type(manager).__module__.startswith("jupyter_server."):
        return str(manager._get_os_path(path))
    place = (manager.root_dir, path)
    known = _OS_PATHS.get(place)
    if known is None:
        if len(_OS_PATHS) >= KEPT_OS_PATHS:
            _OS_PATHS.clear()
        known = _OS_PATHS[place] = str(manager._get_os_path(path))
    return known


def file_hash(manager: Any, path: str) -> str | None:
    """The hash of a file as its model has it, for a tenth of what the model takes. None where the
    contents manager is not one of Jupyter's own for files, and for a file that is not there or so
    large that reading it takes milliseconds.
    """
    if not type(manager).__module__.startswith("jupyter_server.") or not hasattr(
        manager, "_get_hash"
    ):
        return None
    try:
        name = os_path(manager, path)
        if not os.path.isfile(name):  # a pipe would be waited for
            return None
        with open(name, "rb") as file:
            data = file.read(READ_AT_ONCE_BYTES + 1)
    except (OSError, HTTPError):
        return None
    if len(data) > READ_AT_ONCE_BYTES:
        return None
    found: str = manager._get_hash(data)["hash"]
    return found


def modified(manager: Any, path: str) -> datetime | None:
    """When the file was last written, as its model says, for some microseconds of work. None where
    the contents manager has no files, and when there is none at that path.

    Of a symbolic link a model has the time of the link: that of its file, which each save changes,
    would look like a change by somebody else."""
    stat = _stat(manager, path, follow_links=False)
    try:
        return None if stat is None else datetime.fromtimestamp(stat.st_mtime, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def is_read_only(manager: Any, path: str) -> bool:
    """Whether there is a file that may not be written, for some microseconds of work. False where the
    contents manager has no files."""
    if not isinstance(manager, FileContentsManager) or manager.is_writable(path):
        return False
    # Jupyter says so of a file that is gone, too, or that is being put in its place just now.
    return _stat(manager, path) is not None and not manager.is_writable(path)


def _stat(manager: Any, path: str, *, follow_links: bool = True) -> os.stat_result | None:
    """The notebook's file, for some microseconds of work. None where the contents manager has no
    files, and when there is none at that path."""
    if not isinstance(manager, FileManagerMixin):
        return None
    try:
        return os.stat(os_path(manager, path), follow_symlinks=follow_links)
    except (OSError, HTTPError, ValueError):
        return None


def _make_empty(file: str) -> None:
    """Raises FileExistsError."""
    with open(file, "x"):
        pass


def _remove_empty(file: str) -> None:
    """Take a file away that nobody has written anything into."""
    with suppress(OSError):
        if not os.path.getsize(file):
            os.unlink(file)


def _parameters(function: Any) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(function).parameters


def brief(error: Exception) -> str:
    """An error in one phrase, without the server's own paths (Jupyter's messages have them)."""
    if isinstance(error, HTTPError):
        cause = error.__cause__
        return brief(cause) if isinstance(cause, OSError) else status_phrase(error.status_code)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return type(error).__name__
