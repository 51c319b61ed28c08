"""What a handler gets: a session with its notebooks, or the workspace that all sessions share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from jmcp.core.calls.call import Caller, Image
from jmcp.core.calls.drain import Ending
from jmcp.core.calls.permissions import Permissions
from jmcp.core.calls.principal import Scope
from jmcp.core.calls.tool import Policy
from jmcp.core.editing.session_cells import SessionCells
from jmcp.core.errors import NotebookMissing
from jmcp.core.kernels.healing import Healing
from jmcp.core.ports import Cells, DocumentMode, Documents, Kernels, NotebookRef
from jmcp.core.runs.batch import Batch
from jmcp.core.runs.batches import Batches
from jmcp.core.runs.progress import of_run, watch
from jmcp.core.runs.registry import Execution, Executions
from jmcp.core.sessions.lookup import Change, Sessions
from jmcp.core.sessions.notebook import Notebook
from jmcp.core.sessions.read_cells import Look, Readings, described, remembering
from jmcp.core.sessions.records import HeldNotebook, SessionRecord


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
        healing: Healing,
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
        self.healing = healing
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
        self.telling: set[str] = set()
        """Keys of the notebooks whose `untold` this call tells, unless another one is faster."""
        self.document: DocumentMode | None = None
        self._opened: set[str] = set()
        self._looks: dict[str, Look] = {}

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
            held = self.alter(ref.key, partial(_renamed, ref))
        self.touched = held
        return Notebook(held, self)

    def cells(self, cells: Cells, key: str) -> SessionCells:
        """The cells of one of its notebooks, as this session knows them."""
        readings = self.workspace.readings
        look = self._looks.get(key)
        reading = look.reading if look else readings.of(self.record, key)
        return SessionCells(cells, reading, readings)

    def looked(self, cells: SessionCells, key: str) -> None:
        """A lease is over: keep what was read in it with the session, and what it has to tell."""
        look = self._looks.setdefault(key, Look(cells.reading))
        look.mark = cells.mark
        look.news |= {one.cell_id: one for one in cells.news}
        if look.reading.unsaved and not look.remembered:
            look.remembered = True
            self.changes.append(partial(remembering, key, look.reading))

    def told(self, losses: Sequence[str]) -> None:
        """The call has succeeded: with its result go losses of kernels that are still to be told,
        and what others did to cells it had read."""
        for code in losses:
            self.notice(code)
        looks = self._looks.values()
        news = [one for look in looks for one in look.news.values()]
        if news:
            self.notice("cells_changed", described(news))
        for look in looks:
            look.reading.tell(look.news.values())
            look.reading.mark = look.mark

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
        """Add a notebook to the session, or change how one is used, and make it current."""
        limit = self.workspace.policy.notebooks_per_session
        if len(self.record.notebooks.keys() | {held.ref.key}) > limit:
            raise self.workspace.sessions.error(
                "session_limit",
                f"This session holds {limit} notebooks, which is the limit. "
                "Call unuse_notebook on one first.",
            )
        if held.ref.key not in self.record.notebooks:
            self._opened.add(held.ref.key)
        self._change(partial(_holding, held))

    def opens(self, key: str) -> bool:
        """Whether it is this call that adds the notebook: nothing is stored of it so far."""
        return key in self._opened

    def alter(self, key: str, change: Callable[[HeldNotebook], HeldNotebook]) -> HeldNotebook:
        """Change what the session knows of a notebook, when this call succeeds."""
        self._change(partial(_altered, key, change))
        return self.record.notebooks[key]

    def took(self, held: HeldNotebook) -> HeldNotebook:
        """What is stored of a notebook already, for the rest of this call."""
        if held.ref.key in self.record.notebooks:
            notebooks = {**self.record.notebooks, held.ref.key: held}
            self.record = replace(self.record, notebooks=notebooks)
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
    known = record.notebooks.get(held.ref.key)
    if known is not None:  # other calls may know more of its kernel and its cells by now
        held = replace(
            known,
            ref=held.ref,
            name=held.name,
            kernel_name=held.kernel_name,
            auto_heal=held.auto_heal,
        )
    return replace(record, notebooks={**record.notebooks, held.ref.key: held}, current=held.ref.key)


def _altered(
    key: str, change: Callable[[HeldNotebook], HeldNotebook], record: SessionRecord
) -> SessionRecord:
    held = record.notebooks.get(key)
    if held is None:
        return record
    return replace(record, notebooks={**record.notebooks, key: change(held)})


def _renamed(ref: NotebookRef, held: HeldNotebook) -> HeldNotebook:
    return replace(held, ref=ref)


def _releasing(key: str, record: SessionRecord) -> SessionRecord:
    notebooks = {other: held for other, held in record.notebooks.items() if other != key}
    current = record.current if record.current in notebooks else next(reversed(notebooks), None)
    return replace(record, notebooks=notebooks, current=current)
