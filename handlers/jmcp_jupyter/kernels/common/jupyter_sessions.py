"""Jupyter's own sessions: which kernel belongs to which notebook, as JupyterLab shows it."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from jupyter_core.utils import ensure_async
from tornado.web import HTTPError

from jmcp.core.ports import NotebookRef
from jmcp_api.backend_errors import KernelTaken

COLLABORATIVE_DRIVE = "RTC:"
"""The drive that JupyterLab puts before the paths of shared documents."""


class JupyterSessions:
    """The notebook sessions of Jupyter's session manager.

    A session is known by its path, which JupyterLab changes on a rename. Other renames leave
    it behind, so the sessions made here are also known by the notebook's key.
    """

    def __init__(self, manager: Any) -> None:
        self._manager = manager
        self._ids: dict[str, str] = {}

    async def rows(self) -> list[dict[str, Any]]:
        """All sessions of notebooks; those without a kernel are gone."""
        known = dict(self._ids)
        rows = await ensure_async(self._manager.list_sessions())
        listed = {row["id"] for row in rows}
        for key, session_id in known.items():
            if session_id not in listed and self._ids.get(key) == session_id:
                del self._ids[key]
        return [row for row in rows if row["type"] == "notebook"]

    async def find(self, ref: NotebookRef) -> dict[str, Any] | None:
        """The notebook's session, moved to the notebook's path of now if it was left behind."""
        rows = await self.rows()
        for row in rows:
            if notebook_path(row) == ref.path:
                self._ids[ref.key] = row["id"]
                return row
        known = self._ids.get(ref.key)
        for row in rows:
            if row["id"] == known:
                name = PurePosixPath(ref.path).name
                await self._manager.update_session(row["id"], path=ref.path, name=name)
                return row
        self._ids.pop(ref.key, None)
        return None

    async def bind(self, ref: NotebookRef, kernel_id: str) -> None:
        """Make that kernel the notebook's."""
        row = await self.find(ref)
        if row is None:
            row = await self._manager.create_session(
                path=ref.path,
                name=PurePosixPath(ref.path).name,
                type="notebook",
                kernel_id=kernel_id,
            )
        elif row["kernel"]["id"] != kernel_id:
            row = await self._manager.update_session(row["id"], kernel_id=kernel_id) or row
        self._ids[ref.key] = row["id"]

    async def attach(self, ref: NotebookRef, kernel_id: str) -> None:
        """Make that kernel the notebook's, unless it is another one's. Raises KernelTaken."""
        rows = await self.rows()
        paths = {notebook_path(row) for row in rows if row["kernel"]["id"] == kernel_id}
        if paths and ref.path not in paths:
            raise KernelTaken.by_notebooks(kernel_id=kernel_id, paths=sorted(paths))
        await self.bind(ref, kernel_id)

    async def create(self, ref: NotebookRef, kernel_name: str) -> str:
        """Give a notebook without a session one, with a new kernel; returns the kernel's id."""
        row = await self._manager.create_session(
            path=ref.path,
            name=PurePosixPath(ref.path).name,
            type="notebook",
            kernel_name=kernel_name,
        )
        self._ids[ref.key] = row["id"]
        return str(row["kernel"]["id"])

    async def release(self, kernel_id: str) -> bool:
        """Delete the kernel's sessions and with them the kernel. False if it has no session."""
        rows = await ensure_async(self._manager.list_sessions())
        mine = [row["id"] for row in rows if row["kernel"]["id"] == kernel_id]
        if mine:
            await self._manager.delete_session(mine[0])
        for session_id in mine[1:]:
            try:
                await self._manager.get_session(session_id=session_id)
            except HTTPError:
                continue  # reading a session whose kernel is gone deletes it
        return bool(mine)


def notebook_path(row: dict[str, Any]) -> str:
    """The path of a session's notebook relative to the server's root."""
    return str(row["path"]).removeprefix(COLLABORATIVE_DRIVE).lstrip("/")
