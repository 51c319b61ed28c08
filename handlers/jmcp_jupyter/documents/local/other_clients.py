"""Who works on notebooks by their files, beside live documents: what they loaded, and their saves."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Any

from jmcp.core.errors import ENDS_TASK, BackendError
from jmcp.core.ports import Cells, FileSave, FileSaves, NotebookRef
from jmcp_jupyter.documents.common.models import check_content, complete
from jmcp_jupyter.documents.file.cells import FileCells
from jmcp_jupyter.documents.local.contents_requests import Client
from jmcp_jupyter.documents.local.loaded_copies import Copy, LoadedCopies, pack

GLANCE_SECONDS = 5.0
"""Seconds that somebody's save waits at most for the notebook to be read as it was before."""

log = logging.getLogger("jmcp")


class OtherClients:
    """`ContentsObserver` of one Jupyter Server. `identify` finds the notebook at a path, `glance` reads
    it as it is."""

    def __init__(
        self,
        identify: Callable[[str], Awaitable[NotebookRef]],
        glance: Callable[[NotebookRef], Awaitable[Cells]],
        saves: Callable[[], FileSaves | None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.copies = LoadedCopies(clock)
        self._identify = identify
        self._glance = glance
        self._saves = saves

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
        # Before anything is awaited: the file as it is, not as a later save leaves it.
        copy = self.copies.of(client, path)
        saves, key, before = self._saves(), None, None
        if saves is not None:
            key, before = await self._found(saves, path)
        save = None
        try:
            yield
            if before is not None:
                save = self._save(client, before, content, copy)
        finally:
            if saves is not None and key is not None:
                saves.end(key, save)
        await self._keep(client, path, content, saved=True)

    async def _keep(
        self, client: Client, path: str, content: Mapping[str, Any], *, saved: bool
    ) -> None:
        # At once: the client's next request may be here before the content is packed.
        copy = self.copies.keep(client, path, content, saved=saved)
        self.copies.packed(client, path, copy, await asyncio.to_thread(pack, content))

    async def _found(self, saves: FileSaves, path: str) -> tuple[str | None, FileCells | None]:
        """The notebook's key, where its save matters, and its cells."""
        key = None
        try:
            async with asyncio.timeout(GLANCE_SECONDS):
                ref = await self._identify(path)
                if not saves.begin(ref.key):
                    return None, None
                key = ref.key
                cells = await self._glance(ref)
                stored = [cells.stored(index) for index in range(len(cells))]
                return key, FileCells(ref, {**cells.whole(), "cells": stored})
        except (BackendError, TimeoutError) as error:
            log.debug("A save of %s is not looked at: %s", path, error)
        except ENDS_TASK:
            if key is not None:
                saves.end(key, None)
            raise
        except BaseException:
            # Whatever it is, the person's save must be made.
            log.exception("A save of %s is not looked at.", path)
        return key, None

    def _save(
        self, client: Client, before: FileCells, content: Mapping[str, Any], copy: Copy | None
    ) -> FileSave | None:
        """What is known of a save; None where the file that it made is no notebook to jmcp."""
        ref = before.ref
        try:
            written = _cells(ref, content)
        except (BackendError, KeyError, TypeError, AttributeError) as error:
            log.debug("A save of %s is not looked at: %s", ref.path, error)
            return None
        base = None
        if copy is not None:
            since: float | None = copy.at
            loaded = copy.read()
            base = _cells(ref, loaded) if loaded is not None else None
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


def _cells(ref: NotebookRef, content: Mapping[str, Any]) -> FileCells:
    """The cells of a notebook as a client has it. Raises NotebookBroken, KeyError, TypeError."""
    cells = [{**cell, "source": _joined(cell["source"])} for cell in content["cells"]]
    whole = {"metadata": {}, **content, "cells": cells}
    check_content(ref.path, whole)
    complete(whole)
    return FileCells(ref, whole)


def _joined(source: Any) -> str:
    return source if isinstance(source, str) else "".join(source)
