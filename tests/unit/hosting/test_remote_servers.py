"""How a standalone server asks whether its Jupyter Servers answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from jmcp.hosting import remote_servers
from jmcp.hosting.remote_servers import RemoteServers
from jmcp.options.serve_options import JupyterAddress
from jmcp.options.settings import Settings

SECONDS = 10
VERSION = b'{"version": "2.21.1"}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"


class SlowJupyter:
    """Answers `GET /api` when the test lets it."""

    def __init__(self) -> None:
        self.requests = 0
        self.asked, self.answering = asyncio.Event(), asyncio.Event()
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"\r\n\r\n"):
            self.requests += 1
            self.asked.set()
            await self.answering.wait()
            writer.write(ANSWER % (len(VERSION), VERSION))


@pytest.fixture
async def jupyter() -> AsyncIterator[SlowJupyter]:
    slow = SlowJupyter()
    serving: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.add(task)
        try:
            await slow.serve(reader, writer)
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    slow.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    yield slow
    server.close()
    for task in serving:
        task.cancel()
    await asyncio.gather(*serving, return_exceptions=True)


@pytest.fixture
async def servers(jupyter: SlowJupyter) -> AsyncIterator[RemoteServers]:
    address = JupyterAddress(url=jupyter.url, token="token")
    made = RemoteServers(address, address, Settings(), notify=lambda _: None)
    yield made
    await made.close()


async def test_all_who_ask_at_once_ask_once(jupyter: SlowJupyter, servers: RemoteServers) -> None:
    async with asyncio.timeout(SECONDS):
        asking = [asyncio.create_task(servers.health()) for _ in range(50)]
        await jupyter.asked.wait()
        asking += [asyncio.create_task(servers.health()) for _ in range(50)]
        asking[0].cancel()  # whoever asked first may leave
        jupyter.answering.set()
        answers = await asyncio.gather(*asking[1:])
    assert answers == [{"jupyter": None}] * 99
    assert jupyter.requests == 1


async def test_it_is_asked_anew_after_a_while(
    jupyter: SlowJupyter, servers: RemoteServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_servers, "HEALTH_AGE_SECONDS", 0.0)
    jupyter.answering.set()
    assert [await servers.health() for _ in range(2)] == [{"jupyter": None}] * 2
    assert jupyter.requests == 2


async def test_closing_does_not_wait_for_an_answer(
    jupyter: SlowJupyter, servers: RemoteServers
) -> None:
    async with asyncio.timeout(SECONDS):
        asking = asyncio.create_task(servers.health())
        await jupyter.asked.wait()
        await servers.close()
        await asyncio.wait({asking})
