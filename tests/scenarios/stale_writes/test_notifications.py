"""A client that asked for it is told of what a person does, in every mode, and not of its own."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from tests.calls import ALICE
from tests.ports.documents.tab import tab
from tests.running_jmcp import MODES, is_live
from tests.scenarios.stale_writes.conftest import SharedServer, StartServer
from tests.thorough import thorough

HERE = replace(ALICE, connection="here")
THERE = replace(ALICE, connection="there")
BOUND = 30.0
FAST = "local live"


class Client:
    """Counts how often it is told."""

    def __init__(self) -> None:
        self.told = 0
        self._news = asyncio.Event()

    async def tell(self) -> None:
        self.told += 1
        self._news.set()

    async def is_told(self) -> None:
        async with asyncio.timeout(BOUND):
            await self._news.wait()
        self._news.clear()


@pytest.fixture(
    params=[mode if mode == FAST else pytest.param(mode, marks=thorough) for mode in MODES]
)
async def server(request: pytest.FixtureRequest, start_server: StartServer) -> SharedServer:
    return await start_server(request.param)


async def test_a_person_is_told_of_and_the_client_itself_is_not(server: SharedServer) -> None:
    own, other = Client(), Client()
    watched = [
        await server.dispatcher.watch(
            "a.ipynb", None, caller, tell=client.tell, reachable=lambda: True
        )
        for caller, client in ((HERE, own), (THERE, other))
    ]
    session = await server.open("a.ipynb", HERE)
    edit = {"session_id": session, "cell_id": "c0", "cell_source": "x = 2"}
    await server.call("overwrite_cell_source", HERE, **edit)
    await server.call("execute_cell", HERE, session_id=session, cell_id="c0")
    await other.is_told()
    assert own.told == 0
    if is_live(server.mode):
        async with tab(server.app, "a.ipynb") as person:
            person.type_over(1, "two = 'a person'\n")
            await own.is_told()
    else:
        server.write(["x = 2", "two = 'another program'", "three = 3\nthree"])
        await own.is_told()
    for one in watched:
        one.close()
    assert server.dispatcher.watches.count == 0
