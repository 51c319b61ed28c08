"""One at a time at each notebook's file, of all who read, write, move or delete it through Jupyter.

Jupyter writes a file in its place, beside a copy of what it was. Whoever reads it in the midst of that
finds no notebook, takes the writer to be dead, and puts the copy back: an acknowledged save is undone,
and where the writer has just removed the copy, no file is left. Two writers remove each other's copy.
(jupyter_server 2.13 to 2.21, `AsyncFileManagerMixin`.) A file of a megabyte takes some 50 ms.

And whoever has taken the path of a file that is then renamed writes it anew where it was: what is
written is not in the renamed one.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any

from jupyter_server.services.contents.filemanager import FileContentsManager
from tornado.web import HTTPError

from jmcp_jupyter.documents.local.files.path_locks import PathLocks

GUARDED = ("_read_notebook", "_save_notebook", "_save_file")
"""Of Jupyter's managers of files; each takes the path on disk first."""
MOVING = ("rename_file", "delete_file", "rename", "delete")
"""Each takes one or two of Jupyter's paths and nothing else. The last two have the first ones done,
then those of checkpoints, and tell of it in the end: only then the id of a file has its new path."""


class FileGuard:
    """The locks of one contents manager's files."""

    def __init__(self, manager: Any) -> None:
        self._manager = manager
        self._files = PathLocks()
        """Held while files are read, written, moved or deleted."""
        self._places = PathLocks()
        """Held while files are moved or deleted, and by whoever needs them to stay: before `_files`."""
        for names, guarded in ((GUARDED, self._guarded), (MOVING, self._moving)):
            for name in names:
                genuine = getattr(manager, name, None)
                if inspect.iscoroutinefunction(genuine):
                    setattr(manager, name, guarded(genuine))

    @classmethod
    def install(cls, manager: Any) -> None:
        """Guard the files of a contents manager that has them in a folder. Idempotent."""
        files: Any = manager
        if isinstance(manager, FileContentsManager) and not hasattr(files, "jmcp_guard"):
            files.jmcp_guard = cls(files)

    @staticmethod
    def unmoved(manager: Any, path: str) -> AbstractAsyncContextManager[None]:
        """The file at that path of Jupyter's is neither renamed nor deleted through the manager while
        this lasts, where the manager is guarded. What was under way before is over."""
        guard: FileGuard | None = getattr(manager, "jmcp_guard", None)
        return nullcontext() if guard is None else guard._unmoved(path)

    def _unmoved(self, *paths: str) -> AbstractAsyncContextManager[None]:
        return self._places.held(*self._on_disk(paths))

    def _on_disk(self, paths: Iterable[str]) -> list[str]:
        try:
            return [self._manager._get_os_path(path.strip("/")) for path in paths]
        except HTTPError:  # outside of the root, for which Jupyter has an error
            return []

    def _moving(self, genuine: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def moving(*arguments: str, **named: str) -> Any:
            paths = (*arguments, *named.values())
            async with self._unmoved(*paths), self._files.held(*self._on_disk(paths)):
                return await genuine(*arguments, **named)

        return moving

    def _guarded(self, genuine: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def guarded(os_path: str, *arguments: Any, **options: Any) -> Any:
            async with self._files.held(os_path):
                return await genuine(os_path, *arguments, **options)

        return guarded
