"""Agents in one notebook at the same moment: nothing is lost, and nothing is in the wrong cell."""

from __future__ import annotations

import asyncio
import random
from typing import Any

from tests.e2e.agent import Agent, saved, write
from tests.scenarios.many_clients.conftest import connected_agents
from tests.served import Served
from tests.thorough import amount

STEPS = amount(fast=8, all=25)
FIRST = "print('first')"
PATH = "together.ipynb"


class Author:
    """Edits and runs the cells that it made, among those of the others.

    `cells` are its own by id: the source, and what the last run of that source printed.
    """

    def __init__(self, agent: Agent, name: str, seed: int) -> None:
        self.agent = agent
        self.cells: dict[str, tuple[str, str | None]] = {}
        self.deleted: set[str] = set()
        self._name = name
        self._random = random.Random(seed)

    async def work(self) -> None:
        kinds = [self.insert, self.overwrite, self.move, self.delete, self.run, self.run]
        for number in range(STEPS):
            do = self.insert if len(self.cells) < 3 else self._random.choice(kinds)
            await do(number)

    async def insert(self, number: int) -> None:
        """Behind the first cell, at the end, or behind a cell of its own."""
        anchor = self._random.choice(["c0", None, *self.cells])
        place: dict[str, Any] = {"cell_index": -1} if anchor is None else {"after_cell_id": anchor}
        inserted = await self.agent.call(
            "insert_cell", cell_type="code", cell_source=self._source(number), **place
        )
        near = {row["cell_index"]: row["cell_id"] for row in inserted["neighbours"]}
        at = inserted["cell_index"]
        assert near[at] == inserted["cell_id"]
        assert anchor is None or near[at - 1] == anchor
        assert anchor is not None or at == inserted["cell_count"] - 1
        self.cells[inserted["cell_id"]] = (self._source(number), None)

    async def overwrite(self, number: int) -> None:
        cell_id = self._mine()
        changed = await self.agent.call(
            "overwrite_cell_source", cell_id=cell_id, cell_source=self._source(number)
        )
        assert changed["cell_id"] == cell_id
        self.cells[cell_id] = (self._source(number), self.cells[cell_id][1])

    async def move(self, number: int) -> None:
        cell_id = self._mine()
        moved = await self.agent.call("move_cell", cell_id=cell_id, after_cell_id="c0")
        near = {row["cell_index"]: row["cell_id"] for row in moved["neighbours"]}
        assert (near[moved["cell_index"] - 1], near[moved["cell_index"]]) == ("c0", cell_id)

    async def delete(self, number: int) -> None:
        cell_id = self._mine()
        gone = await self.agent.call("delete_cell", cell_ids=[cell_id])
        assert [row["cell_id"] for row in gone["deleted"]] == [cell_id]
        del self.cells[cell_id]
        self.deleted.add(cell_id)

    async def run(self, number: int) -> None:
        cell_id = self._mine()
        source, _ = self.cells[cell_id]
        ran = await self.agent.call("execute_cell", cell_id=cell_id)
        printed = "".join(output["text"] for output in ran["outputs"])
        assert (ran["status"], ran["cell_id"], printed) == ("ok", cell_id, output_of(source))
        self.cells[cell_id] = (source, printed)

    def _mine(self) -> str:
        return self._random.choice(list(self.cells))

    def _source(self, number: int) -> str:
        return f"print('{self._name} {number}')"


def output_of(source: str) -> str:
    return source.removeprefix("print('").removesuffix("')") + "\n"


async def test_two_in_one_notebook(server: Served) -> None:
    write(server, PATH, FIRST)
    async with connected_agents(server, 2) as agents:
        authors = [
            Author(agent, name, seed)
            for seed, (agent, name) in enumerate(zip(agents, ("one", "other"), strict=True))
        ]
        for author in authors:
            await author.agent.open(PATH)
        await asyncio.gather(*(author.work() for author in authors))
        expected = {cell_id: cell for author in authors for cell_id, cell in author.cells.items()}
        for author in authors:
            listing = await author.agent.call("read_notebook", response_format="detailed", limit=99)
            found = {cell["cell_id"]: cell["source"] for cell in listing["cells"]}
            assert found == {"c0": FIRST} | {key: source for key, (source, _) in expected.items()}
            assert not found.keys() & author.deleted
        notebook = await saved(
            server, PATH, lambda found: held(found) == expected, "every edit and every output"
        )
        assert notebook.cells[0].id == "c0"


def held(notebook: Any) -> dict[str, tuple[str, str | None]]:
    """The cells on disk but the first: by id, the source and what was printed."""
    return {
        cell.id: (
            cell.source,
            "".join(output.text for output in cell.outputs) if cell.outputs else None,
        )
        for cell in notebook.cells
        if cell.id != "c0"
    }
