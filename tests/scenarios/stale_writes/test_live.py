"""A person who types in JupyterLab is somebody else too."""

from __future__ import annotations

import asyncio

import pytest

from tests.ports.documents.tab import Tab, tab, until
from tests.scenarios.stale_writes.conftest import SharedServer, StartServer, changes


@pytest.fixture(params=["local live", "remote live"])
async def server(request: pytest.FixtureRequest, start_server: StartServer) -> SharedServer:
    return await start_server(request.param)


async def reads(
    server: SharedServer, cell_id: str | None, source: str, path: str = "a.ipynb"
) -> None:
    """Wait until jmcp has what the person typed."""
    watcher = await server.agent(path)
    while True:
        content = await watcher.call("read_notebook", response_format="detailed")
        if (cell_id, source) in [(cell["cell_id"], cell["source"]) for cell in content["cells"]]:
            return
        await asyncio.sleep(0.005)  # no event tells


async def type_over(server: SharedServer, person: Tab, index: int, source: str) -> None:
    cell_id = str(person.notebook.ycells[index]["id"])
    person.type_over(index, source)
    async with asyncio.timeout(30):
        await reads(server, cell_id, source)


async def test_what_a_person_typed_is_not_overwritten_unknowingly(server: SharedServer) -> None:
    mine = await server.agent()
    await mine.read("c0", "c1")
    async with tab(server.app, "a.ipynb") as person:
        await type_over(server, person, 0, "x = 'a person'\n")
        assert await mine.told_changes() == ["cells_changed: c0"]
        details = await mine.refused("c0")
        assert details["source"] == "x = 'a person'\n"
        assert "-y = 2" in details["diff"]
        await mine.write("c0", "x = 2\nx")
        await until(lambda: person.sources[0] == "x = 2\nx")

        await type_over(server, person, 1, "two = 'a person'\n")
        run = await mine.call("execute_cell", cell_id="c1")
        assert [one.partition(":")[0] for one in changes(run)] == ["source_changed"]
        assert await mine.told_changes() == []
        (told_changes,) = changes(await mine.call("run_cells", start_index=1, end_index=1))
        assert "c1" in told_changes
        assert (await mine.refused("c1"))["cell_id"] == "c1"


async def test_a_cell_that_a_person_moved_cut_or_put_back_is_known(server: SharedServer) -> None:
    mine = await server.agent()
    await mine.read("c0", "c1", "c2")
    async with tab(server.app, "a.ipynb") as person:
        notebook = person.notebook
        with notebook.ydoc.transaction():  # as JupyterLab moves a cell
            cell = notebook.ycells[0].to_py()
            del notebook.ycells[0]
            notebook.ycells.append(notebook.create_ycell(cell))
        with notebook.ydoc.transaction():
            del notebook.ycells[0]
        await type_over(server, person, 0, "three = 'a person'\n")
        assert await mine.told_changes() == [
            "cells_changed: c2",
            "cells_deleted: c1",
            "cells_moved: c0",
        ]
        assert (await mine.fail("read_cell", cell_id="c1"))["code"] == "cell_not_found"
        await mine.write("c0", "x = 'moved only'")
        with notebook.ydoc.transaction():  # as undo does
            notebook.ycells.append(
                notebook.create_ycell({**cell, "id": "c1", "source": "two = 2\ntwo"})
            )
        async with asyncio.timeout(30):
            await reads(server, "c1", "two = 2\ntwo")
        await mine.write("c1", "two = 'back'")
        assert await mine.told_changes() == []


async def test_a_cell_that_a_person_inserts_above_shifts_no_edit(server: SharedServer) -> None:
    mine = await server.agent()
    async with tab(server.app, "a.ipynb") as person:
        notebook = person.notebook
        cell = {**notebook.ycells[0].to_py(), "id": "x0", "source": "x = 0"}
        notebook.ycells.insert(0, notebook.create_ycell(cell))
        async with asyncio.timeout(30):
            await reads(server, "x0", "x = 0")
        error = await mine.fail("execute_cell", cell_index=1)
        assert "seen at index 1 is at index 2 now (id c1)" in error["message"]
        assert await mine.told_changes() == []  # the refusal listed it


async def test_without_ids_an_index_is_guarded_by_the_source(server: SharedServer) -> None:
    server.write(["one = 1", "two = 2"], "old.ipynb", minor=4)
    mine = await server.agent("old.ipynb")
    async with tab(server.app, "old.ipynb") as person:
        notebook = person.notebook
        cell = {**notebook.ycells[0].to_py(), "id": "x0", "source": "x = 0"}
        notebook.ycells.insert(0, notebook.create_ycell(cell))
        async with asyncio.timeout(30):
            await reads(server, None, "x = 0", "old.ipynb")
        error = await mine.fail("execute_cell", cell_index=1)
        assert "seen at index 1 is at index 2 now" in error["message"]


async def test_outputs_are_no_change(server: SharedServer) -> None:
    mine, other = await server.agent(), await server.agent()
    await mine.read("c0", "c1", "c2")
    await other.call("run_cells")
    assert await mine.told_changes() == []
    await mine.write("c0", "x = 3")


async def test_of_cells_that_share_an_id_the_first_is_guarded(server: SharedServer) -> None:
    mine, other = await server.agent(), await server.agent()
    async with tab(server.app, "a.ipynb") as person:
        notebook = person.notebook
        with notebook.ydoc.transaction():
            cell = notebook.ycells[0].to_py()
            notebook.ycells.append(notebook.create_ycell({**cell, "source": "z = 1\nz"}))
        async with asyncio.timeout(30):
            await reads(server, "c0", "z = 1\nz")
    await mine.call("read_notebook", response_format="detailed")
    for source in ("z = 2\n2", "z = 3\n3"):
        await mine.call("overwrite_cell_source", cell_index=3, cell_source=source)
        await mine.call("overwrite_cell_source", cell_index=0, cell_source=f"first {source}")
    await other.call("overwrite_cell_source", cell_index=3, cell_source="z = 4\n4")
    await mine.call("overwrite_cell_source", cell_index=3, cell_source="z = 5\n5")
    await mine.call("delete_cell", cell_indices=[3])
    await other.write("c0", "first = 6\n6")
    await mine.refused("c0")
