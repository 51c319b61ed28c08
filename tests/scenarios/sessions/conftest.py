"""jmcp on a real Jupyter Server, with a clock that the test sets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from tests.clock import Clock
from tests.jupyter_process import StartJupyter
from tests.notebooks import write_notebook
from tests.running_jmcp import RunningJmcp


@dataclass(kw_only=True)
class SessionServer(RunningJmcp):
    """A server whose sessions go by `clock`."""

    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.options = {**self.options, "clock": self.clock}

    def write(self, *names: str) -> None:
        """Notebooks of one code cell each, `c0`, which sets `name`."""
        for name in names:
            write_notebook(self.root / name, f"name = {name!r}")


@pytest.fixture
async def server(jupyter: StartJupyter) -> AsyncIterator[SessionServer]:
    server = SessionServer(app=await jupyter())
    server.write("a.ipynb", "b.ipynb")
    async with server.running():
        yield server
