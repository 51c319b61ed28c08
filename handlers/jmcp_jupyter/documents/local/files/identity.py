"""One identity for each notebook, whatever the spelling of its path and whoever renames it."""

from __future__ import annotations

import asyncio
import os
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
from jmcp_jupyter.documents.local.files.file_places import FilePlaces

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
        self._places = FilePlaces()

    async def identify(self, path: str) -> NotebookRef:
        """The notebook at `path`. Raises PathRefused, NotebookMissing."""
        normal = await self.target(path)
        if not await self._exists(normal):
            raise NotebookMissing.nothing_there(path=normal)
        key = self._key(normal)
        self.remember(key, normal)
        return NotebookRef(key=key, path=normal)

    async def current(self, key: str) -> NotebookRef:
        """The same notebook at the path that it has now. Raises NotebookMissing, PathRefused."""
        ids = self._ids
        for wait in (*RENAME_WAITS_SECONDS, None):
            path = key if ids is None else self._asked(ids.get_path, key)
            if path is not None and self._unchanged(key, path):
                self._follow(path)
                return NotebookRef(key=key, path=path)
            if path is not None and await self._exists(path):
                self._follow(path)  # what was a file may be a link by now
                self.remember(key, path)
                return NotebookRef(key=key, path=path)
            if wait is not None:
                await asyncio.sleep(wait)
        if path is not None and (found := await self._moved(key, path)) is not None:
            return NotebookRef(key=key, path=found)
        raise moved_away(path)

    def path(self, key: str) -> str | None:
        """Where the notebook is as far as Jupyter knows without looking."""
        ids = self._ids
        return key if ids is None else self._asked(ids.get_path, key)

    def saved(self, path: str) -> None:
        """jmcp wrote the notebook at that path."""
        ids = self._ids
        key = path if ids is None else ids.get_id(path)
        if key is not None:
            self.remember(key, path)

    def _unchanged(self, key: str, path: str) -> bool:
        """Whether the notebook's file is there as it was when it was looked at last."""
        root = self._root
        return root is not None and self._places.unchanged(key, os.path.join(root, path))

    def remember(self, key: str, path: str) -> None:
        """Note what the notebook's file is now, to know it again where somebody moves it."""
        if (root := self._root) is not None:
            self._places.remember(key, os.path.join(root, path))

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

    async def file(self, path: str) -> str:
        """The one spelling of a path that a file may have which is no notebook. Raises PathRefused."""
        normal = normalise(path)
        await self._check(normal)
        if await ensure_async(self._contents.dir_exists(normal)):
            raise PathRefused.folder(path=normal)
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

    async def _moved(self, key: str, path: str) -> str | None:
        """The path of a file that was moved by others than Jupyter, which has that path from now on.

        Raises NotebookMissing, with the new path, where another notebook's id has it.
        """
        root = self._root
        if root is None:
            return None
        hidden = self._allow_hidden
        found = await asyncio.to_thread(self._places.find, key, root, hidden=hidden)
        if found is None:
            return None
        await self._check(found)
        if not self._take(path, found):
            raise NotebookMissing.moved(path=path, now=found)
        return found

    def _take(self, path: str, found: str) -> bool:
        """Give the id of a path to another one; whether it could be given."""
        ids, root = self._ids, self._root
        if ids is None or root is None:
            return False
        try:
            other = ids.get_id(found)
            if other is not None:
                if self._places.unchanged(other, os.path.join(root, found)):
                    return False
                ids.delete(found)  # of a file that was there before, and is gone
            ids.move(path, found)
        except sqlite3.Error:
            return False
        return True

    def renamed(self, path: str, to: str) -> None:
        """Let the id of a notebook that Jupyter has renamed follow it, where Jupyter's own did not.

        It does not where the new path still has the id of a file that was deleted outside of Jupyter.
        """
        ids, root = self._ids, self._root
        if ids is None or root is None or not to.endswith(".ipynb"):
            return
        try:
            key = ids.get_id(path)
        except sqlite3.Error:
            return
        if key is None or os.path.exists(os.path.join(root, path)):
            return
        if os.path.isfile(os.path.join(root, to)) and self._take(path, to):
            self.remember(key, to)

    def _key(self, path: str) -> str:
        ids = self._ids
        if ids is not None:
            if self._asked(ids.get_id, path) is None:
                self._reclaim(path)
            # Jupyter's ids follow the rename of a folder only where the folder has one too.
            parents = path.split("/")[:-1]
            for depth in range(len(parents)):
                self._asked(ids.index, "/".join(parents[: depth + 1]))
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

    def _reclaim(self, path: str) -> None:
        """Let a file that was moved here be the notebook that it was."""
        root, ids = self._root, self._ids
        if root is None or ids is None:
            return
        key = self._places.key_of(os.path.join(root, path))
        before = None if key is None else ids.get_path(key)
        if before is not None and not os.path.exists(os.path.join(root, before)):
            self._take(before, path)

    @property
    def _root(self) -> str | None:
        """The served folder, where Jupyter has its files in one."""
        contents = self._contents
        return contents.root_dir if isinstance(contents, FileContentsManager) else None

    @property
    def _contents(self) -> Any:
        return self._settings["contents_manager"]

    @property
    def _ids(self) -> Any | None:
        return self._settings.get("file_id_manager")
