"""Notebooks of a server in another process that were moved by other programs than Jupyter."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from jmcp.core.errors import BackendError
from jmcp_jupyter.documents.common.listing import moment
from jmcp_jupyter.documents.common.paths import looks_hidden
from jmcp_jupyter.documents.remote.contents import RemoteContents

KEPT_MARKS = 1000
SEARCHED_FOLDERS = 200
SEARCH_SECONDS = 5.0
"""Each folder is one request, of some milliseconds."""

Mark = tuple[str, int]
"""When a file was written last, and its size: a move changes neither, and Jupyter tells both of all
files of a folder at once. Two files that were written in one microsecond are none of a notebook."""


class RemoteMoves:
    """What the files of notebooks looked like at last, and where they are now."""

    def __init__(self, contents: RemoteContents) -> None:
        self._contents = contents
        self._marks: OrderedDict[str, Mark] = OrderedDict()

    def note(self, path: str, model: Mapping[str, Any]) -> None:
        """Jupyter described the notebook at that path."""
        size, written = model.get("size"), model.get("last_modified")
        if not isinstance(size, int) or not isinstance(written, str):
            return
        with suppress(ValueError):
            self._marks[path] = (moment(written), size)
            self._marks.move_to_end(path)
        if len(self._marks) > KEPT_MARKS:
            self._marks.popitem(last=False)

    async def find(self, path: str, *, hidden: bool) -> str | None:
        """The one path that the notebook has now which was at `path`; None where none or several
        could be it."""
        mark = self._marks.get(path)
        if mark is None:
            return None
        found: list[str] = []
        with suppress(TimeoutError, BackendError):
            async with asyncio.timeout(SEARCH_SECONDS):
                await self._search(mark, found, hidden=hidden)
        if not found:
            del self._marks[path]  # every further call would search again
        return found[0] if len(found) == 1 else None

    async def _search(self, mark: Mark, found: list[str], *, hidden: bool) -> None:
        folders = deque([""])
        for _ in range(SEARCHED_FOLDERS):
            if not folders:
                return
            for entry in await self._contents.entries(folders.popleft()):
                if looks_hidden(entry.path) and not hidden:
                    continue
                if entry.type == "directory":
                    folders.append(entry.path)
                elif entry.type == "notebook" and (entry.last_modified, entry.size) == mark:
                    found.append(entry.path)
