"""A tab and its room tell each other what was in the cells that they remove."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pycrdt import Array, Decoder, Doc, YMessageType, create_sync_message, create_update_message
from tornado.websocket import WebSocketClientConnection

from jmcp.core.pages import tabs
from jmcp.transport.lab import room_socket
from jmcp_jupyter.documents.local.tabs import removal
from tests.notebooks import write_notebook
from tests.ports.documents.tab import until
from tests.surfaces.conftest import ExtensionServer
from tests.surfaces.lab.tab import LabTab, close_code, connect, links_of, room_of, varint

pytestmark = pytest.mark.oldest

ANSWER, CHANGE = bytes([YMessageType.SYNC, 1]), bytes([YMessageType.SYNC, 2])


def note(cells: dict[str, Any]) -> bytes:
    text = json.dumps({"type": "removed", "cells": cells}).encode()
    return bytes([removal.RAW]) + varint(len(text)) + text


async def told(connection: WebSocketClientConnection) -> tuple[dict[str, Any], bytes]:
    """The next note of the room, and the message that follows it."""
    while True:
        message = await connection.read_message()
        assert isinstance(message, bytes)
        if message[0] == removal.RAW:
            after = await connection.read_message()
            assert isinstance(after, bytes)
            return json.loads(Decoder(message[1:]).read_var_string()), after


async def test_a_room_says_what_was_removed_before_it_is(shared: ExtensionServer) -> None:
    write_notebook(shared.root / "a.ipynb", "first ö", "second")
    tab = await LabTab.join(shared.client, "a.ipynb")
    connection = await connect(str(shared.client.base_url), tab.place["room"])
    await tab.acknowledged()
    cells = room_of(shared.serverapp, tab.place)._document.ycells
    cells[0]["source"].insert(0, "now ")
    del cells[0]
    said, after = await told(connection)
    assert said == {"type": "removed", "cells": {"c0": "now first ö"}}
    assert after[:2] == CHANGE
    connection.close()
    await until(lambda: tab.sources == ["second"])
    await tab.close()


async def test_a_tab_hears_nothing_of_its_own_changes(shared: ExtensionServer) -> None:
    write_notebook(shared.root / "a.ipynb", "1", "2")
    tab = await LabTab.join(shared.client, "a.ipynb")
    copy: Doc[Any] = Doc()
    copy.apply_update(tab.notebook.ydoc.get_update())
    connection = await connect(str(shared.client.base_url), tab.place["room"])
    before = copy.get_state()
    copy.get("cells", type=Array)[0]["source"].insert(0, "typed")
    change = create_update_message(copy.get_update(before))
    await connection.write_message(change, binary=True)
    await connection.write_message(create_sync_message(copy), binary=True)
    heard = []
    while (message := await connection.read_message()) is not None:
        assert isinstance(message, bytes)
        heard.append(message)
        if message[:2] == ANSWER:
            break
    assert not [message for message in heard if b"typed" in message]
    await until(lambda: tab.sources == ["typed1", "2"], "the other one hears of it")
    connection.close()
    await tab.close()


async def test_what_a_tab_did_not_know_of_a_cell_stays(shared: ExtensionServer) -> None:
    """It says so: the room joins in what another tab wrote into the cell that it moves."""
    write_notebook(shared.root / "a.ipynb", "one two", "2")
    tab = await LabTab.join(shared.client, "a.ipynb")
    copy: Doc[Any] = Doc()
    copy.apply_update(tab.notebook.ydoc.get_update())
    connection = await connect(str(shared.client.base_url), tab.place["room"])
    await connection.write_message(create_sync_message(copy), binary=True)
    source = tab.notebook.ycells[0]["source"]
    source.insert(0, "zero ")
    await tab.acknowledged()

    updates: list[bytes] = []
    subscription = copy.observe(lambda event: updates.append(event.update))
    cells: Array[Any] = copy.get("cells", type=Array)
    with copy.transaction():
        stored = cells[0].to_py()
        del cells[0]
        cells.insert(1, tab.notebook.create_ycell(stored))
    copy.unobserve(subscription)
    known = {"text": "one two", "base": "one two", "gone": False}
    await connection.write_message(note({"c0": known}), binary=True)
    await connection.write_message(create_update_message(updates[-1]), binary=True)
    await until(lambda: tab.sources == ["2", "zero one two"])
    file = shared.root / "a.ipynb"
    await until(lambda: "zero one two" in file.read_text(), "it is saved")
    connection.close()
    await tab.close()


async def test_a_tab_that_reads_nothing_is_closed_and_the_change_stands(
    shared: ExtensionServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_notebook(shared.root / "a.ipynb", "1", "2")
    tab = await LabTab.join(shared.client, "a.ipynb")
    monkeypatch.setattr(room_socket, "UNSENT_FACTOR", -1)
    cells = room_of(shared.serverapp, tab.place)._document.ycells
    del cells[0]
    cells[0]["source"].insert(0, "now ")
    await until(lambda: tab.closed == tabs.TRY_LATER)
    await until(lambda: not links_of(shared.serverapp, tab.place))
    assert [str(cell["source"]) for cell in cells] == ["now 2"]
    await tab.close()


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"[]",
        b'{"type": "other"}',
        b'{"type": "removed"}',
        b'{"type": "removed", "cells": {"c0": "text"}}',
        b'{"type": "removed", "cells": {"c0": {"text": 1, "base": "", "gone": true}}}',
        b"[" * 100_000,
    ],
)
async def test_nonsense_ends_the_connection(shared: ExtensionServer, said: bytes) -> None:
    write_notebook(shared.root / "a.ipynb", "1")
    tab = await LabTab.join(shared.client, "a.ipynb")
    connection = await connect(str(shared.client.base_url), tab.place["room"])
    message = bytes([removal.RAW]) + varint(len(said)) + said
    await connection.write_message(message, binary=True)
    assert await close_code(connection) == 1003
    assert tab.sources == ["1"]
    await tab.close()
