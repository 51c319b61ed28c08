"""Executions on real kernels: what a notebook's cell shows afterwards."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Any

import pytest
from jupyter_server.serverapp import ServerApp

from jmcp.core.notices import RunTimedOut
from jmcp.core.ports import Kernels, NotebookRef, OutputSink
from jmcp.core.runs.record.request import RunRequest
from jmcp.core.runs.record.run import Run
from jmcp.core.runs.registry import RunRegistry
from jmcp_api import phrases
from tests.fakes.recording_sink import RecordingSink, validate
from tests.ports.kernels.conftest import LIMIT, both, kill


class Cell(RecordingSink):
    async def open(self) -> OutputSink:
        return self

    async def look_again(self) -> None:
        """There is no journal."""

    def detach(self) -> None:
        """There is no call that it could hold."""


class Runner:
    """Submits to one kernel as one of several sessions."""

    def __init__(self, registry: RunRegistry, kernel_id: str) -> None:
        self.registry = registry
        self.kernel_id = kernel_id

    def submit(
        self, code: str, *, session: str = "s", cell: Cell | None = None, **options: Any
    ) -> Run:
        request: dict[str, Any] = {
            "kernel_id": self.kernel_id,
            "code": code,
            "notebook": NotebookRef(key="n", path="n.ipynb"),
            "owner": "o",
            "session_id": session,
            "outputs": cell,
            **options,
        }
        return self.registry.submit(RunRequest(**request))

    async def run(self, code: str, **options: Any) -> tuple[Run, Cell]:
        """Run in a cell; memory, cell and nbformat must agree about the outputs."""
        cell = Cell()
        execution = self.submit(code, cell=cell, **options)
        assert await execution.wait(LIMIT)
        assert cell.closed
        assert cell.outputs == execution.outputs
        assert cell.execution_count == execution.execution_count
        validate(execution.outputs)
        return execution, cell


@pytest.fixture
async def runner(kernels: Kernels, ref: NotebookRef) -> AsyncIterator[Runner]:
    registry = RunRegistry(kernels, phrases=phrases)
    yield Runner(registry, await kernels.start(ref, None))
    await registry.close()


def texts(execution: Run) -> list[str]:
    return [out.get("text") or out["data"]["text/plain"] for out in execution.outputs]


async def started(execution: Run) -> None:
    """Wait until the code has printed something."""
    async with asyncio.timeout(LIMIT):
        while not execution.outputs:
            await execution.changed_since(execution.progress, LIMIT)


async def test_what_cells_show(runner: Runner) -> None:
    done, _ = await runner.run("1+1")
    assert (done.status, done.execution_count, texts(done)) == ("ok", 1, ["2"])
    assert done.outputs[0]["output_type"] == "execute_result"

    done, _ = await runner.run(
        "import sys\nfor i in range(2):\n"
        "    print('out', i, flush=True); print('err', i, file=sys.stderr, flush=True)"
    )
    assert texts(done) == ["out 0\n", "err 0\n", "out 1\n", "err 1\n"]
    assert [out["name"] for out in done.outputs] == ["stdout", "stderr"] * 2

    done, _ = await runner.run(
        "from IPython.display import display, clear_output\n"
        "h = display('first', display_id=True); print('between'); h.update('second')"
    )
    assert texts(done) == ["'second'", "between\n"]

    done, _ = await runner.run(
        "for i in range(3):\n    clear_output(wait=True); print(i)\nclear_output()\nprint('last')"
    )
    assert texts(done) == ["last\n"]

    done, _ = await runner.run("class Odd(Exception): pass\nprint('x')\nraise Odd('why')")
    assert (done.status, done.outputs[-1]["output_type"]) == ("error", "error")
    assert done.error is not None
    assert (done.error.ename, done.error.evalue) == ("Odd", "why")

    done, _ = await runner.run("input('name? ')")
    assert done.error is not None
    assert done.error.ename == "StdinNotImplementedError"

    done, _ = await runner.run("raise SystemExit(3)")
    assert done.status in ("ok", "error")

    done, _ = await runner.run("this is no python")
    assert done.error is not None
    assert done.error.ename == "SyntaxError"

    done, cell = await runner.run("for i in range(100_000): print(i)")
    assert done.outputs[0]["text"].count("\n") == 100_000
    assert len(done.outputs) == 1
    assert len(cell.calls) < 1000

    done, cell = await runner.run(
        "for i in range(10_000): print(f'\\r{i}', end='', flush=i % 100 == 0)"
    )
    assert texts(done) == ["9999"]


async def test_widgets_are_no_outputs_and_do_no_harm(runner: Runner) -> None:
    done, _ = await runner.run(
        "import ipywidgets as w\nfrom IPython.display import display\n"
        "s = w.IntSlider(); display(s); s.value = 3\n"
        "o = w.Output()\nwith o:\n    print('captured')\n'end'"
    )
    assert done.status == "ok"
    kinds = [out["output_type"] for out in done.outputs]
    assert kinds[0] == "display_data"
    assert kinds[-1] == "execute_result"
    assert "application/vnd.jupyter.widget-view+json" in done.outputs[0]["data"]


async def test_a_display_is_updated_from_another_cell(runner: Runner) -> None:
    first, _ = await runner.run(
        "from IPython.display import display\nh = display('1', display_id='shared')"
    )
    second, _ = await runner.run("h.update('2')")
    assert second.outputs == []
    assert texts(first) == ["'2'"]


async def test_the_run_after_an_interrupt_is_whole(runner: Runner) -> None:
    slow = runner.submit("import time\nprint('begun', flush=True)\ntime.sleep(60)")
    queued = [runner.submit(f"print({n}); {n}") for n in range(3)]
    await started(slow)
    assert await runner.registry.interrupt(runner.kernel_id)
    assert await slow.wait(LIMIT)
    assert slow.status == "interrupted"
    assert slow.outputs[0]["text"] == "begun\n"
    for number, execution in enumerate(queued):
        assert await execution.wait(LIMIT)
        assert (execution.status, texts(execution)) == ("ok", [f"{number}\n", str(number)])
    assert not await runner.registry.interrupt(runner.kernel_id)


async def test_an_interrupt_right_after_the_code_was_sent_is_heard(runner: Runner) -> None:
    """A kernel is deaf to interrupts between two runs."""
    await runner.run("import time")
    for _ in range(10):
        slow = runner.submit("time.sleep(60)")
        while slow.sent is None:
            await asyncio.to_thread(os.sched_yield)
        assert await runner.registry.interrupt(runner.kernel_id)
        assert await slow.wait(LIMIT)
        assert slow.status == "interrupted"


LOSES_ITS_REPLY = """
kernel = get_ipython().kernel
send = kernel.session.send
def interrupted(stream, kind, *args, **kwargs):
    if kind == "execute_reply":
        kernel.session.send = send
        raise KeyboardInterrupt
    return send(stream, kind, *args, **kwargs)
