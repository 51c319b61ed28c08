"""Who works on notebooks by their files, beside live documents: what they loaded, and their saves."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any, Protocol
from weakref import WeakValueDictionary

from jmcp.core.errors import ENDS_TASK, BackendError
from jmcp.core.ports import Cells, FileSave, FileSaves, NotebookRef
from jmcp_jupyter.documents.common.models import check_content, complete
from jmcp_jupyter.documents.common.notebook_fields import check_storable
from jmcp_jupyter.documents.file.cells import FileCells
from jmcp_jupyter.documents.local.contents_clients.contents_requests import Client
from jmcp_jupyter.documents.local.contents_clients.loaded_copies import Copy, LoadedCopies, pack

GLANCE_SECONDS = 5.0
"""Seconds that somebody's save waits at most for the notebook to be read as it was before."""

PUT_BACK_SECONDS = 10.0
"""Seconds that a save waits at most until what the one before it overwrote is put back."""

log = logging.getLogger("jmcp")


class SavedNotebooks(Protocol):
    """The notebooks of a server, as somebody else's saves meet them."""

    file_saves: FileSaves | None

    async def identify(self, path: str) -> NotebookRef: ...
    async def glance(self, ref: NotebookRef) -> Cells: ...
    def saved_by_other(self, ref: NotebookRef) -> AbstractAsyncContextManager[None]:
        """Around somebody's save of the file: jmcp does not edit the file meanwhile, and a live document
        has what the file had before."""

    def rebase(self, ref: NotebookRef, base: Mapping[str, Any]) -> None:
        """Whoever has just saved the notebook's file had loaded `base`."""

    async def follow_file(self, ref: NotebookRef) -> None:
        """Have the live document take what the file has; raises nothing that documents raise."""


class OtherClients:
    """`ContentsObserver` of one Jupyter Server."""

    def __init__(self, notebooks: SavedNotebooks, clock: Callable[[], float] = time.time) -> None:
        self.copies = LoadedCopies(clock)
        self._notebooks = notebooks
        self._saving: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def on_loaded(self, client: Client, path: str, content: Any) -> None:
        await self._keep(client, path, content, saved=False)

    def on_renamed(self, old: str, new: str) -> None:
        self.copies.rename(old, new)

    @asynccontextmanager
    async def saving(
        self, client: Client, path: str, model: Mapping[str, Any]
    ) -> AsyncIterator[None]:
        content = model.get("content")
        if model.get("type") != "notebook" or not isinstance(content, Mapping):
            yield
            return
        ref = await self._found(path)
        if ref is None:
            yield
            await self._keep(client, path, content)
            return
        # One after the other: what a save overwrote is put back before the next one.
        async with self._saving.setdefault(ref.key, asyncio.Lock()):
            save, saves = None, self._notebooks.file_saves
            begun = saves is not None and saves.begin(ref.key)
            try:
                async with self._notebooks.saved_by_other(ref):
                    before = await self._before(ref) if begun else None
                    copy = self.copies.of(client, path)
                    yield
                    save = self._made(client, ref, copy, before, content)
            finally:
                ended = saves.end(ref.key, save) if saves is not None and begun else None
            await self._keep(client, path, content)
            await self._notebooks.follow_file(ref)
            if ended is not None:
                await asyncio.wait({ended}, timeout=PUT_BACK_SECONDS)

    async def _keep(
        self, client: Client, path: str, content: Mapping[str, Any], *, saved: bool = True
    ) -> None:
        # At once: the client's next request may be here before the content is packed.
        copy = self.copies.keep(client, path, content, saved=saved)
        packed, whole = await asyncio.to_thread(pack, content)
        self.copies.packed(client, path, copy, packed, whole=whole)

    async def _found(self, path: str) -> NotebookRef | None:
        with suppress(BackendError):
            return await self._notebooks.identify(path)
        return None

    async def _before(self, ref: NotebookRef) -> FileCells | None:
        """The notebook as it is; None where that cannot be said, and the save is made all the same."""
        try:
            async with asyncio.timeout(GLANCE_SECONDS):
                cells = await self._notebooks.glance(ref)
            stored = [cells.stored(index) for index in range(len(cells))]
            return FileCells(ref, {**cells.whole(), "cells": stored})
        except (BackendError, TimeoutError) as error:
            log.debug("A save of %s is not looked at: %s", ref.path, error)
        except ENDS_TASK:
            raise
        except BaseException:
            log.exception("A save of %s is not looked at.", ref.path)
        return None

    def _made(
        self,
        client: Client,
        ref: NotebookRef,
        copy: Copy | None,
        before: FileCells | None,
        content: Mapping[str, Any],
    ) -> FileSave | None:
        """What is known of a save that was made; None where that is nothing."""
        base, written = _cells(ref, copy.read() if copy else None), _cells(ref, content)
        if base is not None and copy is not None and copy.whole:
            self._notebooks.rebase(ref, base.content())
        if before is None or written is None:
            return None
        if copy is not None:
            since: float | None = copy.at
        else:
            # A page that has loaded nothing since was there before; a program may have anything.
            known = client.browser and not self.copies.forgotten
            since = self.copies.started if known else None
        return FileSave(path=ref.path, before=before, written=written, base=base, since=since)

    def shown(self, path: str, in_room: Collection[str]) -> bool:
        """Whether a page may have the notebook open by its file. Clients of its live document, given by
        name, have reloaded that page."""
        for name in in_room:
            self.copies.closed(path, name)
        return bool(self.copies.shown(path))


def _cells(ref: NotebookRef, content: Mapping[str, Any] | None) -> FileCells | None:
    """The cells of a notebook as a client has it; None where that is no notebook to jmcp."""
    if content is None:
        return None
    try:
        cells = [{**cell, "source": _joined(cell["source"])} for cell in content["cells"]]
        whole = {"metadata": {}, **content, "cells": cells}
        check_content(ref.path, whole)
        check_storable(ref.path, whole, finite=False)
        complete(whole)
    except (BackendError, KeyError, TypeError, ValueError, AttributeError) as error:
        log.debug("What a client has of %s is not looked at: %s", ref.path, error)
        return None
    return FileCells(ref, whole)


def _joined(source: Any) -> str:
    return source if isinstance(source, str) else "".join(source)
