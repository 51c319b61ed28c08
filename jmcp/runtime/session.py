"""What a handler gets: a session with its notebooks, or the workspace that all sessions share."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from jmcp.runtime.backend import (
    Cells,
    DocumentMode,
    Documents,
    Kernels,
)
from jmcp.runtime.batch import Batch
from jmcp.runtime.batches import Batches
from jmcp.runtime.call import Caller, Image
from jmcp.runtime.ending import Ending
from jmcp.runtime.errors import NotebookMissing
from jmcp.runtime.execution import Execution, Executions
from jmcp.runtime.notebook import Notebook
from jmcp.runtime.permissions import Permissions
from jmcp.runtime.principal import Scope
from jmcp.runtime.progress import of_run, watch
from jmcp.runtime.reading import Readings, described, remembering
from jmcp.runtime.session_cells import SessionCells
from jmcp.runtime.sessions import Change, Sessions
from jmcp.runtime.store import HeldNotebook, SessionRecord
from jmcp.runtime.tool import Policy


class Workspace:
    """One caller's view of the server: documents, kernels and the caller's own sessions.

    `runs` are those that this call has submitted.
    """

    def __init__(
        self,
        *,
        caller: Caller,
        policy: Policy,
        documents: Documents,
        kernels: Kernels,
        executions: Executions,
        batches: Batches,
        sessions: Sessions,
        ending: Ending,
        permissions: Permissions,
        readings: Readings,
    ) -> None:
        self.caller = caller
        self.policy = policy
        self.documents = documents
        self.kernels = kernels
        self.executions = executions
        self.batches = batches
        self.sessions = sessions
        self.ending = ending
        self.permissions = permissions
        self.readings = readings
        self.images: list[Image] = []
        self.runs: list[Execution] = []

    def may(self, scope: Scope) -> bool:
        """Whether the caller has that scope and this server allows it."""
        return self.permissions.may(self.caller, scope)

    def require(self, scope: Scope, what: str) -> None:
        """For what needs more than its tool does. Raises not_permitted."""
        self.permissions.require(self.caller, scope, what)

    def attach(self, image: Image) -> None:
        """Send an image beside the result."""
        self.images.append(image)


class Session:
    """One session during one call.

    Handlers change what it holds through `hold`, `release` and `Notebook`; dispatch stores the
    record when the call succeeded. `closed` is set when the last notebook was released.
    """

    def __init__(self, record: SessionRecord, workspace: Workspace) -> None:
        self.record = record
        self.changes: list[Change] = []
        self.workspace = workspace
        self.notices: list[dict[str, str]] = []
        self.touched: HeldNotebook | None = None
        self.document: DocumentMode | None = None
        self._looks: list[SessionCells] = []
        self._remembered: set[str] = set()

    @property
    def closed(self) -> bool:
        return not self.record.notebooks

    def notice(self, code: str, message: str | None = None) -> None:
        """Tell the caller something that the call did or found; `code` is one of the spec's."""
        text = message or self.workspace.policy.notices[code]
        entry = {"code": code, "message": text}
        if entry not in self.notices:
            self.notices.append(entry)

    async def notebook(
        self, notebook_path: str | None = None, *, even_deleted: bool = False
    ) -> Notebook:
        """The current notebook, or another one that the session holds, by path or name.

        Raises notebook_not_open, and notebook_not_found when it was deleted, unless that is fine.
        """
        if notebook_path is None:
            held = self.record.notebooks.get(self.record.current or "")
        else:
            held = await self.workspace.sessions.held(self.record, notebook_path)
        if held is None:
            raise self._not_open(notebook_path)
        try:
            ref = await self.workspace.documents.current(held.ref.key)
        except NotebookMissing:
            if not even_deleted:
                raise
            ref = held.ref
        if ref != held.ref:
            self.notice("notebook_moved", f"{held.ref.path} is now {ref.path}.")
            held = self.know(replace(held, ref=ref))
        self.touched = held
        return Notebook(held, self)

    def cells(self, cells: Cells, key: str) -> SessionCells:
        """The cells of one of its notebooks, as this session knows them."""
        readings = self.workspace.readings
        return SessionCells(cells, readings.of(self.record, key), readings)

    def looked(self, cells: SessionCells) -> None:
        """A lease is over: keep what was read in it with the session, and what it told."""
        self._looks.append(cells)
        key = cells.ref.key
        if cells.reading.unsaved and key not in self._remembered:
            self._remembered.add(key)
            self.changes.append(partial(remembering, key, cells.reading))

    def told(self) -> None:
        """The call has succeeded: with its result goes what others did to cells it had read."""
        news = [one for cells in self._looks for one in cells.news]
        if news:
            self.notice("cells_changed", described(news))
        for cells in self._looks:
            cells.reading.tell(cells.news)
            cells.reading.mark = cells.mark

    async def watch(self, run: Execution | Batch, seconds: float) -> bool:
        """Wait at most so long for a run, telling the caller how far it is. Says whether it is done.

        A caller who leaves ends the wait, not the run; what becomes of that the tool declares.
        """
        describe = run.describe if isinstance(run, Batch) else partial(of_run, run)
        workspace = self.workspace
        async with workspace.ending.wait():
            return await watch(run, seconds, workspace.caller.report, describe)
        if not run.done:
            self.notice("run_goes_on" if workspace.kernels.stay else "run_ends")
        return run.done

    def _not_open(self, notebook_path: str | None) -> Exception:
        mine = [held.ref.path for held in self.record.notebooks.values()]
        asked = notebook_path or "a current notebook"
        return self.workspace.sessions.error(
            "notebook_not_open",
            f"This session does not hold {asked}; it holds {', '.join(mine) or 'none'}. "
            "Call use_notebook with this session_id and the notebook_path to open it.",
            notebooks=mine,
        )

    def hold(self, held: HeldNotebook) -> None:
        """Add a notebook to the session, or replace what it knows of one, and make it current."""
        limit = self.workspace.policy.notebooks_per_session
        if len(self.record.notebooks.keys() | {held.ref.key}) > limit:
            raise self.workspace.sessions.error(
                "session_limit",
                f"This session holds {limit} notebooks, which is the limit. "
                "Call unuse_notebook on one first.",
            )
        self._change(partial(_holding, held))

    def know(self, held: HeldNotebook) -> HeldNotebook:
        """Replace what the session knows of a notebook, unless another call has released it."""
        self._change(partial(_knowing, held))
        self.touched = held
        return held

    def release(self, key: str) -> HeldNotebook | None:
        """Drop a notebook; returns the one that is current afterwards."""
        self._change(partial(_releasing, key))
        self.workspace.readings.forget(self.record, key)
        return self.record.notebooks.get(self.record.current or "")

    def _change(self, change: Change) -> None:
        # Kept as a change, not as a new record: other calls may be changing the session too.
        self.record = change(self.record)
        self.changes.append(change)


def _holding(held: HeldNotebook, record: SessionRecord) -> SessionRecord:
    held = _as_read(held, record)
    return replace(record, notebooks={**record.notebooks, held.ref.key: held}, current=held.ref.key)


def _knowing(held: HeldNotebook, record: SessionRecord) -> SessionRecord:
    if held.ref.key not in record.notebooks:
        return record
    held = _as_read(held, record)
    return replace(record, notebooks={**record.notebooks, held.ref.key: held})


def _as_read(held: HeldNotebook, record: SessionRecord) -> HeldNotebook:
    """The same with what the session has read by now, which only `reading.remembering` changes."""
    known = record.notebooks.get(held.ref.key)
    return replace(held, seen=known.seen if known is not None else "")


def _releasing(key: str, record: SessionRecord) -> SessionRecord:
    notebooks = {other: held for other, held in record.notebooks.items() if other != key}
    current = record.current if record.current in notebooks else next(reversed(notebooks), None)
    return replace(record, notebooks=notebooks, current=current)
