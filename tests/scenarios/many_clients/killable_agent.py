"""Clients that go on while what they work with is killed, and know what they were told."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import httpx2

from tests.e2e.agent import eventually
from tests.scenarios.outages.agent import (
    CALL_SECONDS,
    NOT_RECOVERED,
    RECOVERY,
    Agent,
    Answer,
    Editor,
    Ledger,
)

NO_ANSWER = "no answer"
EXPECTED_ERRORS = (None, NO_ANSWER, "jupyter_unreachable", "kernel_unavailable", "server_stopping")
"""What a call may come to while something is being killed."""
QUEUED = 2
"""The most runs that one has begun and not seen the end of."""
RUN_SHARE = 0.2
"""Of a notice that names an edit which met another one."""
LOST = ("kernel_died", "kernel_restarted", "lost_contact")
TICKS = 15
TICK_SECONDS = 0.05


class KillableAgent(Agent):
    """An agent whose server may be gone in the midst of a call."""

    async def ask(self, tool: str, **arguments: Any) -> Answer:
        try:
            return await super().ask(tool, **arguments)
        except httpx2.TransportError as error:
            return Answer(result=None, error=NO_ANSWER, text=repr(error), seconds=0)


class WorkingClient:
    """One client in its own notebook: what was acknowledged, and the runs that it began."""

    def __init__(self, agent: KillableAgent, path: str, ledger: Ledger, seed: int) -> None:
        self.agent = agent
        self.path = path
        self.ledger = ledger
        self.begun: dict[str, str] = {}
        """By execution id, what a run has to print when it is whole; only those not yet over."""
        self.ended: list[str] = []
        self._editor = Editor(agent, ledger, seed)
        self._random = random.Random(seed)
        self._runs = 0

    async def work(self, until: asyncio.Event) -> None:
        """Edit, and now and then run something, until it is enough; nothing but excuses fails."""
        while not until.is_set():
            runs = len(self.begun) < QUEUED and self._random.random() < RUN_SHARE
            answer = await (self._run() if runs else self._editor.edit())
            assert answer.error in EXPECTED_ERRORS, answer.text
            if answer.error is not None:
                await asyncio.sleep(0.05)  # who was refused does not ask again at once

    async def _run(self) -> Answer:
        """Run a new cell, and wait for its end or not."""
        self._runs += 1
        mark = f"{self.path} {self._runs}"
        source = (
            f"import time\nfor tick in range({TICKS}):\n"
            f"    print({mark!r}, tick, flush=True)\n    time.sleep({TICK_SECONDS})"
        )
        answer = await self.agent.ask(
            "insert_execute_code_cell",
            cell_index=-1,
            cell_source=source,
            wait=self._random.choice([0, 0, 120]),
        )
        if answer.result is None:
            self.ledger.unanswered.add(source)
            return answer
        self.ledger.place(answer.result["cell_id"], source, None)
        printed = "".join(f"{mark} {tick}\n" for tick in range(TICKS))
        self.begun[answer.result["execution_id"]] = printed
        self._note(answer.result)
        return answer

    def _note(self, found: dict[str, Any]) -> bool:
        """Take note of how a run is; whether it is over. One that is told `ok` has all its output."""
        if found["status"] == "running":
            return False
        printed = self.begun.pop(found["execution_id"])
        if found["status"] == "ok" and found["complete"]:
            assert "".join(output["text"] for output in found["outputs"]) == printed
        else:
            assert found["status"] != "ok" or not found["complete"]
        self.ended.append(found["status"])
        return True

    async def settle(self) -> None:
        """Everything is up again: what was acknowledged is there, and what was begun comes to an end."""
        found = await self.agent.cells()
        # Nobody else is here whom an edit could have met.
        assert self.agent.notices_of(*NOT_RECOVERED) == []
        try:
            self.ledger.check(found.items())
        except AssertionError as error:
            raise AssertionError(f"{self.path}: {self._differences(found)}") from error
        self.agent.notices.clear()
        for execution_id in list(self.begun):
            await eventually(partial(self._over, execution_id), "a run comes to an end")
        for _ in range(3):
            answer = await self._editor.edit()
            assert answer.error is None, answer.text
        await eventually(self._runs_again, "code runs again")

    def _differences(self, found: dict[str, str]) -> str:
        """What is not as it was acknowledged, with what was told of it."""
        sources = self.ledger.sources
        missing = [cell_id for cell_id in sources if cell_id not in found]
        other = {
            cell_id: (source, found[cell_id])
            for cell_id, source in sources.items()
            if found.get(cell_id, source) != source
        }
        order = [cell_id for cell_id in found if cell_id in sources]
        notices_of = self.agent.notices_of(*RECOVERY)
        return f"{missing=} {other=} {order=} expected={list(sources)} {notices_of=}"

    async def _runs_again(self) -> bool:
        """A kernel may be found dead only when it is sent something; that is told, and once."""
        ran = await self.agent.call("execute_code", code="print(6 * 7)", wait=120)
        if ran["status"] == "ok":
            assert [output["text"] for output in ran["outputs"]] == ["42\n"]
            return True
        assert ran["status"] in LOST, ran
        return False

    async def _over(self, execution_id: str) -> bool:
        answer = await self.agent.ask("get_execution", execution_id=execution_id, wait=5)
        if answer.error == "execution_not_found":  # it ended with its kernel and with jmcp
            self.ended.append(answer.error)
            del self.begun[execution_id]
            return True
        assert answer.result is not None, answer.text
        return self._note(answer.result)

    async def kernel(self) -> int:
        """The process that runs its code."""
        code = "import os\nprint(os.getpid())"
        ran = await self.agent.call("execute_code", code=code, wait=120)
        return int(ran["outputs"][0]["text"])


@asynccontextmanager
async def killable_agents(count: int) -> AsyncIterator[list[KillableAgent]]:
    # Servers come and go: each call has a connection of its own.
    limits = httpx2.Limits(max_keepalive_connections=0)
    async with httpx2.AsyncClient(timeout=CALL_SECONDS, limits=limits) as http:
        yield [KillableAgent(http) for _ in range(count)]
