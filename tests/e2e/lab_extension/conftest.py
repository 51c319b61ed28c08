"""JupyterLab as most people have it: without jupyter-collaboration, with jmcp's labextension."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.e2e.agent import Agent, connected_agent
from tests.e2e.lab import COLLABORATION, serve_lab
from tests.served import Served


@pytest.fixture(scope="module")
def plain_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve_lab(tmp_path_factory.mktemp("plain"), without=COLLABORATION) as served:
        yield served


@pytest.fixture
async def plain_agent(plain_lab: Served) -> AsyncIterator[Agent]:
    async with connected_agent(plain_lab) as agent:
        yield agent
