"""Who works on notebooks by their files, beside live documents: what they loaded, and their saves."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

from jmcp.core.errors import ENDS_TASK, BackendError
from jmcp.core.ports import Cells, FileSave, FileSaves, NotebookRef
from jmcp_jupyter.documents.common.models import check_content, complete
from jmcp_jupyter.documents.common.notebook_fields import check_storable
from jmcp_jupyter.documents.file.cells import FileCells
from jmcp_jupyter.documents.local.contents_requests import Client
from jmcp_jupyter.documents.local.loaded_copies import Copy, LoadedCopies, pack

GLANCE_SECONDS = 5.0
"""Seconds that somebody's save waits at most for the notebook to be read as it was before."""

log = logging.getLogger("jmcp")


class OtherClients:
    """`ContentsObserver` of one Jupyter Server. `identify` finds the notebook at a path, `glance` reads
    it as it is; `rebase` is told what whoever has just saved it had loaded."""

    def __init__(
        self,
        identify: Callable[[str], Awaitable[NotebookRef]],
        glance: Callable[[NotebookRef], Awaitable[Cells]],
        saves: Callable[[], FileSaves | None],
        rebase: Callable[[NotebookRef, Mapping[str, Any]], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.copies = LoadedCopies(clock)
        self._identify = identify
        self._glance = glance
        self._saves = saves
        self._rebase = rebase

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
        # Before anything is awaited: a later request of the client changes it.
        copy = self.copies.of(client, path)
        ref, saves, save = await self._found(path), self._saves(), None
        begun = ref is not None and saves is not None and saves.begin(ref.key)
        try:
            before = await self._before(ref) if begun and ref is not None else None
            yield
            if ref is not None:
                save = self._made(client, ref, copy, before, content)
        finally:
            if begun and ref is not None and saves is not None:
                saves.end(ref.key, save)
        await self._keep(client, path, content, saved=True)

    async def _keep(
        self, client: Client, path: str, content: Mapping[str, Any], *, saved: bool
    ) -> None:
        # At once: the client's next request may be here before the content is packed.
        copy = self.copies.keep(client, path, content, saved=saved)
        packed, whole = await asyncio.to_thread(pack, content)
        self.copies.packed(client, path, copy, packed, whole=whole)

    async def _found(self, path: str) -> NotebookRef | None:
        with suppress(BackendError):
            return await self._identify(path)
        return None

    async def _before(self, ref: NotebookRef) -> FileCells | None:
        """The notebook as it is; None where that cannot be said, and the save is made all the same."""
        try:
            async with asyncio.timeout(GLANCE_SECONDS):
                cells = await self._glance(ref)
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
            self._rebase(ref, base.content())
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
