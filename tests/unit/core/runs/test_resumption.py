"""Runs that outlive a process of jmcp: what is stored of them, and how they are taken up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import cast

import pytest

from jmcp.core.editing.edit_lease import Leases
from jmcp.core.errors import JupyterUnreachable, KernelMissing, NotebookMissing
from jmcp.core.notices import EarlierOutputsIncomplete, Notice
from jmcp.core.ports import (
    Cell,
    Documents,
    Kernels,
    NotebookRef,
    OnMessage,
    Output,
    OutputSink,
    Reply,
    Request,
)
from jmcp.core.runs.execution import pending_runs
from jmcp.core.runs.execution.pending_runs import PendingRuns
from jmcp.core.runs.record.run import Run
from jmcp.core.runs.registry import RunRegistry
from jmcp.core.sessions.records import PendingRun, Store
from jmcp.core.stores.memory import MemoryStore
from jmcp_api import phrases
from tests.fakes.recording_sink import RecordingSink
from tests.fakes.scripted_kernels import LIMIT, OK, ScriptedKernels, shown_in, submit

REQUEST = Request(kernel_id="k", channel="c", message_id="m")
LEFT = PendingRun(
    execution_id="abc",
    owner="o",
    session_id="s",
    notebook=NotebookRef(key="n", path="n.ipynb"),
    cell_id="cell",
    request=REQUEST,
    began=1_700_000_000.0,
    settled=True,
)


class ResumableKernels(ScriptedKernels):
    """Kernels that still have a run; the test says what comes of it, and how it ends."""

    def __init__(self) -> None:
        super().__init__()
        self.resumed: list[Request] = []
        self.on_message: OnMessage = lambda *_: None
        self.end: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self.listening = asyncio.Event()
        self.unreachable = 0

    async def resume(self, request: Request, on_message: OnMessage) -> Reply:
        if self.unreachable:
            self.unreachable -= 1
            raise JupyterUnreachable("not yet")
        self.resumed.append(request)
        self.on_message = on_message
        self.listening.set()
        return await self.end

    def say(self, text: str) -> None:
        self.on_message("stream", {"name": "stdout", "text": text}, {})

    async def heard(self) -> None:
        async with asyncio.timeout(LIMIT):
            await self.listening.wait()


class OneCell:
    """As much of `Documents` as taking up a run needs: one notebook with one cell."""

    def __init__(self, *outputs: Output) -> None:
        self.sink = RecordingSink()
        self.sink.outputs = list(outputs)
        self.missing = False
        self.ids = ["cell"]

    async def current(self, key: str) -> NotebookRef:
        if self.missing:
            raise NotebookMissing("gone")
        return NotebookRef(key=key, path="n.ipynb")

    async def identify(self, path: str) -> NotebookRef:
        return await self.current(path)

    mode = "live"
    ref = NotebookRef(key="key", path="n.ipynb")

    async def open(self, ref: NotebookRef) -> OneCell:
        return self

    async def read(self) -> OneCell:
        return self

    def notices(self) -> Sequence[Notice]:
        return ()

    def close(self) -> None:
        """Nothing is held."""

    def find(self, cell_id: str) -> int | None:
        return self.ids.index(cell_id) if cell_id in self.ids else None

    def get(self, index: int, *, outputs: bool = False) -> Cell:
        shown = tuple(self.sink.outputs) if outputs else ()
        return Cell(index=0, cell_id="cell", cell_type="code", source="code", outputs=shown)

    async def outputs(self, cell: Cell) -> OutputSink:
        return self.sink


@pytest.fixture
async def kernels() -> ResumableKernels:
    return ResumableKernels()


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
async def registry(kernels: ResumableKernels, store: Store) -> AsyncIterator[RunRegistry]:
    registry = RunRegistry(cast(Kernels, kernels), phrases=phrases, store=store, grace_seconds=0.05)
    yield registry
    await registry.close()


async def taken_up(
    registry: RunRegistry, store: Store, cell: OneCell, run: PendingRun = LEFT
) -> Run:
    await store.put_run(run)
    (execution,) = await registry.resume(Leases(cast(Documents, cell)))
    return execution


async def stored(registry: RunRegistry, store: Store) -> Sequence[PendingRun]:
    """What the store has when all is written."""
    await registry._pending.settle()
    return await store.runs()


def text(value: str) -> Output:
    return {"output_type": "stream", "name": "stdout", "text": value}


async def test_a_run_is_stored_from_its_request_until_its_cell_is_closed(
    kernels: ResumableKernels, registry: RunRegistry, store: Store
) -> None:
    closing = asyncio.Event()

    class Slow(RecordingSink):
        async def close(self, *, running: bool = False) -> None:
            await closing.wait()
            await super().close(running=running)

    run = submit(registry, "x", outputs=shown_in(Slow()), cell_id="cell", timeout=9)
    waiting = submit(registry, "y")
    end = await kernels.kernel.reached(1)
    (kept,) = await stored(registry, store)
    assert kept == PendingRun(
        execution_id=run.execution_id,
        owner="o",
        session_id="s",
        notebook=NotebookRef(key="n", path="n.ipynb"),
        cell_id="cell",
        request=Request(kernel_id="k", channel="c", message_id="x"),
        began=kept.began,
        timeout=9,
    )
    end.set_result(OK)
    assert not await run.wait(0.01)
    assert await store.runs() == [kept]
    closing.set()
    assert await run.wait(LIMIT)
    (await kernels.kernel.reached(2)).set_result(OK)
    assert await waiting.wait(LIMIT)
    assert await stored(registry, store) == []


async def test_a_run_that_is_soon_over_costs_the_store_nothing(kernels: ResumableKernels) -> None:
    class Counting(MemoryStore):
        writes = 0

        async def put_run(self, run: PendingRun) -> None:
            self.writes += 1

        async def remove_run(self, execution_id: str) -> None:
            self.writes += 1

    store = Counting()
    registry = RunRegistry(cast(Kernels, kernels), phrases=phrases, store=store)
    run = submit(registry, "x", outputs=shown_in(RecordingSink()), cell_id="cell")
    (await kernels.kernel.reached(1)).set_result(OK)
    assert await run.wait(LIMIT)
    await registry.close()
    assert store.writes == 0


async def test_each_run_has_its_own_time_before_it_is_stored(
    kernels: ResumableKernels, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = MemoryStore()
    pending = PendingRuns(store)
    monkeypatch.setattr(pending_runs, "WRITE_DELAY_SECONDS", 0.0)
    pending.keep("soon over", lambda: replace(LEFT, execution_id="soon over"))
    pending.forget("soon over")
    monkeypatch.setattr(pending_runs, "WRITE_DELAY_SECONDS", 3600.0)
    pending.keep("young", lambda: replace(LEFT, execution_id="young"))
    monkeypatch.setattr(pending_runs, "WRITE_DELAY_SECONDS", 0.0)
    pending.keep("lasting", lambda: replace(LEFT, execution_id="lasting"))
    async with asyncio.timeout(LIMIT):
        while not await store.runs():  # noqa: ASYNC110  # no event tells
            await asyncio.sleep(0)
    assert [run.execution_id for run in await store.runs()] == ["lasting"]
    await pending.settle()
    assert {run.execution_id for run in await store.runs()} == {"lasting", "young"}


async def test_what_is_stored_of_a_run_is_what_its_cell_shows(
    kernels: ResumableKernels, registry: RunRegistry, store: Store
) -> None:
    sink = RecordingSink()
    submit(registry, "x", outputs=shown_in(sink), cell_id="cell")
    await kernels.kernel.reached(1)
    assert not sink.running
    assert len(await stored(registry, store)) == 1
    assert (sink.running, [output["text"] for output in sink.outputs]) == (True, ["x"])


async def test_a_stop_leaves_the_run_and_forgets_what_was_never_sent(
    kernels: ResumableKernels, registry: RunRegistry, store: Store
) -> None:
    run = submit(registry, "x", outputs=shown_in(RecordingSink()), cell_id="cell")
    submit(registry, "y")
    await kernels.kernel.reached(1)
    await registry.close()
    (left,) = await store.runs()
    assert (left.execution_id, left.settled) == (run.execution_id, True)


async def test_what_comes_while_the_connection_closes_is_in_the_cell(
    kernels: ResumableKernels, registry: RunRegistry, store: Store
) -> None:
    sink = RecordingSink()
    run = submit(registry, "x", outputs=shown_in(sink), cell_id="cell")
    end = await kernels.kernel.reached(1)
    await registry.stop()
    kernels.kernel.say("last words")
    end.set_result(Reply(status="lost", lost="lost_contact"))  # the connection is closed now
    await registry.close()
    assert [output["text"] for output in sink.outputs] == ["xlast words"]
    assert (sink.running, run.status, run.incomplete) == (True, "lost_contact", None)
    assert [left.settled for left in await store.runs()] == [True]


async def test_a_run_that_ends_during_the_stop_is_over(
    kernels: ResumableKernels, registry: RunRegistry, store: Store
) -> None:
    sink = RecordingSink()
    run = submit(registry, "x", outputs=shown_in(sink), cell_id="cell")
    end = await kernels.kernel.reached(1)
    await registry.stop()
    end.set_result(OK)
    await registry.close()
    assert (run.status, sink.running, await store.runs()) == ("ok", False, [])


async def test_a_left_run_goes_on_where_it_was(
    kernels: ResumableKernels, registry: RunRegistry, store: Store
) -> None:
    cell = OneCell({**text(""), "text": ["a\n", "b"]})
    run = await taken_up(registry, store, cell)
    assert registry.index.get("abc") is run
    assert list(registry.index.list(owner="o", session_id="s")) == [run]
    assert (run.status, registry.index.users()) == ("running", {("o", "s")})
    after = submit(registry, "after")
    await kernels.heard()
    assert (kernels.resumed, after.status) == ([REQUEST], "queued")
    async with asyncio.timeout(LIMIT):
        await cell.sink.changed.wait()
    assert cell.sink.running
    assert [output["text"] for output in run.outputs] == ["a\nb"]
    kernels.say("c\n")
    kernels.say("d")
    kernels.end.set_result(Reply(status="ok", execution_count=5))
    assert await run.wait(LIMIT)
    assert (run.status, run.notices, run.incomplete, run.request.code) == ("ok", [], None, "code")
    assert [output["text"] for output in run.outputs] == ["a\nbc\nd"]
    assert "".join(cell.sink.outputs[0]["text"]) == "a\nbc\nd"
    assert (cell.sink.execution_count, cell.sink.running) == (5, False)
    assert run.started is not None
    assert run.started.timestamp() == LEFT.began
    assert run.seconds > 1000
    assert run.execution_id not in [left.execution_id for left in await stored(registry, store)]
    (await kernels.kernel.reached(1)).set_result(OK)
    assert await after.wait(LIMIT)


async def test_displays_from_before_are_updated_and_cleared(
    kernels: ResumableKernels, registry: RunRegistry, store: Store
) -> None:
    shown = {"output_type": "display_data", "data": {"text/plain": "1"}, "metadata": {}}
    cell = OneCell(text("a"), shown)
    run = await taken_up(registry, store, cell, replace(LEFT, displays={"d": (1, 7)}))
    await kernels.heard()
    update = {"data": {"text/plain": "2"}, "transient": {"display_id": "d"}}
    kernels.on_message("update_display_data", update, {})
    assert run.outputs[1]["data"] == {"text/plain": "2"}
    run.record.cell.flush()
    assert cell.sink.outputs == run.outputs
    kernels.on_message("clear_output", {"wait": True}, {})
    kernels.say("b")
    kernels.end.set_result(OK)
    assert await run.wait(LIMIT)
    assert cell.sink.outputs == run.outputs == [text("b")]


async def test_the_displays_of_a_run_are_stored_with_it(
    kernels: ResumableKernels, registry: RunRegistry, store: Store
) -> None:
    submit(registry, "x", outputs=shown_in(RecordingSink()), cell_id="cell")
    await kernels.kernel.reached(1)
    display = {"data": {"text/plain": "1"}, "transient": {"display_id": "d"}}
    kernels.kernel.on_message("display_data", display, {})
    (kept,) = await stored(registry, store)
    assert kept.displays == {"d": (1,)}


async def test_a_left_run_can_be_left_again(
    kernels: ResumableKernels, registry: RunRegistry, store: Store
) -> None:
    cell = OneCell(text("a"))
    run = await taken_up(registry, store, cell)
    await kernels.heard()
    kernels.say("b")
    await registry.close()
    assert (run.status, cell.sink.running, cell.sink.outputs) == (
        "lost_contact",
        True,
        [text("ab")],
    )
    (left,) = await store.runs()
    assert left == LEFT


async def test_a_stop_before_the_run_was_heard_leaves_it(
    kernels: ResumableKernels, registry: RunRegistry, store: Store
) -> None:
    kernels.unreachable = 1_000_000
    await taken_up(registry, store, OneCell())
    await registry.close()
    assert [left.execution_id for left in await store.runs()] == ["abc"]


async def test_jupyter_may_come_back_later(
    kernels: ResumableKernels, registry: RunRegistry, store: Store
) -> None:
    kernels.unreachable = 2
    run = await taken_up(registry, store, OneCell())
    await kernels.heard()
    kernels.end.set_result(OK)
    assert await run.wait(LIMIT)
    assert run.status == "ok"


@pytest.mark.parametrize("gone", ["cell", "notebook", "no cell"])
async def test_without_a_cell_the_end_is_still_awaited(
    kernels: ResumableKernels, registry: RunRegistry, store: Store, gone: str
) -> None:
    cell = OneCell(text("a"))
    cell.missing = gone == "notebook"
    if gone == "cell":
        cell.ids = []
    left = replace(LEFT, cell_id=None) if gone == "no cell" else LEFT
    run = await taken_up(registry, store, cell, left)
    await kernels.heard()
    kernels.say("b")
    kernels.end.set_result(OK)
    assert await run.wait(LIMIT)
    # What it printed before is nowhere now.
    assert (run.status, run.incomplete, len(run.notices)) == ("lost_contact", "lost_contact", 2)
    assert run.outputs[0]["text"] == "b"
    assert cell.sink.calls == []
    assert await stored(registry, store) == []


async def test_a_kernel_that_is_gone_ends_the_run_with_what_the_cell_has(
    kernels: ResumableKernels, registry: RunRegistry, store: Store
) -> None:
    cell = OneCell(text("a"))
    run = await taken_up(registry, store, cell)
    await kernels.heard()
    kernels.end.set_exception(KernelMissing("gone"))
    assert await run.wait(LIMIT)
    assert (run.status, run.failure, cell.sink.running) == ("kernel_died", None, False)
    assert [output["text"] for output in run.outputs] == ["a"]
    assert await stored(registry, store) == []


async def test_lost_contact_is_marked_after_what_the_cell_shows(
    kernels: ResumableKernels, registry: RunRegistry, store: Store
) -> None:
    cell = OneCell(text("a"))
    run = await taken_up(registry, store, cell)
    await kernels.heard()
    kernels.end.set_result(Reply(status="lost", lost="lost_contact", incomplete="lost_contact"))
    assert await run.wait(LIMIT)
    assert (run.status, run.incomplete) == ("lost_contact", "lost_contact")
    assert [output["name"] for output in cell.sink.outputs] == ["stdout", "stderr"]


async def test_an_abrupt_end_of_jmcp_is_told(
    kernels: ResumableKernels, registry: RunRegistry, store: Store
) -> None:
    run = await taken_up(registry, store, OneCell(text("a")), replace(LEFT, settled=False))
    await kernels.heard()
    kernels.end.set_result(OK)
    assert await run.wait(LIMIT)
    assert run.notices[0] == EarlierOutputsIncomplete()
    assert (run.status, run.incomplete) == ("lost_contact", "lost_contact")


async def test_the_limit_of_a_left_run_still_holds(
    kernels: ResumableKernels, registry: RunRegistry, store: Store
) -> None:
    run = await taken_up(registry, store, OneCell(), replace(LEFT, timeout=60))
    kernels.on_interrupt = lambda: kernels.end.set_result(
        Reply(status="error", ename="KeyboardInterrupt")
    )
    assert await run.wait(LIMIT)
    assert (run.status, kernels.interrupts) == ("timed_out", 1)


async def test_several_left_runs_of_a_kernel_come_in_their_order(
    kernels: ResumableKernels, registry: RunRegistry, store: Store
) -> None:
    second = replace(LEFT, execution_id="def", cell_id=None, began=LEFT.began + 1)
    for left in (LEFT, second):
        await store.put_run(left)
    first, last = await registry.resume(Leases(cast(Documents, OneCell())))
    after = submit(registry, "after")
    kernels.end.set_result(OK)
    for run in (first, last):
        assert await run.wait(LIMIT)
    (await kernels.kernel.reached(1)).set_result(OK)
    assert await after.wait(LIMIT)
    assert (first.execution_id, last.execution_id) == ("abc", "def")


async def test_a_store_that_fails_ends_no_run(
    kernels: ResumableKernels, caplog: pytest.LogCaptureFixture
) -> None:
    class Full(MemoryStore):
        async def put_run(self, run: PendingRun) -> None:
            raise OSError("disk full")

    registry = RunRegistry(cast(Kernels, kernels), phrases=phrases, store=Full())
    run = submit(registry, "x")
    end = await kernels.kernel.reached(1)
    await registry._pending.settle()
    end.set_result(OK)
    assert await run.wait(LIMIT)
    assert run.status == "ok"
    await registry.close()
    assert "disk full" in caplog.text
