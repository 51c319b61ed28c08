"""Kernels that die, and whose kernel is whose."""

from __future__ import annotations

import asyncio
import os
import signal
import time

from tests.e2e.agent import Agent, connected_agent, eventually, notices, saved, texts, write
from tests.served import Served

NOTICED_SECONDS = 60
"""Jupyter's restarter looks every 3 s. What this refuses is a run that waits for its limit."""
AGENTS = 32
WITH_KERNELS = 8
ROUNDS = 3


async def test_a_kernel_killed_by_its_cell_says_so(served: Served, agent: Agent) -> None:
    await agent.open("killed.ipynb", mode="create")
    await agent.run("kept = 1")
    began = time.monotonic()
    # A moment for the kernel's own sender: what it has not sent when it dies, nobody can have.
    lost = await agent.run(
        "import os, signal, time\nprint('before', flush=True)\ntime.sleep(1)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert lost["status"] in ("kernel_died", "kernel_restarted")
    assert "before\n" in texts(lost)
    assert time.monotonic() - began < NOTICED_SECONDS

    after = await agent.run("kept")
    assert after["status"] == "error"
    assert after["outputs"][0]["ename"] == "NameError"
    told = [*notices(lost), *notices(after)]
    # Once, with the first result that can know.
    assert told.count("kernel_restarted") == 1, (lost, after)
    assert notices(await agent.run("1")) == []


async def test_a_kernel_killed_from_outside_ends_the_run(
    served: Served, agent: Agent, colleague: Agent
) -> None:
    await agent.open("shot.ipynb", mode="create")
    pid = int(str(texts(await agent.run("import os; os.getpid()"))[0]))
    await colleague.open("shot.ipynb")
    running = asyncio.create_task(
        agent.run("import threading\nprint('up', flush=True)\nthreading.Event().wait()")
    )

    async def up() -> bool:
        if (await colleague.call("read_notebook"))["cell_count"] < 3:
            return False
        return texts(await colleague.call("read_cell", cell_index=2)) == ["up\n"]

    await eventually(up, "a cell runs, and its output is there for others")
    os.kill(pid, signal.SIGKILL)
    began = time.monotonic()
    lost = await running
    assert lost["status"] in ("kernel_died", "kernel_restarted")
    assert time.monotonic() - began < NOTICED_SECONDS
    # The other session goes on with a kernel that lives.
    assert texts(await colleague.run("'works'")) == ["'works'"]


async def test_agents_never_meet_in_a_kernel(served: Served) -> None:
    """32 of them at once, each with its notebook; eight with kernels that stay."""

    async def work(number: int) -> None:
        path = f"crowd{number}.ipynb"
        write(served, path, "# start")
        async with connected_agent(served) as agent:
            opened = await agent.open(path)
            assert opened["notebook_path"] == path
            for turn in range(ROUNDS):
                value = f"{number}-{turn}"
                if number < WITH_KERNELS:
                    code = (
                        f"assert globals().get('mine', {number}) == {number}\n"
                        f"mine = {number}\nprint('{value}')"
                    )
                    run = await agent.run(code)
                    assert texts(run) == [f"{value}\n"], run
                else:
                    await agent.call(
                        "insert_cell", cell_index=-1, cell_type="code", cell_source=f"'{value}'"
                    )
            listed = await agent.call("read_notebook", response_format="detailed")
            sources = [cell["source"] for cell in listed["cells"][1:]]
            assert len(sources) == ROUNDS
            assert all(f"'{number}-{turn}'" in sources[turn] for turn in range(ROUNDS))
            on_disk = await saved(
                served, path, lambda found: len(found.cells) == ROUNDS + 1, "all is on disk"
            )
            assert [cell.source for cell in on_disk.cells[1:]] == sources

    async with asyncio.TaskGroup() as tasks:
        for number in range(AGENTS):
            tasks.create_task(work(number))


async def test_two_sessions_share_one_notebook(
    served: Served, agent: Agent, colleague: Agent
) -> None:
    """Edits of both interleave: none is lost, none is doubled, and the kernel is one."""
    write(served, "shared.ipynb", "# shared")
    await agent.open("shared.ipynb")
    await colleague.open("shared.ipynb")
    assert agent.session_id != colleague.session_id
    await agent.run("from_agent = 1")
    assert texts(await colleague.run("from_agent + 1")) == ["2"]

    async def write_cells(who: Agent, name: str) -> list[str]:
        made: list[str] = []
        for n in range(10):
            # By id: the cell at an index may be the other's by now, and is refused then.
            place = {"after_cell_id": made[-1]} if made else {"cell_index": -1}
            cell = await who.call(
                "insert_cell", cell_type="code", cell_source=f"{name} = {n}", **place
            )
            await who.call(
                "edit_cell_source",
                cell_id=cell["cell_id"],
                old_string=f"= {n}",
                new_string=f"= {n * n}",
            )
            made.append(cell["cell_id"])
        return made

    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(write_cells(agent, "ada"))
        second = tasks.create_task(write_cells(colleague, "bob"))
    ids = set(first.result()) | set(second.result())
    assert len(ids) == 20

    runs = [
        who.call("execute_cell", cell_id=cell_id)
        for who, made in ((agent, first.result()), (colleague, second.result()))
        for cell_id in made
    ]
    done = await asyncio.gather(*runs)
    assert {run["status"] for run in done} == {"ok"}
    assert len({run["execution_count"] for run in done}) == 20
    # A delete by one is news for the other, by id.
    await agent.call("delete_cell", cell_ids=[second.result()[0]])
    assert await colleague.refused("read_cell", cell_id=second.result()[0]) == "cell_not_found"
    assert (await agent.run("ada, bob"))["status"] == "ok"
    on_disk = await saved(
        served,
        "shared.ipynb",
        lambda found: found.cells[-1].source == "ada, bob",
        "all cells are on disk",
    )
    squares = [n * n for n in range(10)]
    expected = [*(f"ada = {n}" for n in squares), *(f"bob = {n}" for n in squares[1:])]
    sources = [cell.source for cell in on_disk.cells]
    assert sorted(s for s in sources if " = " in s and s[:4] != "from") == sorted(expected)


async def test_a_kernel_is_not_for_another_notebook(
    served: Served, agent: Agent, colleague: Agent
) -> None:
    await agent.open("mine.ipynb", mode="create")
    await agent.run("secret = 1")
    kernels = (await colleague.call("list_kernels"))["kernels"]
    (kernel_id,) = [row["kernel_id"] for row in kernels if row["notebook_path"] == "mine.ipynb"]
    write(served, "yours.ipynb", "secret")
    refused = await colleague.refused(
        "use_notebook", notebook_path="yours.ipynb", kernel_id=kernel_id
    )
    assert refused == "kernel_taken"
    await colleague.open("yours.ipynb")
    run = await colleague.call("execute_cell", cell_index=0)
    assert run["outputs"][0]["ename"] == "NameError"
