"""Jupyter's own checkpoints."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from jmcp.core.editing.replacement import Replacement
from jmcp.core.errors import BackendError
from jmcp.core.notices import FileNotWritten
from jmcp.core.ports import Cells, Checkpoint, SaveState
from jmcp.core.sessions.notebook import Notebook
from jmcp.core.sessions.session import Session
from jmcp_api import limits
from jmcp_api.backend_errors import WriteRefused
from jmcp_api.errors import CheckpointNotFound, PartlyDone
from jmcp_api.models import (
    ChangedCell,
    CheckpointMade,
    CreateCheckpointParams,
    RestoreCheckpointParams,
    RestoredCheckpoint,
)
from jmcp_handlers.support.cell_states import running_cells
from jmcp_handlers.support.pages import fitting
from jmcp_handlers.support.stale_writes import refuse_stale

SAVE_ATTEMPTS = 3
"""Saves of a notebook that others go on typing in: each may be out of date when it is over."""


async def create_checkpoint(params: CreateCheckpointParams, session: Session) -> CheckpointMade:
    notebook = await session.notebook(params.notebook_path)
    await notebook.read()  # which makes edits again that a crash took
    before = {one.checkpoint_id: one for one in await notebook.checkpoints()}
    saved = await _saved(notebook)
    made = await notebook.create_checkpoint()
    replaced = before.get(made.checkpoint_id)
    return CheckpointMade(
        checkpoint_id=made.checkpoint_id,
        last_modified=made.last_modified,
        replaced=replaced.last_modified if replaced is not None else None,
        saved=saved,
    )


async def restore_checkpoint(
    params: RestoreCheckpointParams, session: Session
) -> RestoredCheckpoint:
    notebook = await session.notebook(params.notebook_path)
    chosen = chosen_checkpoint(notebook, await notebook.checkpoints(), params.checkpoint_id)
    running, in_place = running_cells(notebook), False
    try:
        async with notebook.edit() as cells:
            there = [cells.get(index) for index in range(len(cells))]
            refuse_stale(cells, notebook.view, there, force=params.force)
            # The room's own save of earlier edits is not to come in between.
            await _saved(notebook)
            content, in_place = await notebook.restored(chosen.checkpoint_id)
            rows, count = _brought(cells, content, running), len(cells)
        change_id = notebook.change_id
        if in_place and not rows:
            # Jupyter may have loaded that file into the live document, and the journal then makes the
            # edits again that it had not seen saved. What is wanted is the checkpoint. Where there
            # was something to bring it was not loaded, and others may be typing by now.
            async with notebook.edit() as cells:
                again, count = _brought(cells, content, running), len(cells)
            if again:
                rows, change_id = again, notebook.change_id
    except BackendError as error:
        if in_place:
            raise PartlyDone.restored(path=notebook.ref.path, reason=error.message) from error
        raise
    shown = fitting(((row, 0) for row in rows), limits.LIST_CHARACTERS)
    return RestoredCheckpoint(
        checkpoint_id=chosen.checkpoint_id,
        last_modified=chosen.last_modified,
        cells=shown,
        left_out=len(rows) - len(shown) or None,
        cell_count=count,
        saved=notebook.save_state(),
        change_id=change_id,
    )


def _brought(
    cells: Cells, content: Mapping[str, Any], running: Collection[str]
) -> list[ChangedCell]:
    """Have the notebook be as in the checkpoint. Returns what that changed."""
    plan = Replacement(cells, content["cells"], running)
    plan.apply()
    return [
        ChangedCell(
            cell_index=cells.find(cell_id) if cell_id is not None else None,
            cell_id=cell_id,
            change=change,
        )
        for cell_id, change in plan.done
    ]


def chosen_checkpoint(
    notebook: Notebook, found: Sequence[Checkpoint], checkpoint_id: str | None
) -> Checkpoint:
    """The checkpoint of that id, or the latest one. Raises checkpoint_not_found."""
    path, known = notebook.ref.path, [one.checkpoint_id for one in found]
    if not found:
        raise CheckpointNotFound.none(path=path, checkpoints=known)
    if checkpoint_id is None:
        return found[0]
    if checkpoint_id not in known:
        raise CheckpointNotFound.unknown(path=path, checkpoint_id=checkpoint_id, checkpoints=known)
    return found[known.index(checkpoint_id)]


async def _saved(notebook: Notebook) -> SaveState:
    """Have the file be what the live document is. Raises WriteRefused."""
    state: SaveState = "pending"
    for _ in range(SAVE_ATTEMPTS):
        if (state := await notebook.save()) == "saved":
            break
    if state == "failed":
        reasons = [
            one.reason
            for one in (await notebook.read()).notices()
            if isinstance(one, FileNotWritten)
        ]
        raise WriteRefused.not_saved(path=notebook.ref.path, reason=reasons[0] if reasons else "")
    return state
