"""Kernels whose runs end when the test says so, and cells that record what is written."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, cast

from jmcp.core.errors import BackendError, KernelDown
from jmcp.core.outputs.cell_outputs import CellOutputs
from jmcp.core.ports import Health, KernelInfo, NotebookRef, OnMessage, OutputSink, Reply, Request
from jmcp.core.runs.record.request import RunRequest
from jmcp.core.runs.record.run import Run
from jmcp.core.runs.registry import RunRegistry
from tests.fakes.recording_sink import RecordingSink

LIMIT = 10
OK = Reply(status="ok", execution_count=1)
STOPPED = Reply(status="error", ename="KeyboardInterrupt", evalue="", traceback=("stop",))
ABORTED = Reply(status="aborted")


class ScriptedKernel:
    """A connection whose runs end when the test says so, one at a time as the contract demands."""

    kernel_id = "k"
    generation = 1

    def __init__(self) -> None:
        self.codes: list[str] = []
        self.ends: list[asyncio.Future[Reply]] = []
        self.arrived = asyncio.Condition()
        self.silent = False
        self.on_message: OnMessage = lambda *_: None

    async def run(
        self,
        code: str,
        on_message: OnMessage,
        *,
        store_history: bool = True,
        on_sent: Callable[[Request], None] | None = None,
    ) -> Reply:
        if on_sent is not None:
            on_sent(Request(kernel_id="k", channel="c", message_id=code))
        assert all(end.done() for end in self.ends), "two runs at once"
        end: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self.on_message = on_message
        self.codes.append(code)
        self.ends.append(end)
        if not self.silent:
            on_message("status", {"execution_state": "busy"}, {})
            on_message("stream", {"name": "stdout", "text": code}, {})
        async with self.arrived:
            self.arrived.notify_all()
        return await end

    def say(self, text: str) -> None:
        self.on_message("stream", {"name": "stdout", "text": text}, {})

    async def reached(self, runs: int) -> asyncio.Future[Reply]:
        """The latest run, when there were so many."""
        async with asyncio.timeout(LIMIT), self.arrived:
            await self.arrived.wait_for(lambda: len(self.ends) >= runs)
        return self.ends[runs - 1]


class ScriptedKernels:
    """As much of `Kernels` as running code needs."""

    def __init__(self) -> None:
        self.kernel = ScriptedKernel()
        self.interrupts = 0
        self.on_interrupt: Callable[[], None] = lambda: None
        self.down: KernelDown | None = None
        self.state: Any = "idle"

    async def connect(self, kernel_id: str) -> ScriptedKernel:
        if self.down is not None:
            raise self.down
        return self.kernel

    async def interrupt(self, kernel_id: str) -> None:
        self.interrupts += 1
        self.on_interrupt()

    async def health(self, kernel_id: str) -> Health:
        return Health(alive=True, generation=1)

    async def list(self) -> Sequence[KernelInfo]:
        return [
            KernelInfo(
                kernel_id="k",
                kernel_name="python3",
                display_name="Python 3",
                language="python",
                state=self.state,
                connections=0,
                last_activity="2026-01-01T00:00:00Z",
                notebook_path=None,
            )
        ]


NOTEBOOK = NotebookRef(key="n", path="n.ipynb")


def submit(registry: RunRegistry, code: str, **options: Any) -> Run:
    request: dict[str, Any] = {
        "kernel_id": "k",
        "code": code,
        "notebook": NOTEBOOK,
        "owner": "o",
        "session_id": "s",
        **options,
    }
    return registry.submit(RunRequest(**request))


class FakeCellOutputs:
    """As much of `CellOutputs` as running code needs: a sink for the run, another one for later."""

    def __init__(
        self, sink: RecordingSink | BackendError, later: RecordingSink | None = None
    ) -> None:
        self._sink = sink
        self._later = later
        self.reopened: list[tuple[int, int | None]] = []

    async def open(self) -> OutputSink:
        if isinstance(self._sink, BackendError):
            raise self._sink
        return self._sink

    def detach(self) -> None:
        """There is no call."""

    async def look_again(self) -> None:
        """Nothing brings a cell back here."""

    async def reopen(self, outputs: int, execution_count: int | None) -> OutputSink | None:
        self.reopened.append((outputs, execution_count))
        return self._later


def shown_in(sink: RecordingSink | BackendError) -> CellOutputs:
    return cast(CellOutputs, FakeCellOutputs(sink))
