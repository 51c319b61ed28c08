"""The session manager of the Jupyter Server in this process, with jmcp's errors."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable
from pathlib import PurePosixPath
from typing import Any

from jupyter_core.utils import ensure_async
from tornado.web import HTTPError

from jmcp_api.backend_errors import KernelDown, KernelMissing

FAILURES = (HTTPError, KeyError, sqlite3.Error)
"""What Jupyter raises: its own refusals, a kernel that ended meanwhile, its database."""


class LocalSessionManager:
    """A `SessionManager` by Jupyter's own."""

    def __init__(self, serverapp: Any) -> None:
        self._jupyter = serverapp.session_manager
        self._kernels = serverapp.kernel_manager

    async def list_sessions(self) -> list[dict[str, Any]]:
        try:
            rows: list[dict[str, Any]] = await ensure_async(self._jupyter.list_sessions())
        except FAILURES as error:
            raise KernelDown.not_recorded(reason=str(error)) from error
        return rows

    async def create_session(
        self,
        *,
        path: str,
        name: str,
        type: str,  # noqa: A002 # Jupyter's name for it
        kernel_id: str | None = None,
        kernel_name: str | None = None,
    ) -> dict[str, Any]:
        """As the Protocol says, for a kernel that runs: new ones get an environment of jmcp's."""
        if kernel_id is None or kernel_id not in self._kernels:  # Jupyter would start another one
            raise KernelMissing.unknown(kernel_id=str(kernel_id))
        try:
            row: dict[str, Any] = await self._jupyter.create_session(
                path=path, name=name, type=type, kernel_id=kernel_id
            )
        except FAILURES as error:
            raise KernelDown.not_bound(kernel_id=kernel_id, path=path, reason=str(error)) from error
        return row

    async def move_session(self, session_id: str, path: str) -> bool:
        name = PurePosixPath(path).name
        return await self._found(self._jupyter.update_session(session_id, path=path, name=name))

    async def set_kernel(self, session_id: str, kernel_id: str) -> dict[str, Any] | None:
        changing = self._jupyter.update_session(session_id, kernel_id=kernel_id)
        return {"id": session_id} if await self._found(changing) else None

    async def delete_session(self, session_id: str) -> bool:
        return await self._found(self._jupyter.delete_session(session_id))

    async def drop_session(self, session_id: str) -> None:
        # Reading a session whose kernel is gone deletes it.
        await self._found(self._jupyter.get_session(session_id=session_id))

    async def _found(self, work: Awaitable[object]) -> bool:
        """Whether there was such a session, and its kernel, when that was done."""
        try:
            await work
        except FAILURES as error:
            if isinstance(error, KeyError) or getattr(error, "status_code", None) == 404:
                return False
            raise KernelDown.not_recorded(reason=str(error)) from error
        return True
