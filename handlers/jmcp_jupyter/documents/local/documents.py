"""The documents of the Jupyter Server that this process is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import jupyter_server
from jupyter_server.utils import ensure_async

from jmcp.core.pages.pages import Way
from jmcp.core.pages.tabs import Visitor
from jmcp.core.ports import FileEntry, NotebookRef, Sharing
from jmcp_api.backend_errors import DirectoryMissing, FileExists, NotebookExists, WriteRefused
from jmcp_jupyter.documents.common.documents import JupyterDocuments, Notebooks
from jmcp_jupyter.documents.common.listing import list_directory
from jmcp_jupyter.documents.common.models import DEFAULT_MAX_BYTES
from jmcp_jupyter.documents.common.paths import normalise
from jmcp_jupyter.documents.file.output_sink import FLUSH_SECONDS
from jmcp_jupyter.documents.local.contents_clients import contents_requests
from jmcp_jupyter.documents.local.contents_clients.contents_requests import client_of
from jmcp_jupyter.documents.local.contents_clients.other_clients import OtherClients
from jmcp_jupyter.documents.local.files.contents import Contents, modified
from jmcp_jupyter.documents.local.files.file_guard import FileGuard
from jmcp_jupyter.documents.local.files.identity import Identity
from jmcp_jupyter.documents.local.rooms import collaboration
from jmcp_jupyter.documents.local.tabs.ways import way_of

if TYPE_CHECKING:
    from jmcp_jupyter.documents.local.rooms.file_merge import FileMerge
    from jmcp_jupyter.documents.local.rooms.room_manager import LocalRooms
    from jmcp_jupyter.documents.local.tabs.tabs import Tabs

SERVER_SESSION = str(uuid4())
"""Of this process, which is Jupyter Server itself."""
FOLLOW_SECONDS = 5.0
"""Seconds for which somebody's save waits at most for a room to take what the file had before."""
OTHER_PROVIDER = "jupyter_server_documents"


