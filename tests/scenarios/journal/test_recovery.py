"""What was acknowledged comes back after a crash, and nothing that a person did is overwritten."""

from __future__ import annotations

import os
import time

import pytest

from jmcp.core.journal.entries import Author
from jmcp.core.ports import Cells
from tests.document_access import opened
from tests.scenarios.journal.conftest import JournaledServer
from tests.sentences import said

pytestmark = pytest.mark.oldest


def at(cells: Cells, cell_id: str) -> int:
    found = cells.find(cell_id)
    assert found is not None
    return found


async def test_an_unsaved_edit_is_made_again(server: JournaledServer) -> None:
    async with server.documents.edit(await server.ref()) as cells:
        cells.set_source(1, "edited")
    assert server.sources("a.ipynb") == ["0", "1", "2"]
    await server.crash()
    async with server.documents.read(await server.ref()) as cells:
        assert [cells.get(index).source for index in range(3)] == ["0", "edited", "2"]
        (note,) = said(cells.notices())
    assert note.startswith("Recovered 1 edit")
    assert "cell c1 edited" in note
    assert await server.inner.save(await server.ref()) == "saved"
    assert server.sources("a.ipynb") == ["0", "edited", "2"]


async def test_an_edit_right_after_the_crash_meets_the_recovered_cells(
    server: JournaledServer,
) -> None:
    async with server.documents.edit(await server.ref()) as cells:
        new = cells.insert(0, "markdown", "new")
    await server.crash()
    async with server.documents.edit(await server.ref()) as cells:
        assert new.cell_id is not None
        cells.set_source(at(cells, new.cell_id), "newer")
    assert "Recovered 1 edit" in "\n".join(said(cells.notices()))
    assert await server.texts() == ["newer", "0", "1", "2"]


async def test_every_kind_of_edit_comes_back_in_order(server: JournaledServer) -> None:
    ref = await server.ref()
    async with server.documents.edit(ref) as cells:
        first = cells.insert(3, "code", "first")
        second = cells.insert(4, "markdown", "second")
    async with server.documents.edit(ref) as cells:
        cells.set_source(3, "first, edited")
        cells.move(4, 0)
        cells.delete(at(cells, "c1"))
        cells.set_kernelspec("xpython", "X", "python")
        cells.set_source(at(cells, "c0"), "zero")
        cells.set_source(at(cells, "c0"), "zero again")
    before = await server.texts()
    await server.crash()
    assert await server.texts() == before == ["second", "zero again", "2", "first, edited"]
    async with server.documents.read(ref) as cells:
        assert cells.kernelspec() == "xpython"
        assert cells.get(0).cell_id == second.cell_id
        assert cells.get(0).cell_type == "markdown"
        assert cells.get(3).cell_id == first.cell_id


async def test_nothing_is_made_twice_however_often_it_crashes(server: JournaledServer) -> None:
    async with server.documents.edit(await server.ref()) as cells:
        cells.insert(0, "code", "new")
        cells.set_source(2, "one")
    for _ in range(3):
        await server.crash()
        assert "Recovered 2 edits" in await server.told()
        assert await server.texts() == ["new", "0", "one", "2"]
    await server.inner.save(await server.ref())
    await server.crash()
    assert await server.texts() == ["new", "0", "one", "2"]


async def test_what_the_file_has_is_not_touched_or_told(server: JournaledServer) -> None:
    async with server.documents.edit(await server.ref()) as cells:
        cells.set_source(0, "a")
        cells.set_source(0, "b")
        cells.delete(1)
    await server.inner.save(await server.ref())
    await server.crash()
    assert await server.texts() == ["b", "2"]
    assert await server.told() == ""


async def test_edits_after_the_last_save_are_made_on_top_of_it(server: JournaledServer) -> None:
    ref = await server.ref()
    async with server.documents.edit(ref) as cells:
        cells.set_source(0, "a")
    await server.inner.save(ref)
    async with server.documents.edit(ref) as cells:
        cells.set_source(0, "b")
        cells.set_source(0, "c")
    await server.crash()
    assert "Recovered 2 edits" in await server.told()
    assert await server.texts() == ["c", "1", "2"]


async def test_a_cell_that_a_person_changed_meanwhile_stays_and_the_text_is_told(
    server: JournaledServer,
) -> None:
    async with server.documents.edit(await server.ref()) as cells:
        cells.set_source(0, "by an agent")
        cells.set_source(0, "by an agent, twice")
        cells.set_source(1, "recovered")
    server.write("a.ipynb", "by a person", "1", "2")
    await server.crash()
    server.documents.author = Author.of("alice", "s1")
    async with server.documents.read(await server.ref()) as cells:
        notes = "\n".join(said(cells.notices()))
    assert await server.texts() == ["by a person", "recovered", "2"]
    assert "cell c0" in notes
    assert "by an agent, twice" in notes
    assert "Recovered 1 edit" in notes
    assert sorted(await server.states())[:2] == ["conflicted", "conflicted"]
    assert await server.told() == "", "each session is told once"
    server.documents.author = Author.of("bob", "s1")
    assert "by an agent, twice" in await server.told()
    kept = [entry.after for entry in await server.entries() if entry.state == "conflicted"]
    assert kept == ["by an agent", "by an agent, twice"]


