"""Documents with a journal while nothing crashes."""

from __future__ import annotations

import asyncio

import pytest

from jmcp.core.errors import WriteRefused
from jmcp.core.journal.entries import Author
from jmcp.core.stores.state_file import StateUnavailable
from tests.document_access import reading
from tests.journaled_notebooks import JournaledNotebooks
from tests.ports.documents.tab import tab
from tests.scenarios.journal.conftest import World

both = pytest.mark.parametrize("world", ["live", "file"], indirect=True)


@both
async def test_every_change_is_noted_with_its_author(world: World) -> None:
    ref = await world.ref()
    world.documents.author = Author.of("alice", "session-1")
    async with world.documents.edit(ref) as cells:
        new = cells.insert(1, "markdown", "new")
        cells.set_source(0, "zero")
        cells.move(1, 3)
        cells.delete(1)
        cells.set_kernelspec("xpython", "X", "python")
    found = await world.entries()
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
    assert await world.inner.identify("a.ipynb") == ref
    assert world.documents.entries(ref.key, since=found[0].at + 60) == []


@both
async def test_an_edit_without_changes_leaves_no_entry(world: World) -> None:
    async with world.documents.edit(await world.ref()) as cells:
        assert cells.get(0).source == "0"
        cells.move(1, 1)
    assert await world.entries() == []


async def test_entries_are_settled_when_the_file_has_them(world: World) -> None:
    ref = await world.ref()
    async with world.documents.edit(ref) as cells:
        cells.set_source(0, "edited")
    assert await world.states() == ["pending"]
    assert await world.inner.save(ref) == "saved"

    async def settled() -> bool:
        return await world.states() == ["saved"]

    await world.until(settled)
    assert world.sources("a.ipynb")[0] == "edited"


async def test_edits_without_a_pause_are_settled_too(world: World) -> None:
    """There is always one that the file does not have yet; of those before, it is known."""
    await world.end()
    await world.start(save_after=0.05)
    ref = await world.ref()
    count = 0
    while "saved" not in (states := await world.states()):
        assert count < 3000, "no entry is settled while edits keep coming"
        async with world.documents.edit(ref) as cells:
            cells.set_source(0, f"edited {count}")
        count += 1
        assert world.inner.save_state(ref.key) == "pending"
        await asyncio.sleep(0.002)
    first = states.index("pending")
    assert set(states[:first]) == {"saved"}
    assert set(states[first:]) == {"pending"}
    newer = {f"edited {number}" for number in range(first - 1, count)}

    async def there() -> bool:
        return bool(newer & set(world.sources("a.ipynb")[:1]))

    await world.until(there)  # the file has the newest of the settled, or what came after it
    await world.crash()
    assert (await world.texts())[0] == f"edited {count - 1}"


async def test_a_stop_leaves_nothing_pending(world: World) -> None:
    async with world.documents.edit(await world.ref()) as cells:
        cells.set_source(0, "edited")
    await world.documents.close()
    assert await world.states() == ["saved"]
    assert world.sources("a.ipynb")[0] == "edited"


async def test_what_a_person_undoes_in_the_same_server_stays_undone(world: World) -> None:
    ref = await world.ref()
    async with world.documents.edit(ref) as cells:
        cells.set_source(0, "by an agent")
    async with tab(world.app, "a.ipynb") as person:
        person.type_over(0, "0")

        async def undone() -> bool:
            return (await world.texts())[0] == "0"

        await world.until(undone)
        await world.forget()
        again = JournaledNotebooks(world.inner, world.documents.journal, look_seconds=0.02)
        async with again.read(ref) as cells:
            assert cells.get(0).source == "0"
            assert cells.notes() == []

        async def settled() -> bool:
            return await world.states() == ["saved"]

        await world.until(settled)  # by a save of the new process, which saw no edit of its own
        assert world.sources("a.ipynb")[0] == "0"
        await again.recorder.last_look()


async def test_edits_that_a_reload_took_are_made_again(world: World) -> None:
    """Another program writes the file over live edits that are not saved yet."""
    ref = await world.ref()
    async with world.documents.edit(ref) as cells:
        cells.set_source(0, "by an agent")
        cells.set_source(1, "by an agent too")
    loaded = cells.loaded
    world.write("a.ipynb", "0", "by another program", "2")

    async def reloaded() -> bool:
        async with reading(world.inner, ref) as now:
            return now.loaded != loaded

    await world.until(reloaded)
    notes = await world.notes()
    assert "changed on disk" in notes
    assert "Recovered 1 edit" in notes
    assert "cell c0 edited" in notes
    assert "by an agent too" in notes
    assert await world.texts() == ["by an agent", "by another program", "2"]
    assert await world.states() == ["pending", "conflicted"]


async def test_a_reload_is_noticed_without_anybody_calling(world: World) -> None:
    await world.end()
    await world.start(save_after=0.2)
    async with world.documents.edit(await world.ref()) as cells:
        cells.set_source(0, "by an agent")
    world.write("a.ipynb", "0", "by another program", "2")

    async def saved() -> bool:
        return world.sources("a.ipynb") == ["by an agent", "by another program", "2"]

    await world.until(saved)


async def test_an_edit_that_failed_is_marked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ref = await world.ref()

    async def edit_a_room_that_closes() -> None:
        async with world.documents.edit(ref) as cells:
            cells.set_source(0, "lost")
            room = world.inner._live._rooms.get(ref.key)  # type: ignore[union-attr]
            monkeypatch.setattr(room, "_alive", lambda _: False)

    with pytest.raises(WriteRefused):
        await edit_a_room_that_closes()
    monkeypatch.undo()
    assert await world.states() == ["failed"]


async def half_an_edit(world: World) -> None:
    async with world.documents.edit(await world.ref()) as cells:
        cells.set_source(0, "half")
        raise ZeroDivisionError


async def test_an_edit_that_was_broken_off_is_recovered_too(world: World) -> None:
    """A live document has what was done until then, and others have seen it."""
    with pytest.raises(ZeroDivisionError):
        await half_an_edit(world)
    assert await world.states() == ["pending"]
    assert (await world.texts())[0] == "half"


@pytest.mark.parametrize("world", ["file"], indirect=True)
async def test_a_file_is_left_alone_by_an_edit_that_was_broken_off(world: World) -> None:
    with pytest.raises(ZeroDivisionError):
        await half_an_edit(world)
    assert await world.entries() == []
    assert world.sources("a.ipynb")[0] == "0"


async def test_without_a_journal_an_edit_is_saved_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(entries: object) -> int:
        raise StateUnavailable("disk full")

    monkeypatch.setattr(world.documents.journal, "append", full)
    async with world.documents.edit(await world.ref()) as cells:
        cells.set_source(0, "edited")
    assert world.sources("a.ipynb")[0] == "edited"
    assert cells.notes() == []


async def test_without_a_journal_and_a_file_the_edit_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(entries: object) -> int:
        raise StateUnavailable("disk full")

    monkeypatch.setattr(world.documents.journal, "append", full)
    monkeypatch.setattr(world.app.contents_manager, "is_writable", lambda path: False)
    async with world.documents.edit(await world.ref()) as cells:
        cells.set_source(0, "edited")
    assert "disk full" in "\n".join(cells.notes())
    monkeypatch.undo()


async def test_a_new_notebook_has_no_past(world: World) -> None:
    created = await world.documents.leases.create("new.ipynb")
    async with world.documents.edit(created) as cells:
        cells.set_source(0, "x")
    assert len(world.documents.entries(created.key)) == 1
    world.documents.journal.forget(created.key)
    assert world.documents.entries(created.key) == []
