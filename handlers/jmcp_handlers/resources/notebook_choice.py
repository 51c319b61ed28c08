"""Which notebook a call means that works without a session."""

from __future__ import annotations

from jmcp.core.ports import NotebookRef
from jmcp.core.sessions.records import HeldNotebook
from jmcp.core.sessions.workspace import Workspace
from jmcp_api.errors import NotebookUnclear


async def chosen_notebook(asked: str | None, workspace: Workspace) -> NotebookRef:
    """The notebook of that path, or of that name in the caller's sessions; without either, the
    current one of the client's session, or the only one that is current.

    Raises notebook_unclear where it is not clear which, and as `Workspace.identify`.
    """
    records = await workspace.sessions(None)
    here = [one for one in records if one.connection and one.connection == workspace.connection]
    for sessions in (here, records):
        held = [notebook for one in sessions for notebook in one.notebooks.values()]
        if asked is None:
            held = [one.notebooks[one.current] for one in sessions if one.current in one.notebooks]
        found = _meant(asked, held)
        if len(found) == 1:
            return await workspace.current(found.pop())
    if asked is None:
        paths = sorted({held.ref.path for one in records for held in one.notebooks.values()})
        raise NotebookUnclear.several(notebooks=paths)
    return await workspace.identify(asked)


def _meant(asked: str | None, held: list[HeldNotebook]) -> set[str]:
    """The keys of those that can be meant; a path wins over a name."""
    if asked is None:
        return {one.ref.key for one in held}
    by_path = {one.ref.key for one in held if one.ref.path == asked}
    return by_path or {one.ref.key for one in held if one.name == asked}
