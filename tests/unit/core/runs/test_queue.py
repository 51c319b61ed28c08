"""The queue of a kernel: order, limits, interrupts and what is left when things go wrong."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from jmcp.core.errors import KernelDown, NotebookMissing, WriteRefused
from jmcp.core.notices import (
    ContactLost,
    InterruptIgnored,
    KernelStuck,
    NotebookBusy,
    OutputsDropped,
    OutputsNotWritten,
    RunDroppedByRestart,
    RunOutlived,
)
from jmcp.core.ports import (
    OnMessage,
    Reply,
)
from jmcp.core.runs.registry import RunRegistry
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


async def test_runs_go_one_by_one_in_order(kernels: ScriptedKernels, registry: RunRegistry) -> None:
    runs = [submit(registry, str(n), session_id=f"s{n % 2}") for n in range(20)]
    for number, run in enumerate(runs):
        end = await kernels.kernel.reached(number + 1)
        assert run.status == "running"
        assert [r.status for r in runs[number + 1 :]] == ["queued"] * (19 - number)
        # A failing run does not take along those that others queued behind it.
        end.set_result(OK if number % 3 else Reply(status="error", ename="E", evalue=""))
        assert await run.wait(LIMIT)
    assert kernels.kernel.codes == [str(n) for n in range(20)]
    assert [run.status for run in runs[:4]] == ["error", "ok", "ok", "error"]


async def test_a_run_is_told_as_it_goes(kernels: ScriptedKernels, registry: RunRegistry) -> None:
    sink = RecordingSink()
    run = submit(registry, "x", outputs=shown_in(sink), cell_id="c")
    assert (run.status, run.seconds, run.started, run.generation) == ("queued", 0.0, None, 0)
    end = await kernels.kernel.reached(1)
    assert await run.changed_since(0, LIMIT)
    assert not await run.wait(0)
    assert (run.status, run.generation, run.ended) == ("running", 1, None)
    assert run.started is not None
    assert run.outputs == [{"output_type": "stream", "name": "stdout", "text": "x"}]
    assert ("o", "s") in registry.index.users()
    end.set_result(OK)
    assert await run.wait(None)
    assert (run.status, run.execution_count, run.error) == ("ok", 1, None)
    assert run.ended is not None
    assert run.seconds >= 0
    assert sink.closed
    assert (sink.outputs, sink.execution_count) == (run.outputs, 1)
    assert ("o", "s") not in registry.index.users()
    assert registry.index.get(run.execution_id) is run
    assert list(registry.index.list(owner="o", session_id="s")) == [run]
    assert list(registry.index.list(owner="other")) == []


async def test_a_caller_who_leaves_takes_nothing_along(
    kernels: ScriptedKernels, registry: RunRegistry
) -> None:
    sink = RecordingSink()
    run = submit(registry, "x", outputs=shown_in(sink))
    caller = asyncio.create_task(run.wait(None))
    end = await kernels.kernel.reached(1)
    caller.cancel()
    await asyncio.gather(caller, return_exceptions=True)
    end.set_result(OK)
    assert await run.wait(LIMIT)
    assert (run.status, sink.closed) == ("ok", True)


async def test_a_limit_interrupts_and_keeps_what_there_is(
    kernels: ScriptedKernels, registry: RunRegistry
) -> None:
    kernels.on_interrupt = lambda: kernels.kernel.ends[0].set_result(STOPPED)
    run = submit(registry, "slow", timeout=0.01)
    after = submit(registry, "after")
    assert await run.wait(LIMIT)
    assert (run.status, kernels.interrupts) == ("timed_out", 1)
    assert run.error is not None
    assert run.error.ename == "KeyboardInterrupt"
    assert run.outputs[0]["text"] == "slow"
    # The kernel flushed its queue for our interrupt: that is no result of the next run.
    (await kernels.kernel.reached(2)).set_result(ABORTED)
    (await kernels.kernel.reached(3)).set_result(OK)
    assert await after.wait(LIMIT)
    assert (after.status, kernels.kernel.codes) == ("ok", ["slow", "after", "after"])


async def test_an_abort_that_we_did_not_cause_is_told(
    kernels: ScriptedKernels, registry: RunRegistry
) -> None:
    run = submit(registry, "x")
    (await kernels.kernel.reached(1)).set_result(ABORTED)
    assert await run.wait(LIMIT)
    assert (run.status, len(kernels.kernel.codes)) == ("aborted", 1)


async def test_the_limit_counts_from_when_the_kernel_starts_the_code(
    kernels: ScriptedKernels, registry: RunRegistry
) -> None:
    kernels.kernel.silent = True  # somebody else's code is running
    run = submit(registry, "x", timeout=0.001)
    end = await kernels.kernel.reached(1)
    assert not await run.wait(0.05)
    assert kernels.interrupts == 0
    end.set_result(OK)
    assert await run.wait(LIMIT)
    assert run.status == "ok"


async def test_a_kernel_that_ignores_the_interrupt_holds_up_nobody(
    kernels: ScriptedKernels, registry: RunRegistry
) -> None:
    sink = RecordingSink()
    run = submit(registry, "deaf", timeout=0.01, outputs=shown_in(sink))
    behind = submit(registry, "behind")
    assert await run.wait(LIMIT)
    assert (run.status, sink.closed) == ("timed_out", True)
    assert run.notices[-1] == InterruptIgnored(seconds=0.05)
    assert await behind.wait(LIMIT)
    assert behind.status == "aborted"
    assert behind.notices == [KernelStuck()]
    assert kernels.kernel.codes == ["deaf"]
    kernels.kernel.ends[0].set_result(STOPPED)
    await asyncio.wait({asyncio.create_task(asyncio.sleep(0))})
    last = submit(registry, "last")
    (await kernels.kernel.reached(2)).set_result(OK)
    assert await last.wait(LIMIT)
    assert last.status == "ok"


async def test_interrupt_stops_what_runs_and_the_queue_goes_on(
    kernels: ScriptedKernels, registry: RunRegistry
) -> None:
    assert not await registry.interrupt("k")
    run, after = submit(registry, "x"), submit(registry, "after")
    await kernels.kernel.reached(1)
    kernels.on_interrupt = lambda: kernels.kernel.ends[0].set_result(STOPPED)
    assert await registry.interrupt("k")
    assert await run.wait(LIMIT)
    assert run.status == "interrupted"
    (await kernels.kernel.reached(2)).set_result(OK)
    assert await after.wait(LIMIT)
    assert after.status == "ok"
    # Other clients' code is interrupted, too.
    kernels.on_interrupt, kernels.state = lambda: None, "busy"
    assert await registry.interrupt("k")
    assert kernels.interrupts == 2


@pytest.mark.parametrize("lost", ["kernel_died", "kernel_restarted", "lost_contact"])
async def test_a_lost_run_keeps_its_outputs_and_closes_its_cell(
    kernels: ScriptedKernels, registry: RunRegistry, lost: Any
) -> None:
    sink = RecordingSink()
    run = submit(registry, "x", outputs=shown_in(sink))
    (await kernels.kernel.reached(1)).set_result(Reply(status="lost", lost=lost))
    assert await run.wait(LIMIT)
    assert (run.status, sink.closed, sink.running) == (lost, True, False)
    texts = [output["text"] for output in sink.outputs]
    if lost == "lost_contact":
        assert run.incomplete == "lost_contact"
        assert "outputs may be missing" in texts.pop()
        assert run.notices[0] == ContactLost()
    assert texts == ["x"]


@pytest.mark.parametrize("status", ["ok", "error"])
async def test_a_gap_in_the_outputs_is_never_ok(
    kernels: ScriptedKernels, registry: RunRegistry, status: Any
) -> None:
    sink = RecordingSink()
    run = submit(registry, "x", outputs=shown_in(sink))
    (await kernels.kernel.reached(1)).set_result(
        Reply(status=status, execution_count=1, incomplete="lost_contact")
    )
    assert await run.wait(LIMIT)
    assert (run.incomplete, sink.outputs[-1]["name"]) == ("lost_contact", "stderr")
    assert run.status == ("error" if status == "error" else "lost_contact")


async def test_output_that_the_server_dropped_is_told_with_the_setting(
    kernels: ScriptedKernels, registry: RunRegistry
) -> None:
    run = submit(registry, "x")
    (await kernels.kernel.reached(1)).set_result(
        Reply(status="ok", execution_count=1, incomplete="output_limit")
    )
    assert await run.wait(LIMIT)
    assert (run.status, run.incomplete) == ("ok", "output_limit")
    assert run.notices[0] == OutputsDropped()


async def test_what_waits_is_not_run_in_another_process(
    kernels: ScriptedKernels, registry: RunRegistry
) -> None:
    dying = submit(registry, "x", generation=1)
    waiting = submit(registry, "y", generation=1, session_id="other")
    told = submit(registry, "z", generation=2)  # submitted after the death was seen
    await kernels.kernel.reached(1)
    kernels.kernel.generation = 2
    kernels.kernel.ends[0].set_result(Reply(status="lost", lost="kernel_died"))
    for run in (dying, waiting):
        assert await run.wait(LIMIT)
    assert (dying.status, waiting.status) == ("kernel_died", "aborted")
    assert waiting.notices[0] == RunOutlived()
    (await kernels.kernel.reached(2)).set_result(OK)
    assert await told.wait(LIMIT)
    assert (told.status, kernels.kernel.codes) == ("ok", ["x", "z"])
    stale = submit(registry, "w", generation=1)
    assert await stale.wait(LIMIT)
    assert (stale.status, kernels.kernel.codes) == ("aborted", ["x", "z"])


async def test_a_slow_document_does_not_hold_up_the_news_of_a_dead_kernel(
    kernels: ScriptedKernels, registry: RunRegistry
) -> None:
    class Slow(RecordingSink):
        async def close(self, *, running: bool = False) -> None:
            await release.wait()
            await super().close(running=running)

    release, sink = asyncio.Event(), Slow()
    run = submit(registry, "x", outputs=shown_in(sink))
    (await kernels.kernel.reached(1)).set_result(Reply(status="lost", lost="kernel_died"))
    assert await run.wait(LIMIT)
    assert (run.status, sink.closed) == ("kernel_died", False)
    assert run.notices == [NotebookBusy()]
    release.set()
    async with asyncio.timeout(LIMIT):
        await sink.closing.wait()


async def test_what_cannot_start_says_why(kernels: ScriptedKernels, registry: RunRegistry) -> None:
    run = submit(registry, "x", outputs=shown_in(NotebookMissing("gone")))
    assert await run.wait(LIMIT)
    assert (run.status, kernels.kernel.codes) == ("aborted", [])
    assert isinstance(run.failure, NotebookMissing)
    kernels.down = KernelDown("dead")
    run = submit(registry, "x")
    assert await run.wait(LIMIT)
    assert (run.status, run.failure) == ("kernel_died", kernels.down)


async def test_a_document_that_fails_does_not_change_how_the_run_ended(
    kernels: ScriptedKernels, registry: RunRegistry
) -> None:
    class Refusing(RecordingSink):
        async def close(self, *, running: bool = False) -> None:
            await super().close(running=running)
            raise WriteRefused("read-only")

    run = submit(registry, "x", outputs=shown_in(Refusing()))
    (await kernels.kernel.reached(1)).set_result(OK)
    assert await run.wait(LIMIT)
    assert run.status == "ok"
    assert run.notices[0] == OutputsNotWritten(reason="read-only")


async def test_a_bug_ends_its_run_and_no_other(
    kernels: ScriptedKernels, registry: RunRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    run, after = submit(registry, "x"), submit(registry, "after")
    (await kernels.kernel.reached(1)).set_exception(ZeroDivisionError())
    assert await run.wait(LIMIT)
    assert (run.status, run.failure) == ("aborted", None)
    assert run.execution_id in caplog.text
    (await kernels.kernel.reached(2)).set_result(OK)
    assert await after.wait(LIMIT)
    assert after.status == "ok"


async def test_only_the_last_finished_runs_are_kept(
    kernels: ScriptedKernels, registry: RunRegistry
) -> None:
    runs = []
    for number in range(6):
        runs.append(submit(registry, str(number)))
        (await kernels.kernel.reached(number + 1)).set_result(OK)
        assert await runs[-1].wait(LIMIT)
    waiting = submit(registry, "waiting")
    await kernels.kernel.reached(7)
    assert list(registry.index.list()) == [*runs[2:], waiting]
    assert registry.index.get(runs[0].execution_id) is None


async def test_what_waits_can_be_dropped_and_closing_leaves_nobody_waiting(
    kernels: ScriptedKernels, registry: RunRegistry
) -> None:
    sink = RecordingSink()
    run = submit(registry, "x", outputs=shown_in(sink))
    await kernels.kernel.reached(1)
    dropped = submit(registry, "y")
    assert list(await registry.drop("k", RunDroppedByRestart())) == [dropped]
    assert (dropped.status, dropped.notices) == ("aborted", [RunDroppedByRestart()])
    queued = submit(registry, "z")
    await registry.close()
    assert (run.status, sink.closed, queued.status) == ("lost_contact", True, "aborted")
    assert sink.running  # the next process of jmcp goes on with it
    assert (run.incomplete, [output["text"] for output in sink.outputs]) == (None, ["x"])
    late = submit(registry, "late")
    assert (late.status, kernels.kernel.codes) == ("aborted", ["x"])


async def test_an_update_after_a_run_reaches_its_cell_if_that_still_shows_it(
    kernels: ScriptedKernels, registry: RunRegistry
) -> None:
    first, again = RecordingSink(), RecordingSink()
    cell = FakeCellOutputs(first, again)
    messages = iter(["display_data", "update_display_data"])

    class Showing(ScriptedKernel):
        async def run(self, code: str, on_message: OnMessage, **options: Any) -> Reply:
            data = {"data": {"text/plain": code}, "transient": {"display_id": "d"}}
            on_message(next(messages), data, {})
            return OK

    kernels.kernel = Showing()
    run = submit(registry, "1", cell_id="c", outputs=cell)
    update = submit(registry, "2")
    assert await run.wait(LIMIT)
    again.outputs = list(first.outputs)
    assert await update.wait(LIMIT)
    async with asyncio.timeout(LIMIT):
        await again.closing.wait()
    assert cell.reopened == [(1, run.execution_count)]
    assert again.outputs == run.outputs
    assert run.outputs[0]["data"] == {"text/plain": "2"}
    assert update.outputs == []
