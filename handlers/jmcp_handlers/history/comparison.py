"""Comparing a notebook with what it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jmcp.core.editing.line_diff import DiffBudget
from jmcp.core.journal.entries import MADE
from jmcp.core.notices import OpenedByJournal
from jmcp.core.sessions.lookup import iso
from jmcp.core.sessions.notebook import Notebook
from jmcp.core.sessions.session import Session
from jmcp_api import phrases
from jmcp_api.enums import CellDiffKind
from jmcp_api.errors import CheckpointNotFound
from jmcp_api.models import CellDiff, DiffNotebookParams, NotebookDiff
from jmcp_handlers.history.checkpoints import chosen_checkpoint
from jmcp_handlers.support.addressing import first_line
from jmcp_handlers.support.diffs import diff
from jmcp_handlers.support.notebook_diff.cell_matching import matched
from jmcp_handlers.support.notebook_diff.comparison import (
    CellState,
    Difference,
    differences,
    listed,
    whole,
)
from jmcp_handlers.support.notebook_diff.earlier_state import without
from jmcp_handlers.support.outputs.output_results import clip
from jmcp_handlers.support.pages import fitting, rest_of
from jmcp_handlers.support.time_slices import TimeSlices

CELL_DIFF_CHARACTERS = 4_000
"""Of the diff of one cell, in a list of several."""


async def diff_notebook(params: DiffNotebookParams, session: Session) -> NotebookDiff:
    notebook = await session.notebook(params.notebook_path)
    base = await _base(params, notebook, session)
    new = await _now(notebook, whole_cells=base.whole)
    pairs = matched([one.text for one in base.cells], [one.text for one in new])
    found = differences(base.cells, new, pairs)
    start, budget = params.start_index, DiffBudget()
    stop = min(len(found), start + (params.limit or len(found)))
    rows = (_row(found[at], budget) for at in range(start, stop))
    page = fitting((row, len(row.diff or "") + len(row.first_line)) for row in rows)
    return NotebookDiff(
        against=params.against,
        of=base.of,
        total=len(found),
        start_index=start,
        cells=page,
        more=rest_of(len(found), start, len(page)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """What the notebook is compared with: `whole` cells, or without outputs; kept when (ISO 8601)."""

    cells: Sequence[CellState]
    whole: bool
    of: str | None = None


async def _base(params: DiffNotebookParams, notebook: Notebook, session: Session) -> Base:
    if params.against == "file":
        return Base(cells=_whole(await notebook.on_disk()), whole=True)
    if params.against == "checkpoint":
        chosen = chosen_checkpoint(notebook, await notebook.checkpoints(), params.checkpoint_id)
        content = await notebook.checkpoint(chosen.checkpoint_id)
        if content is None:
            raise CheckpointNotFound.not_shown(
                path=notebook.ref.path, checkpoints=[chosen.checkpoint_id]
            )
        return Base(cells=_whole(content), whole=True, of=chosen.last_modified)
    since, opened = iso(notebook.opened_at), notebook.as_opened()
    if opened is not None:
        return Base(cells=[*map(listed, opened.cells)], whole=False, of=since)
    session.notice(OpenedByJournal(reason=phrases.opening_forgotten()))
    now = await _now(notebook, whole_cells=False)
    entries = [one for one in notebook.history() if one.at >= notebook.opened_at]
    lasting = [one for one in entries if one.state in MADE]
    return Base(cells=without(now, lasting), whole=False, of=since)


def _whole(content: Mapping[str, Any]) -> list[CellState]:
    return [whole(cell) for cell in content["cells"]]


async def _now(notebook: Notebook, *, whole_cells: bool) -> list[CellState]:
    """The cells as they are, in slices: reading their outputs takes time."""
    found: list[CellState] = []
    slices = TimeSlices()
    cells = await notebook.read()
    while len(found) < len(cells):
        at = len(found)
        found.append(whole(cells.stored(at)) if whole_cells else listed(cells.get(at)))
        if await slices.rest():
            cells = await notebook.read()
    return found


def _row(one: Difference, budget: DiffBudget) -> CellDiff:
    state = one.new or one.old
    assert state is not None
    change: CellDiffKind = "moved" if one.moved else "changed"
    if one.old is None or one.new is None:
        change = "added" if one.old is None else "removed"
    before = one.old.text.source if one.old is not None else ""
    after = one.new.text.source if one.new is not None else ""
    shown = diff(before, after, budget=budget)
    text, missing = (None, 0) if shown is None else clip(shown, 0, CELL_DIFF_CHARACTERS)
    if shown is None and before != after:
        missing = len(before) + len(after)
    return CellDiff(
        change=change,
        cell_index=one.new_index,
        old_index=one.old_index if one.old_index != one.new_index else None,
        cell_id=state.text.cell_id,
        cell_type=state.text.cell_type,
        first_line=first_line(state.text.source),
        diff=text,
        left_out=missing or None,
        outputs_changed=one.outputs_changed,
        metadata_changed=one.metadata_changed,
    )
