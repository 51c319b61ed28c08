"""One Hub for all tests that leave it running; each test has users of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.hub.running_hub import RunningHub, running_hub
from tests.node_tools import NodeTools

GIANTS = "giants"
"""The group whose members' servers are larger than any machine."""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def hub(
    tmp_path_factory: pytest.TempPathFactory, node_tools: NodeTools
) -> AsyncIterator[RunningHub]:
    giant = {"groups": [GIANTS], "spawner_override": {"mem_guarantee": "1000T"}}
    traits = {
        "Spawner": {"group_overrides": {GIANTS: giant}},
        "JupyterHub": {"load_groups": {GIANTS: {"users": []}}},
    }
    templates = [{"name": "small", "title": "Small"}, {"name": "large", "title": "Large"}]
    configure = {"templates": templates}
    home = tmp_path_factory.mktemp("shared") / "hub"
    async with running_hub(
        home, node_tools, own_proxy=True, traits=traits, configure=configure
    ) as made:
        yield made
