"""Agents on the shared server."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.e2e.agent import Agent, connected_agent
from tests.served import Served


@pytest.fixture
async def agent(served: Served) -> AsyncIterator[Agent]:
    async with connected_agent(served) as agent:
        yield agent


@pytest.fixture
async def colleague(served: Served) -> AsyncIterator[Agent]:
    async with connected_agent(served) as agent:
        yield agent
