"""Runs in real cells: what happens to them while they run, and what is in the notebook then."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from jmcp.core.runs import run as run_module
from jmcp.core.runs.registry import Execution
from tests.document_access import editing, output_sink
from tests.scenarios.runs.conftest import LIMIT, Desk

SLOW = "import time\nprint('begun', flush=True)\n"


async def printed(execution: Execution) -> None:
    """Wait until the code has printed something."""
    async with asyncio.timeout(LIMIT):
        while not execution.outputs:
            await execution.news(execution.progress, LIMIT)


async def released(desk: Desk, name: str) -> None:
    """Make the file that the running code waits for (`await_file`)."""
    (await asyncio.to_thread(lambda: os.open(f"{desk.app.root_dir}/{name}", os.O_CREAT)))


def awaiting(name: str) -> str:
    return f"import os\nwhile not os.path.exists('{name}'): time.sleep(.01)\n"


def text(execution: Execution) -> str:
    return "".join(output.get("text", "") for output in execution.outputs)


async def test_a_cell_that_moves_while_it_runs_gets_its_outputs(desk: Desk) -> None:
    run = await desk.submit(SLOW + awaiting("go") + "print('end')", cell=1)
    await printed(run)
    async with editing(desk.documents, desk.ref) as cells:
        cells.insert(0, "code", "new")
        cells.move(2, 0)
    await released(desk, "go")
    assert await run.wait(LIMIT)
    assert (run.status, text(run)) == ("ok", "begun\nend\n")
    moved = await desk.cell("c1")
    assert (moved.index, list(moved.outputs), moved.execution_count) == (0, run.outputs, 1)
    for other in ("c0", "c2"):
        assert (await desk.cell(other)).outputs == ()


async def test_a_cell_deleted_while_it_runs_is_told_and_harms_nobody(desk: Desk) -> None:
    run = await desk.submit(SLOW + awaiting("go") + "print('end')", cell=1)
    await printed(run)
    async with editing(desk.documents, desk.ref) as cells:
        cells.delete(1)
    await released(desk, "go")
    assert await run.wait(LIMIT)
    assert (run.status, text(run)) == ("ok", "begun\nend\n")
    assert run.notes == [
        "The cell was deleted while this ran; its outputs are only in this execution."
    ]
    for other in ("c0", "c2"):
        assert (await desk.cell(other)).outputs == ()
    after = await desk.run("1", cell=2)
    assert after.status == "ok"


async def test_a_killed_kernel_ends_the_call_with_what_was_printed(desk: Desk) -> None:
    run = await desk.submit(
        SLOW + "print(os.getpid())\ntime.sleep(600)".replace("os.", "__import__('os').")
    )
    async with asyncio.timeout(LIMIT):
        while text(run).count("\n") < 2:
            await run.news(run.progress, LIMIT)
    behind = await desk.submit("print('never')", cell=1, session_id="other")
    os.kill(int(text(run).split()[1]), signal.SIGKILL)
    assert await run.wait(2.5)
    assert run.status == "kernel_died"
    assert list((await desk.cell("c0")).outputs) == run.outputs
    assert await behind.wait(LIMIT)
    assert (behind.status, (await desk.cell("c1")).outputs) == ("aborted", ())
    assert (await desk.run("1", cell=2)).status == "ok"


@pytest.mark.parametrize(
    "code",
    [
        "input('name? ')",
        "import getpass; getpass.getpass()",
        "import pdb; pdb.set_trace()",
    ],
)
async def test_code_that_asks_gets_an_error_at_once(desk_at: Any, code: str) -> None:
    desk: Desk = await desk_at(live=False)
    run = await desk.run(code)
    assert run.status == "error"
    assert run.error is not None
    assert run.error.ename == "StdinNotImplementedError"
    assert (await desk.run("1", cell=1)).status == "ok"


async def test_a_breakpoint_stops_nothing(desk_at: Any) -> None:
    """ipykernel passes it by, since no debugger is attached; so it does in JupyterLab."""
    desk: Desk = await desk_at(live=False)
    run = await desk.run("breakpoint()\nprint('after')")
    assert (run.status, text(run)) == ("ok", "after\n")


async def test_what_a_thread_prints_goes_where_the_kernel_says(desk_at: Any) -> None:
    desk: Desk = await desk_at()
    await desk.run(
        "import threading\ngo, gone = threading.Event(), threading.Event()\n"
        "def late():\n    go.wait(); print('from the thread', flush=True); gone.set()\n"
        "threading.Thread(target=late).start()\nprint('main')"
    )
    second = await desk.run("go.set(); gone.wait(); print('second')", cell=1)
    printed_there = "".join(output["text"] for output in (await desk.cell("c0")).outputs)
    together = printed_there + text(second)
    # ipykernel 7 says the cell that runs, ipykernel 6 the one that started the thread.
    for line in ("main", "second"):
        assert line in together
    assert text(second).endswith("second\n")


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait for what nobody announces: the run is over."""
    async with asyncio.timeout(LIMIT):
        while not await holds():  # noqa: ASYNC110 # no event tells
            await asyncio.sleep(0.02)


