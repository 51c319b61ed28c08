"""One at a time at each notebook's file, of all who read and write it through Jupyter.

Jupyter writes a file in its place, beside a copy of what it was. Whoever reads it in the midst of that
finds no notebook, takes the writer to be dead, and puts the copy back: an acknowledged save is undone,
and where the writer has just removed the copy, no file is left. Two writers remove each other's copy.
(jupyter_server 2.13 to 2.21, `AsyncFileManagerMixin`.) A file of a megabyte takes some 50 ms.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from weakref import WeakValueDictionary

from jupyter_server.services.contents.filemanager import FileContentsManager

GUARDED = ("_read_notebook", "_save_notebook", "_save_file")
"""Of Jupyter's managers of files; each takes the path on disk first."""


class FileLock:
    """A lock that its owner may take again: reading a notebook reads it once more after a repair."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._owner: asyncio.Task[Any] | None = None

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        task = asyncio.current_task()
        if self._owner is not None and self._owner is task:
            yield
            return
        async with self._lock:
            self._owner = task
            try:
                yield
            finally:
                self._owner = None


class FileGuard:
    """The locks of one contents manager's files, by path on disk."""

    def __init__(self, manager: Any) -> None:
        self._locks: WeakValueDictionary[str, FileLock] = WeakValueDictionary()
        for name in GUARDED:
            genuine = getattr(manager, name, None)
            if inspect.iscoroutinefunction(genuine):
                setattr(manager, name, self._guarded(genuine))

    @classmethod
    def install(cls, manager: Any) -> None:
        """Guard the files of a contents manager that has them in a folder. Idempotent."""
        files: Any = manager
        if isinstance(manager, FileContentsManager) and not hasattr(files, "jmcp_guard"):
            files.jmcp_guard = cls(files)

    def _guarded(self, genuine: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def guarded(os_path: str, *arguments: Any, **options: Any) -> Any:
            lock = self._locks.setdefault(os_path, FileLock())
            async with lock.held():
                return await genuine(os_path, *arguments, **options)

        return guarded