async def test_a_conflict_that_nobody_heard_of_is_told_by_the_next_process(
    server: JournaledServer,
) -> None:
    async with server.documents.edit(await server.ref()) as cells:
        cells.set_source(0, "by an agent")
    server.write("a.ipynb", "by a person")
    await server.crash()
    async with opened(server.inner, await server.ref()) as document:
        session = await server.inner.server_session()
        await server.documents.recorder.recovery.catch_up(document, session)
    assert await server.states() == ["conflicted"]
    await server.crash()
    assert "by an agent" in await server.told()
    await server.crash()
    assert await server.told() == ""


async def test_an_undone_edit_is_not_made_again(server: JournaledServer) -> None:
    """The file is younger than the edit and the cell as before it: a person wanted that."""
    async with server.documents.edit(await server.ref()) as cells:
        cells.set_source(0, "by an agent")
        cells.insert(0, "code", "inserted by an agent")
    later = time.time() + 60
    os.utime(server.root / "a.ipynb", (later, later))
    await server.crash()
    assert await server.texts() == ["0", "1", "2"]
    assert await server.states() == ["conflicted", "conflicted"]


async def test_an_inserted_cell_comes_back_without_its_neighbours_too(
    server: JournaledServer,
) -> None:
    async with server.documents.edit(await server.ref()) as cells:
        cells.insert(2, "code", "between 1 and 2")
        cells.insert(0, "code", "on top")
    server.write("a.ipynb", "0")
    await server.crash()
    assert "Recovered 2 edits" in await server.told()
    assert await server.texts() == ["on top", "0", "between 1 and 2"]


async def test_cells_that_came_and_went_unsaved_still_tell_where_others_were(
    server: JournaledServer,
) -> None:
    async with server.documents.edit(await server.ref()) as cells:
        for index in (3, 1, 0):
            gone = cells.insert(index, "code", "gone soon")
            cells.insert(index + 1, "code", f"after it, at {index}")
            cells.insert(index + 1, "code", "gone soon too")
            cells.delete(index)
            cells.delete(index)
            assert cells.find(gone.cell_id or "") is None
    before = await server.texts()
    await server.crash()
    assert await server.texts() == before
    assert len(before) == 6


async def test_a_notebook_without_ids_is_recovered_by_position(server: JournaledServer) -> None:
    server.write("old.ipynb", "0", "1", "2", minor=4)
    ref = await server.ref("old.ipynb")
    async with server.documents.edit(ref) as cells:
        cells.set_source(1, "edited")
        cells.insert(0, "code", "new")
        cells.delete(3)
    await server.crash()
    assert await server.texts("old.ipynb") == ["new", "0", "edited"]
    server.write("old2.ipynb", "0", "1", minor=4)
    async with server.documents.edit(await server.ref("old2.ipynb")) as cells:
        cells.set_source(1, "edited")
    server.write("old2.ipynb", "0", "1", "by a person", minor=4)
    await server.crash()
    assert "edited" in await server.told("old2.ipynb")
    assert await server.texts("old2.ipynb") == ["0", "1", "by a person"]


async def test_a_rename_keeps_the_edits(server: JournaledServer) -> None:
    ref = await server.ref()
    async with server.documents.edit(ref) as cells:
        cells.set_source(0, "edited")
    await server.crash()
    await server.app.contents_manager.rename("a.ipynb", "b.ipynb")
    assert (await server.inner.current(ref.key)).path == "b.ipynb"
    assert await server.texts("b.ipynb") == ["edited", "1", "2"]


@pytest.mark.parametrize("server", ["file"], indirect=True)
async def test_files_have_every_edit_at_once(server: JournaledServer) -> None:
    async with server.documents.edit(await server.ref()) as cells:
        cells.set_source(0, "edited")
    assert server.sources("a.ipynb") == ["edited", "1", "2"]
    assert await server.states() == ["saved"]
    server.write("a.ipynb", "by a person", "1", "2")
    await server.crash()
    assert await server.texts() == ["by a person", "1", "2"]
    assert "Recovered" not in await server.told()


async def test_live_edits_come_back_where_collaboration_is_gone(server: JournaledServer) -> None:
    async with server.documents.edit(await server.ref()) as cells:
        cells.set_source(0, "edited")
    server.live = False
    await server.crash()
    assert await server.texts() == ["edited", "1", "2"]
    assert server.sources("a.ipynb") == ["edited", "1", "2"]
    assert await server.states() == ["saved"]
