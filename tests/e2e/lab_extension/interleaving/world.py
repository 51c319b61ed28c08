"""What all interleavings of a process share."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.e2e.agent import connected_agent
from tests.e2e.lab import COLLABORATION, browser, serve_lab
from tests.e2e.lab_extension.interleaving.walk import World
from tests.served import Served


@asynccontextmanager
async def world_on(served: Served) -> AsyncIterator[World]:
    async with browser() as chrome, connected_agent(served) as agent:
        yield World(served, agent, chrome)


@asynccontextmanager
async def temporary_world() -> AsyncIterator[World]:
    """With a server of its own, in a JupyterLab without collaboration."""
    with (
        tempfile.TemporaryDirectory() as folder,
        serve_lab(Path(folder), without=COLLABORATION) as served,
    ):
        async with world_on(served) as world:
            yield world
