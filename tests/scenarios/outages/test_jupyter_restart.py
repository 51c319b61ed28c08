"""Jupyter killed or stopped underneath, and started again."""

from __future__ import annotations

import signal
from typing import Any

import httpx2
import pytest

from tests.e2e.agent import notices
from tests.scenarios.outages.agent import Editor
from tests.scenarios.outages.test_network import works
from tests.scenarios.outages.world import World
from tests.served import free_port

pytestmark = pytest.mark.asyncio(loop_scope="session")
RUN_SECONDS = 120


async def run(here: World, code: str) -> dict[str, Any]:
    return await here.agent.call("execute_code", code=code, wait=RUN_SECONDS)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
async def test_edits_come_back_and_runs_work(here: World, how: signal.Signals) -> None:
    ledger = here.write(f"back {how}.ipynb", 8)
    await here.agent.open(f"back {how}.ipynb")
    editor = Editor(here.agent, ledger, seed=6)
    assert (await run(here, "kept = 1"))["status"] == "ok"
    for lives in range(2):
        await here.on_disk(f"back {how}.ipynb", ledger)
        await works(here, editor)
        await here.stop_jupyter(how)
        # While it is away, calls say so at once.
        answer = await here.agent.ask("read_notebook")
        assert answer.error == "jupyter_unreachable", answer.text
        assert str(here.net.port) in answer.text
        await here.start_jupyter()
        # Whatever comes first, an edit or a read, finds what was not saved.
        if lives:
            ledger.check((await here.agent.cells()).items())
        await works(here, editor)
        # A move that was saved just before may be told as one that was not made again: the ledger
        # knows better.
        if how is signal.SIGKILL:
            assert "Recovered" in "".join(here.agent.told("document_changed"))
        again = await run(here, "print('kept' in globals())")
        assert [output["text"] for output in again["outputs"]] == ["False\n"]
        assert "kernel_restarted" in notices(again), again
        here.agent.notices.clear()
    await here.settled(f"back {how}.ipynb", ledger)


async def test_a_kernel_that_goes_with_jupyter_ends_its_run(here: World) -> None:
    here.write("dies.ipynb", 2)
    await here.agent.open("dies.ipynb")
    began = await here.agent.call(
        "insert_execute_code_cell",
        cell_index=-1,
        cell_source="print('begun', flush=True)\nimport time\ntime.sleep(3600)",
        wait=0,
    )
    while not (await polled(here, began["execution_id"], 1))["outputs"]:
        pass
    await here.stop_jupyter(signal.SIGKILL)
    await here.start_jupyter()
    while (ended := await polled(here, began["execution_id"], 5))["status"] == "running":
        pass
    assert ended["status"] in ("kernel_died", "kernel_restarted", "lost_contact")
    assert ended["outputs"][0]["text"] == "begun\n"
    assert (await run(here, "1"))["status"] == "ok"


async def polled(here: World, execution_id: str, wait: float) -> dict[str, Any]:
    return await here.agent.call("get_execution", execution_id=execution_id, wait=wait)


async def test_on_another_port_the_error_names_where_it_looked(here: World) -> None:
    here.write("port.ipynb", 2)
    await here.agent.open("port.ipynb")
    await run(here, "1")
    await here.stop_jupyter(signal.SIGKILL)
    await here.start_jupyter()
    here.net.redirect("127.0.0.1", free_port())
    calls: list[tuple[str, dict[str, Any]]] = [
        ("read_notebook", {}),
        ("insert_cell", {"cell_index": 0, "cell_type": "code", "cell_source": "1"}),
        ("execute_code", {"code": "1"}),
        ("list_files", {}),
        ("list_kernels", {}),
        ("use_notebook", {"notebook_path": "port.ipynb"}),
    ]
    for tool, arguments in calls:
        answer = await here.agent.ask(tool, **arguments)
        assert answer.error == "jupyter_unreachable", (tool, answer)
        assert f"http://127.0.0.1:{here.net.port}/" in answer.text, tool
    here.net.redirect("127.0.0.1", httpx2.URL(here.jupyter.url).port or 80)
    assert (await run(here, "1"))["status"] == "ok"
