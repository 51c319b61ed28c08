"""Runs in real cells: what happens to them while they run, and what is in the notebook then."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from jmcp.core.notices import RunAbandoned, RunCellDeleted
from jmcp.core.runs.execution import run_output
from jmcp.core.runs.record.run import Run
from tests.document_access import editing, output_sink
from tests.scenarios.runs.conftest import LIMIT, RunnableNotebook

SLOW = "import time\nprint('begun', flush=True)\n"


async def printed(execution: Run) -> None:
    """Wait until the code has printed something."""
    async with asyncio.timeout(LIMIT):
        while not execution.outputs:
            await execution.changed_since(execution.progress, LIMIT)


async def released(notebook: RunnableNotebook, name: str) -> None:
    """Make the file that the running code waits for (`await_file`)."""
    (await asyncio.to_thread(lambda: os.open(f"{notebook.app.root_dir}/{name}", os.O_CREAT)))


def awaiting(name: str) -> str:
    return f"import os\nwhile not os.path.exists('{name}'): time.sleep(.01)\n"


def text(execution: Run) -> str:
    return "".join(output.get("text", "") for output in execution.outputs)


async def test_a_cell_that_moves_while_it_runs_gets_its_outputs(notebook: RunnableNotebook) -> None:
    run = await notebook.submit(SLOW + awaiting("go") + "print('end')", cell=1)
    await printed(run)
    async with editing(notebook.documents, notebook.ref) as cells:
        cells.insert(0, "code", "new")
        cells.move(2, 0)
    await released(notebook, "go")
    assert await run.wait(LIMIT)
    assert (run.status, text(run)) == ("ok", "begun\nend\n")
    moved = await notebook.cell("c1")
    assert (moved.index, list(moved.outputs), moved.execution_count) == (0, run.outputs, 1)
    for other in ("c0", "c2"):
        assert (await notebook.cell(other)).outputs == ()


async def test_a_cell_deleted_while_it_runs_is_told_and_harms_nobody(
    notebook: RunnableNotebook,
) -> None:
    run = await notebook.submit(SLOW + awaiting("go") + "print('end')", cell=1)
    await printed(run)
    async with editing(notebook.documents, notebook.ref) as cells:
        cells.delete(1)
    await released(notebook, "go")
    assert await run.wait(LIMIT)
    assert (run.status, text(run)) == ("ok", "begun\nend\n")
    assert run.notices == [RunCellDeleted()]
    for other in ("c0", "c2"):
        assert (await notebook.cell(other)).outputs == ()
    after = await notebook.run("1", cell=2)
    assert after.status == "ok"


async def test_a_killed_kernel_ends_the_call_with_what_was_printed(
    notebook: RunnableNotebook,
) -> None:
    run = await notebook.submit(
        SLOW + "print(os.getpid())\ntime.sleep(600)".replace("os.", "__import__('os').")
    )
    async with asyncio.timeout(LIMIT):
        while text(run).count("\n") < 2:
            await run.changed_since(run.progress, LIMIT)
    behind = await notebook.submit("print('never')", cell=1, session_id="other")
    os.kill(int(text(run).split()[1]), signal.SIGKILL)
    assert await run.wait(2.5)
    assert run.status == "kernel_died"
    assert list((await notebook.cell("c0")).outputs) == run.outputs
    assert await behind.wait(LIMIT)
    assert (behind.status, (await notebook.cell("c1")).outputs) == ("aborted", ())
    assert (await notebook.run("1", cell=2)).status == "ok"


@pytest.mark.parametrize(
    "code",
    [
        "input('name? ')",
        "import getpass; getpass.getpass()",
        "import pdb; pdb.set_trace()",
    ],
)
async def test_code_that_asks_gets_an_error_at_once(start_notebook: Any, code: str) -> None:
    notebook: RunnableNotebook = await start_notebook(live=False)
    run = await notebook.run(code)
    assert run.status == "error"
    assert run.error is not None
    assert run.error.ename == "StdinNotImplementedError"
    assert (await notebook.run("1", cell=1)).status == "ok"


async def test_a_breakpoint_stops_nothing(start_notebook: Any) -> None:
    """ipykernel passes it by, since no debugger is attached; so it does in JupyterLab."""
    notebook: RunnableNotebook = await start_notebook(live=False)
    run = await notebook.run("breakpoint()\nprint('after')")
    assert (run.status, text(run)) == ("ok", "after\n")


async def test_what_a_thread_prints_goes_where_the_kernel_says(start_notebook: Any) -> None:
    notebook: RunnableNotebook = await start_notebook()
    await notebook.run(
        "import threading\ngo, gone = threading.Event(), threading.Event()\n"
        "def late():\n    go.wait(); print('from the thread', flush=True); gone.set()\n"
        "threading.Thread(target=late).start()\nprint('main')"
    )
    second = await notebook.run("go.set(); gone.wait(); print('second')", cell=1)
    printed_there = "".join(output["text"] for output in (await notebook.cell("c0")).outputs)
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


async def until_shown(notebook: RunnableNotebook, run: Run, ending: str) -> None:
    """Wait until the cell c0 shows all that the run has, which ends with that."""

    async def shown() -> bool:
        return (
            text(run).endswith(ending) and list((await notebook.cell("c0")).outputs) == run.outputs
        )

    await until(shown)


LATE = """
import os, threading, time
def late():
    while not os.path.exists('go'): time.sleep(.01)
    print('from the thread', flush=True)
