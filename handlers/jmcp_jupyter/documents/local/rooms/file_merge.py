"""Files that others write while their room is open: merged into the room, never loaded over it.

A room of jupyter_server_ydoc (2.4 and 3.0) loads its file again when some program has written it,
on a look at the file and when it saves, and what was typed since the last save is gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from logging import Logger
from typing import Any, Self

from jupyter_server.utils import ensure_async
from jupyter_server_ydoc.utils import LogLevel, OutOfBandChanges
from pycrdt import Map
from tornado.web import HTTPError

from jmcp.core.errors import ENDS_TASK
from jmcp_jupyter.documents.live.cell_contents import CellContents
from jmcp_jupyter.documents.live.document_watch import DocumentWatch
from jmcp_jupyter.documents.live.merge.normal_form import normalised
from jmcp_jupyter.documents.live.merge.notebook_merge import is_equal
from jmcp_jupyter.documents.live.merge.report import MERGED, MergeReport
from jmcp_jupyter.documents.live.three_way import merge_into, rejoin
from jmcp_jupyter.documents.local.rooms.loader_check import NOT_FOUND, LoaderCheck

SAVES_AT_ONCE = 3
"""A file that is written again and again is merged so often for one save; the next save goes on."""

MergeListener = Callable[[MergeReport, bool | None], None]
"""Called after a merge that changed the document, with what it took, and whether the file has all
that the document has now; None after one of a tab, which leaves the file as it is."""


class FileMerge:
    """Takes the place of how a room of a notebook meets changes of its file, and of its saves.

    `lock` is held from the reading of a document or file to the end of the save or merge: no save
    writes what was read before a merge. What room and file last agreed on is its loader's
    (`LoaderCheck.agreed`).
    """

    def __init__(self, room: Any) -> None:
        self.lock = asyncio.Lock()
        self.merging = False
        """Whether the document is being changed by a merge, which takes nothing away."""
        self.listeners: list[MergeListener] = []
        self.watch: DocumentWatch | None = None
        """Of the document, where somebody has one."""
        self._own_watch: DocumentWatch | None = None
        self._room = room
        self._document = room._document
        self._file = room._file
        self._check = LoaderCheck.of(room._file)
        self._log: Logger = room.log
        self._initialize = room.initialize
        room.initialize = self._initialized
        room._on_outofband_change = self.take_file
        room._maybe_save_document = self._save
        self._file.observe(room.room_id, self.take_file, self._renamed)
        room.jmcp_merge = self
        self._learning: asyncio.Task[None] | None = None
        if room.ready:  # before 3.0, `get_document` of jupyter_server_ydoc loads a room first
            self._agree_on_loaded()
            self._learning = asyncio.create_task(self.learn())

    @classmethod
    def of(cls, room: Any) -> Self:
        """The one of a notebook's room, which has it from then on."""
        merge: Self | None = getattr(room, "jmcp_merge", None)
        return cls(room) if merge is None else merge

    @property
    def path(self) -> str | None:
        """Where the file is as far as Jupyter knows; None where it was deleted."""
        return self._check.path

    def is_behind(self, written: datetime) -> bool:
        """Whether a file that was written then has something that the document may lack."""
        agreed = self._check.agreed
        return written != (self._file.last_modified if agreed is None else agreed.modified)

    def rebase(self, base: Mapping[str, Any], written: datetime) -> None:
        """Whoever wrote the file then had loaded `base`, and not what room and file last agreed on.
        Nothing where that file was merged before anybody said so."""
        agreed = self._check.agreed
        if agreed is not None and self.is_behind(written):
            self._check.agreed = replace(agreed, content=base)

    async def learn(self) -> None:
        """Read what the file has, if the room is open already and its file is still the one that it
        was loaded from. Raises nothing that a file raises."""
        if not self._room.ready:
            return
        async with self.lock:
            if self._check.agreed is not None:
                return
            before = self._file.last_modified
            try:
                model = await self._file.load_content("json", "notebook")
            except ENDS_TASK:
                raise
            except Exception as error:  # noqa: BLE001  whatever a contents manager raises
                self._log.debug("Cannot read the file of room %s: %s", self._room.room_id, error)
                return
            if model["last_modified"] == before:
                self._check.agree(model["content"], before)
            else:
                self._file.last_modified = before

    async def _initialized(self) -> None:
        if self._room.ready:
            return
        async with self.lock:
            await self._initialize()
            self._agree_on_loaded()

    def _agree_on_loaded(self) -> None:
        loaded = self._check.loaded
        if loaded is not None:
            self._check.agree(loaded["content"], loaded["last_modified"])

    async def rejoin(self, base: Any, mine: Any) -> MergeReport:
        """Join in what a tab of another history had: as `three_way.rejoin`, a few cells at a time.

        Raises NotebookBroken for what is no notebook.
        """
        async with self.lock:
            with self._watched() as watch:
                cells = CellContents(self._document, watch)
                await cells.read_ahead()
                while self._room._update_lock.locked():
                    async with self._room._update_lock:
                        pass
                known = cells if watch in (self.watch, self._own_watch) else None
                report = rejoin(self._document, base, mine, path=self._file.path, cells=known)
        if report.took:
            self._document.dirty = True
            for listener in self.listeners:
                listener(report, None)
        return report

    async def take_file(self) -> None:
        """Merge the file as it is now into the document, and have saved what the file lacks."""
        async with self.lock:
            equal = await self.take_file_locked()
        if equal is False:
            self._room._on_document_change("cells", None)

    async def take_file_locked(self) -> bool | None:
        """The same for who holds the lock, and saves. Whether the file has all that the document
        has; None where it cannot be read."""
        try:
            model, written = await self._loaded()
        except ENDS_TASK:
            raise
        except Exception as error:  # noqa: BLE001  whatever a contents manager raises
            message = f"Error loading content from file: {self._file.path}\n{error!r}"
            self._log.error(message, exc_info=error)
            self._room._emit(LogLevel.ERROR, None, message)
            if not isinstance(error, HTTPError) or error.status_code != NOT_FOUND:
                self._check.agree(None, self._file.last_modified)
            return None
        return await self._take(model, written, keep=True)

    async def _renamed(self) -> None:
        """The loader has found its file at another path. It may have been renamed in the midst of a save,
        which then wrote another one."""
        self._room._on_filepath_change()
        if self.is_behind(self._file.last_modified):
            await self.take_file()

    async def revert(self) -> bool:
        """Make the document what its file is now: what was not saved is gone. Whether it is that.
        Raises what loading the file raises, and for what is no notebook."""
        async with self.lock:
            model, written = await self._loaded()
            return await self._take(model, written, keep=False)

    async def _loaded(self) -> tuple[dict[str, Any], str | None]:
        """The file's model, and its hash; None where it is another file by now. Raises also for what
        is no notebook."""
        model = await self._file.load_content("json", "notebook")
        normalised(model["content"])
        ask = self._file._contents_manager.get
        try:
            found = await ensure_async(ask(self._file.path, content=False, require_hash=True))
        except HTTPError:  # it is being renamed
            return model, None
        same = found["last_modified"] == model["last_modified"]
        return model, found.get("hash") if same else None

    async def _take(self, model: dict[str, Any], written: str | None, *, keep: bool) -> bool:
        with self._watched() as watch:
            cells = CellContents(self._document, watch)
            await cells.read_ahead()
            async with self._room._update_lock:  # while it is held, no change has the room save
                # A watch that somebody closed meanwhile knows nothing of what changed since.
                known = cells if watch in (self.watch, self._own_watch) else None
                return self._merged(model, known, written, keep=keep)

    @contextmanager
    def _watched(self) -> Iterator[DocumentWatch]:
        """A watch of the document: the one that somebody has, or one for a moment."""
        if self.watch is not None:
            yield self.watch
            return
        meta = self._document.ydoc.get("meta", type=Map)
        self._own_watch = DocumentWatch(self._document.ycells, meta, lambda: False)
        try:
            yield self._own_watch
        finally:
            self._own_watch.close()
            self._own_watch = None

    def _merged(
        self, model: dict[str, Any], cells: CellContents | None, written: str | None, *, keep: bool
    ) -> bool:
        """Merge what the file has, without awaiting anything; whether it has all now. `keep`: what
        it has not."""
        document, agreed = self._document, self._check.agreed
        theirs = model["content"]
        self.merging = keep
        try:
            base = agreed.content if keep and agreed is not None else None
            merge = merge_into(document, base, theirs, cells)
            equal = is_equal(merge.content(), normalised(theirs))
            if document.dirty is not (not equal):
                document.dirty = not equal
            if equal and written is not None and document.hash != written:
                document.hash = written
        finally:
            self.merging = False
        self._check.agree(theirs, model["last_modified"])
        if merge.report.took and keep:
            self._log.info("The file of room %s was changed and is merged", self._room.room_id)
            self._room._emit(LogLevel.INFO, "overwrite", MERGED)
            for listener in self.listeners:
                listener(merge.report, equal)
        return equal

    async def _save(self, saving: asyncio.Task[None] | None, save_now: bool = False) -> None:
        """What a room does for each save of its own, which the next change cancels."""
        room = self._room
        if room._save_delay is None and not save_now:
            return
        if saving is not None and not saving.done():
            saving.cancel()
        try:
            if not save_now:
                await asyncio.sleep(room._save_delay)
            async with self.lock:
                saved = await self._write()
            if saved is not None:
                async with room._update_lock:
                    self._document.dirty = False
                    self._document.hash = saved["hash"]
                room._emit(LogLevel.INFO, "save", "Content saved.")
        except asyncio.CancelledError:
            return
        except Exception as error:  # noqa: BLE001  as the room does
            message = f"Error saving file: {self._file.path}\n{error!r}"
            self._log.error(message, exc_info=error)
            room._emit(LogLevel.ERROR, None, message)

    async def _write(self) -> dict[str, Any] | None:
        """Write the document, and merge first what the file has got meanwhile. None where there was
        nothing to write, or no way to."""
        for _ in range(SAVES_AT_ONCE):
            content = await self._document.aget()
            model = {"format": "json", "type": "notebook", "content": content}
            try:
                saved: dict[str, Any] | None = await self._file.maybe_save_content(model)
            except OutOfBandChanges:
                if await self.take_file_locked() is not False:
                    return None
            else:
                return saved
        return None


def install(extension: Any) -> None:
    """Have all rooms of notebooks merge, whoever opens them. Those that are open `learn`."""
    server = extension.ywebsocket_server
    genuine = server.add_room

    def add_room(path: str, room: Any) -> None:
        _merge_in(room)
        genuine(path, room)

    server.add_room = add_room
    for room in server.rooms.values():
        _merge_in(room)


def _merge_in(room: Any) -> None:
    if getattr(room, "file_type", None) == "notebook":
        FileMerge.of(room)
