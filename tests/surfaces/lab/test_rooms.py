"""Tabs of jmcp's labextension in rooms."""

from __future__ import annotations

import copy
import json
import time
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.auth.authorizer import Authorizer
from jupyter_server.auth.identity import User
from pycrdt import Doc, create_sync_message

from jmcp.core.pages import tabs
from jmcp.transport.lab import room_socket
from jmcp_jupyter.documents.local.tabs import tab_link
from tests.jupyter_process import TOKEN, StartJupyter, stop
from tests.notebooks import write_notebook
from tests.ports.documents.tab import until
from tests.surfaces.conftest import ExtensionServer, client_of
from tests.surfaces.lab.tab import (
    UPGRADE,
    LabTab,
    close_code,
    closed,
    connect,
    links_of,
    room_of,
    rooms_of,
    varint,
)

pytestmark = pytest.mark.oldest

FLOOD = 200
"""Messages at once."""


async def test_tabs_share_a_notebook_and_its_saves(shared: ExtensionServer) -> None:
    write_notebook(shared.root / "a.ipynb", "1", "2")
    one = await LabTab.join(shared.client, "a.ipynb")
    two = await LabTab.join(shared.client, "./a.ipynb")
    assert one.sources == two.sources == ["1", "2"], "the second one has not filled it again"
    assert one.place == two.place
    assert one.place["writable"] is True
    await until(lambda: one.dirty is False, "clean once it is open")

    one.type_over(0, "typed")
    await until(lambda: two.sources == ["typed", "2"], "the other tab sees it")
    await one.acknowledged()
    saved = await shared.client.post("/jmcp/lab/save", json={"path": "a.ipynb"})
    assert saved.status_code == 200, saved.text
    assert saved.json()["path"] == "a.ipynb"
    assert saved.json()["content"] is None
    assert '"typed"' in (shared.root / "a.ipynb").read_text()
    await one.close()
    await two.close()


async def test_what_names_no_notebook_of_this_root_has_no_room(shared: ExtensionServer) -> None:
    root = shared.root
    write_notebook(root / "a.ipynb", "1")
    write_notebook(root / ".hidden.ipynb", "1")
    write_notebook(root.parent / "outside.ipynb", "1")
    (root / "link.ipynb").symlink_to(root.parent / "outside.ipynb")
    (root / "text.txt").write_text("no notebook")
    (root / "broken.ipynb").write_text("{")
    for path in (
        "../outside.ipynb",
        "/etc/a.ipynb",
        ".hidden.ipynb",
        "link.ipynb",
        "missing.ipynb",
        "text.txt",
        "broken.ipynb",
        "",
    ):
        for address, method in (("rooms", "PUT"), ("save", "POST")):
            refused = await shared.client.request(
                method, f"/jmcp/lab/{address}", json={"path": path}
            )
            assert 400 <= refused.status_code < 500, (path, address)
            assert refused.headers["content-type"] == "application/problem+json"
            assert refused.json()["detail"]
    for body in (b"", b"[]", b"{}", b'{"path": 1}', b"[" * 10_000, b" " * 20_000):
        refused = await shared.client.put("/jmcp/lab/rooms", content=body)
        assert refused.status_code in (400, 413)
        assert refused.headers["content-type"] == "application/problem+json"

    ids = shared.serverapp.web_app.settings["file_id_manager"]
    text = ids.index("text.txt")
    for room in ("nothing", "json:notebook:nothing", f"json:notebook:{text}", f"text:file:{text}"):
        connection = await connect(shared.url, room)
        assert await close_code(connection) == tabs.NO_ROOM, room
    assert not rooms_of(shared.serverapp)


async def test_strangers_and_other_sites_come_into_no_room(shared: ExtensionServer) -> None:
    write_notebook(shared.root / "a.ipynb", "1")
    tab = await LabTab.join(shared.client, "a.ipynb")
    room = tab.place["room"]
    async with client_of(shared.serverapp, Authorization="token foreign") as stranger:
        for method, address in (("PUT", "rooms"), ("POST", "save"), ("GET", "status")):
            refused = await stranger.request(
                method, f"/jmcp/lab/{address}", json={"path": "a.ipynb"}
            )
            assert refused.status_code in (401, 403), address
    for headers in (
        {"Authorization": "token foreign"},
        {"X-None": ""},
        {"Authorization": f"token {TOKEN}", "Origin": "https://elsewhere.example"},
    ):
        async with client_of(shared.serverapp, **headers, **UPGRADE) as stranger:
            refused = await stranger.get(f"/jmcp/lab/room/{room}")
        assert refused.status_code in (401, 403), headers
    await tab.close()


