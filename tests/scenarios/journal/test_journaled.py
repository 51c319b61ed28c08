"""Documents with a journal while nothing crashes."""

from __future__ import annotations

import asyncio

import pytest

from jmcp.core.errors import StateUnavailable, WriteRefused
from jmcp.core.journal.entries import Author
from tests.document_access import reading
from tests.journaled_notebooks import JournaledNotebooks
from tests.notebooks import write_notebook
from tests.ports.documents.tab import tab
from tests.scenarios.journal.conftest import NEVER, JournaledServer
from tests.sentences import said

both = pytest.mark.parametrize("server", ["live", "file"], indirect=True)


@both
async def test_every_change_is_noted_with_its_author(server: JournaledServer) -> None:
    ref = await server.ref()
    server.documents.author = Author.of("alice", "session-1")
    async with server.documents.edit(ref) as cells:
        new = cells.insert(1, "markdown", "new")
        cells.set_source(0, "zero")
        cells.move(1, 3)
        cells.delete(1)
        cells.set_kernelspec("xpython", "X", "python")
    found = await server.entries()
    assert [entry.change for entry in found] == [
        "insert",
        "set_source",
        "move",
        "delete",
        "set_kernelspec",
    ]
    inserted, edited, moved, deleted, kernelspec = found
    assert (inserted.cell_id, inserted.after, inserted.now) == (new.cell_id, "new", ("c0", "c1"))
    assert (edited.cell_id, edited.before, edited.after) == ("c0", "0", "zero")
    assert (moved.cell_id, moved.was, moved.now) == (new.cell_id, ("c0", "c1"), ("c2", None))
    assert (deleted.cell_id, deleted.before, deleted.was) == ("c1", "1", ("c0", "c2"))
    assert kernelspec.after == '["xpython", "X", "python"]'
    assert {entry.author for entry in found} == {Author.of("alice", "session-1")}
    assert {entry.path for entry in found} == {"a.ipynb"}
    text = repr(found)
    assert "alice" not in text
    assert "session-1" not in text
    assert await server.inner.identify("a.ipynb") == ref
    assert server.documents.entries(ref.key, since=found[0].at + 60) == []


@both
async def test_an_edit_without_changes_leaves_no_entry(server: JournaledServer) -> None:
    async with server.documents.edit(await server.ref()) as cells:
        assert cells.get(0).source == "0"
        cells.move(1, 1)
    assert await server.entries() == []


async def test_entries_are_settled_when_the_file_has_them(server: JournaledServer) -> None:
    ref = await server.ref()
    async with server.documents.edit(ref) as cells:
        cells.set_source(0, "edited")
    assert await server.states() == ["pending"]
    assert await server.inner.save(ref) == "saved"

    async def settled() -> bool:
        return await server.states() == ["saved"]

    await server.until(settled)
    assert server.sources("a.ipynb")[0] == "edited"


async def test_edits_without_a_pause_are_settled_too(server: JournaledServer) -> None:
    """There is always one that the file does not have yet; of those before, it is known."""
    await server.end()
    await server.start(save_after=0.05)
    ref = await server.ref()
    count = 0
    while "saved" not in (states := await server.states()):
        assert count < 3000, "no entry is settled while edits keep coming"
        async with server.documents.edit(ref) as cells:
            cells.set_source(0, f"edited {count}")
        count += 1
        assert server.inner.save_state(ref.key) == "pending"
        await asyncio.sleep(0.002)
    first = states.index("pending")
    assert set(states[:first]) == {"saved"}
    assert set(states[first:]) == {"pending"}
    newer = {f"edited {number}" for number in range(first - 1, count)}

    async def there() -> bool:
        return bool(newer & set(server.sources("a.ipynb")[:1]))

    await server.until(there)  # the file has the newest of the settled, or what came after it
    await server.crash()
    assert (await server.texts())[0] == f"edited {count - 1}"


async def test_a_stop_leaves_nothing_pending(server: JournaledServer) -> None:
    async with server.documents.edit(await server.ref()) as cells:
        cells.set_source(0, "edited")
    await server.documents.close()
    assert await server.states() == ["saved"]
    assert server.sources("a.ipynb")[0] == "edited"


async def test_what_a_person_undoes_in_the_same_server_stays_undone(
    server: JournaledServer,
) -> None:
    ref = await server.ref()
    async with server.documents.edit(ref) as cells:
        cells.set_source(0, "by an agent")
    async with tab(server.app, "a.ipynb") as person:
        person.type_over(0, "0")

        async def undone() -> bool:
            return (await server.texts())[0] == "0"

        await server.until(undone)
        await server.forget()
        again = JournaledNotebooks(server.inner, server.documents.journal, look_seconds=0.02)
        async with again.read(ref) as cells:
            assert cells.get(0).source == "0"
            assert cells.notices() == []

        async def settled() -> bool:
            return await server.states() == ["saved"]

        await server.until(settled)  # by a save of the new process, which saw no edit of its own
        assert server.sources("a.ipynb")[0] == "0"
        await again.recorder.last_look()


