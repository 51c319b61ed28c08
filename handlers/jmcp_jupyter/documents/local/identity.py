"""One identity for each notebook, whatever the spelling of its path and whoever renames it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

from jupyter_server.services.contents.filemanager import FileContentsManager
from jupyter_server.utils import ensure_async

from jmcp.core.ports import NotebookRef
from jmcp_api.backend_errors import (
    DirectoryMissing,
    NotebookMissing,
    PathRefused,
    WriteRefused,
)
from jmcp_jupyter.documents.common.paths import (
    is_below,
    looks_hidden,
    moved_away,
    normalise,
    notebook_path,
)

RENAME_WAITS_SECONDS = (0.0, 0.01, 0.03, 0.1)
"""How often to look again for a file: its id follows a rename a few steps of the loop later."""


class Identity:
    """Paths and keys of the notebooks below the root of one Jupyter Server.

    `allow_hidden` lets hidden ones be named where Jupyter shows them too. Reads the server's
    services at each use: jupyter_server_fileid may load after this.
    """

    def __init__(self, settings: Mapping[str, Any], *, allow_hidden: bool = False) -> None:
        self._settings = settings
        self._allow_hidden = allow_hidden

    async def identify(self, path: str) -> NotebookRef:
        """The notebook at `path`. Raises PathRefused, NotebookMissing."""
        normal = await self.target(path)
        if not await self._exists(normal):
            raise NotebookMissing.nothing_there(path=normal)
        return NotebookRef(key=self._key(normal), path=normal)

    async def current(self, key: str) -> NotebookRef:
        """The same notebook at the path that it has now. Raises NotebookMissing, PathRefused."""
        ids = self._ids
        for wait in (*RENAME_WAITS_SECONDS, None):
            path = key if ids is None else self._asked(ids.get_path, key)
            if path is not None and await self._exists(path):
                self._follow(path)  # what was a file may be a link by now
                return NotebookRef(key=key, path=path)
            if wait is not None:
                await asyncio.sleep(wait)
        raise moved_away(path)

    async def target(self, path: str) -> str:
        """The one spelling of a path that a notebook may have. Raises PathRefused."""
        normal = notebook_path(path)
        await self._check(normal)
        if await ensure_async(self._contents.dir_exists(normal)):
            raise PathRefused.directory(path=normal)
        return normal

    async def directory(self, path: str) -> str:
        """The one spelling of a directory, '' for the root. Raises PathRefused, DirectoryMissing."""
        normal = normalise(path)
        await self._check(normal)
        if not await ensure_async(self._contents.dir_exists(normal)):
            raise DirectoryMissing.nothing_there(path=normal)
        return normal

    def shows(self, path: str) -> bool:
        """Whether an entry of a listing may be shown, from which Jupyter left out what it hides."""
        contents = self._contents
        if looks_hidden(path) and not self._allow_hidden:
            return False
        return not isinstance(contents, FileContentsManager) or is_below(contents.root_dir, path)

    async def _check(self, path: str) -> None:
        """Raises PathRefused for what is hidden, and for what a link takes out of the root."""
        contents = self._contents
        if not path:
            return
        shown = contents.allow_hidden and self._allow_hidden
        if not shown and (looks_hidden(path) or await self._is_hidden(path)):
            raise PathRefused.hidden(path=path)
        self._follow(path)

    async def _is_hidden(self, path: str) -> bool:
        try:
            return bool(await ensure_async(self._contents.is_hidden(path)))
        except OSError:  # below a file, or a folder that Jupyter may not read: nothing is there
            return False

    def _follow(self, path: str) -> None:
        """Raises PathRefused where a link leads out of the root."""
        contents = self._contents
        if isinstance(contents, FileContentsManager) and not is_below(contents.root_dir, path):
            raise PathRefused.link(path=path)

    async def _exists(self, path: str) -> bool:
        return bool(await ensure_async(self._contents.file_exists(path)))

    def _key(self, path: str) -> str:
        ids = self._ids
        key = path if ids is None else self._asked(ids.index, path)
        if key is None:
            raise NotebookMissing.nothing_there(path=path)
        return key

    @staticmethod
    def _asked(question: Callable[[str], str | None], given: str) -> str | None:
        """What Jupyter's ids of files answer. Raises WriteRefused where their database fails."""
        try:
            return question(given)
        except sqlite3.Error as error:
            raise WriteRefused.ids_not_kept(path=None, reason=str(error)) from error

    @property
    def _contents(self) -> Any:
        return self._settings["contents_manager"]

    @property
    def _ids(self) -> Any | None:
        return self._settings.get("file_id_manager")