async def test_nonsense_of_one_tab_reaches_nobody(shared: ExtensionServer) -> None:
    write_notebook(shared.root / "a.ipynb", "1")
    good = await LabTab.join(shared.client, "a.ipynb")
    update = good.notebook.ydoc.get_update()
    for message in (
        b"",
        "text",
        b"\x00",
        b"\x07nonsense",
        b"\x02\x04save",
        b"\x00\x09\x01\x00",
        b"\x00\x02\x05\x00",
        b"\x00\x02" + b"\xff" * 12,
        b"\x00\x02" + varint(len(update) - 3) + update[:-3],
        b"\x00\x02" + varint(4) + b"\xff\xff\xff\xff",
        b"\x00\x00" + varint(3) + b"\xff\xff\xff",
        b"\x01" + varint(4) + b"\x01\x01\x01\x09",
        b"\x01" + varint(6) + b"\x01\x05\x01\x03[1]"[:6],
    ):
        bad = await connect(shared.url, good.place["room"], good.place["history"])
        await bad.write_message(message, binary=isinstance(message, bytes))
        assert await close_code(bad) == tabs.NONSENSE, message
    good.type_over(0, "still here")
    await good.acknowledged()
    room = room_of(shared.serverapp, good.place)
    assert str(room._document.ycells[0]["source"]) == "still here"
    assert len(room.clients) == 2, "the tab, and jmcp's hold"
    await good.close()


async def test_what_a_tab_tells_of_people_is_bounded(shared: ExtensionServer) -> None:
    write_notebook(shared.root / "a.ipynb", "1")
    one = await LabTab.join(shared.client, "a.ipynb")
    room = room_of(shared.serverapp, one.place)
    await one.tell(77, 1, '{"user": {"name": "one"}, "autosave": false}')
    await until(lambda: 77 in room.awareness.states)
    await one.tell(78, 1, '{"user": {"name": "somebody else"}}')
    await one.acknowledged()
    assert 78 not in room.awareness.states
    loud = await LabTab.join(shared.client, "a.ipynb")
    await loud.tell(79, 1, '{"long": "' + "x" * 70_000 + '"}')
    assert await until(lambda: loud.closed) == tabs.TOO_LARGE
    await one.close()
    await until(lambda: 77 not in room.awareness.states, "its person goes with the tab")
    await loud.close()


async def test_a_tab_comes_back_to_a_room_of_its_own_history_only(
    jupyter: StartJupyter, tmp_path: Path
) -> None:
    kept: dict[str, Any] = {
        "root": tmp_path / "root",
        "BaseFileIdManager": {"db_path": str(tmp_path / "ids.db")},
        "YDocExtension": {"document_cleanup_delay": 0.05},
    }
    store: dict[str, Any] = {"SQLiteYStore": {"db_path": str(tmp_path / "store.db")}}
    server = await jupyter(extensions=["jmcp"], **kept, **store)
    write_notebook(tmp_path / "root" / "a.ipynb", "1")

    async with client_of(server) as client:
        tab = await LabTab.join(client, "a.ipynb")
        await tab.close()
        await until(lambda: not rooms_of(server), "cleaned after its last tab")
        tab.type_over(0, "typed without a connection")
        place = (await client.put("/jmcp/lab/rooms", json={"path": "a.ipynb"})).json()
        assert place == tab.place, "the store has its history"
        back = await LabTab.into(str(client.base_url), place, before=tab)
        assert back.sources == ["typed without a connection"]
        await back.acknowledged()
        assert (await client.post("/jmcp/lab/save", json={"path": "a.ipynb"})).status_code == 200
        await back.close()
    await stop(server)

    server = await jupyter(extensions=["jmcp"], **kept, **store)
    async with client_of(server) as client:
        place = (await client.put("/jmcp/lab/rooms", json={"path": "a.ipynb"})).json()
        assert place["history"] == tab.place["history"], "also over a restart"
        again = await LabTab.into(str(client.base_url), place, before=back)
        assert again.sources == ["typed without a connection"]
        await again.close()
        await until(lambda: not rooms_of(server), "cleaned")
        write_notebook(tmp_path / "root" / "a.ipynb", "changed", "meanwhile")
        place = (await client.put("/jmcp/lab/rooms", json={"path": "a.ipynb"})).json()
        assert place["history"] != tab.place["history"], "its tabs may lack what the file has"
        stale = await connect(str(client.base_url), place["room"], tab.place["history"])
        assert await close_code(stale) == tabs.OTHER_HISTORY
    await stop(server)

    without: dict[str, Any] = {"SQLiteYStore": {"db_path": str(tmp_path / "new.db")}}
    server = await jupyter(extensions=["jmcp"], **kept, **without)
    async with client_of(server) as client:
        other = (await client.put("/jmcp/lab/rooms", json={"path": "a.ipynb"})).json()
        assert other["room"] == place["room"]
        assert other["history"] not in (place["history"], tab.place["history"]), "made anew"


