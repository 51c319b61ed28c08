"""Any history of an agent, a person who reviews and somebody who types: what is reverted is byte for
byte as before, what is accepted or others' stays; the same after restarts, and from files."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jmcp.core.journal.recorder import JournalRecorder
from jmcp.core.ports import DocumentMode
from jmcp.core.stores.journal.sqlite import SqliteJournal
from jmcp.core.stores.state_file import StateFile
from jmcp_api import phrases
from tests.fakes.jmcp import FakeJmcp
from tests.thorough import amount
from tests.unit.handlers.test_undo_histories import EDITS, MOVES, Edit, Writers, notebook

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("edit"), EDITS),
        st.tuples(st.just("edit"), EDITS),
        st.tuples(
            st.sampled_from(
                ["type", "accept", "accept all", "withdraw", "revert", "undo", "restart"]
            ),
            st.tuples(st.just(""), st.integers(0, 9), st.integers(0, 9)),
        ),
    ),
    max_size=12,
)
Step = tuple[str, Edit]
Cells = dict[str, str]
"""The cells of a notebook as its file has them, by id, in their order."""


@dataclass(kw_only=True)
class DurableJmcp(FakeJmcp):
    """Its journal is in a file, and so survives a restart."""

    path: Path
    journaled: bool = True
    _state: StateFile = field(init=False)

    def _recorder(self) -> JournalRecorder:
        self._state = StateFile(self.path)
        # By the real clock, since entries of long ago are dropped at a start.
        return JournalRecorder(
            self.documents,
            SqliteJournal(self._state),
            phrases=phrases,
            look_seconds=0.01,
        )

    async def close(self) -> None:
        await super().close()
        self._state.close()


class Reviewed:
    """A notebook with what each cell would be without what the agent did and nobody has accepted."""

    def __init__(self, jmcp: DurableJmcp) -> None:
        self.jmcp = jmcp
        self.writers = Writers(jmcp)
        self.without: dict[str, str | None] = {}
        self.moves = False
        self.typed: set[str] = set()
        self.agents: set[str] = set()
        self.reverted: dict[str, tuple[str, str | None, str | None]] = {}
        """By change, a cell that it reverted, which nobody touched since, with what it is without the
        agent, and with it."""
        self.accepted: dict[str, tuple[str, str | None]] = {}
        """By acceptance, the cell that it accepted, and what that is without the agent."""

    async def cells(self) -> Cells:
        found = await self.writers.cells()
        return {one["id"]: json.dumps(one, sort_keys=True) for one in found}

    async def rows(self) -> list[dict[str, Any]]:
        found = await self.person("review_changes", of_session_id=self.writers.mine, limit=0)
        rows: list[dict[str, Any]] = found["cells"]
        return rows

    async def person(self, tool: str, **arguments: Any) -> dict[str, Any]:
        return await self.jmcp.call(tool, session_id=self.writers.other, **arguments)

    async def take(self, step: Step) -> None:
        what, (_, where, value) = step
        if what == "restart":
            await self.jmcp.close()
            await self.jmcp.start()
        elif what == "edit":
            await self._edit(step[1])
        elif what == "type":
            free = [one for one in await self.cells() if one not in self.agents]
            if free:
                cell_id = free[where % len(free)]
                self.jmcp.documents.type_over("a.ipynb", cell_id, f"typed {where} {value}")
                self.typed.add(cell_id)
        elif what == "undo":
            await self._undo()
        elif what == "withdraw":
            await self._withdraw()
        elif rows := await self.rows():
            await self._review(what, rows[where % len(rows)])

    async def _edit(self, edit: Edit) -> None:
        before = await self.cells()
        among = [one for one in before if one not in self.typed]
        self.moves |= edit[0] in MOVES
        await self.writers.edit(self.writers.mine, edit, among=among)
        after = await self.cells()
        for cell_id in {*before, *after}:
            if before.get(cell_id) != after.get(cell_id):
                self.without.setdefault(cell_id, before.get(cell_id))
                self.agents.add(cell_id)
                self._touched(cell_id)

    def _touched(self, cell_id: str) -> None:
        self.reverted = {one: what for one, what in self.reverted.items() if what[0] != cell_id}
        self.accepted = {one: what for one, what in self.accepted.items() if what[0] != cell_id}

    async def _review(self, what: str, row: dict[str, Any]) -> None:
        agent = {"of_session_id": self.writers.mine}
        cell_id = row["cell_id"]
        if what == "accept all":
            assert (await self.person("accept_changes", **agent))["left"] == 0
            self.without.clear()
            self.reverted.clear()
            self.accepted.clear()
        elif what == "accept":
            made = await self.person("accept_changes", **agent, cell_ids=[cell_id])
            self._touched(cell_id)
            if cell_id in self.without:
                self.accepted[made["acceptance_id"]] = (cell_id, self.without.pop(cell_id))
        elif row["revert"] == "possible":
            before = await self.cells()
            made = await self.person("revert_changes", **agent, cell_ids=[cell_id])
            self._touched(cell_id)
            expected = self.without.pop(cell_id, before.get(cell_id))
            assert (await self.cells()).get(cell_id) == expected
            self.reverted[made["change_id"]] = (cell_id, expected, before.get(cell_id))

    async def _undo(self) -> None:
        if self.reverted:
            change_id, (cell_id, without, with_it) = self.reverted.popitem()
            await self.person("undo_change", change_id=change_id, force=True)
            assert (await self.cells()).get(cell_id) == with_it
            if with_it != without:
                self.without[cell_id] = without

    async def _withdraw(self) -> None:
        if self.accepted:
            acceptance_id, (cell_id, without) = self.accepted.popitem()
            await self.person("accept_changes", withdraw=acceptance_id)
            self.without[cell_id] = without

    async def revert_all(self) -> None:
        before = await self.cells()
        rows = await self.rows()
        hidden = self.without.keys() - {one["cell_id"] for one in rows}
        assert {one: before.get(one) for one in hidden} == {
            one: self.without[one] for one in hidden
        }
        if rows:
            agent = {"session_id": self.writers.other, "of_session_id": self.writers.mine}
            made = (await self.jmcp.outcome("revert_changes", **agent)).result
            if made is None:
                assert self.moves, "where a cell is can be contested, and nothing else here"
                made = await self.jmcp.call("revert_changes", **agent, force=True)
            assert made["left"] == 0
        expected = {**before, **self.without}
        assert await self.cells() == {
            one: text for one, text in expected.items() if text is not None
        }


@asynccontextmanager
async def started(mode: DocumentMode, folder: Path) -> AsyncIterator[Reviewed]:
    jmcp = DurableJmcp(mode=mode, path=folder / "state.db")
    jmcp.documents.put_text("a.ipynb", notebook())
    async with jmcp.running():
        reviewed = Reviewed(jmcp)
        await reviewed.writers.start()
        yield reviewed


async def history(mode: DocumentMode, steps: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with started(mode, Path(folder)) as reviewed:
            first = [*(await reviewed.cells())]
            for step in steps:
                await reviewed.take(step)
            await reviewed.revert_all()
            kinds = {what for what, _ in steps}
            if kinds <= {"edit", "type", "restart"}:
                assert [*(await reviewed.cells())] == first, "in the same order"


@settings(
    max_examples=amount(fast=12, all=1500),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(mode=st.sampled_from(["live", "file"]), steps=STEPS)
def test_what_is_reverted_is_as_if_it_had_never_been(mode: DocumentMode, steps: list[Step]) -> None:
    asyncio.run(history(mode, steps))
