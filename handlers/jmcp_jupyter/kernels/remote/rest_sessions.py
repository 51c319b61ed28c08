"""Jupyter's session manager through REST, as far as `JupyterSessions` needs it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from jmcp_api.backend_errors import KernelDown, KernelMissing
from jmcp_jupyter.http_api import JupyterApi


class RestSessionManager:
    """The methods of the same names of Jupyter's own manager, with its models as results."""

    def __init__(self, api: JupyterApi) -> None:
        self._api = api

    async def list_sessions(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = (await self._api.request("GET", "api/sessions")).json()
        return rows

    async def get_session(self, *, session_id: str) -> None:
        """Reading a session whose kernel is gone deletes it."""
        await self._api.request("GET", f"api/sessions/{session_id}")

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

        Jupyter returns the session that the path already has, if somebody was faster.
        """
        kernel = {"id": kernel_id} if kernel_id is not None else {"name": kernel_name}
        body = {"path": path, "name": name, "type": type, "kernel": kernel}
        answer = await self._api.request("POST", "api/sessions", body=body)
        if answer.status_code != 201:
            raise KernelDown.not_started_by_jupyter(
                kernel_name=str(kernel_name or kernel_id), status=answer.status_code
            )
        row: dict[str, Any] = answer.json()
        return row

    async def update_session(self, session_id: str, **changes: Any) -> dict[str, Any]:
        """Change its path and name, or its kernel.

        Over REST, Jupyter shuts down the kernel that a session had when it gets another one. The
        old one was not ours to end: it gets a session of its own first, which no notebook shows.
        """
        kernel_id = changes.pop("kernel_id", None)
        if kernel_id is None:
            return await self._patch(session_id, changes)
        answer = await self._api.request("GET", f"api/sessions/{session_id}")
        if answer.status_code != 200:
            raise KernelMissing.session_gone(kernel_id=kernel_id)
        row = answer.json()
        aside = str(uuid4())
        await self._patch(session_id, {"path": aside, "name": "", "type": "console"})
        return await self.create_session(
            path=row["path"], name=row["name"], type=row["type"], kernel_id=kernel_id
        )

    async def replace_kernel(self, session_id: str, kernel_id: str) -> None:
        """Give it that kernel, and shut down the one that it had."""
        await self._patch(session_id, {"kernel": {"id": kernel_id}})

    async def delete_session(self, session_id: str) -> None:
        """Delete it and its kernel."""
        await self._api.request("DELETE", f"api/sessions/{session_id}")

    async def _patch(self, session_id: str, body: dict[str, Any]) -> dict[str, Any]:
        row: dict[str, Any] = (
            await self._api.request("PATCH", f"api/sessions/{session_id}", body=body)
        ).json()
        return row
