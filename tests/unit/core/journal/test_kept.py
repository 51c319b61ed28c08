"""What a recorder keeps of notebooks that nobody works on any more."""

from __future__ import annotations

import asyncio

import pytest

from jmcp.core.editing.edit_lease import Leases
from jmcp.core.journal import document_recovery
from jmcp.core.journal.entries import Author
from jmcp.core.journal.notices import KEPT_NOTICES, NOTICE_SECONDS
from jmcp.core.journal.recorder import JournalRecorder
from jmcp.core.notices import FileNotWritten
from jmcp.core.stores.journal.memory import MemoryJournal
from jmcp_api import phrases
from tests.clock import Clock
from tests.fakes.documents import FakeDocuments

MANY = document_recovery.KEPT_LIVES + 40


def made(documents: FakeDocuments, clock: Clock | None = None) -> JournalRecorder:
    return JournalRecorder(
        documents, MemoryJournal(), phrases=phrases, clock=clock or Clock(), look_seconds=0.001
    )


async def edit(documents: FakeDocuments, recorder: JournalRecorder, path: str) -> None:
    document = await documents.open(await documents.identify(path))
    async with recorder.recording(document, documents.session, Author.of("o", "s")) as recorded:
        recorded.cells.subscribers = [recorded]
        recorded.cells.insert(0, "code", "1")
    document.close()
    await documents.save(document.ref)


async def settled(recorder: JournalRecorder) -> None:
    async with asyncio.timeout(30):
        while tasks := recorder._follower._tasks:
            await asyncio.wait(tasks.values())


async def test_of_saved_notebooks_little_is_kept() -> None:
    documents = FakeDocuments()
    recorder = made(documents)
    for number in range(MANY):
        documents.write(f"{number}.ipynb", "x")
        await edit(documents, recorder, f"{number}.ipynb")
    await settled(recorder)
    assert len(recorder.recovery.lives) <= document_recovery.KEPT_LIVES
    assert not recorder._follower.saves._marks
    assert recorder.journal.pending() == 0
    # One of those that were forgotten is known again at once.
    await edit(documents, recorder, "0.ipynb")
    await settled(recorder)
    assert recorder.journal.pending() == 0


async def test_a_notebook_with_unsaved_edits_is_not_forgotten() -> None:
    documents = FakeDocuments()
    recorder = made(documents)
    documents.write("first.ipynb", "x")
    documents.make_read_only("first.ipynb")
    await edit(documents, recorder, "first.ipynb")
    for number in range(MANY):
        documents.write(f"{number}.ipynb", "x")
        await edit(documents, recorder, f"{number}.ipynb")
    ref = await documents.identify("first.ipynb")
    assert ref.key in recorder.recovery.lives
    assert recorder._follower.saves.left(ref.key)
    await recorder.last_look()


async def test_a_deleted_notebook_is_not_waited_for_and_its_edits_come_back_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    documents = FakeDocuments()
    recorder = made(documents)
    documents.write("a.ipynb", "x")
    ref = await documents.identify("a.ipynb")
    text = documents.text("a.ipynb")
    assert text is not None
    documents.make_read_only("a.ipynb")
    await edit(documents, recorder, "a.ipynb")
    with monkeypatch.context() as patched:
        # Whoever saves it has given up, and it comes back under the same key.
        patched.setattr(documents, "save_state", lambda key: "saved")
        del documents._files["a.ipynb"]
        await settled(recorder)
    assert not recorder._follower.saves.left(ref.key)
    documents.put_text("a.ipynb", text)
    documents.reload("a.ipynb")
    async with Leases(documents, recorder).lease(ref) as lease:
        cells = await lease.read()
        assert [cells.get(index).source for index in range(len(cells))] == ["1", "x"]
    await documents.save(ref)
    await settled(recorder)
    assert recorder.journal.pending() == 0


async def test_notices_that_nobody_fetches_grow_old() -> None:
    clock = Clock()
    recorder = made(FakeDocuments(), clock)
    for number in range(100):
        notices = [FileNotWritten(reason=str(one)) for one in range(100)]
        recorder.notices.add(f"key {number}", notices)
    assert all(len(items) <= KEPT_NOTICES for items in recorder.notices._items.values())
    clock.now += NOTICE_SECONDS
    recorder.notices.add("key", [FileNotWritten(reason="new")])
    assert list(recorder.notices._items) == ["key"]
