"""Agents on the shared server; a JupyterLab of a module's own and a browser."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Browser

from tests.e2e.agent import Agent, connected_agent
from tests.e2e.lab import browser, serve_lab
from tests.served import Served


@pytest.fixture
async def agent(served: Served) -> AsyncIterator[Agent]:
    async with connected_agent(served) as agent:
        yield agent


@pytest.fixture
async def colleague(served: Served) -> AsyncIterator[Agent]:
    async with connected_agent(served) as agent:
        yield agent


@pytest.fixture(scope="module")
def lab_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve_lab(tmp_path_factory.mktemp("lab")) as served:
        yield served


@pytest.fixture
async def chrome() -> AsyncIterator[Browser]:
    async with browser() as launched:
        yield launched
