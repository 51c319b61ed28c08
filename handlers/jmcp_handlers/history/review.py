"""What other sessions changed, for people: shown, accepted, taken back."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from jmcp.core.journal.entries import MADE, NOBODY, Author, Entry, new_change_id
from jmcp.core.journal.review import chosen, unreviewed
from jmcp.core.journal.undo import changes_of, undo, undone_by
from jmcp.core.notices import OutputsNotKept
from jmcp.core.observe.events import masked
from jmcp.core.ports import Cells
from jmcp.core.sessions.lookup import iso
from jmcp.core.sessions.notebook import Notebook
from jmcp.core.sessions.session import Session
from jmcp_api.errors import CellChanged, ChangeNotFound
from jmcp_api.models import (
    AcceptChangesParams,
    AcceptedChanges,
    ChangedCell,
    RevertChangesParams,
    RevertedChanges,
    Review,
    ReviewChangesParams,
    ReviewedChange,
)
from jmcp_handlers.history.conflicts import conflicts
from jmcp_handlers.history.review_rows import ReviewedEntries, ReviewRows, characters, reviewed
from jmcp_handlers.support.cell_states import running_cells
from jmcp_handlers.support.pages import fitting, rest_of

SHOWN_CHANGES = 100


async def review_changes(params: ReviewChangesParams, session: Session) -> Review:
    notebook = await session.notebook(params.notebook_path)
    authors = await Authors.of(params.of_session_id, notebook, session)
    cells = await notebook.read()
    entries = authors.unreviewed(notebook)
    found = reviewed(entries, cells)
    rows = ReviewRows(
        cells,
        running=running_cells(notebook),
        context=params.context_lines,
        sessions=authors.named if params.of_session_id is None else None,
    )
    start = params.start_index
    stop = min(len(found), start + (params.limit or len(found)))
    made = (rows.of(found[at]) for at in range(start, stop))
    page = fitting((row, characters(row)) for row in made)
    changes = _changes(found, authors.named)
    kernels = [one for one in entries if one.change == "set_kernelspec"]
    return Review(
        total=len(found),
        change_count=len(changes),
        changes=changes[:SHOWN_CHANGES],
        start_index=start,
        cells=page,
        kernel_name=json.loads(kernels[-1].after or "[null]")[0] if kernels else None,
        last_revert=_last_revert(notebook),
        more=rest_of(len(found), start, len(page)),
    )


async def accept_changes(params: AcceptChangesParams, session: Session) -> AcceptedChanges:
    notebook = await session.notebook(params.notebook_path)
    authors = await Authors.of(params.of_session_id, notebook, session)
    cells = await notebook.read()
    acceptance: str | None
    if params.withdraw is not None:
        acceptance, acceptance_id = None, params.withdraw
        marked = [one for one in authors.entries(notebook) if one.accepted == acceptance_id]
        if not marked:
            raise ChangeNotFound.unknown_acceptance(
                acceptance_id=acceptance_id, path=notebook.ref.path, change_id=None
            )
    else:
        acceptance = acceptance_id = new_change_id()
        left = authors.unreviewed(notebook)
        marked = _asked(left, cells, notebook, params)
        if params.change_ids is None and params.cell_ids is None:
            marked = left  # also what left no trace, and the kernelspec
    notebook.accept(marked, acceptance)
    return AcceptedChanges(
        acceptance_id=acceptance_id,
        accepted=acceptance is not None,
        change_ids=_change_ids(marked),
        cell_ids=[*dict.fromkeys(one.cell_id for one in marked if one.cell_id is not None)],
        left=len(reviewed(authors.unreviewed(notebook), cells)),
    )


async def revert_changes(params: RevertChangesParams, session: Session) -> RevertedChanges:
    notebook = await session.notebook(params.notebook_path)
    authors = await Authors.of(params.of_session_id, notebook, session)
    taken: dict[str | None, list[int]] = {}
    async with notebook.edit(reverts=taken) as cells:
        left = authors.unreviewed(notebook)
        asked = _asked(left, cells, notebook, params)
        running = running_cells(notebook)
        plan = undo(cells, asked, running=running)
        refused = {one.cell_id for one in plan.conflicts}
        refused |= {one.cell_id for one in asked if one.cell_id in running}
        if refused and params.force:
            asked = _with_later(asked, left, refused)
            plan = undo(cells, asked, force=True, running=running)
        if refused and not (params.force and plan.done):
            kept = [one for one in asked if one.cell_id in refused]
            shown = conflicts(cells, notebook, kept, running)
            raise CellChanged.since_session(named=shown.named, shown=shown.shown, **shown.details)
        for entry in asked:
            if entry.cell_id in plan.done:
                taken.setdefault(entry.cell_id, []).append(entry.number)
        plan.draft.apply(cells)
        count = len(cells)
        found = {one: cells.find(one) for one in plan.done if one is not None}
        for cell_id, index in found.items():
            if index is not None:
                notebook.view.record_place(index, cell_id)
    for lost_id, outputs in plan.lost.items():
        session.notice(OutputsNotKept(cell_id=str(lost_id), count=outputs))
    done = [one for one in asked if one.cell_id in plan.done]
    if notebook.change_id is None:
        # Others took it back already, so that no change of this session says so.
        notebook.accept(done, new_change_id())
    cells = await notebook.read()
    return RevertedChanges(
        reverted=_change_ids(done),
        change_id=notebook.change_id,
        cells=[
            ChangedCell(cell_index=found.get(cell_id or ""), cell_id=cell_id, change=what)
            for cell_id, what in plan.done.items()
        ],
        cell_count=count,
        left=len(reviewed(authors.unreviewed(notebook), cells)),
        saved=notebook.save_state(),
    )


class Authors:
    """Whose changes are reviewed: those of one session, or of all others of the same owner. `named`
    has the masked ids of the owner's sessions."""

    def __init__(self, of: Author | None, own: Author, named: Mapping[Author, str]) -> None:
        self._of = of
        self._own = own
        self.named = named

    @classmethod
    async def of(cls, session_id: str | None, notebook: Notebook, session: Session) -> Authors:
        """Raises session_not_found for a session that the caller does not have, unless the notebook
        has changes of one by that id, which is over by now."""
        owner, own = session.record.owner, notebook.lease.author
        author = Author.of(owner, session_id) if session_id is not None else None
        if author is not None and all(one.author != author for one in notebook.history()):
            await session.workspace.sessions(session_id)
        mine = await session.workspace.sessions(None)
        named = {Author.of(owner, one.session_id): masked(one.session_id) for one in mine}
        return cls(author, own, named)

    def unreviewed(self, notebook: Notebook) -> list[Entry]:
        return unreviewed(notebook.history(), self._are)

    def entries(self, notebook: Notebook) -> list[Entry]:
        """All of theirs that are kept."""
        return [one for one in notebook.history() if self._are(one.author)]

    def _are(self, author: Author) -> bool:
        if self._of is not None:
            return author == self._of
        return author.owner == self._own.owner and author not in (self._own, NOBODY)


