"""Many agents on one server, which is a JupyterLab with jmcp or a jmcp on a remote Jupyter Server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from tests.e2e.agent import Agent, connected_agent
from tests.served import Served, jupyter_server, standalone
from tests.thorough import fast_only

AT_ONCE = 8
"""Agents that connect or leave together; the others wait."""


@asynccontextmanager
async def connected_agents(served: Served, count: int) -> AsyncIterator[list[Agent]]:
    """So many connected agents, each with a connection of its own."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def connect(stack: AsyncExitStack) -> Agent:
        async with gate:
            return await stack.enter_async_context(connected_agent(served))

    stacks = [AsyncExitStack() for _ in range(count)]
    try:
        yield list(await asyncio.gather(*(connect(stack) for stack in stacks)))
    finally:

        async def leave(stack: AsyncExitStack) -> None:
            async with gate:
                await stack.aclose()

        await asyncio.gather(*(leave(stack) for stack in stacks))


@pytest.fixture(scope="session")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    base = tmp_path_factory.mktemp("clients")
    with (
        jupyter_server(base / "jupyter", base / "root") as jupyter,
        standalone(base / "home", jupyter) as served,
    ):
        yield served


@pytest.fixture(params=fast_only(["local", "remote"], "local"))
def server(request: pytest.FixtureRequest) -> Served:
    """jmcp in its JupyterLab, and jmcp on a remote Jupyter Server."""
    name = "served" if request.param == "local" else "remote"
    served: Served = request.getfixturevalue(name)
    return served
