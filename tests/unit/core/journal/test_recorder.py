"""What the recorder does where the journal has no room or fails."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from jmcp.core.errors import StateUnavailable
from jmcp.core.journal.entries import Entry
from jmcp.core.ports import NotebookRef
from jmcp.core.stores.journal.memory import MemoryJournal
from tests.fakes.documents import FakeDocuments
from tests.journaled_notebooks import JournaledNotebooks

LOOK_SECONDS = 3600.0
"""Between the recorder's own looks whether a notebook was saved: none within a test."""


class CrowdedNotebook:
    """One notebook and a journal with room for the entries of ten edits."""

    def __init__(self) -> None:
        self.documents = FakeDocuments()
        self.documents.write("n.ipynb", "first")
        self.journal = MemoryJournal(kept_entries=10)
        self.notebooks = JournaledNotebooks(self.documents, self.journal, look_seconds=LOOK_SECONDS)

    async def insert(self, ref: NotebookRef, source: str) -> list[str]:
        """Insert a cell at the end; the codes of what is told of it."""
        async with self.notebooks.edit(ref) as cells:
            cells.insert(len(cells), "code", source)
        return [notice.code for notice in cells.notices()]


@pytest.fixture
def crowded() -> CrowdedNotebook:
    return CrowdedNotebook()


async def test_unsaved_edits_are_saved_before_they_take_all_room(
    crowded: CrowdedNotebook,
) -> None:
    ref = await crowded.documents.identify("n.ipynb")
    for number in range(100):
        assert await crowded.insert(ref, str(number)) == []
        kept = crowded.journal.entries(ref.key)
        unsaved = [one.after for one in kept if one.state == "pending"]
        # What a crash would take is in the journal, always.
        assert [*crowded.documents.sources("n.ipynb"), *unsaved][-1] == str(number)
        assert len(crowded.documents.sources("n.ipynb")) + len(unsaved) == number + 2
        assert len(unsaved) <= 11
    await crowded.notebooks.close()


async def test_an_edit_that_is_neither_recorded_nor_saved_is_said(
    crowded: CrowdedNotebook,
) -> None:
    ref = await crowded.documents.identify("n.ipynb")
    crowded.documents.make_read_only("n.ipynb")
    told: list[list[str]] = []
    for number in range(105):
        told.append(await crowded.insert(ref, str(number)))
    assert told[:95] == [[]] * 95
    assert told[-3:] == [["edit_not_recorded"]] * 3
    assert next(one.after for one in crowded.journal.entries(ref.key)) == "0"
    await crowded.notebooks.close()


class UnsettledJournal(MemoryJournal):
    """A journal whose store is away once what was recovered is to be noted."""

    def settle(self, entries: Sequence[Entry]) -> None:
        raise StateUnavailable.silent_redis(reason="gone")


async def test_a_recovery_that_cannot_be_noted_is_no_error_of_the_call_that_found_it() -> None:
    documents = FakeDocuments()
    documents.write("n.ipynb", "first")
    notebooks = JournaledNotebooks(documents, UnsettledJournal(), look_seconds=LOOK_SECONDS)
    ref = await documents.identify("n.ipynb")
    async with notebooks.edit(ref) as cells:
        cells.insert(1, "code", "second")
    documents.reload("n.ipynb")
    for _ in range(2):
        async with notebooks.read(ref) as cells:
            assert [cells.get(at).source for at in range(len(cells))] == ["first", "second"]
    await notebooks.close()
