"""Jupyter killed or stopped underneath, and started again."""

from __future__ import annotations

import signal
from typing import Any

import httpx2
import pytest

from tests.e2e.agent import notices
from tests.scenarios.outages.agent import Editor
from tests.scenarios.outages.remote_setup import RemoteSetup
from tests.scenarios.outages.test_network import edits_work
from tests.served import free_port
from tests.thorough import amount, fast_only, thorough

pytestmark = pytest.mark.asyncio(loop_scope="session")
RUN_SECONDS = 120


async def run(setup: RemoteSetup, code: str) -> dict[str, Any]:
    return await setup.agent.call("execute_code", code=code, wait=RUN_SECONDS)


@pytest.mark.parametrize("how", fast_only([signal.SIGKILL, signal.SIGTERM], signal.SIGKILL))
async def test_edits_come_back_and_runs_work(setup: RemoteSetup, how: signal.Signals) -> None:
    ledger = setup.write(f"back {how}.ipynb", 8)
    await setup.agent.open(f"back {how}.ipynb")
    editor = Editor(setup.agent, ledger, seed=6)
    assert (await run(setup, "kept = 1"))["status"] == "ok"
    for lives in range(amount(fast=1, all=2)):
        await setup.on_disk(f"back {how}.ipynb", ledger)
        await edits_work(setup, editor)
        await setup.stop_jupyter(how)
        # While it is away, calls say so at once.
        answer = await setup.agent.ask("read_notebook")
        assert answer.error == "jupyter_unreachable", answer.text
        assert str(setup.net.port) in answer.text
        await setup.start_jupyter()
        # Whatever comes first, an edit or a read, finds what was not saved.
        if lives:
            ledger.check((await setup.agent.cells()).items())
        await edits_work(setup, editor)
        # A move that was saved just before may be told as one that was not made again: the ledger
        # knows better.
        if how is signal.SIGKILL:
            assert setup.agent.notices_of("edits_recovered")
        again = await run(setup, "print('kept' in globals())")
        assert [output["text"] for output in again["outputs"]] == ["False\n"]
        assert "kernel_restarted" in notices(again), again
        setup.agent.notices.clear()
    await setup.settled(f"back {how}.ipynb", ledger)


@thorough
async def test_a_kernel_that_goes_with_jupyter_ends_its_run(setup: RemoteSetup) -> None:
    setup.write("dies.ipynb", 2)
    await setup.agent.open("dies.ipynb")
    began = await setup.agent.call(
        "insert_execute_code_cell",
        cell_index=-1,
        cell_source="print('begun', flush=True)\nimport time\ntime.sleep(3600)",
        wait=0,
    )
    while not (await polled(setup, began["execution_id"], 1))["outputs"]:
        pass
    await setup.stop_jupyter(signal.SIGKILL)
    await setup.start_jupyter()
    while (ended := await polled(setup, began["execution_id"], 5))["status"] == "running":
        pass
    assert ended["status"] in ("kernel_died", "kernel_restarted", "lost_contact")
    assert ended["outputs"][0]["text"] == "begun\n"
    assert (await run(setup, "1"))["status"] == "ok"


async def polled(setup: RemoteSetup, execution_id: str, wait: float) -> dict[str, Any]:
    return await setup.agent.call("get_execution", execution_id=execution_id, wait=wait)


async def test_on_another_port_the_error_names_where_it_looked(setup: RemoteSetup) -> None:
    setup.write("port.ipynb", 2)
    await setup.agent.open("port.ipynb")
    await run(setup, "1")
    await setup.stop_jupyter(signal.SIGKILL)
    await setup.start_jupyter()
    setup.net.redirect("127.0.0.1", free_port())
    calls: list[tuple[str, dict[str, Any]]] = [
        ("read_notebook", {}),
        ("insert_cell", {"cell_index": 0, "cell_type": "code", "cell_source": "1"}),
        ("execute_code", {"code": "1"}),
        ("list_files", {}),
        ("list_kernels", {}),
        ("use_notebook", {"notebook_path": "port.ipynb"}),
    ]
    for tool, arguments in calls:
        answer = await setup.agent.ask(tool, **arguments)
        assert answer.error == "jupyter_unreachable", (tool, answer)
        assert f"http://127.0.0.1:{setup.net.port}/" in answer.text, tool
    status = await setup.agent.call("debug_connection_status")
    assert (status["answers"], status["notebook"]["answers"]) == (False, False)
    codes = {one["part"]: one["code"] for one in status["problems"]}
    assert codes == dict.fromkeys(("jupyter", "kernels", "notebook"), "jupyter_unreachable")
    setup.net.redirect("127.0.0.1", httpx2.URL(setup.jupyter.url).port or 80)
    assert (await run(setup, "1"))["status"] == "ok"
