"""Servers and clients for the tests of the wire formats."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from jupyter_server.serverapp import ServerApp
from starlette.applications import Starlette

from jmcp.compose import API
from jmcp.core.calls.call import Caller, KernelStatus, NotebooksStatus, Outcome
from jmcp.core.calls.dispatcher import Dispatcher
from jmcp.core.observe.metrics import Metrics
from jmcp.transport.middleware.host_origin import HostOriginPolicy
from jmcp.transport.site import site
from tests.jupyter_process import TOKEN, StartJupyter

HEADERS = {"Authorization": f"Bearer {TOKEN}"}
Client = httpx.AsyncClient


class RecordingDispatcher(Dispatcher):
    """Remembers calls and answers what it is told to: for what only the wire format decides."""

    def __init__(self) -> None:
        self.api = API
        self.calls: list[tuple[str, dict[str, Any], Caller]] = []
        self.outcome: Outcome | Exception = Outcome(tool="any", text="done", result={})
        self.metrics = Metrics()

    stopping = False
    lab_url = None

    async def start(self) -> None: ...
    async def close(self) -> None: ...
    async def live_sessions(self) -> int | None:
        return None

    async def notebooks(self) -> NotebooksStatus:
        return NotebooksStatus(way="jmcp", pages=2)

    async def kernel_status(self, caller: Caller) -> KernelStatus:
        return "unknown"

    async def call(self, name: str, arguments: dict[str, Any], caller: Caller) -> Outcome:
        self.calls.append((name, arguments, caller))
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


@pytest.fixture
def recording() -> RecordingDispatcher:
    return RecordingDispatcher()


@pytest.fixture
async def site_client(recording: RecordingDispatcher) -> AsyncIterator[Client]:
    """A client of a site without Jupyter around it, whose dispatcher is `recorded`."""
    made = site(recording, version="1.2.3", host_origin=HostOriginPolicy())
    async with client_of_site(made) as client:
        yield client


@asynccontextmanager
async def client_of_site(made: Starlette) -> AsyncIterator[Client]:
    """A client of a site that lives as long."""
    started, done = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        async with made.router.lifespan_context(made):
            started.set()
            await done.wait()

    # In a task of its own, because the task that enters the lifespan has to leave it.
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(live())
        await started.wait()
        transport = httpx.ASGITransport(app=made, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield client
        done.set()


def root_url(serverapp: ServerApp) -> str:
    return f"http://127.0.0.1:{serverapp.port}{serverapp.base_url.rstrip('/')}"


def client_of(serverapp: ServerApp, **headers: str) -> Client:
    """An HTTP client of a Jupyter Server, with its token unless headers are given."""
    return httpx.AsyncClient(base_url=root_url(serverapp), headers=headers or HEADERS, timeout=30)


class ExtensionServer:
    """jmcp in a Jupyter Server of this process, without collaboration: files start faster."""

    def __init__(self, serverapp: ServerApp, client: Client) -> None:
        self.serverapp = serverapp
        self.client = client
        self.root = Path(serverapp.root_dir)
        self.url = root_url(serverapp)


@pytest.fixture
async def extension(jupyter: StartJupyter) -> AsyncIterator[ExtensionServer]:
    serverapp = await jupyter(collaboration=False, extensions=["jmcp"])
    async with client_of(serverapp) as client:
        yield ExtensionServer(serverapp, client)
