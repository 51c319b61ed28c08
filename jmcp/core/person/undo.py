"""Taking back what a session changed last, as the person who looks at its notebooks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from jmcp.core.editing.edit_lease import EditLease
from jmcp.core.errors import JmcpError, NotebookMissing
from jmcp.core.journal.entries import PERSON, Author, Entry, new_change_id
from jmcp.core.journal.review import reverts
from jmcp.core.journal.undo import Change, Undone, changes_of, last_change, undo
from jmcp.core.ports import Cells
from jmcp.core.runs.index import RunIndex
from jmcp.core.sentences import PersonPhrases
from jmcp.core.sessions.records import SessionRecord
from jmcp.core.sessions.services import Services


class PersonError(JmcpError):
    """Why what a person asked for was not done: a whole sentence, for that person."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """A change that was taken back, in the notebook at that path: what became of its cells, each with
    its index now, None for one that is not there any more."""

    path: str
    change_id: str
    cells: Sequence[tuple[str | None, int | None, Undone]]


async def take_back(record: SessionRecord, owner: str, services: Services) -> TakenBack:
    """Take back the last change that the session made in a notebook which it holds, as a person of
    that owner. Raises PersonError, and as `EditLease.edit`."""
    phrases = services.policy.phrases
    found: list[tuple[float, EditLease]] = []
    leases = [
        services.leases.lease(held.ref, author=Author.of(owner, PERSON), client=PERSON)
        for held in record.notebooks.values()
    ]
    try:
        for lease in leases:
            change = _last(lease, record)
            if change is not None:
                found.append((change.entries[-1].at, lease))
        for _, lease in sorted(found, key=lambda one: one[0], reverse=True):
            try:
                await lease.follow()
            except NotebookMissing:  # there is nothing of it to take back any more
                continue
            return await _taken_back(lease, record, services)
        raise PersonError(phrases.person_nothing_to_undo())
    finally:
        for lease in leases:
            lease.close()


async def _taken_back(lease: EditLease, record: SessionRecord, services: Services) -> TakenBack:
    phrases, index = services.policy.phrases, services.runs.index
    taken: dict[str | None, list[int]] = {}
    async with lease.edit(reverts=taken) as cells:
        # Not before: the session may have changed something more until now.
        change = _last(lease, record)
        if change is None:
            raise PersonError(phrases.person_nothing_to_undo())
        running = _running(lease, index)
        plan = undo(cells, change.entries, running=running)
        kept = [*plan.conflicts, *(one for one in change.entries if one.cell_id in running)]
        if kept:
            raise PersonError(
                phrases.person_undo_refused(cells=_named(cells, kept, running, phrases))
            )
        for entry in change.entries:
            taken.setdefault(entry.cell_id, []).append(entry.number)
        plan.draft.apply(cells)
        done = [
            (cell_id, cells.find(cell_id) if cell_id is not None else None, what)
            for cell_id, what in plan.done.items()
        ]
    if lease.change_id is None:
        # It was as before already, so that no change says that it is taken back.
        lease.accept(change.entries, new_change_id())
    return TakenBack(path=lease.ref.path, change_id=change.change_id, cells=done)


def _last(lease: EditLease, record: SessionRecord) -> Change | None:
    """The session's last change of the notebook that stands, without what was taken back of it."""
    author, history = Author.of(record.owner, record.session_id), lease.history()
    reverted = reverts(history).of
    own = changes_of(one for one in history if one.author == author and one.accepted is None)
    last = last_change([*own.values()], without=reverted)
    return last.without(reverted) if last is not None else None


def _running(lease: EditLease, index: RunIndex) -> set[str]:
    """The ids of the cells that run or wait for it."""
    return {one for one, run in index.last_in_cells(lease.ref.key).items() if not run.done}


def _named(
    cells: Cells, entries: Iterable[Entry], running: set[str], phrases: PersonPhrases
) -> Sequence[str]:
    """What is the matter with the cells of these entries, once for each."""
    named: dict[str | None, str] = {}
    for entry in entries:
        at = cells.find(entry.cell_id) if entry.cell_id is not None else None
        if at is None:
            named[entry.cell_id] = phrases.person_cell_gone(cell_id=str(entry.cell_id))
        elif entry.cell_id in running:
            named[entry.cell_id] = phrases.person_cell_runs(index=at)
        elif entry.change == "delete":
            named[entry.cell_id] = phrases.person_cell_there(index=at)
        else:
            named[entry.cell_id] = phrases.person_cell_changed(index=at)
    return [*named.values()]
