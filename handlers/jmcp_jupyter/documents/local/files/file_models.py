"""Models of files without their content, for file loaders of jupyter_server_ydoc."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime
from typing import Any

from jupyter_server.services.contents.filemanager import FileContentsManager
from tornado.web import HTTPError

from jmcp_jupyter.documents.common.paths import looks_hidden
from jmcp_jupyter.documents.local.files.contents import file_hash, os_path


class FileModels:
    """A contents manager that says itself when a file was changed, and leaves all else to `manager`.

    A loader asks that once a second for each open document, and twice for each save. Jupyter's own
    answer takes half a millisecond of a processor: the whole model, an event that is validated
    twice, and for a hash a thread. What the file system says takes a tenth. Whatever is no plain
    visible file is left to `manager` too, which knows the error for it.
    """

    def __init__(self, manager: Any) -> None:
        self._manager = manager

    @classmethod
    def install(cls, loader: Any) -> None:
        """Have a loader ask like this, where Jupyter has its files in a folder. Idempotent."""
        manager = loader._contents_manager
        if type(manager).__module__.startswith("jupyter_server.") and isinstance(
            manager, FileContentsManager
        ):
            loader._contents_manager = cls(manager)

    @staticmethod
    def behind(manager: Any) -> Any:
        """Jupyter's contents manager, which may stand behind one of these."""
        return manager._manager if isinstance(manager, FileModels) else manager

    def __getattr__(self, name: str) -> Any:
        return getattr(self._manager, name)

    def get(self, path: str, content: bool = True, **asked: Any) -> Any:
        """As the manager's, awaitable or not: a loader takes both."""
        model = None if content else self._model(path, **asked)
        return self._manager.get(path, content=content, **asked) if model is None else model

    def _model(self, path: str, require_hash: bool = False, **_: Any) -> dict[str, Any] | None:
        """The part of a model that loaders read; None where Jupyter has to say what is there."""
        manager = self._manager
        if looks_hidden(path) and not manager.allow_hidden:
            return None
        try:
            about = os.lstat(os_path(manager, path))
            written = datetime.fromtimestamp(about.st_mtime, UTC)
        except (OSError, HTTPError, ValueError, OverflowError):
            return None
        if not stat.S_ISREG(about.st_mode):
            return None
        found = file_hash(manager, path) if require_hash else None
        if require_hash and found is None:
            return None
        return {
            "path": path,
            "last_modified": written,
            "writable": manager.is_writable(path),
            "size": about.st_size,
            "hash": found,
        }
