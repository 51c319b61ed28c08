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
    st.sampled_from(["insert", "overwrite", "delete", "delete several", "move", "clear"]),
    st.integers(0, 9),
    st.integers(0, 9),
)
STEPS = st.lists(st.tuples(st.booleans(), EDITS), max_size=8)
"""Edits of both, and whether each is the other one's."""


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
            case "move" if (anchor := among[value % len(among)]) != cell_id:
                return await self._jmcp.call("move_cell", **named, after_cell_id=anchor)
        doomed = {cell_id, among[value % len(among)]} if kind == "delete several" else {cell_id}
        return await self._jmcp.call(
            "delete_cell", session_id=session, cell_ids=sorted(doomed), force=True
        )


async def history(mode: DocumentMode, steps: list[tuple[bool, Edit]], last: Edit) -> None:
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
        made = await writers.edit(writers.mine, last, among=order)
        assert made is not None
        if made["change_id"] is None:  # nothing was changed
            return
        changed = {one["id"]: one for one in await writers.cells()}
        left_alone = [one for one in order if changed.get(one) == before[one]]
        theirs = None
        if left_alone and last[0] != "move":
            theirs = await writers.edit(writers.other, ("overwrite", last[2], 0), among=left_alone)
        await jmcp.call("undo_change", session_id=writers.mine, change_id=made["change_id"])
        after = {one["id"]: one for one in await writers.cells()}
        assert list(after) == order
        for cell_id, cell in before.items():
            if theirs is None or cell_id != theirs["cell_id"]:
                # Files have sorted keys.
                assert json.dumps(after[cell_id], sort_keys=True) == json.dumps(
                    cell, sort_keys=True
                )
        if theirs is not None:
            assert after[theirs["cell_id"]]["source"].startswith("text ")


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
@given(mode=st.sampled_from(["live", "file"]), steps=STEPS, last=EDITS)
def test_it_is_as_before(mode: DocumentMode, steps: list[tuple[bool, Edit]], last: Edit) -> None:
    asyncio.run(history(mode, steps, last))
