"""What a room of another server does while its connection is away."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from jmcp.core import background
from jmcp_jupyter.documents.remote.room import RemoteRoom
from jmcp_jupyter.documents.remote.room_connection import NotebookClient

pytest.importorskip("jupyter_nbmodel_client")
SECONDS = 10


class Client:
    """A connection that takes everything."""

    synced = True
    autosave = True
    unconfirmed = False

    async def stop(self) -> None: ...


class Room(RemoteRoom):
    """Its connections are `Client`; a sync waits for the test."""

    def __init__(self, errors: list[Exception]) -> None:
        self.syncing, self.go_on = asyncio.Event(), asyncio.Event()

        async def connect(_: RemoteRoom) -> NotebookClient:
            if errors:
                raise errors.pop()
            return cast("NotebookClient", Client())

        def forget(_: Any) -> None: ...

        super().__init__("key", "a.ipynb", connect, forget, lambda path: None)

    async def sync(self) -> None:
        self.syncing.set()
        await self.go_on.wait()


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "FIRST_PAUSE_SECONDS", 0.0)


async def test_it_comes_back_after_an_unexpected_error() -> None:
    room = Room([KeyError("a bug")])
    written = asyncio.Event()
    room.go_on.set()
    room._deliver_later(written.set)
    await asyncio.wait_for(written.wait(), SECONDS)
    await room.close()


async def test_what_comes_during_a_delivery_is_delivered_too() -> None:
    room = Room([])
    written: list[int] = []
    async with asyncio.timeout(SECONDS):
        room._deliver_later(lambda: written.append(1))
        await room.syncing.wait()
        room._deliver_later(lambda: written.append(2))
        room.go_on.set()
        returning = room._returning
        assert returning is not None
        await returning
    assert (written, room._undelivered, room._holds) == ([1, 2], [], 0)
    await room.close()
