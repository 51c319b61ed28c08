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
from tests.scenarios.many_clients.mortal import Life, mortals
from tests.scenarios.outages.agent import Ledger
from tests.scenarios.outages.world import Process, World, put, world
from tests.served import Served, serve

CLIENTS = 3
ROUNDS = int(os.environ.get("JMCP_KILL_ROUNDS", "3"))
SEED = int(os.environ.get("JMCP_KILL_SEED", "1"))
LATER_SECONDS = 1.5
"""The most between edits that were acknowledged and the kill: saves come after two seconds."""


class Inside:
    """jmcp in its JupyterLab: one process."""

    victims = ("server", "kernel")

    def __init__(self, base: Path) -> None:
        self.base = base
        self.root = base / "root"
        self.root.mkdir()
        self._process = Process()

    async def start(self) -> Served:
        return await self._process.up(serve(self.base / "home", self.root))

    async def kill(self, victim: str) -> Served:
        """Kill it and start it again; returns what clients talk to from then on."""
        await self._process.down(signal.SIGKILL)
        return await self.start()

    async def close(self) -> None:
        await self._process.down()


class Beside:
    """jmcp on a Jupyter Server elsewhere."""

    victims = ("jmcp", "kernel", "jupyter")

    def __init__(self, world: World) -> None:
        self.root = world.root
        self._world = world

    async def start(self) -> Served:
        await self._world.start_jupyter()
        await self._world.start_jmcp()
        return self._jmcp

    @property
    def _jmcp(self) -> Served:
        assert self._world.agent.served is not None
        return self._world.agent.served

    async def kill(self, victim: str) -> Served:
        if victim == "jupyter":
            await self._world.stop_jupyter(signal.SIGKILL)
            await self._world.start_jupyter()
        else:
            await self._world.stop_jmcp(signal.SIGKILL)
            await self._world.start_jmcp()
        return self._jmcp

    async def close(self) -> None:
        pass  # the world ends by itself


Place = Inside | Beside


@asynccontextmanager
async def placed(name: str, base: Path) -> AsyncIterator[Place]:
    if name == "inside":
        inside = Inside(base)
        try:
            yield inside
        finally:
            await inside.close()
    else:
        async with world(base) as made:
            yield Beside(made)


@pytest.mark.parametrize("name", ["inside", "beside"])
async def test_what_was_acknowledged_outlives_everything(name: str, tmp_path: Path) -> None:
    chance = random.Random(f"{SEED} {name}")
    async with placed(name, tmp_path) as place, mortals(CLIENTS) as agents:
        served = await place.start()
        lives = []
        for number, agent in enumerate(agents):
            path = f"life {number}.ipynb"
            sources = {f"cell{index}": f"'original {index}'" for index in range(6)}
            put(place.root / path, sources.items())
            lives.append(Life(agent, path, Ledger(sources=sources), seed=SEED * 100 + number))
            agent.served = served
            await agent.open(path)
        sessions = [agent.session_id for agent in agents]
        for round_ in range(ROUNDS):
            victim = place.victims[round_ % len(place.victims)]
            await strike(place, victim, lives, chance)
            for life in lives:
                await life.settle()
        assert [agent.session_id for agent in agents] == sessions
        assert all(life.ledger.acknowledged for life in lives)
        assert any(life.ended for life in lives)


async def strike(place: Place, victim: str, lives: Sequence[Life], chance: random.Random) -> None:
    """Let everybody work, kill something in the midst of it, and let them go on for a while."""
    enough = asyncio.Event()
    hit = chance.choice(lives)
    kernel = await hit.kernel() if victim == "kernel" else 0
    working = [asyncio.create_task(life.live(enough)) for life in lives]
    try:
        await progress(lives, chance.randint(5, 30), working)
        await asyncio.sleep(chance.uniform(0, LATER_SECONDS))
        if victim == "kernel":
            with suppress(ProcessLookupError):
                os.kill(kernel, signal.SIGKILL)
        else:
            served = await place.kill(victim)
            for life in lives:
                life.agent.served = served
        await progress(lives, 5, working)
    finally:
        enough.set()
        await asyncio.gather(*working)


async def progress(
    lives: Sequence[Life], edits: int, working: Sequence[asyncio.Task[None]]
) -> None:
    """Wait until everybody has made so many more edits; one who failed ends that."""
    before = [life.ledger.acknowledged for life in lives]

    async def made() -> bool:
        return any(task.done() for task in working) or all(
            life.ledger.acknowledged >= count + edits
            for life, count in zip(lives, before, strict=True)
        )

    await eventually(made, "everybody edits")
