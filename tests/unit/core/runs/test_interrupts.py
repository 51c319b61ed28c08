"""An interrupt ends the run that it is for, however early it comes, and no other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest

from jmcp.core.errors import KernelDown
from jmcp.core.notices import InterruptedUnsent, RunAbandoned
from jmcp.core.outputs.cell_outputs import CellOutputs
from jmcp.core.ports import OnMessage, OutputSink, Reply, Request
from jmcp.core.runs.registry import RunRegistry
from tests.fakes.faults import Hold
from tests.fakes.recording_sink import RecordingSink
from tests.fakes.scripted_kernels import (
    ABORTED,
    LIMIT,
    OK,
    STOPPED,
    FakeCellOutputs,
    ScriptedKernel,
    ScriptedKernels,
    shown_in,
    submit,
)

ERROR = Reply(status="error", ename="ZeroDivisionError", evalue="division by zero")


async def held(hold: Hold) -> None:
    hold.reached.set()
    await hold.released.wait()


async def reached(hold: Hold) -> None:
    async with asyncio.timeout(LIMIT):
        await hold.reached.wait()


async def settled() -> None:
    """Let everything run that can run."""
    for _ in range(20):
        await asyncio.sleep(0)


class SlowKernels(ScriptedKernels):
    """Connecting and interrupting take until the test says so."""

    connecting: Hold | None = None
    interrupting: Hold | None = None
    listing: Hold | None = None
    refused: KernelDown | None = None

    async def connect(self, kernel_id: str) -> ScriptedKernel:
        if self.connecting is not None:
            await held(self.connecting)
        return await super().connect(kernel_id)

    async def interrupt(self, kernel_id: str) -> None:
        if self.interrupting is not None:
            await held(self.interrupting)
        if self.refused is not None:
            raise self.refused
        await super().interrupt(kernel_id)

    async def list(self) -> Any:
        if self.listing is not None:
            await held(self.listing)
        return await super().list()


@pytest.fixture
def kernels() -> SlowKernels:
    return SlowKernels()


class SlowCell(FakeCellOutputs):
    """A cell of a notebook that takes its time to open."""

    def __init__(self, sink: RecordingSink) -> None:
        super().__init__(sink)
        self.opening = Hold()

    async def open(self) -> OutputSink:
        await held(self.opening)
        return await super().open()


class SlowKernel(ScriptedKernel):
    """A connection that is not ready to send at first, as after a restart."""

    def __init__(self) -> None:
        super().__init__()
        self.sending = Hold()

    async def run(
        self,
        code: str,
        on_message: OnMessage,
        *,
        store_history: bool = True,
        on_sent: Callable[[Request], None] | None = None,
    ) -> Reply:
        await held(self.sending)
        return await super().run(code, on_message, on_sent=on_sent)


async def test_a_run_is_interrupted_while_its_kernel_is_connected(
    kernels: SlowKernels, registry: RunRegistry
) -> None:
    hold = kernels.connecting = Hold()
    run, after = submit(registry, "x"), submit(registry, "after")
    await reached(hold)
    assert await registry.interrupt("k")
    assert await run.wait(LIMIT)
    assert (run.status, run.notices) == ("interrupted", [InterruptedUnsent()])
    hold.release()
    (await kernels.kernel.reached(1)).set_result(OK)
    assert await after.wait(LIMIT)
    assert (after.status, kernels.kernel.codes) == ("ok", ["after"])


async def test_a_run_is_interrupted_while_its_cell_is_opened(
    kernels: SlowKernels, registry: RunRegistry
) -> None:
    sink = RecordingSink()
    before = list(sink.outputs)
    cell = SlowCell(sink)
    run = submit(registry, "x", outputs=cast(CellOutputs, cell), cell_id="c")
    after = submit(registry, "after")
    await reached(cell.opening)
    assert await registry.interrupt("k")
    assert await run.wait(LIMIT)
    assert run.status == "interrupted"
    cell.opening.release()
    (await kernels.kernel.reached(1)).set_result(OK)
    assert await after.wait(LIMIT)
    assert kernels.kernel.codes == ["after"]
    assert (sink.closed, sink.running, sink.outputs) == (True, False, before)


async def test_a_run_is_interrupted_while_its_kernel_cannot_take_it_yet(
    kernels: SlowKernels, registry: RunRegistry
) -> None:
    kernels.kernel = slow = SlowKernel()
    sink = RecordingSink()
    run = submit(registry, "x", outputs=shown_in(sink), cell_id="c")
    await reached(slow.sending)
    assert await registry.interrupt("k")
    assert await run.wait(LIMIT)
    assert (run.status, run.notices) == ("interrupted", [InterruptedUnsent()])
    slow.sending.release()
    await settled()
    assert slow.codes == []
    assert (sink.closed, sink.running) == (True, False)


async def test_a_run_that_the_kernel_has_not_begun_is_interrupted_when_it_begins(
    kernels: SlowKernels, registry: RunRegistry
) -> None:
    kernels.kernel.silent = True  # another client's code runs
    run = submit(registry, "x")
    end = await kernels.kernel.reached(1)
    assert await registry.interrupt("k")
    assert kernels.interrupts == 1
    kernels.on_interrupt = lambda: end.set_result(STOPPED)
    kernels.kernel.say("begun")
    assert await run.wait(LIMIT)
    assert (run.status, kernels.interrupts) == ("interrupted", 2)


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (ERROR, "error"),
        (Reply(status="error", ename="InterruptException", evalue=""), "interrupted"),
        (Reply(status="error", ename="", evalue=""), "interrupted"),
        (
            Reply(
                status="error",
                ename="RuntimeError",
                evalue="stopped",
                traceback=(
                    "\x1b[0;31mKeyboardInterrupt\x1b[0m   Traceback (most recent call last)",
                    "During handling of the above exception, another exception occurred:",
                    "\x1b[0;31mRuntimeError\x1b[0m: stopped",
                ),
            ),
            "interrupted",
        ),
        (
            Reply(
                status="error",
                ename="ZeroDivisionError",
                evalue="",
                traceback=("----> 3 except KeyboardInterrupt:", "      4     1 / 0"),
            ),
            "error",
        ),
        (ABORTED, "interrupted"),
        (OK, "ok"),
    ],
)
async def test_what_ended_after_an_interrupt_is_called_what_it_is(
    kernels: SlowKernels, registry: RunRegistry, reply: Reply, status: str
) -> None:
    run = submit(registry, "x")
    end = await kernels.kernel.reached(1)
    assert await registry.interrupt("k")
    end.set_result(reply)
    assert await run.wait(LIMIT)
    assert run.status == status


async def test_an_interrupt_whose_run_just_ended_is_not_for_the_next(
    kernels: SlowKernels, registry: RunRegistry
) -> None:
    hold = kernels.interrupting = Hold()
    run, after = submit(registry, "x"), submit(registry, "after", session_id="other")
    end = await kernels.kernel.reached(1)
    interrupt = asyncio.create_task(registry.interrupt("k"))
    await reached(hold)
    end.set_result(OK)
    assert await run.wait(LIMIT)
    await settled()
    assert (after.status, kernels.kernel.codes) == ("queued", ["x"])
    hold.release()
    assert await interrupt
    (await kernels.kernel.reached(2)).set_result(OK)
    assert await after.wait(LIMIT)
    assert after.status == "ok"


async def test_an_interrupt_of_others_code_is_not_for_a_run_that_comes_meanwhile(
    kernels: SlowKernels, registry: RunRegistry
) -> None:
    hold, kernels.state = Hold(), "busy"
    kernels.listing = hold
    interrupt = asyncio.create_task(registry.interrupt("k"))
    await reached(hold)
    run = submit(registry, "x")
    await settled()
    assert run.status == "queued"
    hold.release()
    assert await interrupt
    assert (kernels.interrupts, kernels.kernel.codes) == (1, [])
    (await kernels.kernel.reached(1)).set_result(OK)
    assert await run.wait(LIMIT)


async def test_an_interrupt_that_fails_is_none(kernels: SlowKernels, registry: RunRegistry) -> None:
    kernels.refused = KernelDown("dead")
    run = submit(registry, "x")
    end = await kernels.kernel.reached(1)
    with pytest.raises(KernelDown):
        await registry.interrupt("k")
    end.set_result(ABORTED)
    assert await run.wait(LIMIT)
    assert run.status == "aborted"


async def test_a_caller_who_leaves_interrupts_nobody_else(
    kernels: SlowKernels, registry: RunRegistry
) -> None:
    kernels.kernel.silent = True  # another client's code runs
    run = submit(registry, "x")
    end = await kernels.kernel.reached(1)
    await registry.cancel(run, RunAbandoned())
    await settled()
    assert kernels.interrupts == 0, "that code is not the caller's"
    kernels.on_interrupt = lambda: end.set_result(STOPPED)
    kernels.kernel.say("begun")
    assert await run.wait(LIMIT)
    assert (run.status, kernels.interrupts) == ("interrupted", 1)


async def test_a_caller_who_leaves_early_runs_nothing(
    kernels: SlowKernels, registry: RunRegistry
) -> None:
    hold = kernels.connecting = Hold()
    run = submit(registry, "x")
    await reached(hold)
    await registry.cancel(run, RunAbandoned())
    assert await run.wait(LIMIT)
    assert (run.status, run.notices) == ("aborted", [RunAbandoned()])
    hold.release()
    await settled()
    assert (kernels.interrupts, kernels.kernel.codes) == (0, [])
