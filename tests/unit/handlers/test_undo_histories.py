"""Any history of two writers: what one takes back is byte for byte as it was, the other's stays."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jmcp.core.ports import DocumentMode
from tests.fakes.jmcp import FakeJmcp
from tests.thorough import amount

Edit = tuple[str, int, int]
EDITS = st.tuples(
    st.sampled_from(
        [
            "insert",
            "overwrite",
            "retype",
            "delete",
            "delete several",
            "move",
            "clear",
            "several at once",
        ]
    ),
    st.integers(0, 9),
    st.integers(0, 9),
)
STEPS = st.lists(st.tuples(st.booleans(), EDITS), max_size=8)
"""Edits of both, and whether each is the other one's."""
LAST = st.lists(EDITS, min_size=1, max_size=3)
"""Edits of one of them, which are then taken back one after the other."""


MOVES = frozenset({"move", "several at once"})


class Writers:
    """Two sessions on one notebook; `mine` has taken back all that it will."""

    def __init__(self, jmcp: FakeJmcp) -> None:
        self._jmcp = jmcp
        self._made = 0

    async def start(self) -> None:
        self.mine = await self._jmcp.open("a.ipynb")
        self.other = await self._jmcp.open("a.ipynb")

    async def cells(self) -> list[dict[str, Any]]:
        ref = await self._jmcp.documents.identify("a.ipynb")
        await self._jmcp.documents.save(ref)
        found: list[dict[str, Any]] = json.loads(self._jmcp.documents.text("a.ipynb") or "")[
            "cells"
        ]
        return found

    async def cells_but(self, cell_id: str | None) -> list[str]:
        return bytes_of({one["id"]: one for one in await self.cells()}, but=cell_id)

    async def edit(self, session: str, edit: Edit, *, among: list[str]) -> dict[str, Any] | None:
        """Make an edit of these cells; what the call answered, None where there is none to edit."""
        kind, where, value = edit
        self._made += 1
        if kind == "insert" or not among:
            count = len(await self.cells())
            return await self._jmcp.call(
                "insert_cell",
                session_id=session,
                after_cell_id=among[where % len(among)] if among and count else None,
                cell_index=None if among and count else -1,
                cell_type="code",
                cell_source=f"new {self._made}",
            )
        cell_id = among[where % len(among)]
        named = {"session_id": session, "cell_id": cell_id}
        match kind:
            case "overwrite":
                source = f"text {self._made}"
                return await self._jmcp.call(
                    "overwrite_cell_source", **named, cell_source=source, force=True
                )
            case "clear":
                return await self._jmcp.call(
                    "clear_cell_output", session_id=session, cell_ids=[cell_id]
                )
            case "retype":
                kinds = {"cell_source": f"text {self._made}", "cell_type": "markdown"}
                return await self._jmcp.call("overwrite_cell_source", **named, **kinds, force=True)
            case "several at once":
                edits = [
                    {
                        "op": "insert",
                        "name": "new",
                        "source": f"new {self._made}",
                        "after": cell_id,
                    },
                    {"op": "overwrite", "cell": cell_id, "source": f"text {self._made}"},
                    {"op": "move", "cell": among[value % len(among)], "after": "new"},
                ]
                return await self._jmcp.call(
                    "apply_edits", session_id=session, edits=edits, force=True
                )
            case "move" if (anchor := among[value % len(among)]) != cell_id:
                return await self._jmcp.call("move_cell", **named, after_cell_id=anchor)
        doomed = {cell_id, among[value % len(among)]} if kind == "delete several" else {cell_id}
        return await self._jmcp.call(
            "delete_cell", session_id=session, cell_ids=sorted(doomed), force=True
        )


async def history(mode: DocumentMode, steps: list[tuple[bool, Edit]], last: list[Edit]) -> None:
    jmcp = FakeJmcp(mode=mode, journaled=True)
    jmcp.documents.put_text("a.ipynb", notebook())
    async with jmcp.running():
        writers = Writers(jmcp)
        await writers.start()
        for by_other, edit in steps:
            session = writers.other if by_other else writers.mine
            await writers.edit(session, edit, among=[one["id"] for one in await writers.cells()])
        before = {one["id"]: one for one in await writers.cells()}
        order = list(before)
        changes = []
        for edit in last:
            among = [one["id"] for one in await writers.cells()]
            made = await writers.edit(writers.mine, edit, among=among)
            assert made is not None
            if made["change_id"] is not None:  # else nothing was changed
                changes.append(made["change_id"])
        changed = {one["id"]: one for one in await writers.cells()}
        left_alone = [one for one in order if changed.get(one) == before[one]]
        theirs = None
        if left_alone and not MOVES & {kind for kind, _, _ in last}:
            edit = ("overwrite", last[0][2], 0)
            theirs = await writers.edit(writers.other, edit, among=left_alone)
        their_cell = None if theirs is None else theirs["cell_id"]
        undos = [
            (await jmcp.call("undo_change", session_id=writers.mine, change_id=one))["change_id"]
            for one in reversed(changes)
        ]
        assert await writers.cells_but(their_cell) == bytes_of(before, but=their_cell)
        for undo in reversed(undos):
            await jmcp.call("undo_change", session_id=writers.mine, change_id=undo)
        assert await writers.cells_but(their_cell) == bytes_of(changed, but=their_cell)
        if their_cell is not None:
            now = {one["id"]: one for one in await writers.cells()}
            assert now[their_cell]["source"].startswith("text ")


def bytes_of(cells: dict[str, dict[str, Any]], *, but: str | None) -> list[str]:
    """The cells in their order, each as a file has it; that one by its id alone."""
    return [
        cell_id if cell_id == but else json.dumps(cell, sort_keys=True)
        for cell_id, cell in cells.items()
    ]


def notebook() -> str:
    output = {"name": "stdout", "output_type": "stream", "text": "1\n"}
    cells = [
        {
            "cell_type": "code",
            "execution_count": number,
            "id": f"c{number}",
            "metadata": {"number": number},
            "outputs": [output] * number,
            "source": f"source {number}",
        }
        for number in range(4)
    ]
    content = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(content)


@settings(
    max_examples=amount(fast=25, all=1000),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(mode=st.sampled_from(["live", "file"]), steps=STEPS, last=LAST)
def test_it_is_as_before(
    mode: DocumentMode, steps: list[tuple[bool, Edit]], last: list[Edit]
) -> None:
    asyncio.run(history(mode, steps, last))
