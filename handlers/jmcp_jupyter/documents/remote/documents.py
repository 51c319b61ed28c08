"""The documents of a Jupyter Server in another process."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from jmcp.core.background import run_each
from jmcp.core.errors import WriteRefused
from jmcp.core.ports import FileEntry, NotebookRef, Sharing
from jmcp_api import backend_errors
from jmcp_jupyter.documents.common.documents import JupyterDocuments, Notebooks
from jmcp_jupyter.documents.common.models import DEFAULT_MAX_BYTES
from jmcp_jupyter.documents.common.paths import looks_hidden, normalise
from jmcp_jupyter.documents.file.output_sink import FLUSH_SECONDS
from jmcp_jupyter.documents.remote.contents import RemoteContents
from jmcp_jupyter.documents.remote.event_stream import ServerEvents
from jmcp_jupyter.documents.remote.identity import RemoteIdentity
from jmcp_jupyter.documents.remote.server_facts import RemoteServer
from jmcp_jupyter.http_api import JupyterApi
from jmcp_jupyter.server_answers import server_version
from jmcp_jupyter.server_probe import has_jmcp

if TYPE_CHECKING:
    from jmcp_jupyter.documents.remote.room_manager import RemoteRooms

LIVE = ("jmcp_jupyter.documents.live.notebooks", "jmcp_jupyter.documents.remote.room_manager")
PROVIDER = "jupyter_server_ydoc"
"""The extension whose rooms are those that jmcp knows; others it refuses."""
HIDDEN_STATUS = 400
"""How Jupyter refuses to make a file that it would not show."""


class RemoteDocuments(JupyterDocuments):
    """`ports.Documents` over HTTP and websockets: live where the server has collaboration, else
    through its contents API.

    `max_bytes` limits a notebook's file; `allow_hidden` lets hidden ones be opened where Jupyter
    does too; `save_after` is how old, in seconds, an edit of a live
    notebook gets before it is saved; `trust_outputs` marks cells that jmcp runs as trusted. The
    `api` is the caller's to close.
    """

    inside = False

    def __init__(
        self,
        api: JupyterApi,
        *,
        max_bytes: int = DEFAULT_MAX_BYTES,
        allow_hidden: bool = False,
        save_after: float = 2.0,
        flush_seconds: float = FLUSH_SECONDS,
        trust_outputs: bool = False,
    ) -> None:
        self._api = api
        self._max_bytes = max_bytes
        self._save_after = save_after
        self._trust = trust_outputs
        self._contents = RemoteContents(api, max_bytes)
        self._events = ServerEvents(api)
        self._server = RemoteServer(api, self._events)
        self._identity = RemoteIdentity(
            api, self._server, self._contents, allow_hidden=allow_hidden
        )
        super().__init__(self._contents, flush_seconds=flush_seconds, trust_outputs=trust_outputs)
        self._rooms: RemoteRooms | None = None
        self._loading = asyncio.Lock()

    @property
    def url(self) -> str:
        return self._api.url

    async def sharing(self) -> Sharing:
        version = await server_version(self._api)
        way = (await self._server.facts()).way
        live = way != "file"
        return Sharing(
            mode="live" if live else "file",
            provider=PROVIDER if live else None,
            way=way,
            version=version,
            jmcp=way == "jmcp" or await has_jmcp(self._api),
        )

    async def server_session(self) -> str:
        return (await self._server.facts()).session

    async def identify(self, path: str) -> NotebookRef:
        return await self._identity.identify(path)

    async def current(self, key: str) -> NotebookRef:
        path = None if self._rooms is None else self._rooms.path(key)
        if path is not None:
            return NotebookRef(key=key, path=path)
        return await self._identity.current(key)

    async def _target(self, path: str) -> str:
        await self._server.facts()  # who else keeps documents there
        return self._identity.target(path)

    async def _check_free(self, target: str) -> None:
        kind = None if looks_hidden(target) else await self._identity.kind(target)
        if kind is not None:
            raise backend_errors.NotebookExists.file_there(path=target)
        parent = target.rpartition("/")[0]
        if await self._contents.kind(parent) != "directory":
            if looks_hidden(parent):
                raise backend_errors.PathRefused.hidden(path=target)
            raise backend_errors.DirectoryMissing.nothing_there(path=parent)

    async def _write_new(self, target: str, content: dict[str, Any]) -> None:
        try:
            await self._contents.save_new(target, content)
        except WriteRefused as error:
            if error.details.get("status") == HIDDEN_STATUS and looks_hidden(target):
                raise backend_errors.PathRefused.hidden(path=target) from error
            raise

    async def create_directory(self, path: str) -> None:
        with suppress(backend_errors.DirectoryMissing):
            await self._identity.directory(path)
            return
        await self._contents.create_directory(normalise(path))

    async def check_file(self, path: str, *, overwrite: bool) -> str:
        target = self._identity.file(path)
        kind = await self._contents.kind(target)
        if kind == "directory":
            raise backend_errors.PathRefused.folder(path=target)
        if kind is not None and not overwrite:
            raise backend_errors.FileExists.there(path=target)
        if kind is None:
            parent = target.rpartition("/")[0]
            if await self._contents.kind(parent) != "directory":
                if looks_hidden(parent):
                    raise backend_errors.PathRefused.hidden(path=target)
                raise backend_errors.DirectoryMissing.nothing_there(path=parent)
        return target

    async def write_file(self, path: str, data: bytes, *, overwrite: bool) -> None:
        target = await self.check_file(path, overwrite=overwrite)
        try:
            # One at a time: of two renames at once, Jupyter lets the later one replace the other's.
            async with self._creating:
                await self._contents.write_file(target, data, overwrite=overwrite)
        except WriteRefused as error:
            if error.details.get("status") == HIDDEN_STATUS and looks_hidden(target):
                raise backend_errors.PathRefused.hidden(path=target) from error
            raise

    async def list_directory(self, path: str) -> Sequence[FileEntry]:
        entries = await self._contents.entries(await self._identity.directory(path))
        return [entry for entry in entries if self._identity.shows(entry.path)]

    async def close(self) -> None:
        await run_each(super().close, self._events.close)

    async def _mode(self, key: str) -> Notebooks:
        if self._live is not None and self._live.has_room(key):
            return self._live  # never write a file whose room is open
        if not (await self._server.facts()).live:
            return self._files
        return await self._live_notebooks()

    def _known_mode(self, key: str) -> Notebooks:
        return self._files if self._live is None else self._live

    async def _live_notebooks(self) -> Notebooks:
        async with self._loading:
            if self._live is None:
                try:
                    # A second of imports, and only where notebooks are shared.
                    live, rooms = [
                        await asyncio.to_thread(importlib.import_module, name) for name in LIVE
                    ]
                except ImportError as error:
                    raise backend_errors.JupyterRefused.library_missing(
                        url=self._api.url, library=str(error.name)
                    ) from error
                self._rooms = rooms.RemoteRooms(
                    self._api,
                    self._server,
                    self._identity,
                    self._contents,
                    max_bytes=self._max_bytes,
                    save_after=self._save_after,
                )
                self._live = live.LiveNotebooks(self._rooms, trust=self._trust)
            made: Notebooks = self._live
            return made
