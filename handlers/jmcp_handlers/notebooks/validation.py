"""Validating a notebook without running it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import chain

from jmcp.core.runs.batch import Batch
from jmcp.core.sessions.notebook import Notebook
from jmcp.core.sessions.session import Session
from jmcp_api.models import Finding, NotebookFindings, ValidateNotebookParams
from jmcp_handlers.notebooks.language import language_of
from jmcp_handlers.support.cell_states import CellStates
from jmcp_handlers.support.pages import fitting, rest_of
from jmcp_handlers.support.validation.findings import Ran, Subject
from jmcp_handlers.support.validation.format_checks import format_findings
from jmcp_handlers.support.validation.name_checks import name_findings
from jmcp_handlers.support.validation.order_checks import order_findings


async def validate_notebook(params: ValidateNotebookParams, session: Session) -> NotebookFindings:
    notebook = await session.notebook(params.notebook_path)
    subject = await _subject(notebook, session)
    # In a thread: a thousand cells take half a second.
    found = await asyncio.to_thread(_findings, subject)
    stop = params.start_index + (params.limit or len(found))
    page = fitting((one, len(one.message)) for one in found[params.start_index : stop])
    return NotebookFindings(
        total=len(found),
        start_index=params.start_index,
        findings=page,
        more=rest_of(len(found), params.start_index, len(page)),
    )


async def _subject(notebook: Notebook, session: Session) -> Subject:
    states = await CellStates.now(notebook)
    cells = await notebook.read()
    every = [cells.get(index) for index in range(len(cells))]
    content = cells.whole()
    return Subject(
        content=content,
        cells=every,
        states=[states.of(cell)[0] for cell in every],
        edited=frozenset(cell.index for cell in every if states.edited(cell)),
        ran=_ran(notebook, session),
        language=language_of(content),
    )


def _ran(notebook: Notebook, session: Session) -> Sequence[Ran]:
    """What is still known of what ran in this notebook: each cell's last run, and this session's."""
    own = [
        run
        for run in session.executions()
        if not isinstance(run, Batch) and run.request.notebook.key == notebook.ref.key
    ]
    runs = {run.execution_id: run for run in (*notebook.last_runs().values(), *own)}
    return [
        Ran(cell_id=run.request.cell_id, code=run.request.code)
        for run in sorted(runs.values(), key=lambda run: run.submitted)
        if run.request.expression is None
    ]


def _findings(subject: Subject) -> list[Finding]:
    """All of the notebook first, then by cells."""
    found = chain(format_findings(subject), order_findings(subject), name_findings(subject))
    return sorted(found, key=lambda one: -1 if one.cell_index is None else one.cell_index)
