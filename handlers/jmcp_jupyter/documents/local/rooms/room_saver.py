"""Saving the document of a room in this process."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from inspect import CORO_CREATED, getcoroutinestate
from logging import Logger
from typing import Any, cast

from jupyter_server_ydoc.utils import OutOfBandChanges
from pycrdt import Map
from tornado.web import HTTPError

from jmcp.core.errors import BackendError, NotebookBroken
from jmcp.core.ports import NotebookRef
from jmcp_api import phrases
from jmcp_jupyter.documents.live.cell_contents import CELLS_AT_ONCE, CellContents
from jmcp_jupyter.documents.live.document_watch import DocumentWatch, changed_keys
from jmcp_jupyter.documents.live.save_supervisor import (
    MISSES_BEFORE_GIVING_UP,
    HoldableRoom,
    SaveSupervisor,
)
from jmcp_jupyter.documents.live.y_data import from_y
from jmcp_jupyter.documents.local.files.contents import brief
from jmcp_jupyter.documents.local.rooms.file_merge import SAVES_AT_ONCE, FileMerge
from jmcp_jupyter.documents.local.rooms.loader_check import LoaderCheck

ATTEMPTS_WITHOUT_BLOCKING = 3


class RoomSaver(SaveSupervisor):
    """Writes through the room's file loader, which says what was written, and compares the file's
    hash with it.
    """

    def __init__(
        self,
        room: Any,
        watch: DocumentWatch,
        held: HoldableRoom,
        alive: Callable[[], bool],
        stamp: Callable[[], Awaitable[str]],
        find: Callable[[], Awaitable[NotebookRef]],
        after: float,
        log: Logger,
    ) -> None:
        self._room = room
        self._document = room._document
        self._loader = room._file
        self._cells = self._document.ycells
        self._meta = self._document.ydoc.get("meta", type=Map)
        self._watch = watch
        self._contents = CellContents(self._document, watch)
        self._merge = FileMerge.of(room)
        self._alive = alive
        self._stamp = stamp
        self._find = find
        super().__init__(held, after, log)
        self._covering: asyncio.Task[None] | None = None
        watch.on_change = self._changed
        if hasattr(self._document, "aget"):
            # The room reads the whole document for each of its own saves.
            self._document.aget = self._aget
        self._states = self._document.ystate.observe(self._state_changed)

    @property
    def _version(self) -> int:
        return self._watch.version

    def detach(self) -> None:
        """Stop listening to the document."""
        self._watch.on_change = lambda: None
        self._document.ystate.unobserve(self._states)
        vars(self._document).pop("aget", None)

    def _changed(self) -> None:
        """Remember the room's own save that will contain this change: one that has not begun.

        Y calls its observers in no fixed order: the room makes that save before this, or after it
        and before the loop goes on.
        """
        self._covering = None
        self._note_covering()
        asyncio.get_running_loop().call_soon(self._note_covering)

    def _note_covering(self) -> None:
        saving = self._room._saving_document
        if saving is not None and getcoroutinestate(saving.get_coro()) == CORO_CREATED:
            self._covering = saving

    def _state_changed(self, event: Any) -> None:
        # The room sets the hash, read back from the file, after a save that truly wrote it. Any
        # later change would have replaced or reset `_covering`.
        if "hash" in changed_keys(event) and asyncio.current_task() is self._covering:
            self._saved_version = self._watch.version
            self._prove(self._saved_version)
            self._oldest = self.problem = self._covering = None

    def taken(self) -> None:
        """The file has all that the document has now, and no save is under way."""
        self._saved_version = self._watch.version
        self._verified += 1
        self._prove(self._saved_version)
        self._oldest = self.problem = None

    async def _write(self) -> bool:
        # A load in progress holds this lock, and ends by itself.
        while self._room._update_lock.locked():
            async with self._room._update_lock:
                pass
        if not self._alive():
            self._abandon("its room was closed")
            return False
        path = self._document.path
        try:
            async with self._merge.lock:
                version, written = await self._merge_and_write()
            if version is None or written is None:
                return version is not None
            # The file may have been replaced at once, and a hash is true where a reply is not.
            verified: bool = await self._stamp() == written["hash"]
        except NotebookBroken as error:
            self._failed(error.message)
            return False
        except (HTTPError, OSError, RuntimeError, BackendError) as error:
            if await self._was_moved(path):
                self._again()
            else:
                self._failed(brief(error))
            return False
        async with self._room._update_lock:
            self._document.dirty = False
            self._document.hash = written["hash"]
        if verified:
            self._saved(version)
        else:
            self._again()
        return verified

    async def _merge_and_write(self) -> tuple[int | None, dict[str, Any] | None]:
        """Write the document, once it has what others have written into its file.

        The version that the file has then, and what the loader says of the save. Without a save
        that is None, and so is the version unless the file has all that the document has.
        """
        for _ in range(SAVES_AT_ONCE):
            version, content = await self._capture()
            self._oldest = None
            model = {"format": "json", "type": "notebook", "content": content}
            try:
                written = await self._loader.maybe_save_content(model)
            except OutOfBandChanges:
                equal = await self._merge.take_file_locked()
                if equal:
                    self.taken()
                    return self._watch.version, None
                if equal is None:
                    break
            else:
                if written is not None:
                    return version, written
                self._failed(phrases.read_only())
                return None, None
        refused = LoaderCheck.of(self._loader).refused
        if refused is not None:
            self._failed(refused.message)
        else:
            self.problem = None
            self._again()
        return None, None

    async def _was_moved(self, path: str | None) -> bool:
        """Whether the file has another path by now, at which to save.

        Gives up on a notebook that stays deleted, unless a person still has it open.
        """
        try:
            now = (await self._find()).path
        except (BackendError, RuntimeError):
            self._misses += 1
            if self._misses >= MISSES_BEFORE_GIVING_UP and len(self._room.clients) <= 1:
                self._abandon("its file was deleted")
            return False
        self._misses = 0
        if now == path:
            return False
        self._document.path = now
        return True

    async def _capture(self) -> tuple[int, dict[str, Any]]:
        """The content at one version, such that no older save can follow it to the disk.

        Converts the cells that changed since the last save, a few at a time. Edits may come too
        fast to wait for a pause: the last attempt blocks the loop, 50 microseconds a cell.
        """
        for _ in range(ATTEMPTS_WITHOUT_BLOCKING):
            await self._contents.read_ahead()
            while self._loader._lock.locked() or self._room._update_lock.locked():
                async with self._loader._lock, self._room._update_lock:
                    pass
            if len(self._contents.unread()) <= CELLS_AT_ONCE:
                break
        return self._watch.version, self._content()

    async def _aget(self, deduplicate: bool = True) -> dict[str, Any]:
        """`YNotebook.aget`, which converts only the cells that changed since somebody last read
        them. To read all 50 cells of a notebook takes as long as five edits."""
        if not deduplicate:
            whole: dict[str, Any] = await type(self._document).aget(self._document, False)
            return whole
        await self._contents.read_ahead()
        return self._content()

    def _content(self) -> dict[str, Any]:
        if self._watch.duplicates():
            # The document gives a second cell of one id another one, which is an edit of its own.
            whole: dict[str, Any] = self._document.get()
            return whole
        cells, copies = [], self._copies
        with self._transaction():
            for at in range(len(self._cells)):
                cell = self._contents.of(at)
                cells.append(copy.deepcopy(cell) if copies else cell)
            meta = from_y(self._meta)
        return {
            "cells": cells,
            "metadata": meta.get("metadata", {}),
            "nbformat": meta.get("nbformat", 0),
            "nbformat_minor": meta.get("nbformat_minor", 0),
        }

    def _transaction(self) -> AbstractContextManager[Any]:
        """One for many values: each that is read outside of one begins and ends its own, which is
        a third of the time."""
        return cast("AbstractContextManager[Any]", self._document.ydoc.transaction())

    @property
    def _copies(self) -> bool:
        """Whether somebody may change what is about to be saved."""
        manager = self._loader._contents_manager
        return manager.pre_save_hook is not None or bool(getattr(manager, "_pre_save_hooks", ()))

    def _saved(self, version: int) -> None:
        super()._saved(version)
        if self._watch.version == version:
            self._cancel_redundant_save()
        else:
            # The room may have written an older state after this one: save once more.
            self._edited_version = self._watch.version
            self._again()

    def _cancel_redundant_save(self) -> None:
        """Spare the room its debounced save of what is on the disk already."""
        saving = self._room._saving_document
        if saving is not None and not saving.done() and not self._loader._lock.locked():
            saving.cancel()
