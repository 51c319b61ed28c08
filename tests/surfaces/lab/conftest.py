"""A Jupyter Server with jmcp and rooms, without JupyterLab."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.jupyter_process import StartJupyter
from tests.surfaces.conftest import ExtensionServer, client_of


@pytest.fixture
async def shared(jupyter: StartJupyter) -> AsyncIterator[ExtensionServer]:
    serverapp = await jupyter(extensions=["jmcp"])
    async with client_of(serverapp) as client:
        yield ExtensionServer(serverapp, client)
