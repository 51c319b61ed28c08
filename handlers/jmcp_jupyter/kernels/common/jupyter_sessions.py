"""Jupyter's own sessions: which kernel belongs to which notebook, as JupyterLab shows it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import PurePosixPath
from typing import Any, Protocol

from jmcp.core.errors import BackendError
from jmcp.core.ports import NotebookRef
from jmcp_api.backend_errors import KernelTaken

COLLABORATIVE_DRIVE = "RTC:"
"""The drive that JupyterLab puts before the paths of shared documents."""


class SessionManager(Protocol):
    """Jupyter's session manager, asked in its own process or over REST.

    Sessions are as Jupyter describes them. Every method may raise KernelDown where Jupyter fails.
    """

    async def list_sessions(self) -> list[dict[str, Any]]:
        """All that have a kernel."""

    async def create_session(
        self,
        *,
        path: str,
        name: str,
        type: str,  # noqa: A002 # Jupyter's name for it
        kernel_id: str | None = None,
        kernel_name: str | None = None,
    ) -> dict[str, Any]:
        """A session with that kernel, or with a new one in the directory of `path`.

        It may be the one that the path already has, if somebody was faster.
        """

    async def move_session(self, session_id: str, path: str) -> bool:
        """Say that it is of the notebook at that path. False: there is no such session."""

    async def set_kernel(self, session_id: str, kernel_id: str) -> dict[str, Any] | None:
        """Give the notebook of that session another kernel; the one that it had goes on.

        Returns the notebook's session then; None: there is no such session. When it fails the
        notebook keeps the kernel that it had.
        """

    async def delete_session(self, session_id: str) -> bool:
        """Delete it and its kernel. False: there is no such session."""

    async def drop_session(self, session_id: str) -> None:
        """Delete a session whose kernel is gone."""


class JupyterSessions:
    """The notebook sessions of Jupyter's session manager.

    A session is known by its path, which JupyterLab changes on a rename. Other renames leave
    it behind, so the sessions made here are also known by the notebook's key.
    """

    def __init__(self, manager: SessionManager) -> None:
        self._manager = manager
        self._ids: dict[str, str] = {}

    async def rows(self) -> list[dict[str, Any]]:
        """All sessions of notebooks; those without a kernel are gone."""
        known = dict(self._ids)
        rows = await self._manager.list_sessions()
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
                if await self._manager.move_session(row["id"], ref.path):
                    return row
                break
        self._ids.pop(ref.key, None)
        return None

    async def bind(self, ref: NotebookRef, kernel_id: str) -> None:
        """Make that kernel the notebook's."""
        row = await self.find(ref)
        if row is not None and row["kernel"]["id"] != kernel_id:
            row = await self._manager.set_kernel(row["id"], kernel_id)
        if row is None:
            row = await self._manager.create_session(
                path=ref.path,
                name=PurePosixPath(ref.path).name,
                type="notebook",
                kernel_id=kernel_id,
            )
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
        rows = await self._manager.list_sessions()
        mine = [row["id"] for row in rows if row["kernel"]["id"] == kernel_id]
        for number, session_id in enumerate(mine):
            if await self._manager.delete_session(session_id):
                for other in mine[number + 1 :]:
                    with suppress(BackendError):
                        await self._manager.drop_session(other)
                return True
        return False


def notebook_path(row: dict[str, Any]) -> str:
    """The path of a session's notebook relative to the server's root."""
    return str(row["path"]).removeprefix(COLLABORATIVE_DRIVE).lstrip("/")