async def until_shown(desk: Desk, run: Execution, ending: str) -> None:
    """Wait until the cell c0 shows all that the run has, which ends with that."""

    async def shown() -> bool:
        return text(run).endswith(ending) and list((await desk.cell("c0")).outputs) == run.outputs

    await until(shown)


LATE = """
import os, threading, time
def late():
    while not os.path.exists('go'): time.sleep(.01)
    print('from the thread', flush=True)
threading.Thread(target=late).start()
print('main')
"""


async def test_what_a_thread_prints_after_its_run_is_shown_in_the_cell(desk: Desk) -> None:
    run = await desk.run(LATE)
    await released(desk, "go")
    await until_shown(desk, run, "from the thread\n")
    cell = await desk.cell("c0")
    assert text(run) == "main\nfrom the thread\n"
    assert cell.execution_count == run.execution_count


async def test_what_a_thread_prints_does_not_reach_a_cell_that_was_cleared(desk: Desk) -> None:
    run = await desk.run(LATE)
    sink = await output_sink(desk.documents, desk.ref, await desk.cell("c0"))
    sink.begin()
    await sink.close()
    await released(desk, "go")

    async def printed_late() -> bool:
        return "from the thread" in text(run)

    await until(printed_late)
    await desk.run("1", cell=1)
    assert list((await desk.cell("c0")).outputs) == []


async def test_threads_may_not_print_for_ever(
    desk_at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_module, "AFTERWARDS_CHARACTERS", 1000)
    desk: Desk = await desk_at()
    endless = "while not os.path.exists('stop'): print('x' * 100, flush=True)"
    run = await desk.run(LATE.replace("print('from the thread', flush=True)", endless))
    await released(desk, "go")
    await until_shown(desk, run, "after its end]\n")
    shown = text(run)
    assert len(shown) < 2000
    await released(desk, "stop")
    await desk.run("1", cell=1)
    assert text(run) == shown


async def test_what_common_tools_print(desk_at: Any) -> None:
    desk: Desk = await desk_at()
    captured = await desk.run("%%capture kept\nprint('inside'); 1")
    assert (captured.status, captured.outputs, captured.execution_count) == ("ok", [], 1)
    group = await desk.run("print('a')\nraise ExceptionGroup('why', [ValueError(1), KeyError(2)])")
    assert group.error is not None
    assert (group.status, group.error.ename) == ("error", "ExceptionGroup")
    assert "ValueError: 1" in text(group)
    bar = await desk.run(
        "import sys\nfor n in range(101):\n"
        "    sys.stderr.write(f'\\r{n:3d}%|' + '#' * (n // 10)); sys.stderr.flush()\n"
        "sys.stderr.write('\\n')"
    )
    assert text(bar) == "100%|##########\n"
    frames = await desk.run(
        "from IPython.display import clear_output\n"
        "for n in range(200):\n    clear_output(wait=True); print('frame', n, flush=True)"
    )
    assert [output.get("text") for output in frames.outputs] == ["frame 199\n"]
    json = await desk.run(
        "from IPython.display import display\n"
        "display({'application/json': {'a': [1]}, 'text/plain': 'x', "
        "'image/png': 'aGk='}, raw=True, metadata={'image/png': {'width': 3}})"
    )
    assert json.outputs == [
        {
            "output_type": "display_data",
            "data": {"application/json": {"a": [1]}, "text/plain": "x", "image/png": "aGk="},
            "metadata": {"image/png": {"width": 3}},
        }
    ]
    silent = await desk.run("1", store_history=False)
    assert (silent.status, len(silent.outputs)) == ("ok", 1)


