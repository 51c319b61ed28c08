"""A page that works on the file and an agent, in random order: what either was told is done is there."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator

import pytest

from tests.jupyter_process import StartJupyter
from tests.running_jmcp import Mode
from tests.scenarios.other_saves.conftest import Beside, Page, beside
from tests.thorough import fast_only

STEPS = 24
LIVE: Mode = "local live"
FILE: Mode = "local file"


class Story:
    """Both sides type words that nobody else types, each in cells of their own, and the agent inserts
    cells. The page deletes of the agent's cells only what it has loaded."""

    def __init__(self, server: Beside, seed: int) -> None:
        self.server = server
        self.page: Page = server.page()
        self.random = random.Random(seed)
        self.agent: dict[str, str] = {"c1": "y = 2"}
        """What the agent was told is in its cells, by id."""
        self.person = "x = 1"
        self.saved = "x = 1"
        self.words = 0

    def word(self) -> str:
        self.words += 1
        return f"word = {self.words}"

    async def insert(self) -> None:
        word, at = self.word(), 1 + self.random.randrange(len(self.agent))
        await self.server.ask("read_notebook")  # an index is of the cells as they are now
        kind = {"cell_index": at, "cell_type": "code", "cell_source": word}
        made = await self.server.outcome("insert_cell", session_id=self.server.session, **kind)
        if made.result is not None:  # refused where the page's save has moved the cells since
            self.agent[made.result["cell_id"]] = word

    async def overwrite(self) -> None:
        cell_id, word = self.random.choice([*self.agent]), self.word()
        write = {"cell_id": cell_id, "cell_source": word, "force": True}
        await self.server.ask("overwrite_cell_source", **write)
        self.agent[cell_id] = word

    async def revert(self) -> None:
        await self.page.load()
        assert self.page.cell("c0")["source"] == self.saved
        self.person = self.saved

    async def type(self) -> None:
        self.person = self.page.cell("c0")["source"] = self.word()

    async def save(self) -> None:
        await self.page.save()
        self.saved = self.person

    async def delete(self) -> None:
        """The person deletes a cell that the page shows as the agent left it, and saves that."""
        await self.revert()
        shown = [cell["id"] for cell in self.page.content["cells"]]
        mine = [one for one in self.agent if one in shown and one != "c1"]
        if mine:
            gone = self.random.choice(mine)
            cells = self.page.content["cells"]
            self.page.content["cells"] = [cell for cell in cells if cell["id"] != gone]
            await self.save()
            del self.agent[gone]

    async def settle(self) -> None:
        await self.server.settled()

    async def check(self) -> None:
        await self.server.settled()
        sources = await self.server.seen()
        assert [one for one in self.agent.values() if one not in sources] == []
        assert self.saved in sources
        assert sorted(sources) == sorted([*self.agent.values(), self.saved, "z = 3"])


@pytest.fixture(params=[LIVE, FILE])
async def server(request: pytest.FixtureRequest, jupyter: StartJupyter) -> AsyncIterator[Beside]:
    async with beside(jupyter, request.param) as made:
        yield made


@pytest.mark.parametrize("seed", fast_only(range(1, 41), 1))
async def test_nothing_that_was_acknowledged_is_lost(server: Beside, seed: int) -> None:
    story = Story(server, seed)
    await story.revert()
    steps = [story.insert, story.overwrite, story.revert, story.type, story.save, story.delete]
    for _ in range(STEPS):
        step = story.random.choice([*steps, story.save, story.settle])
        if step in (story.revert, story.delete):
            # What a file had when it was loaded is what the person chose to see.
            await story.check()
        await step()
    await story.check()