class LocalDocuments(JupyterDocuments):
    """`ports.Documents` in process: live where collaboration runs, else through the contents
    manager.

    `max_bytes` limits a notebook's file; `allow_hidden` lets hidden ones be opened where Jupyter
    does too; `save_after` is how old, in seconds, an edit of a live
    notebook gets before it is saved; `trust_outputs` marks cells that jmcp runs as trusted;
    `shares_with_pages`: pages may join rooms by jmcp's labextension.
    """

    inside = True

    def __init__(
        self,
        serverapp: Any,
        *,
        max_bytes: int = DEFAULT_MAX_BYTES,
        allow_hidden: bool = False,
        save_after: float = 2.0,
        flush_seconds: float = FLUSH_SECONDS,
        trust_outputs: bool = False,
        shares_with_pages: bool = True,
    ) -> None:
        self._app = serverapp
        settings = serverapp.web_app.settings
        self._identity = Identity(settings, allow_hidden=allow_hidden)
        self._contents = Contents(settings, max_bytes)
        self._contents.on_saved = self._identity.saved
        self._save_after = save_after
        self._trust = trust_outputs
        self._max_bytes = max_bytes
        self._ours = shares_with_pages
        self._collaboration: Any | None = None
        self._way: Way | None = None
        self._tabs: Tabs | None = None
        self._rooms: LocalRooms | None = None
        super().__init__(self._contents, flush_seconds=flush_seconds, trust_outputs=trust_outputs)
        self._others = OtherClients(self)
        contents_requests.observe(serverapp.web_app, self._others)
        FileGuard.install(self._contents.manager)

    @property
    def url(self) -> str:
        return str(self._app.connection_url)

    async def sharing(self) -> Sharing:
        self._check_provider()
        way = self.way(now=True)
        live = way != "file"
        return Sharing(
            mode="live" if live else "file",
            provider=collaboration.EXTENSION if live else None,
            way=way,
            version=jupyter_server.__version__,
            jmcp=True,
        )

    def way(self, *, now: bool = False) -> Way:
        """How pages have their notebooks; `now` as those have them that are opened from now on."""
        extension = self._shared_by()
        if extension is None:
            return "file"
        if self._way is None or now:
            self._way = way_of(self._app, extension, ours=self._ours)
        return self._way

    def tabs(self) -> Tabs | None:
        """The rooms for tabs of jmcp's labextension; None where none can be shared."""
        self._check_provider()
        extension = self._shared_by()
        if extension is not None and self._tabs is None:
            from jmcp_jupyter.documents.local.tabs.tabs import Tabs

            self._tabs = Tabs(
                self._opened_rooms(extension), self._contents, self._identity, self._max_bytes
            )
        return self._tabs

    async def server_session(self) -> str:
        return SERVER_SESSION

    async def identify(self, path: str) -> NotebookRef:
        return await self._identity.identify(path)

    async def current(self, key: str) -> NotebookRef:
        return await self._identity.current(key)

    async def _target(self, path: str) -> str:
        self._check_provider()
        return await self._identity.target(path)

    async def _check_free(self, target: str) -> None:
        manager = self._contents.manager
        parent = target.rpartition("/")[0]
        if not await ensure_async(manager.dir_exists(parent)):
            raise DirectoryMissing.nothing_there(path=parent)
        if await ensure_async(manager.file_exists(target)):
            raise NotebookExists.file_there(path=target)

    async def _write_new(self, target: str, content: dict[str, Any]) -> None:
        await self._contents.save_new(target, content)

    async def create_directory(self, path: str) -> None:
        with suppress(DirectoryMissing):
            await self._identity.directory(path)
            return
        await self._contents.create_directory(normalise(path))

    async def check_file(self, path: str, *, overwrite: bool) -> str:
        target = await self._identity.file(path)
        manager = self._contents.manager
        parent = target.rpartition("/")[0]
        if not await ensure_async(manager.dir_exists(parent)):
            raise DirectoryMissing.nothing_there(path=parent)
        if not overwrite and await ensure_async(manager.file_exists(target)):
            raise FileExists.there(path=target)
        return target

    async def write_file(self, path: str, data: bytes, *, overwrite: bool) -> None:
        target = await self.check_file(path, overwrite=overwrite)
        await self._contents.write_file(target, data, overwrite=overwrite)

    async def list_directory(self, path: str) -> Sequence[FileEntry]:
        directory = await self._identity.directory(path)
        entries = await list_directory(self._contents.manager, directory)
        return [entry for entry in entries if self._identity.shows(entry.path)]

    def opened_beside(self, key: str) -> bool:
        if not self._others.copies.any_shown:
            return False
        path = self._identity.path(key)
        return path is not None and self._others.shown(path, self._in_room(key))

    def _in_room(self, key: str) -> Collection[str]:
        """The names of the clients that have the notebook's live document open."""
        names = []
        for one in getattr(self._room(key), "clients", ()):
            if isinstance(visitor := getattr(one, "visitor", None), Visitor):
                names.append(visitor.client)
            elif hasattr(one, "request"):  # a handler of jupyter_server_ydoc
                names.append(client_of(one).name)
        return names

    def _room(self, key: str) -> Any | None:
        """The notebook's room, whoever opened it."""
        extension = self._shared_by()
        if extension is None:
            return None
        return extension.ywebsocket_server.rooms.get(f"json:notebook:{key}")

    @asynccontextmanager
    async def saved_by_other(self, ref: NotebookRef) -> AsyncIterator[None]:
        """Around somebody's save of the notebook's file, as `SavedNotebooks` has it."""
        if self._room(ref.key) is None:
            async with self._files.unedited(ref):
                yield
        else:
            await self.follow_file(ref)
            yield

    async def follow_file(self, ref: NotebookRef) -> None:
        """Have the notebook's room take what its file has, if it is open."""
        merge = self._merge(ref.key)
        written = modified(self._contents.manager, ref.path)
        if merge is not None and written is not None and merge.is_behind(written):
            with suppress(TimeoutError):
                async with asyncio.timeout(FOLLOW_SECONDS):
                    await merge.take_file()

    def rebase(self, ref: NotebookRef, base: Mapping[str, Any]) -> None:
        """Whoever wrote the notebook's file just now had loaded `base`."""
        merge = self._merge(ref.key)
        written = modified(self._contents.manager, ref.path)
        if merge is not None and written is not None:
            merge.rebase(base, written)

    def _merge(self, key: str) -> FileMerge | None:
        merge: FileMerge | None = getattr(self._room(key), "jmcp_merge", None)
        return merge

    async def close(self) -> None:
        contents_requests.ignore(self._app.web_app, self._others)
        await super().close()

    async def _mode(self, key: str) -> Notebooks:
        return self._known_mode(key)

    def _known_mode(self, key: str) -> Notebooks:
        self._check_provider()
        extension = self._shared_by()
        if extension is None:
            return self._files
        self._opened_rooms(extension)
        assert self._live is not None
        if self.way() == "file" and not self._live.has_room(key):
            # Pages then save files; but never write a file whose room is open.
            return self._files
        return self._live

    def _shared_by(self) -> Any | None:
        """The extension with the rooms. Looked up late: it may load after jmcp. Jupyter goes through all
        its extensions for that."""
        if self._collaboration is None:
            self._collaboration = collaboration.extension_of(self._app)
        return self._collaboration

    def _opened_rooms(self, extension: Any) -> LocalRooms:
        if self._rooms is None:
            # pycrdt and jupyter_server_ydoc take a third of a second.
            from jmcp_jupyter.documents.live.notebooks import LiveNotebooks
            from jmcp_jupyter.documents.local.rooms.room_manager import LocalRooms

            self._rooms = LocalRooms(
                extension, self._contents, self._identity, self._save_after, self._app.log
            )
            self._live = LiveNotebooks(self._rooms, trust=self._trust)
        return self._rooms

    def _check_provider(self) -> None:
        """Raises WriteRefused where another extension shares notebooks."""
        other = self._app.extension_manager.extensions.get(OTHER_PROVIDER)
        if other is not None and other.enabled:
            raise WriteRefused.other_provider(provider=OTHER_PROVIDER, path=None)
