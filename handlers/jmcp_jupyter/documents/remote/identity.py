"""One identity for each notebook of a Jupyter Server in another process."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from urllib.parse import urlencode

from jmcp.core.ports import NotebookRef
from jmcp_api.backend_errors import DirectoryMissing, NotebookMissing, PathRefused
from jmcp_jupyter.documents.common.paths import (
    looks_hidden,
    moved_away,
    normalise,
    notebook_path,
)
from jmcp_jupyter.documents.remote.contents import RemoteContents
from jmcp_jupyter.documents.remote.moves import RemoteMoves
from jmcp_jupyter.documents.remote.server_facts import RemoteServer
from jmcp_jupyter.http_api import JupyterApi

RENAME_WAITS_SECONDS = (0.01, 0.05, 0.2)
"""How often to look again for a file: its id follows a rename a little later."""

ANOTHER = "./"
"""Begins the key of a notebook without an id whose path is the key of one that was moved."""

UNKNOWN_ID = "could not be found"
"""What jupyter_server_fileid says of an id; a server without it has other words for its 404."""


KNOWN_PATHS = 2**14
"""Notebooks whose last path is known, those that were used last: 4 MB. It matters where the server
does not tell paths of ids, and for a notebook that had no id when it was opened."""


class RemoteIdentity:
    """Paths and keys. A key is the file id, and the path where the server knows no id.

    jupyter_server_fileid gives ids over REST to files that it knows already; collaboration makes
    them known.
    """

    def __init__(
        self,
        api: JupyterApi,
        server: RemoteServer,
        contents: RemoteContents,
        *,
        allow_hidden: bool,
    ) -> None:
        self._allow_hidden = allow_hidden
        self._api = api
        self._server = server
        self._contents = contents
        self._paths: OrderedDict[str, str] = OrderedDict()
        """The last path of each key that was used lately."""
        self._moved: dict[str, str] = {}
        """Where notebooks are that the server does not follow, by key."""
        self._folders: set[str] = set()
        """Folders that have ids."""
        self._moves = RemoteMoves(contents)
        contents.on_seen = self._moves.note

    async def identify(self, path: str) -> NotebookRef:
        """The notebook at `path`. Raises PathRefused, NotebookMissing."""
        normal = self.target(path)
        if await self.kind(normal) != "notebook":
            raise NotebookMissing.nothing_there(path=normal)
        key = await self._key(normal)
        if key is None:
            raise NotebookMissing.nothing_there(path=normal)
        self._remember(key, normal)
        return NotebookRef(key=key, path=normal)

    async def current(self, key: str) -> NotebookRef:
        """The same notebook at the path that it has now. Raises NotebookMissing."""
        await self._server.facts()  # connects the events that make this unnecessary
        path, seen = None, self._paths.get(key)
        for wait in (*RENAME_WAITS_SECONDS, None):
            path = await self._path(key)
            if path is not None and await self._contents.kind(path) == "notebook":
                if self._paths.get(key) != path:
                    self._folders.clear()  # what has the old names from now on has no ids yet
                self._remember(key, path)
                return NotebookRef(key=key, path=path)
            if path is None or wait is None:
                break
            await asyncio.sleep(wait)
        found = None if seen is None else await self._moves.find(seen, hidden=self._allow_hidden)
        if found is None or seen is None:
            raise moved_away(path)
        if (await self._server.facts()).live:
            # The server's id of it, which names its live document, does not follow.
            raise NotebookMissing.moved_by_others(path=seen, now=found)
        self._moved[key] = found
        self._remember(key, found)
        return NotebookRef(key=key, path=found)

    def _remember(self, key: str, path: str) -> None:
        self._paths[key] = path
        self._paths.move_to_end(key)
        while len(self._paths) > KNOWN_PATHS:
            self._paths.popitem(last=False)

    def target(self, path: str) -> str:
        """The one spelling of a path that a notebook may have. Raises PathRefused."""
        normal = notebook_path(path)
        if not self.shows(normal):
            raise PathRefused.hidden(path=normal)
        return normal

    def shows(self, path: str) -> bool:
        """Whether a path may be shown. Links that leave its root only that server could see."""
        return self._allow_hidden or not looks_hidden(path)

    def file(self, path: str) -> str:
        """The one spelling of a path that a file may have which is no notebook. Raises PathRefused."""
        normal = normalise(path)
        if not self.shows(normal):
            raise PathRefused.hidden(path=normal)
        return normal

    async def kind(self, path: str) -> str | None:
        """What is at a path of a notebook; None for nothing. Raises PathRefused."""
        kind = await self._contents.kind(path)
        if kind == "directory":
            raise PathRefused.directory(path=path)
        if kind is None and looks_hidden(path):
            raise PathRefused.hidden(path=path)
        return kind

    async def directory(self, path: str) -> str:
        """The one spelling of a directory, '' for the root. Raises PathRefused, DirectoryMissing."""
        normal = normalise(path)
        if not self.shows(normal):
            raise PathRefused.hidden(path=normal)
        if await self._contents.kind(normal) != "directory":
            if looks_hidden(normal):
                raise PathRefused.hidden(path=normal)
            raise DirectoryMissing.nothing_there(path=normal)
        return normal

    async def _key(self, path: str) -> str | None:
        if (await self._server.facts()).live:
            await self._index_folders(path)
            document = await self._server.document(path)
            return None if document is None else document.file_id
        for known, now in self._moved.items():
            if now == path:
                return known
        key = await self._plain_key(path)
        if key not in self._moved:
            return key
        # The notebook that was there has that key, wherever it is now.
        return f"{ANOTHER}{path}"

    async def _plain_key(self, path: str) -> str:
        if self._paths.get(path) == path:
            return path  # known before the server gave it an id: one notebook has one key
        reply = await self._api.request("GET", f"api/fileid/id?{urlencode({'path': path})}")
        if reply.is_client_error:  # no such route
            return path
        return str(self._api.model(reply, id=str)["id"])

    async def _index_folders(self, path: str) -> None:
        """Give ids to the folders of a notebook: ids follow the rename of a folder only where the
        folder has one too.
        """
        parents = path.split("/")[:-1]
        for depth in range(len(parents)):
            folder = "/".join(parents[: depth + 1])
            if folder not in self._folders and await self._server.document(folder) is not None:
                if len(self._folders) >= KNOWN_PATHS:
                    self._folders.clear()  # they are asked for again
                self._folders.add(folder)

    async def _path(self, key: str) -> str | None:
        if key in self._moved:
            return self._moved[key]
        if key.endswith(".ipynb"):
            return key.removeprefix(ANOTHER)
        reply = await self._api.request("GET", "api/fileid/path", id=key)
        if not reply.is_error:
            return str(self._api.model(reply, path=str)["path"])
        if UNKNOWN_ID in reply.text:
            return None
        # No such route: the path that was last known, if it is still that notebook.
        path = self._paths.get(key)
        document = None if path is None else await self._server.document(path)
        return path if document is not None and document.file_id == key else None
