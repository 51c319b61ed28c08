"""`kill -9` of jmcp, of Jupyter and of kernels at any moment, while clients edit and run.

JMCP_KILL_ROUNDS says how often, JMCP_KILL_SEED how it goes.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from tests.e2e.agent import eventually
from tests.scenarios.many_clients.killable_agent import WorkingClient, killable_agents
from tests.scenarios.outages.agent import Ledger
from tests.scenarios.outages.remote_setup import RemoteSetup, RestartableServer, put, remote_setup
from tests.served import Served, serve
from tests.thorough import thorough

CLIENTS = 3
ROUNDS = int(os.environ.get("JMCP_KILL_ROUNDS", "3"))
SEED = int(os.environ.get("JMCP_KILL_SEED", "1"))
LATER_SECONDS = 1.5
"""The most between edits that were acknowledged and the kill: saves come after two seconds."""


class LocalServers:
    """jmcp in its JupyterLab: one process."""

    victims = ("server", "kernel")

    def __init__(self, base: Path) -> None:
        self.base = base
        self.root = base / "root"
        self.root.mkdir()
        self._process = RestartableServer()

    async def start(self) -> Served:
        return await self._process.up(serve(self.base / "home", self.root))

    async def kill(self, victim: str) -> Served:
        """Kill it and start it again; returns what clients talk to from then on."""
        await self._process.down(signal.SIGKILL)
        return await self.start()

    async def close(self) -> None:
        await self._process.down()


class RemoteServers:
    """jmcp on a remote Jupyter Server."""

    victims = ("jmcp", "kernel", "jupyter")

    def __init__(self, setup: RemoteSetup) -> None:
        self.root = setup.root
        self._setup = setup

    async def start(self) -> Served:
        await self._setup.start_jupyter()
        await self._setup.start_jmcp()
        return self._jmcp

    @property
    def _jmcp(self) -> Served:
        assert self._setup.agent.served is not None
        return self._setup.agent.served

    async def kill(self, victim: str) -> Served:
        if victim == "jupyter":
            await self._setup.stop_jupyter(signal.SIGKILL)
            await self._setup.start_jupyter()
        else:
            await self._setup.stop_jmcp(signal.SIGKILL)
            await self._setup.start_jmcp()
        return self._jmcp

    async def close(self) -> None:
        pass  # the setup is closed where it was made


Servers = LocalServers | RemoteServers


@asynccontextmanager
async def started(name: str, base: Path) -> AsyncIterator[Servers]:
    if name == "local":
        servers = LocalServers(base)
        try:
            yield servers
        finally:
            await servers.close()
    else:
        async with remote_setup(base) as made:
            yield RemoteServers(made)


@thorough
@pytest.mark.parametrize("name", ["local", "remote"])
async def test_what_was_acknowledged_outlives_everything(name: str, tmp_path: Path) -> None:
    chance = random.Random(f"{SEED} {name}")
    async with started(name, tmp_path) as servers, killable_agents(CLIENTS) as agents:
        served = await servers.start()
        clients = []
        for number, agent in enumerate(agents):
            path = f"client {number}.ipynb"
            sources = {f"cell{index}": f"'original {index}'" for index in range(6)}
            put(servers.root / path, sources.items())
            clients.append(
                WorkingClient(agent, path, Ledger(sources=sources), seed=SEED * 100 + number)
            )
            agent.served = served
            await agent.open(path)
        sessions = [agent.session_id for agent in agents]
        for round_ in range(ROUNDS):
            victim = servers.victims[round_ % len(servers.victims)]
            await strike(servers, victim, clients, chance)
            for client in clients:
                await client.settle()
        assert [agent.session_id for agent in agents] == sessions
        assert all(client.ledger.acknowledged for client in clients)
        assert any(client.ended for client in clients)


async def strike(
    servers: Servers, victim: str, clients: Sequence[WorkingClient], chance: random.Random
) -> None:
    """Let everybody work, kill something in the midst of it, and let them go on for a while."""
    enough = asyncio.Event()
    hit = chance.choice(clients)
    kernel = await hit.kernel() if victim == "kernel" else 0
    working = [asyncio.create_task(client.work(enough)) for client in clients]
    try:
        await progress(clients, chance.randint(5, 30), working)
        await asyncio.sleep(chance.uniform(0, LATER_SECONDS))
        if victim == "kernel":
            with suppress(ProcessLookupError):
                os.kill(kernel, signal.SIGKILL)
        else:
            served = await servers.kill(victim)
            for client in clients:
                client.agent.served = served
        await progress(clients, 5, working)
    finally:
        enough.set()
        await asyncio.gather(*working)


async def progress(
    clients: Sequence[WorkingClient], edits: int, working: Sequence[asyncio.Task[None]]
) -> None:
    """Wait until everybody has made so many more edits; one who failed ends that."""
    before = [client.ledger.acknowledged for client in clients]

    async def made() -> bool:
        return any(task.done() for task in working) or all(
            client.ledger.acknowledged >= count + edits
            for client, count in zip(clients, before, strict=True)
        )

    await eventually(made, "everybody edits")
