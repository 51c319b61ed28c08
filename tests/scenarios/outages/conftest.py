"""One world for all tests; each finds it whole."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.scenarios.outages.world import World, world


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with world(tmp_path_factory.mktemp("tolerance")) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def here(shared: World) -> World:
    """Jupyter with collaboration, a network to it, and jmcp beyond; notebooks are the test's."""
    await shared.repair()
    return shared