async def test_a_limit_leaves_the_kernel_and_the_next_run_alone(desk: Desk) -> None:
    await desk.run("x = 7")
    late = await desk.run("import time\nprint('begun', flush=True)\ntime.sleep(600)", timeout=0.5)
    assert (late.status, late.outputs[0]["text"]) == ("timed_out", "begun\n")
    after = await desk.run("print(x)", cell=1)
    assert (after.status, text(after)) == ("ok", "7\n")


async def test_an_interrupt_stops_what_runs_and_nothing_that_waits(desk: Desk) -> None:
    run = await desk.submit("import time\nprint('begun', flush=True)\ntime.sleep(600)")
    waiting = await desk.submit("print('waited')", cell=1)
    withdrawn = await desk.submit("print('never')", cell=2)
    await printed(run)
    await desk.executions.cancel(withdrawn, "not wanted")
    assert await desk.executions.interrupt(desk.kernel_id)
    for execution in (run, waiting):
        assert await execution.wait(LIMIT)
    assert (run.status, waiting.status, text(waiting)) == ("interrupted", "ok", "waited\n")
    assert (withdrawn.status, (await desk.cell("c2")).outputs) == ("aborted", ())


async def test_eight_submitters_lose_nothing_and_write_nowhere_else(desk_at: Any) -> None:
    """Random interleavings of submissions, errors, updates and interrupts of waiting runs."""
    desk: Desk = await desk_at(cells=8)
    await desk.run("order = []\nfrom IPython.display import display", cell=None)
    schedule = random.Random(7)
    runs: list[list[Execution]] = [[] for _ in range(8)]
    submitted: list[str] = []

    async def submitter(me: int) -> None:
        for turn in range(12):
            name = f"{me}.{turn}"
            code = (
                f"order.append('{name}')\nprint('{name} a')\ndisplay('{name} b')\nprint('{name} c')"
            )
            if schedule.random() < 0.2:
                code += "\nraise ValueError"
            submitted.append(name)
            runs[me].append(await desk.submit(code, cell=me, session_id=str(me)))
            if schedule.random() < 0.5:
                await runs[me][-1].wait(LIMIT)
            else:
                await asyncio.sleep(schedule.random() / 100)

    await asyncio.gather(*map(submitter, range(8)))
    for me, mine in enumerate(runs):
        for turn, run in enumerate(mine):
            assert await run.wait(LIMIT)
            assert run.status in ("ok", "error")
            assert text(run) == f"{me}.{turn} a\n{me}.{turn} c\n"
        assert list((await desk.cell(f"c{me}")).outputs) == mine[-1].outputs
    done = await desk.run("print(order)", cell=None)
    order = [execution.code.split("'")[1] for execution in desk.executed[1:-1]]
    assert text(done) == f"{order}\n"
    counts = [execution.execution_count for execution in desk.executed]
    assert counts == list(range(1, len(counts) + 1))


@pytest.mark.parametrize("live", [True, False])
async def test_a_display_of_a_run_before_changes_no_cell_that_ran_again(
    desk_at: Any, live: bool
) -> None:
    desk = await desk_at(live=live)
    shows = "from IPython.display import display\nhandle = display('1', display_id='d')"
    updates = "handle.update('2', metadata={'a': 'b'})\ndisplay('3', display_id='d');"
    for _ in range(3):
        await desk.run(shows, 0)
        last = await desk.run(updates, 1)
    await desk.run("'time for late updates'", 2)
    cell = await desk.cell("c1")
    assert (cell.execution_count, list(cell.outputs)) == (last.execution_count, last.outputs)
    assert [output["data"]["text/plain"] for output in cell.outputs] == ["'3'"]
