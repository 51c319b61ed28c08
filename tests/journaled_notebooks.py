"""Notebooks whose edits are in a change journal, used one reading or edit at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from jmcp.core.editing.edit_lease import Leases
from jmcp.core.journal.entries import NOBODY, Author, Entry, Journal
from jmcp.core.journal.recorder import JournalRecorder
from jmcp.core.notices import Notice
from jmcp.core.ports import Cells, Documents, NotebookRef
from jmcp_api import phrases


class JournaledNotebooks:
    """One process's documents and recorder. `author` is who reads and edits from now on.

    The `notes` of cells are all that the lease told its caller.
    """

    def __init__(self, documents: Documents, journal: Journal, **options: Any) -> None:
        self.documents = documents
        self.journal = journal
        self.recorder = JournalRecorder(documents, journal, phrases=phrases, **options)
        self.leases = Leases(documents, self.recorder)
        self.author: Author = NOBODY

    @asynccontextmanager
    async def read(self, ref: NotebookRef) -> AsyncIterator[Cells]:
        notices: list[Notice] = []
        now = await self.documents.current(ref.key)
        async with self.leases.lease(now, author=self.author, on_notice=notices.append) as lease:
            cells = await lease.read()
            _tell(cells, notices)
            lease.acknowledge()
            yield cells

    @asynccontextmanager
    async def edit(self, ref: NotebookRef) -> AsyncIterator[Cells]:
        notices: list[Notice] = []
        now = await self.documents.current(ref.key)
        async with self.leases.lease(now, author=self.author, on_notice=notices.append) as lease:
            async with lease.edit() as cells:
                yield cells
            _tell(cells, notices)
            lease.acknowledge()

    def entries(self, key: str, since: float = 0.0) -> Sequence[Entry]:
        return self.journal.entries(key, since)

    async def close(self) -> None:
        await self.leases.close()


def _tell(cells: Cells, notices: Sequence[Notice]) -> None:
    cells.notices = lambda: notices  # type: ignore[method-assign]  # what the lease told is asked here