threading.Thread(target=late).start()
print('main')
"""


async def test_what_a_thread_prints_after_its_run_is_shown_in_the_cell(
    notebook: RunnableNotebook,
) -> None:
    run = await notebook.run(LATE)
    await released(notebook, "go")
    await until_shown(notebook, run, "from the thread\n")
    cell = await notebook.cell("c0")
    assert text(run) == "main\nfrom the thread\n"
    assert cell.execution_count == run.execution_count


async def test_what_a_thread_prints_does_not_reach_a_cell_that_was_cleared(
    notebook: RunnableNotebook,
) -> None:
    run = await notebook.run(LATE)
    sink = await output_sink(notebook.documents, notebook.ref, await notebook.cell("c0"))
    sink.begin()
    await sink.close()
    await released(notebook, "go")

    async def printed_late() -> bool:
        return "from the thread" in text(run)

    await until(printed_late)
    await notebook.run("1", cell=1)
    assert list((await notebook.cell("c0")).outputs) == []


async def test_threads_may_not_print_for_ever(
    start_notebook: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_output, "LATE_CHARACTERS", 1000)
    notebook: RunnableNotebook = await start_notebook()
    endless = "while not os.path.exists('stop'): print('x' * 100, flush=True)"
    run = await notebook.run(LATE.replace("print('from the thread', flush=True)", endless))
    await released(notebook, "go")
    await until_shown(notebook, run, "after its end]\n")
    shown = text(run)
    assert len(shown) < 2000
    await released(notebook, "stop")
    await notebook.run("1", cell=1)
    assert text(run) == shown


async def test_what_common_tools_print(start_notebook: Any) -> None:
    notebook: RunnableNotebook = await start_notebook()
    captured = await notebook.run("%%capture kept\nprint('inside'); 1")
    assert (captured.status, captured.outputs, captured.execution_count) == ("ok", [], 1)
    group = await notebook.run(
        "print('a')\nraise ExceptionGroup('why', [ValueError(1), KeyError(2)])"
    )
    assert group.error is not None
    assert (group.status, group.error.ename) == ("error", "ExceptionGroup")
    assert "ValueError: 1" in text(group)
    bar = await notebook.run(
        "import sys\nfor n in range(101):\n"
        "    sys.stderr.write(f'\\r{n:3d}%|' + '#' * (n // 10)); sys.stderr.flush()\n"
        "sys.stderr.write('\\n')"
    )
    assert text(bar) == "100%|##########\n"
    frames = await notebook.run(
        "from IPython.display import clear_output\n"
        "for n in range(200):\n    clear_output(wait=True); print('frame', n, flush=True)"
    )
    assert [output.get("text") for output in frames.outputs] == ["frame 199\n"]
    json = await notebook.run(
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


async def test_a_limit_leaves_the_kernel_and_the_next_run_alone(notebook: RunnableNotebook) -> None:
    await notebook.run("x = 7")
    late = await notebook.run(
        "import time\nprint('begun', flush=True)\ntime.sleep(600)", timeout=0.5
    )
    assert (late.status, late.outputs[0]["text"]) == ("timed_out", "begun\n")
    after = await notebook.run("print(x)", cell=1)
    assert (after.status, text(after)) == ("ok", "7\n")


async def test_an_interrupt_stops_what_runs_and_nothing_that_waits(
    notebook: RunnableNotebook,
) -> None:
    run = await notebook.submit("import time\nprint('begun', flush=True)\ntime.sleep(600)")
    waiting = await notebook.submit("print('waited')", cell=1)
    withdrawn = await notebook.submit("print('never')", cell=2)
    await printed(run)
    await notebook.registry.cancel(withdrawn, RunAbandoned())
    assert await notebook.registry.interrupt(notebook.kernel_id)
    for execution in (run, waiting):
        assert await execution.wait(LIMIT)
    assert (run.status, waiting.status, text(waiting)) == ("interrupted", "ok", "waited\n")
    assert (withdrawn.status, (await notebook.cell("c2")).outputs) == ("aborted", ())


@pytest.mark.parametrize("turns", [0, 1, 2, 5, 20, 60])
async def test_an_interrupt_in_the_first_moments_of_a_run_is_not_lost(
    start_notebook: Any, turns: int
) -> None:
    notebook = await start_notebook(cells=2)
    await notebook.run("x = 1")
    run = await notebook.submit("while True:\n    pass")
    after = await notebook.submit("import time; time.sleep(.2); print('after')", cell=1)
    for _ in range(turns):
        await asyncio.sleep(0)
    assert await notebook.registry.interrupt(notebook.kernel_id)
    assert await run.wait(LIMIT)
    assert await after.wait(LIMIT)
    assert (run.status, after.status, text(after)) == ("interrupted", "ok", "after\n")


async def test_an_error_that_the_kernel_cannot_send_is_in_the_notebook(
    notebook: RunnableNotebook,
) -> None:
    run = await notebook.run("raise ValueError('\\ud800')")
    assert (run.status, run.incomplete) == ("error", "not_sent")
    assert [output["ename"] for output in run.outputs] == ["UnicodeEncodeError"]


async def test_eight_submitters_lose_nothing_and_write_nowhere_else(start_notebook: Any) -> None:
    """Random interleavings of submissions, errors, updates and interrupts of waiting runs."""
    notebook: RunnableNotebook = await start_notebook(cells=8)
    await notebook.run("order = []\nfrom IPython.display import display", cell=None)
    schedule = random.Random(7)
    runs: list[list[Run]] = [[] for _ in range(8)]
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
            runs[me].append(await notebook.submit(code, cell=me, session_id=str(me)))
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
        assert list((await notebook.cell(f"c{me}")).outputs) == mine[-1].outputs
    done = await notebook.run("print(order)", cell=None)
    order = [execution.request.code.split("'")[1] for execution in notebook.executed[1:-1]]
    assert text(done) == f"{order}\n"
    counts = [execution.execution_count for execution in notebook.executed]
    assert counts == list(range(1, len(counts) + 1))


@pytest.mark.parametrize("live", [True, False])
async def test_a_display_of_a_run_before_changes_no_cell_that_ran_again(
    start_notebook: Any, live: bool
) -> None:
    notebook = await start_notebook(live=live)
    shows = "from IPython.display import display\nhandle = display('1', display_id='d')"
    updates = "handle.update('2', metadata={'a': 'b'})\ndisplay('3', display_id='d');"
    for _ in range(3):
        await notebook.run(shows, 0)
        last = await notebook.run(updates, 1)
    await notebook.run("'time for late updates'", 2)
    cell = await notebook.cell("c1")
    assert (cell.execution_count, list(cell.outputs)) == (last.execution_count, last.outputs)
    assert [output["data"]["text/plain"] for output in cell.outputs] == ["'3'"]
