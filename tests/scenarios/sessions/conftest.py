"""A dispatcher on a real Jupyter Server with a clock that the test turns."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_server.serverapp import ServerApp

from jmcp.compose import API
from jmcp.core.calls.call import Caller, Outcome
from jmcp.core.calls.dispatcher import Dispatcher
from jmcp_handlers import HANDLERS
from jmcp_jupyter.documents.local.documents import LocalDocuments
from jmcp_jupyter.kernels.local.kernels import LocalKernels
from tests.jupyter_process import StartJupyter

ALICE = Caller(owner="alice", authenticated=True)
BOB = Caller(owner="bob", authenticated=True)


class Clock:
    """Seconds since the epoch, as the test wants them."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A dispatcher with its folder and clock, and short ways to call it."""

    dispatcher: Dispatcher
    server: ServerApp
    root: Path
    clock: Clock

    def write(self, *names: str) -> None:
        for name in names:
            notebook = nbformat.v4.new_notebook()
            notebook.cells.append(nbformat.v4.new_code_cell(f"name = {name!r}", id="aaaa0001"))
            nbformat.write(notebook, self.root / name)

    async def outcome(self, tool: str, caller: Caller = ALICE, /, **arguments: Any) -> Outcome:
        return await self.dispatcher.call(tool, arguments, caller)

    async def call(self, tool: str, caller: Caller = ALICE, /, **arguments: Any) -> dict[str, Any]:
        """The result of a call that has to succeed."""
        outcome = await self.outcome(tool, caller, **arguments)
        assert outcome.result is not None, outcome.text
        return outcome.result

    async def fail(self, tool: str, caller: Caller = ALICE, /, **arguments: Any) -> dict[str, Any]:
        """The error of a call that has to fail."""
        outcome = await self.outcome(tool, caller, **arguments)
        assert outcome.error is not None, outcome.text
        return outcome.error.payload()

    async def open(self, name: str, caller: Caller = ALICE, /, **arguments: Any) -> str:
        """Open a notebook; returns the session's id."""
        opened = await self.call("use_notebook", caller, notebook_path=name, **arguments)
        session_id = opened["session_id"]
        assert isinstance(session_id, str)
        return session_id


@pytest.fixture
async def bench(jupyter: StartJupyter) -> AsyncIterator[Bench]:
    app = await jupyter()
    clock = Clock()
    dispatcher = Dispatcher(
        api=API,
        handlers=HANDLERS,
        documents=LocalDocuments(app),
        kernels=LocalKernels(app),
        strict=True,
        clock=clock,
    )
    await dispatcher.start()
    bench = Bench(dispatcher=dispatcher, server=app, root=Path(app.root_dir), clock=clock)
    bench.write("a.ipynb", "b.ipynb")
    yield bench
    await dispatcher.close()
