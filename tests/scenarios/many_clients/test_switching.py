"""Agents that go back and forth between two notebooks in which others work."""

from __future__ import annotations

import asyncio
import random
from functools import partial
from typing import Any

from tests.e2e.agent import Agent, saved, texts, write
from tests.scenarios.many_clients.conftest import connected_agents
from tests.served import Served

PATHS = ("here.ipynb", "there.ipynb")
SWITCHERS = 3
STEPS = 12
WHERE = "where = {path!r}"


class Switcher:
    """One agent with both notebooks in one session; `inserted` is what it put where, by path."""

    def __init__(self, agent: Agent, name: str, seed: int) -> None:
        self.agent = agent
        self.inserted: dict[str, list[str]] = {path: [] for path in PATHS}
        self.current = ""
        self._name = name
        self._random = random.Random(seed)

    async def switch(self, path: str) -> None:
        opened = await self.agent.call("use_notebook", notebook_path=path)
        assert opened["notebook_path"] == path
        self.current = path

    async def work(self, steps: int) -> None:
        for number in range(steps):
            do = self._random.choice([self.move, self.insert, self.insert_beside, self.run])
            await do(number)

    async def move(self, number: int) -> None:
        await self.switch(self._random.choice(PATHS))

    async def insert(self, number: int) -> None:
        """Where the session is; a call names no notebook."""
        await self._insert(self.current, f"'{self._name} {number}'")

    async def insert_beside(self, number: int) -> None:
        """In the notebook that the call names, wherever the session is."""
        path = self._random.choice(PATHS)
        await self._insert(path, f"'{self._name} {number}'", notebook_path=path)

    async def _insert(self, path: str, source: str, **named: str) -> None:
        inserted = await self.agent.call(
            "insert_cell", cell_index=-1, cell_type="code", cell_source=source, **named
        )
        # A session that holds but one notebook is not told which.
        assert inserted["notebook_path"] in (None, path)
        self.inserted[path].append(source)

    async def run(self, number: int) -> None:
        """The notebook's kernel knows where it is."""
        source = f"print(where) # {self._name} {number}"
        ran = await self.agent.run(source)
        assert ran["notebook_path"] in (None, self.current)
        assert texts(ran) == [f"{self.current}\n"]
        self.inserted[self.current].append(source)


async def test_each_call_lands_where_its_session_is(server: Served) -> None:
    async with connected_agents(server, SWITCHERS + len(PATHS)) as agents:
        for path in PATHS:
            write(server, path, WHERE.format(path=path))
        settled = [
            Switcher(agent, f"settled {number}", seed=number)
            for number, agent in enumerate(agents[: len(PATHS)])
        ]
        for one, path in zip(settled, PATHS, strict=True):
            await one.agent.open(path)
            assert (await one.agent.call("execute_cell", cell_index=0))["status"] == "ok"
            one.current = path
        switchers = [
            Switcher(agent, f"switcher {number}", seed=100 + number)
            for number, agent in enumerate(agents[len(PATHS) :])
        ]
        for number, one in enumerate(switchers):
            await one.agent.open(PATHS[number % 2])
            for path in (PATHS[1 - number % 2], PATHS[number % 2]):
                await one.switch(path)
        await asyncio.gather(
            *(one.work(STEPS) for one in switchers),
            *(stay(one, STEPS) for one in settled),
        )
        everybody = [*settled, *switchers]
        for path in PATHS:
            expected = sorted(source for one in everybody for source in one.inserted[path])
            notebook = await saved(
                server,
                path,
                partial(counts, 1 + len(expected)),
                "every cell that was inserted, and no other",
            )
            assert sorted(cell.source for cell in notebook.cells[1:]) == expected
            for one in everybody:  # and in the order in which it put them there
                mine = [c.source for c in notebook.cells if c.source in one.inserted[path]]
                assert mine == one.inserted[path]


async def stay(one: Switcher, steps: int) -> None:
    for number in range(steps):
        await (one.insert if number % 2 else one.run)(number)


def counts(count: int, notebook: Any) -> bool:
    return len(notebook.cells) == count
