"""A whole jmcp on a Jupyter Server of this process, with a folder beside its root."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from jmcp.options.settings import Settings
from tests.jupyter_process import StartJupyter
from tests.running_jmcp import UNLIMITED, Mode, RunningJmcp, is_live


@dataclass(kw_only=True)
class FencedJmcp(RunningJmcp):
    """`outside` is a folder beside the root, which nothing may reach."""

    def __post_init__(self) -> None:
        self.outside.mkdir(exist_ok=True)

    @property
    def outside(self) -> Path:
        return self.root.parent / "outside"

    async def refused(self, tool: str, **arguments: Any) -> str:
        """The code of the error that the call has to end with."""
        error = await self.fail(tool, **arguments)
        return str(error["code"])


StartJmcp = Callable[..., Awaitable[FencedJmcp]]


@pytest.fixture
async def start_jmcp(jupyter: StartJupyter) -> AsyncIterator[StartJmcp]:
    """`await start_jmcp("local live", settings, **jupyter_config)`."""
    async with AsyncExitStack() as stack:

        async def start(mode: Mode, settings: Settings = UNLIMITED, **config: Any) -> FencedJmcp:
            app = await jupyter(collaboration=is_live(mode), **config)
            server = FencedJmcp(app=app, mode=mode, settings=settings)
            return await stack.enter_async_context(server.running())

        yield start
