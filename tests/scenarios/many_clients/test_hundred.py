"""A hundred agents on one server at once, each in its own notebook; some of them run code."""

from __future__ import annotations

import asyncio

from tests.e2e.agent import WAIT_SECONDS, Agent, saved, texts, write
from tests.scenarios.many_clients.conftest import connected_agents
from tests.served import Served
from tests.thorough import amount

CLIENTS = amount(fast=24, all=100)
KERNELS = amount(fast=4, all=16)
"""Each costs a second of a processor and 60 MB: enough of them to be a crowd too."""


async def test_a_hundred_at_once(served: Served) -> None:
    for number in range(CLIENTS):
        write(served, path(number), f"first = {number}")
    async with connected_agents(served, CLIENTS) as agents:
        runners = {number * CLIENTS // KERNELS for number in range(KERNELS)}
        await asyncio.gather(
            *(work(agent, number, number in runners) for number, agent in enumerate(agents))
        )
        assert len({agent.session_id for agent in agents}) == CLIENTS
        kernels = (await agents[0].call("list_kernels"))["kernels"]
        mine = [
            row["notebook_path"] for row in kernels if row["notebook_path"] in map(path, runners)
        ]
        assert sorted(mine) == sorted(map(path, runners))
        for number in range(CLIENTS):
            notebook = await saved(
                served, path(number), lambda found: len(found.cells) == 3, "all edits"
            )
            assert [cell.source for cell in notebook.cells] == sources(number)


def path(number: int) -> str:
    return f"one of many {number}.ipynb"


def sources(number: int) -> list[str]:
    return [f"second = {number}", f"first = {number} + 1", f"third = {number}"]


async def work(agent: Agent, number: int, runs: bool) -> None:
    """What an agent does in a notebook, with values that are nobody else's."""
    opened = await agent.open(path(number))
    assert (opened["cell_count"], opened["notebook_path"]) == (1, path(number))
    second, _, third = sources(number)
    await agent.call("insert_cell", cell_index=0, cell_type="code", cell_source=second)
    inserted = await agent.call("insert_cell", cell_index=-1, cell_type="code", cell_source=third)
    await agent.call(
        "edit_cell_source", cell_id="c0", old_string=f"{number}", new_string=f"{number} + 1"
    )
    if runs:
        code = f"mine = {number} * 1000\nprint(mine)"
        ran = await agent.call("execute_code", code=code, wait=WAIT_SECONDS)
        assert (ran["status"], texts(ran)) == ("ok", [f"{number * 1000}\n"])
        again = await agent.call("execute_code", code="print(mine)", wait=WAIT_SECONDS)
        assert texts(again) == [f"{number * 1000}\n"]
    listing = await agent.call("read_notebook", response_format="detailed")
    assert listing["notebook_path"] == path(number)
    assert [cell["source"] for cell in listing["cells"]] == sources(number)
    cell = await agent.call("read_cell", cell_id=inserted["cell_id"])
    assert cell["source"] == third
