"""Agents at work at the same moment, each in its own notebook: what one has, no other ever sees."""

from __future__ import annotations

import asyncio
import json
from uuid import uuid4

from tests.e2e.agent import WAIT_SECONDS, Agent, is_run, saved, texts, write
from tests.scenarios.many_clients.conftest import connected_agents
from tests.served import Served
from tests.thorough import amount

CLIENTS = amount(fast=3, all=5)
ROUNDS = amount(fast=2, all=4)
ALL_SECRETS = "print(sorted({v for v in globals().values() if str(v).startswith('secret-')}))"


class Worker:
    """One agent with its notebook and values that only it knows.

    Every agent uses the same names for its variables and the same cell positions, so that a call
    that lands elsewhere shows a value of somebody else.
    """

    def __init__(self, agent: Agent, number: int) -> None:
        self.agent = agent
        self.path = f"isolated {number}.ipynb"
        self.mark = f"secret-{uuid4().hex}"
        self.seen: list[str] = []
        """Everything that a server ever answered to it."""

    def secret(self, number: int) -> str:
        return f"{self.mark}-{number}"

    async def begin(self, served: Served) -> None:
        write(served, self.path, f"'{self.mark}'")
        self.note(await self.agent.open(self.path))

    async def step(self, number: int) -> None:
        """Set a value in a new cell, and have it again in three ways."""
        agent, value = self.agent, self.secret(number)
        written = await agent.call(
            "insert_cell", cell_index=-1, cell_type="code", cell_source=f"mine = '{value}'"
        )
        self.note(written)
        ran = await agent.call("execute_cell", cell_id=written["cell_id"])
        self.note(ran)
        assert ran["status"] == "ok"
        printed = await agent.run("print(mine)")
        self.note(printed)
        assert texts(printed) == [f"{value}\n"]
        bare = await agent.call("execute_code", code="print(mine)", wait=WAIT_SECONDS)
        self.note(bare)
        assert texts(bare) == [f"{value}\n"]

    async def look_around(self) -> None:
        """Ask for whatever may tell of others."""
        agent = self.agent
        for tool in ("read_notebook", "list_executions"):
            self.note(await agent.call(tool))
        self.note(await agent.call("list_notebooks", session_id=agent.session_id))

    def note(self, result: dict[str, object]) -> None:
        # A session of one notebook does not say which, and a result as its model has null for it.
        assert (result.get("notebook_path") or self.path) == self.path
        self.seen.append(json.dumps(result))


async def test_nobody_sees_what_another_has(server: Served) -> None:
    async with connected_agents(server, CLIENTS) as agents:
        workers = [Worker(agent, number) for number, agent in enumerate(agents)]
        await asyncio.gather(*(worker.begin(server) for worker in workers))
        for number in range(ROUNDS):
            await asyncio.gather(*(worker.step(number) for worker in workers))
        await asyncio.gather(*(worker.look_around() for worker in workers))
        kernels = await asyncio.gather(*(kernel_of(worker) for worker in workers))
        for worker, (process, values) in zip(workers, kernels, strict=True):
            assert values == [worker.secret(ROUNDS - 1)]
            foreign = [other.mark for other in workers if other is not worker]
            assert not [text for text in worker.seen for mark in foreign if mark in text]
            assert [other for other, _ in kernels].count(process) == 1
        for worker in workers:
            await saved(
                server,
                worker.path,
                lambda found: (
                    len(found.cells) == 1 + 2 * ROUNDS
                    and all(is_run(cell) for cell in found.cells[2::2])
                ),
                "everything that it ran is saved",
            )
            text = file_of(server, worker.path)
            for number in range(ROUNDS):
                assert text.count(worker.secret(number)) == 2  # the source, and what it printed
            assert not [other for other in workers if other is not worker and other.mark in text]


async def kernel_of(worker: Worker) -> tuple[str, list[str]]:
    """Which process runs its code, and all secrets that are there."""
    code = f"import os\nprint(os.getpid())\n{ALL_SECRETS}"
    ran = await worker.agent.call("execute_code", code=code, wait=WAIT_SECONDS)
    process, values = texts(ran)[0].splitlines()  # type: ignore[union-attr]
    return process, json.loads(values.replace("'", '"'))


def file_of(served: Served, path: str) -> str:
    return (served.root / path).read_text()
