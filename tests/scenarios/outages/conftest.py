"""One Jupyter, network and jmcp for all tests; each test finds them running and connected."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.scenarios.outages.remote_setup import RemoteSetup, remote_setup


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_setup(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RemoteSetup]:
    async with remote_setup(tmp_path_factory.mktemp("tolerance")) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def setup(shared_setup: RemoteSetup) -> RemoteSetup:
    """Jupyter with collaboration, a network to it, and jmcp beyond; notebooks are the test's."""
    await shared_setup.repair()
    return shared_setup