print("begun")
kernel.session.send = interrupted
"""


@both
async def test_a_run_whose_reply_an_interrupt_took_ends(runner: Runner) -> None:
    """ipykernel that is interrupted while it replies is idle, and says no more of the run."""
    lost, _ = await runner.run(LOSES_ITS_REPLY)
    assert (lost.status, lost.incomplete) == ("interrupted", None)
    assert [one["output_type"] for one in lost.outputs] == ["stream", "error"]
    assert lost.outputs[0]["text"] == "begun\n"
    assert lost.error is not None
    assert lost.error.ename == "KeyboardInterrupt"
    done, _ = await runner.run("6 * 7")
    assert (done.status, texts(done)) == ("ok", ["42"])


async def test_a_limit_keeps_the_outputs_and_the_kernel(runner: Runner) -> None:
    await runner.run("x = 7")
    done, _ = await runner.run(
        "import time\nprint('begun', flush=True)\nwhile True: time.sleep(.01)", timeout=0.3
    )
    assert done.status == "timed_out"
    assert done.outputs[0]["text"] == "begun\n"
    assert done.notices == [RunTimedOut(seconds=0.3)]
    after, _ = await runner.run("x")
    assert (after.status, texts(after)) == ("ok", ["7"])


async def test_two_submitters_share_one_queue_in_order(runner: Runner) -> None:
    submitted = [
        runner.submit(
            f"order = globals().get('order', []) + [{n}]\nif {n} == 4: raise ValueError\norder",
            session=f"s{n % 2}",
        )
        for n in range(20)
    ]
    for execution in submitted:
        assert await execution.wait(LIMIT)
    assert [e.status for e in submitted].count("ok") == 19
    assert submitted[4].status == "error"
    assert texts(submitted[-1]) == [str(list(range(20)))]
    assert [e.execution_count for e in submitted] == list(range(1, 21))
    assert list(runner.registry.index.list(session_id="s1")) == submitted[1::2]


async def test_a_kernel_killed_in_a_run_serves_the_next_one(
    runner: Runner, server: ServerApp
) -> None:
    cell = Cell()
    slow = runner.submit("import time\nprint('begun', flush=True)\ntime.sleep(60)", cell=cell)
    after = runner.submit("'time' in globals()")
    await started(slow)
    kill(server, runner.kernel_id)
    assert await slow.wait(2)
    assert (slow.status, texts(slow), cell.closed) == ("kernel_died", ["begun\n"], True)
    assert await after.wait(LIMIT)
    assert (after.status, after.outputs) == ("aborted", [])
    done, _ = await runner.run("'time' in globals()")
    assert (done.status, texts(done)) == ("ok", ["False"])
    assert done.generation == slow.generation + 1
    late = runner.submit("1", generation=slow.generation)
    assert await late.wait(LIMIT)
    assert late.status == "aborted"


async def test_code_that_ignores_interrupts_ends_with_a_restart(
    runner: Runner, kernels: Kernels
) -> None:
    runner.registry = RunRegistry(kernels, phrases=phrases, grace_seconds=0.3)
    deaf = runner.submit(
        "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "print('begun', flush=True)\ntime.sleep(60)",
        timeout=0.2,
    )
    assert await deaf.wait(LIMIT)
    assert deaf.status == "timed_out"
    behind = runner.submit("1")
    assert await behind.wait(LIMIT)
    assert behind.status == "aborted"
    await kernels.restart(runner.kernel_id)
    after = runner.submit("1")
    assert await after.wait(LIMIT)
    assert (after.status, after.generation) == ("ok", 2)
    await runner.registry.close()