async def test_edits_outlive_another_program_that_writes_the_file(server: JournaledServer) -> None:
    """Over live edits that are not saved yet: they stay, and need not be made again."""
    ref = await server.ref()
    async with server.documents.edit(ref) as cells:
        cells.set_source(0, "by an agent")
        cells.set_source(1, "by an agent too")
    loaded, looked = cells.loaded, cells.changes.cursor
    server.write("a.ipynb", "0", "by another program", "2")

    async def merged() -> bool:
        async with reading(server.inner, ref) as now:
            return now.changes.replaced_since(looked)

    await server.until(merged)
    assert await server.told() == ""
    async with reading(server.inner, ref) as now:
        assert now.loaded == loaded
        assert not now.changes.lost_since(looked)
        (copy,) = now.changes.copies_since(looked)
        assert now.find(copy) == 2
    both = ["by an agent", "by an agent too", "by another program", "2"]
    assert await server.texts() == both
    assert await server.states() == ["pending", "pending"]
    assert await server.inner.save(ref) == "saved"
    assert server.sources("a.ipynb") == both


async def test_another_program_is_noticed_without_anybody_calling(server: JournaledServer) -> None:
    await server.end()
    await server.start(save_after=0.2)
    async with server.documents.edit(await server.ref()) as cells:
        cells.set_source(0, "by an agent")
    server.write("a.ipynb", "0", "by another program", "2")

    async def saved() -> bool:
        return server.sources("a.ipynb") == ["by an agent", "by another program", "2"]

    await server.until(saved)


@pytest.mark.parametrize("cells", [3, 1, 0])
async def test_a_cell_inserted_while_the_file_is_replaced_is_there(
    server: JournaledServer, cells: int
) -> None:
    """However little is left of the cells beside it, and however soon after the insert that is.

    A room gives a notebook without cells an empty one.
    """
    await server.end()
    await server.start(save_after=0.2)
    ref = await server.ref()
    made = [f"inserted {number}" for number in range(4)]
    async with server.documents.edit(ref) as found:
        found.insert(3, "code", made[0])
    write_notebook(server.root / "a.ipynb", *[f"theirs {number}" for number in range(cells)])
    for source in made[1:]:
        async with server.documents.edit(ref) as found:
            found.insert(len(found), "code", source)

    async def all_there() -> bool:
        there = server.sources("a.ipynb")
        return set(made) <= set(there) and len(there) == max(cells, 1) + len(made)

    await server.until(all_there)
    assert set(await server.states()) <= {"pending", "saved"}


async def test_an_edit_looks_at_the_file_first(server: JournaledServer) -> None:
    """What another program wrote a moment ago is in the document that the edit meets."""
    await server.end()
    await server.start(poll_seconds=NEVER)
    ref = await server.ref()
    async with server.documents.read(ref) as cells:
        looked = cells.changes.cursor
    server.write("a.ipynb", "0", "by another program", "2")
    async with server.documents.edit(ref) as cells:
        assert cells.get(1).source == "by another program"
        assert cells.changes.replaced_since(looked)


async def test_an_edit_that_failed_is_marked(
    server: JournaledServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = await server.ref()

    async def edit_a_room_that_closes() -> None:
        async with server.documents.edit(ref) as cells:
            cells.set_source(0, "lost")
            room = server.inner._live._rooms.get(ref.key)  # type: ignore[union-attr]
            monkeypatch.setattr(room, "_alive", lambda _: False)

    with pytest.raises(WriteRefused):
        await edit_a_room_that_closes()
    monkeypatch.undo()
    assert await server.states() == ["failed"]


async def half_an_edit(server: JournaledServer) -> None:
    async with server.documents.edit(await server.ref()) as cells:
        cells.set_source(0, "half")
        raise ZeroDivisionError


async def test_an_edit_that_was_broken_off_is_recovered_too(server: JournaledServer) -> None:
    """A live document has what was done until then, and others have seen it."""
    with pytest.raises(ZeroDivisionError):
        await half_an_edit(server)
    assert await server.states() == ["pending"]
    assert (await server.texts())[0] == "half"


@pytest.mark.parametrize("server", ["file"], indirect=True)
async def test_a_file_is_left_alone_by_an_edit_that_was_broken_off(server: JournaledServer) -> None:
    with pytest.raises(ZeroDivisionError):
        await half_an_edit(server)
    assert await server.entries() == []
    assert server.sources("a.ipynb")[0] == "0"


async def test_without_a_journal_an_edit_is_saved_at_once(
    server: JournaledServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(entries: object) -> int:
        raise StateUnavailable("disk full")

    monkeypatch.setattr(server.documents.journal, "append", full)
    async with server.documents.edit(await server.ref()) as cells:
        cells.set_source(0, "edited")
    assert server.sources("a.ipynb")[0] == "edited"
    assert cells.notices() == []


async def test_without_a_journal_and_a_file_the_edit_says_so(
    server: JournaledServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(entries: object) -> int:
        raise StateUnavailable("disk full")

    monkeypatch.setattr(server.documents.journal, "append", full)
    async with server.documents.edit(await server.ref()) as cells:
        monkeypatch.setattr(server.app.contents_manager, "is_writable", lambda path: False)
        cells.set_source(0, "edited")
    assert "disk full" in "\n".join(said(cells.notices()))
    monkeypatch.undo()


async def test_a_new_notebook_has_no_past(server: JournaledServer) -> None:
    created = await server.documents.leases.create("new.ipynb")
    async with server.documents.edit(created) as cells:
        cells.set_source(0, "x")
    assert len(server.documents.entries(created.key)) == 1
    server.documents.journal.forget(created.key)
    assert server.documents.entries(created.key) == []
