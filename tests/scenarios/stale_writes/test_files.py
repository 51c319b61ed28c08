"""What another program writes into a file is somebody else's too."""

from __future__ import annotations

import pytest

from tests.scenarios.stale_writes.conftest import SharedServer, StartServer


@pytest.fixture(params=["local file", "remote file"])
async def server(request: pytest.FixtureRequest, start_server: StartServer) -> SharedServer:
    return await start_server(request.param)


async def test_what_a_program_wrote_is_not_overwritten_unknowingly(server: SharedServer) -> None:
    mine = await server.agent()
    await mine.read("c0", "c1", "c2")
    server.write(["x = 'git'\nx", "two = 2\ntwo"])
    assert await mine.told_changes() == ["cells_changed: c0", "cells_deleted: c2"]
    details = await mine.refused("c0")
    assert details["source"] == "x = 'git'\nx"
    assert "+x = 'git'" in details["diff"]
    await mine.write("c1", "two = 'mine'")
    assert await mine.told_changes() == []


async def test_a_file_without_ids_is_guarded_by_what_was_seen_at_an_index(
    server: SharedServer,
) -> None:
    server.write(["x = 1\nx", "two = 2\ntwo"], "old.ipynb", minor=4)
    mine, other = await server.agent("old.ipynb"), await server.agent("old.ipynb")
    await mine.call("read_notebook", response_format="detailed")
    # The first edit gives ids; a cell that has its source still is still the one that was seen.
    await other.call("overwrite_cell_source", cell_index=0, cell_source="x = 2\nx")
    await mine.call("overwrite_cell_source", cell_index=1, cell_source="two = 3\ntwo")
    write = {"cell_index": 0, "cell_source": "x = 3\nx"}
    assert (
        "seen at index 0 is gone" in (await mine.fail("overwrite_cell_source", **write))["message"]
    )
    await mine.call("overwrite_cell_source", **write)
    error = await other.fail("overwrite_cell_source", cell_index=0, cell_source="x = 4")
    assert error["code"] == "cell_changed"
    assert "-x = 2" in error["details"]["diff"]