def _asked(
    left: Sequence[Entry],
    cells: Cells,
    notebook: Notebook,
    params: AcceptChangesParams | RevertChangesParams,
) -> list[Entry]:
    """What is meant of what is left to review. Raises change_not_found, also where a part of it is
    not left."""
    listed = [entry for one in reviewed(left, cells) for entry in one.entries]
    found = chosen(sorted(listed, key=lambda one: one.number), params.change_ids, params.cell_ids)
    path = notebook.ref.path
    known = {one.change_id for one in found} | {one.cell_id for one in found}
    asked = [*(params.change_ids or ()), *(params.cell_ids or ())]
    missing = [one for one in dict.fromkeys(asked) if one not in known]
    if missing:
        raise ChangeNotFound.not_to_review(
            asked=missing, count=len(missing), path=path, change_id=missing[0]
        )
    if not found:
        raise ChangeNotFound.nothing_to_review(path=path, change_id=None)
    return found


def _with_later(
    asked: Sequence[Entry], left: Sequence[Entry], cell_ids: Collection[str | None]
) -> list[Entry]:
    """Also what the session did to these cells after that."""
    first: dict[str | None, int] = {}
    for entry in asked:
        first.setdefault(entry.cell_id, entry.number)
    numbers = {one.number for one in asked}
    return [
        one
        for one in left
        if one.number in numbers
        or (one.cell_id in cell_ids and one.number > first.get(one.cell_id, one.number))
    ]


def _changes(found: Sequence[ReviewedEntries], named: Mapping[Author, str]) -> list[ReviewedChange]:
    """The changes that these cells have, the latest first."""
    last: dict[str, Entry] = {}
    count = Counter[str]()
    for one in found:
        entries = {entry.change_id: entry for entry in one.entries}
        count.update([*entries])
        for change_id, entry in entries.items():
            if change_id not in last or last[change_id].number < entry.number:
                last[change_id] = entry
    return [
        ReviewedChange(
            change_id=change_id,
            session=named.get(entry.author),
            when=iso(entry.at),
            cell_count=count[change_id],
        )
        for change_id, entry in sorted(last.items(), key=lambda one: -one[1].number)
    ]


def _change_ids(entries: Iterable[Entry]) -> list[str]:
    return [*dict.fromkeys(one.change_id for one in entries)]


def _last_revert(notebook: Notebook) -> str | None:
    """The latest revert of this session that stands."""
    own = changes_of(
        one for one in notebook.history() if notebook.is_own(one) and one.state in MADE
    )
    undone = undone_by(own.values())
    return next(
        (
            one.change_id
            for one in reversed(own.values())
            if one.change_id not in undone and any(entry.reverts for entry in one.entries)
        ),
        None,
    )
