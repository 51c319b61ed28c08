"""Sessions with a clock that the test sets: on the fakes of the ports, and on a real Jupyter Server."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from jupyter_core.utils import ensure_async

from jmcp.core.ports import DocumentMode
from tests.calls import Calls
from tests.clock import Clock
from tests.fakes.jmcp import FakeJmcp
from tests.jupyter_process import StartJupyter
from tests.notebooks import notebook_text
from tests.running_jmcp import RunningJmcp
from tests.thorough import fast_only

BOUND_SECONDS = 60


class SessionServer(Calls):
    """A jmcp, what others do to its notebooks and kernels, and code that waits for the test."""

    clock: Clock
    begins: str
    """Code that tells `begun` that it was reached."""
    until_go: str
    """Code that goes on until `go`."""

    @abstractmethod
    def put_text(self, path: str, text: str) -> None: ...
    def write(self, *names: str) -> None:
        """Notebooks of one code cell each, `c0`, which sets `name`."""
        for name in names:
            self.put_text(name, notebook_text(f"name = {name!r}"))

    @abstractmethod
    async def rename(self, path: str, to: str) -> None:
        """As a person does in JupyterLab."""

    @abstractmethod
    def another_client(self, kernel_id: str) -> None:
        """A person's JupyterLab connects to the kernel."""

    @abstractmethod
    async def begun(self) -> None:
        """Wait until code has come to `begins`."""

    @abstractmethod
    def go(self) -> None: ...
    @abstractmethod
    def marks(self, name: str) -> str:
        """Code that leaves a mark."""

    @abstractmethod
    def is_marked(self, name: str) -> bool: ...


@dataclass(kw_only=True)
class JupyterSessionServer(SessionServer, RunningJmcp):
    """On a Jupyter Server; code and test tell each other by files."""

    clock: Clock = field(default_factory=Clock)
    begins = "open('started', 'w').close()\n"
    until_go = "import os, time\nwhile not os.path.exists('go'): time.sleep(0.01)\n"

    def __post_init__(self) -> None:
        self.options = {**self.options, "clock": self.clock}

    def put_text(self, path: str, text: str) -> None:
        (self.root / path).write_text(text)

    async def rename(self, path: str, to: str) -> None:
        await ensure_async(self.app.contents_manager.rename(path, to))

    def another_client(self, kernel_id: str) -> None:
        self.app.kernel_manager.notify_connect(kernel_id)  # as JupyterLab's websocket does

    async def begun(self) -> None:
        async with asyncio.timeout(BOUND_SECONDS):
            while not self.is_marked("started"):  # noqa: ASYNC110 # another process makes it
                await asyncio.sleep(0.01)

    def go(self) -> None:
        (self.root / "go").touch()

    def marks(self, name: str) -> str:
        return f"open({name!r}, 'w').close()\n"

    def is_marked(self, name: str) -> bool:
        return (self.root / name).exists()


class FakeSessionServer(SessionServer, FakeJmcp):
    """On the fakes."""

    begins = ""
    until_go = "time.sleep(60)\n"

    def __init__(self, *, mode: DocumentMode = "live", **options: Any) -> None:
        FakeJmcp.__init__(self, mode=mode, options=options)

    def put_text(self, path: str, text: str) -> None:
        self.documents.put_text(path, text)

    async def rename(self, path: str, to: str) -> None:
        self.documents.rename(path, to)

    def another_client(self, kernel_id: str) -> None:
        self.kernels.kernels[kernel_id].others += 1

    async def begun(self) -> None:
        async with asyncio.timeout(BOUND_SECONDS):
            await self.kernels.sleeping.reached.wait()

    def go(self) -> None:
        self.kernels.sleeping.release()

    def marks(self, name: str) -> str:
        return f"{name} = True\n"

    def is_marked(self, name: str) -> bool:
        return any(name in kernel.variables for kernel in self.kernels.kernels.values())


@pytest.fixture(params=fast_only(["fake", "jupyter"], "fake"))
async def server(
    request: pytest.FixtureRequest, jupyter: StartJupyter
) -> AsyncIterator[SessionServer]:
    """With a.ipynb and b.ipynb."""
    made: JupyterSessionServer | FakeSessionServer
    if request.param == "fake":
        made = FakeSessionServer()
    else:
        made = JupyterSessionServer(app=await jupyter())
    made.write("a.ipynb", "b.ipynb")
    async with made.running():
        yield made
