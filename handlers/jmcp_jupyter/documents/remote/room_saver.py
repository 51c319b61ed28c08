"""Saving the document of a room in another process."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from logging import Logger
from typing import TYPE_CHECKING, Any

from jmcp.core.errors import BackendError, JupyterRefused, JupyterUnreachable, NotebookMissing
from jmcp_api import phrases
from jmcp_jupyter.documents.common.notebook_fields import not_finite
from jmcp_jupyter.documents.live.document_watch import changed_keys
from jmcp_jupyter.documents.live.save_supervisor import MISSES_BEFORE_GIVING_UP, SaveSupervisor
from jmcp_jupyter.documents.remote.contents import RemoteContents
from jmcp_jupyter.documents.remote.room_connection import Lost, NotebookClient

if TYPE_CHECKING:
    from jmcp_jupyter.documents.remote.room import RemoteRoom


class RemoteSaver(SaveSupervisor):
    """Asks the room to save, which answers `success` to anything, and believes the hash: the room
    sets it after a save that truly wrote the file, and the file must have the same one.
    """

    def __init__(
        self,
        room: RemoteRoom,
        contents: RemoteContents,
        find: Callable[[], Awaitable[bool]],
        after: float,
        log: Logger,
    ) -> None:
        self._room = room
        self._find = find
        self._contents = contents
        super().__init__(room, after, log)
        self._hashes = 0
        """Counts the times that the room said what it wrote."""

    @property
    def _version(self) -> int:
        return self._room.document.watch.version

    def attach(self, client: NotebookClient) -> None:
        """Hear of the saves of a new connection."""
        client.notebook.ystate.observe(self._state_changed)

    def lost(self) -> None:
        """The server was started anew: what was not saved is no longer in the document."""
        if self._pending:
            self._abandon("the server was started anew")
        self._saved_version = self._edited_version = self._version

    def _state_changed(self, event: Any) -> None:
        if "hash" not in changed_keys(event):
            return
        self._hashes += 1
        if self._room.autosave:
            # A change by others cancels the room's save before it, and ours wait behind a save that
            # we asked for; so this one had all that the server had confirmed so far.
            self._saved_version = max(self._saved_version, self._room.confirmed_version)
            self._prove(self._saved_version)
            if not self._pending:
                self._oldest = self.problem = None

    async def _write(self) -> bool:
        try:
            return await self._ask_and_verify()
        except NotebookMissing:
            if await self._was_moved():
                self._again()
                return False
            self._failed(phrases.file_gone())
            self._misses += 1
            if self._misses >= MISSES_BEFORE_GIVING_UP:
                self._abandon("its file was deleted")
        except (JupyterUnreachable, JupyterRefused, Lost):
            self._failed(phrases.no_answer_from_jupyter())
        except BackendError as error:
            self._failed(error.message)
        return False

    async def _was_moved(self) -> bool:
        """Whether the file has another path by now, at which to look for it."""
        try:
            return await self._find()
        except BackendError:
            return False

    async def _ask_and_verify(self) -> bool:
        client = await self._room.ready()
        document = self._room.document
        version = document.watch.version
        await self._room.sync()
        self._oldest = None
        before = self._hashes
        status = await client.save()
        await self._room.sync()  # what the save changed arrives before the answer to this
        if self._hashes == before:
            await self._not_written(status, quiet=document.watch.version == version)
            return False
        written = document.notebook.hash
        verified: bool = await self._contents.stamp(self._room.path) == written
        self._misses = 0
        if verified:
            self._saved(version)
        else:
            self._again()
        return verified

    async def _not_written(self, status: str, *, quiet: bool) -> None:
        """Why there is no new hash: `quiet` says that nothing changed meanwhile."""
        about = await self._contents.about(self._room.path)
        self._misses = 0
        if not about["writable"]:
            self._failed(phrases.read_only())
        elif status == "skipped" or not quiet:
            self._again()  # it was being reloaded, or another change cancelled the save
        else:
            self._failed(self._unsavable())

    def _unsavable(self) -> str:
        """Why a save failed that was asked for and not held up: Jupyter keeps its reason to itself."""
        with self._room.document.transaction():
            flaw = not_finite(self._room.document.content())
        if flaw is None:
            return phrases.not_saved()
        if flaw.cell is None:
            return phrases.not_saved_field(field=flaw.field, reason=flaw.reason)
        return phrases.not_saved_cell(index=flaw.cell, field=flaw.field, reason=flaw.reason)
