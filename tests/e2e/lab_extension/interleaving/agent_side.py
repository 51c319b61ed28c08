"""An agent in an interleaving: what it knows of the cells, what it changes, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.e2e.agent import Agent
from tests.e2e.lab_extension.interleaving.ledger import Cell, Ledger, marks
from tests.e2e.lab_extension.interleaving.steps import Step

TOLD = frozenset({"cell_changed", "cell_not_found", "text_not_found", "cell_not_code"})
"""What an agent is answered that knows the cells as they were: nothing was done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One that stands: what taking it back brings and takes."""

    id: str
    cell_id: str
    what: str
    brings: frozenset[str]
    takes: frozenset[str]
    source: str


class AgentSide:
    def __init__(self, agent: Agent, ledger: Ledger) -> None:
        self._agent = agent
        self._ledger = ledger
        self._known: list[Cell] = []
        self._changes: list[Change] = []
        self._told: set[str] = set()

    async def cells(self) -> list[Cell]:
        """The notebook as the agent reads it, all of it."""
        read = await self._agent.call("read_notebook", response_format="detailed", limit=0)
        self._known = [
            Cell(cell["cell_id"], cell["cell_type"], cell["source"]) for cell in read["cells"]
        ]
        return self._known

    async def do(self, step: Step) -> str:
        """Make a step; returns what came of it."""
        if step.what == "read" or not self._known:
            await self.cells()
            return "read"
        act: Callable[[Step, Cell], Any] = getattr(self, f"_{step.what}")
        return str(
            await act(step, self._known[min(int(step.at * len(self._known)), len(self._known) - 1)])
        )

    async def _insert(self, step: Step, near: Cell) -> str:
        source = f"# a{step.number}z"
        done = await self._made(
            "insert_cell", after_cell_id=near.id, cell_type="code", cell_source=source
        )
        if isinstance(done, str):
            return done
        cell_id, story = done["cell_id"], f"{step.number} agent inserted {done['cell_id']}"
        self._ledger.has_cell(cell_id, "agent", story)
        self._ledger.wrote(marks(source), cell_id, "agent", story)
        at = next(index for index, cell in enumerate(self._known) if cell.id == near.id)
        self._known.insert(at + 1, Cell(cell_id, "code", source))
        self._changed(done, "insert", cell_id, takes=marks(source))
        return story

    async def _edit(self, step: Step, cell: Cell) -> str:
        """Put a line before a text that it knows."""
        known = sorted(marks(cell.source))
        if not known:
            return "nothing to edit"
        old = f"#{known[0]}" if f"#{known[0]}" in cell.source else known[0]
        new = f"#a{step.number}z {old}"
        return await self._write(
            step,
            cell,
            "edit_cell_source",
            cell.source.replace(old, new),
            old_string=old,
            new_string=new,
        )

    async def _overwrite(self, step: Step, cell: Cell) -> str:
        source = f"# a{step.number}z over"
        return await self._write(step, cell, "overwrite_cell_source", source, cell_source=source)

    async def _write(self, step: Step, cell: Cell, tool: str, source: str, **how: str) -> str:
        done = await self._made(tool, cell_id=cell.id, **how)
        if isinstance(done, str):
            return done
        story = f"{step.number} agent {step.what} {cell.id}"
        known = marks(cell.source) | self._ledger.marks_there(cell.id) & self._told
        known = known if step.what == "overwrite" else marks(cell.source)
        brought, taken = marks(source) - known, known - marks(source)
        self._ledger.removed(taken, "agent", story)
        self._ledger.wrote(brought, cell.id, "agent", story)
        self._know(cell.id, source)
        self._changed(done, "write", cell.id, brings=taken, takes=brought, source=cell.source)
        return story

    async def _delete(self, step: Step, cell: Cell) -> str:
        done = await self._made("delete_cell", cell_ids=[cell.id])
        if isinstance(done, str):
            return done
        [deleted] = done["deleted"]
        story = f"{step.number} agent deleted {cell.id}"
        self._ledger.lost_cell(cell.id, deleted["source"], "agent", story)
        self._known = [other for other in self._known if other.id != cell.id]
        self._changed(
            done, "delete", cell.id, brings=marks(deleted["source"]), source=deleted["source"]
        )
        return story

    async def _move(self, step: Step, cell: Cell) -> str:
        place = min(int(step.to * len(self._known)), len(self._known) - 1)
        done = await self._made("move_cell", cell_id=cell.id, target_index=place)
        if isinstance(done, str):
            return done
        self._known = [other for other in self._known if other.id != cell.id]
        self._known.insert(done["cell_index"], cell)
        self._changed(done, "move", cell.id)
        return f"{step.number} agent moved {cell.id}"

    async def _execute(self, step: Step, cell: Cell) -> str:
        done = await self._made("execute_cell", cell_id=cell.id)
        return done if isinstance(done, str) else f"{step.number} agent ran {cell.id}"

    async def _undo(self, step: Step, cell: Cell) -> str:
        if not self._changes:
            return "nothing to undo"
        change = self._changes.pop()
        done = await self._made("undo_change", change_id=change.id)
        if isinstance(done, str):
            return done
        story = f"{step.number} agent undid its {change.what} of {change.cell_id}"
        if change.what == "insert":
            self._ledger.lost_cell(change.cell_id, " ".join(change.takes), "agent", story)
            self._known = [other for other in self._known if other.id != change.cell_id]
            return story
        if change.what == "delete":
            self._ledger.has_cell(change.cell_id, "agent", story)
        self._ledger.removed(change.takes, "agent", story)
        self._ledger.wrote(change.brings, change.cell_id, "agent", story)
        await self.cells()
        return story

    async def _made(self, tool: str, **arguments: Any) -> dict[str, Any] | str:
        """The result, or what the agent was told."""
        answer = await self._agent.ask(tool, **arguments)
        if answer.result is not None:
            # A listing shows short cells whole, which counts as read. A notice shows none.
            self._told |= marks(json.dumps(answer.result))
            return answer.result
        assert answer.error in TOLD, f"{tool}: {answer.text}"
        # A refusal shows the cell as it is, which counts as read.
        self._told |= marks(answer.text)
        return f"{tool} refused: {answer.error}"

    def _know(self, cell_id: str, source: str) -> None:
        self._known = [
            Cell(cell.id, cell.type, source) if cell.id == cell_id else cell for cell in self._known
        ]

    def _changed(
        self,
        done: dict[str, Any],
        what: str,
        cell_id: str,
        *,
        brings: set[str] = frozenset(),  # type: ignore[assignment] # never changed
        takes: set[str] = frozenset(),  # type: ignore[assignment] # never changed
        source: str = "",
    ) -> None:
        if done["change_id"] is not None:
            self._changes.append(
                Change(
                    id=done["change_id"],
                    cell_id=cell_id,
                    what=what,
                    brings=frozenset(brings),
                    takes=frozenset(takes),
                    source=source,
                )
            )
