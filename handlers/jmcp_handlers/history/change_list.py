"""Who changed what in a notebook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jmcp.core.journal.entries import MADE, Author, Entry
from jmcp.core.journal.other_changes import OtherChange, by_others
from jmcp.core.journal.undo import changes_of, undone_by
from jmcp.core.notices import ChangesNotKnown
from jmcp.core.observe.events import masked
from jmcp.core.ports import Cells
from jmcp.core.sessions.notebook import Notebook
from jmcp.core.sessions.session import Session
from jmcp_api import phrases
from jmcp_api.errors import ChangeNotFound
from jmcp_api.models import ChangeList, ListChangesParams
from jmcp_handlers.history.change_rows import ChangeRows, characters
from jmcp_handlers.support.pages import fitting, rest_of

SHOWN_CHANGES = 100
"""Changes in one result: whether each can be taken back is looked up in the whole notebook."""


async def list_changes(params: ListChangesParams, session: Session) -> ChangeList:
    notebook = await session.notebook(params.notebook_path)
    sessions = await _sessions(notebook, session)
    cells = await notebook.read()
    history = notebook.history()
    entries = _wanted(history, notebook, params.since)
    edits = [*reversed(changes_of(entries).values())]
    others: list[OtherChange] = []
    if params.since is None:
        kept = notebook.is_whole(sum(one.at >= notebook.opened_at for one in history))
        others = _others(cells, entries, notebook, session, whole=kept)
    rows = ChangeRows(cells, notebook, sessions, undone_by(changes_of(history).values()), history)
    total, start = len(edits) + bool(others), params.start_index
    stop = min(total, start + min(params.limit or SHOWN_CHANGES, SHOWN_CHANGES))
    made = (
        rows.of_others(others) if others and at == 0 else rows.of(edits[at - bool(others)])
        for at in range(start, stop)
    )
    page = fitting((row, characters(row)) for row in made)
    return ChangeList(
        total=total, start_index=start, changes=page, more=rest_of(total, start, len(page))
    )


async def _sessions(notebook: Notebook, session: Session) -> Mapping[Author, str]:
    """The masked ids of the caller's sessions, if one of them has changed the notebook too."""
    if all(notebook.authorship(entry) != "session" for entry in notebook.history()):
        return {}
    return {
        Author.of(one.owner, one.session_id): masked(one.session_id)
        for one in await session.workspace.sessions(None)
    }


def _wanted(history: Sequence[Entry], notebook: Notebook, since: str | None) -> list[Entry]:
    """The entries after that change, or since the session opened the notebook, without those that
    were lost. Raises change_not_found."""
    if since is None:
        found = [entry for entry in history if entry.at >= notebook.opened_at]
    else:
        last = max((one.number for one in history if one.change_id == since), default=None)
        if last is None:
            raise ChangeNotFound.unknown_since(change_id=since, path=notebook.ref.path)
        found = [entry for entry in history if entry.number > last]
    return [entry for entry in found if entry.state in MADE]


def _others(
    cells: Cells, entries: Sequence[Entry], notebook: Notebook, session: Session, *, whole: bool
) -> list[OtherChange]:
    """What others than jmcp changed, as far as it is known. `whole`: all edits of jmcp are."""
    opened = notebook.as_opened()
    if opened is not None and whole:
        return by_others(opened.cells, entries, cells)
    reason = phrases.opening_forgotten() if opened is None else phrases.journal_pruned()
    session.notice(ChangesNotKnown(reason=reason))
    last = {entry.cell_id: entry.after for entry in entries}
    found = []
    for cell in map(cells.get, range(len(cells))):
        known = cell.cell_id is not None and last.get(cell.cell_id) == cell.source
        if not known and notebook.view.is_stale(cells, cell):
            read = notebook.view.source_read(cell)
            change = OtherChange(
                cell_id=str(cell.cell_id), change="edited", before=read, after=cell.source
            )
            found.append(change)
    return found