async def test_a_tab_of_another_history_brings_its_text_and_can_take_the_file_s(
    shared: ExtensionServer,
) -> None:
    path = shared.root / "a.ipynb"
    write_notebook(path, "one", "two", "three")
    base = json.loads(path.read_text())
    tab = await LabTab.join(shared.client, "a.ipynb")
    tab.type_over(2, "three of the room")
    await tab.acknowledged()
    mine = copy.deepcopy(base)
    mine["cells"][0]["source"] = ["one of the tab"]
    mine["cells"].insert(1, {**base["cells"][1], "id": "new", "source": "put in"})
    asked = {"path": "a.ipynb", "base": base, "mine": mine}
    expected = ["one of the tab", "put in", "two", "three of the room"]
    for _ in range(2):
        answer = await shared.client.post("/jmcp/lab/rejoin", json=asked)
        assert answer.json() == tab.place, answer.text
        await until(lambda: tab.sources == expected, "by cell, once")
    unknown = {**asked, "base": None}
    assert (await shared.client.post("/jmcp/lab/rejoin", json=unknown)).status_code == 200
    await tab.acknowledged()
    assert len(tab.sources) <= 5, "nothing that both have comes twice"
    bad: list[Any] = [[], {"cells": 1}, {**mine, "cells": [1]}, None, "x"]
    for nonsense in bad:
        answer = await shared.client.post("/jmcp/lab/rejoin", json={**asked, "mine": nonsense})
        assert 400 <= answer.status_code < 500, nonsense

    write_notebook(path, "on", "disk")
    assert (
        await shared.client.post("/jmcp/lab/revert", json={"path": "a.ipynb"})
    ).status_code == 200
    await until(lambda: tab.sources == ["on", "disk"] and tab.dirty is False)
    await tab.close()


class ReadersOnly(Authorizer):
    """Lets everybody read, and nobody write."""

    def is_authorized(self, handler: Any, user: User, action: str, resource: str) -> bool:
        return action != "write"


async def test_who_may_only_read_changes_nothing(jupyter: StartJupyter) -> None:
    serverapp = await jupyter(extensions=["jmcp"], ServerApp={"authorizer_class": ReadersOnly})
    write_notebook(Path(serverapp.root_dir) / "a.ipynb", "1")
    async with client_of(serverapp) as client:
        tab = await LabTab.join(client, "a.ipynb")
        assert tab.place["writable"] is False
        assert tab.sources == ["1"]
        tab.type_over(0, "not mine to write")
        assert await until(lambda: tab.closed) == tabs.READ_ONLY
        room = room_of(serverapp, tab.place)
        assert str(room._document.ycells[0]["source"]) == "1"
        for address in ("save", "revert", "rejoin"):
            asked = {"path": "a.ipynb", "base": None, "mine": None}
            refused = await client.post(f"/jmcp/lab/{address}", json=asked)
            assert refused.status_code == 403, address
        await tab.close()


async def test_a_page_that_sends_without_pause_leaves_the_server_to_others(
    shared: ExtensionServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_notebook(shared.root / "a.ipynb", "1")
    good = await LabTab.join(shared.client, "a.ipynb")
    (mine,) = links_of(shared.serverapp, good.place)
    flood = await connect(shared.url, good.place["room"], good.place["history"])
    (link,) = [one for one in links_of(shared.serverapp, good.place) if one is not mine]
    taken = 0

    async def slow(message: bytes) -> None:
        nonlocal taken
        taken += 1
        time.sleep(0.002)  # noqa: ASYNC251  # as long as it takes to read much

    monkeypatch.setattr(link, "receive", slow)
    monkeypatch.setattr(room_socket, "FREE_SECONDS", 0.1)
    monkeypatch.setattr(room_socket, "OTHERS_SHARE", 1e6)
    for _ in range(FLOOD):
        flood.write_message(create_sync_message(Doc()), binary=True)
    await until(lambda: taken)
    for _ in range(FLOOD):
        await good.acknowledged()
    assert taken < FLOOD, "it waits while others work"
    await closed(flood)
    await good.close()


async def test_a_document_grows_within_bounds(
    shared: ExtensionServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_notebook(shared.root / "a.ipynb", "1")
    tab = await LabTab.join(shared.client, "a.ipynb")
    room = room_of(shared.serverapp, tab.place)
    limit = len(room.ydoc.get_update()) + 3_000
    monkeypatch.setattr(tab_link, "MEASURED_BYTES", 1_000)
    (link,) = links_of(shared.serverapp, tab.place)
    monkeypatch.setattr(link, "_limit", limit)
    for _ in range(4):
        tab.type_over(0, "x" * 1_500)
    assert await until(lambda: tab.closed) == tabs.TOO_LARGE
    assert len(room.ydoc.get_update()) <= limit
    await tab.close()
