"""What an agent may write over it has been shown: random calls, some of which fail or are left, beside a
person who types. A notice that names a cell shows nothing of it."""

from __future__ import annotations

import asyncio
import json
import random
import re
from typing import Any

import pytest

from jmcp.core.ports import DocumentMode
from jmcp_api.backend_errors import WriteRefused
from tests.calls import ALICE
from tests.fakes.jmcp import FakeJmcp
from tests.thorough import amount

PATH = "a.ipynb"
MARK = re.compile(r"m\d+z")
WALKS = amount(fast=25, all=400)
STEPS = 40
NEVER = 10**9
PADDING = "\n".join(f"line_{number} = {number}" for number in range(1_500))
"""Longer than a result shows."""


def marks(text: str) -> set[str]:
    return set(MARK.findall(text))


class Walk:
    """`shown` are the marks that an answer has had, `known` the cells of which one had all."""

    def __init__(self, jmcp: FakeJmcp, seed: int) -> None:
        self.jmcp = jmcp
        self.chance = random.Random(seed)
        self.session_id = ""
        self.shown: set[str] = set()
        self.known: set[str] = set()
        self.story: list[str] = []
        self.faults: list[str] = []
        self._count = 0

    async def __call__(self) -> None:
        self.jmcp.documents.write(PATH, *(self.source() for _ in range(4)))
        self.session_id = await self.jmcp.open(PATH)
        for _ in range(STEPS):
            if self.chance.random() < 0.4 or not self.cells():
                self.person()
            else:
                await self.agent()

    def source(self) -> str:
        """A new text of one line, of two, or longer than a result, with marks at both ends."""
        self._count += 2
        between = self.chance.choice([" ", "\n", "\n", f"\n{PADDING}\n"])
        return f"m{self._count}z ={between}m{self._count + 1}z"

    def cells(self) -> dict[str, str]:
        documents = self.jmcp.documents
        content = documents._content(documents._identify(PATH))
        return {cell["id"]: cell["source"] for cell in content.notebook["cells"]}

    def person(self) -> None:
        documents, ids = self.jmcp.documents, [*self.cells()]
        if len(ids) < 2:
            self._count += 1
            documents.put_in(PATH, len(ids), self.source(), f"p{self._count}")
            self.story.append("person inserts a cell")
            return
        cell_id = self.chance.choice(ids)
        if self.chance.random() < 0.2:
            documents.drag(PATH, cell_id, 0)
        documents.type_over(PATH, cell_id, self.source())
        self.story.append(f"person types in {cell_id}")

    async def agent(self) -> None:
        before = self.cells()
        tool, arguments = self._call([*before])
        fails = self.chance.random() < 0.3
        step = self.chance.randrange(12) if fails else NEVER
        error = WriteRefused.read_only(path=PATH) if self.chance.random() < 0.5 else None
        self.jmcp.faults.fail_step(step, error)
        answer = await self._answer(tool, arguments)
        self.jmcp.faults.fail_step(NEVER, None)
        after = self.cells()
        self.story.append(f"{tool} {str(arguments)[:100]}: {answer[:60]}")
        self._check(before, after)
        self.shown |= marks(json.dumps(arguments))
        done = answer.startswith("{")
        self._learn(marks(answer + json.dumps(arguments) if done else answer), after)
        if (
            tool == "undo_change"
        ):  # what it brings back is the session's own, whatever it wrote over
            self.shown |= marks(json.dumps(after)) - marks(json.dumps(before))

    async def _answer(self, tool: str, arguments: dict[str, Any]) -> str:
        """All that the agent is told; nothing where the call was left."""
        dispatcher = self.jmcp.dispatcher
        call = asyncio.create_task(
            dispatcher.call(tool, {"session_id": self.session_id, **arguments}, ALICE)
        )
        await asyncio.wait([call])
        await dispatcher._cleaned_up()
        if call.cancelled():
            return ""
        outcome = call.result()
        return outcome.text if outcome.result is None else json.dumps(outcome.result)

    def _call(self, ids: list[str]) -> tuple[str, dict[str, Any]]:
        cell_id, tool = self.chance.choice(ids), self.chance.choice([*CALLS])
        arguments = dict(CALLS[tool])
        if "cell_id" in arguments:
            arguments["cell_id"] = cell_id
        if "after_cell_id" in arguments:
            arguments["after_cell_id"] = cell_id
        if "cell_source" in arguments:
            arguments["cell_source"] = self.source()
        if "source_start" in arguments:
            arguments["source_start"] = self.chance.choice([0, 0, 20_000, 1_000])
        if tool == "edit_cell_source":
            arguments |= {"old_string": "=", "new_string": f"= m{self._count + 9000}z ="}
            self._count += 2
        if tool == "delete_cell":
            arguments["cell_ids"] = [cell_id]
        if tool == "apply_edits":
            arguments["edits"] = [{"op": "overwrite", "cell": cell_id, "source": self.source()}]
        return tool.strip(), arguments

    def _check(self, before: dict[str, str], after: dict[str, str]) -> None:
        left = marks(" ".join(after.values()))
        for cell_id, source in before.items():
            unseen = marks(source) - left - self.shown
            if cell_id in self.known and unseen:
                self.faults.append(f"{cell_id}: {sorted(unseen)}, by {self.story[-1]}")

    def _learn(self, told: set[str], cells: dict[str, str]) -> None:
        self.shown |= told
        self.known &= cells.keys()
        self.known |= {one for one, source in cells.items() if marks(source) <= told}


CALLS: dict[str, dict[str, Any]] = {
    "read_cell": {"cell_id": "", "include_outputs": False, "source_start": 0},
    "read_notebook": {},
    "read_notebook ": {"response_format": "detailed"},
    "insert_cell": {"after_cell_id": "", "cell_type": "code", "cell_source": ""},
    "overwrite_cell_source": {"cell_id": "", "cell_source": ""},
    "edit_cell_source": {"cell_id": ""},
    "apply_edits": {},
    "delete_cell": {},
    "move_cell": {"cell_id": "", "target_index": 0},
    "undo_change": {},
}


@pytest.mark.parametrize("mode", ["live", "file"])
async def test_no_text_that_was_not_shown_is_written_over(mode: DocumentMode) -> None:
    for seed in range(WALKS):
        jmcp = FakeJmcp(mode=mode, journaled=True)
        async with jmcp.running():
            walk = Walk(jmcp, seed)
            await walk()
        assert not walk.faults, "\n".join([f"seed {seed}", *walk.faults, *walk.story])
