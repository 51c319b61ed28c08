"""A platform and a client of its gateway."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.hub.gateway.platform import RUNNING, Client, Platform, client_of


@pytest.fixture
async def platform() -> AsyncIterator[Platform]:
    async with Platform(state={"alice": RUNNING, "bob": RUNNING}).running() as made:
        yield made


@pytest.fixture
async def client(platform: Platform, tmp_path: Path) -> AsyncIterator[Client]:
    async with client_of(platform, tmp_path) as made:
        yield made
