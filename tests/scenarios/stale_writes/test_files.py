"""What another program writes into a file is somebody else's too."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import websocket_connect

from jmcp.core.sessions import open_tabs
from tests.jupyter_process import TOKEN
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


async def test_an_agent_is_told_of_a_tab_and_of_what_its_overwrite_took(
    server: SharedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_tabs, "LOOK_INTERVAL_SECONDS", 0)
    mine = await server.agent()
    await mine.call("execute_code", code="1")
    url = f"http://127.0.0.1:{server.app.port}{server.app.base_url}api/"
    (kernel_id,) = server.app.kernel_manager.list_kernel_ids()
    client = AsyncHTTPClient()
    authorization = {"Authorization": f"token {TOKEN}"}
    # What a tab does: it is connected to the notebook's kernel, and has the file's content.
    tab = await websocket_connect(
        f"{url.replace('http', 'ws', 1)}kernels/{kernel_id}/channels?token={TOKEN}"
    )
    file = HTTPRequest(f"{url}contents/a.ipynb", headers=authorization)
    content = json.loads((await client.fetch(file)).body)["content"]

    insert = {"cell_index": 0, "cell_type": "code", "cell_source": "mine = 1\nmine"}
    assert told(await mine.call("insert_cell", **insert)) == ["tab_not_updated"]
    assert told(await mine.call("read_notebook")) == []

    # "File Changed", and the person chooses Overwrite.
    body = json.dumps({"type": "notebook", "format": "json", "content": content})
    await client.fetch(
        HTTPRequest(file.url, method="PUT", headers=authorization, body=body, request_timeout=30)
    )
    recorder = server.dispatcher.leases.recorder
    assert recorder is not None
    await recorder.other_saves.settled()
    read = await mine.call("read_notebook")
    tab.close()
    if server.remote:
        # From outside of Jupyter nobody sees whether that tab ever had the cell.
        (notice,) = [one for one in read["notices"] if one["code"] == "text_overwritten"]
        assert notice["details"]["text"] == "mine = 1\nmine"
        assert read["cell_count"] == 3
    else:
        assert "edits_put_back" in told(read)
        assert read["cell_count"] == 4
    assert not {"text_overwritten", "edits_put_back"} & {*told(await mine.call("read_notebook"))}


def told(result: dict[str, Any]) -> list[str]:
    return [notice["code"] for notice in result["notices"]]
