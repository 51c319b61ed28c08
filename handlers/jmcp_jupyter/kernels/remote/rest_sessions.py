"""Jupyter's session manager through REST, as far as `JupyterSessions` needs it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import PurePosixPath
from typing import Any
from uuid import uuid4

import httpx2

from jmcp.core.errors import BackendError
from jmcp_api import phrases
from jmcp_api.backend_errors import KernelDown
from jmcp_jupyter.http_api import JupyterApi
from jmcp_jupyter.kernels.remote.rest_kernels import GONE_STATUSES, is_kernel


class RestSessionManager:
    """A `SessionManager` by the REST API. Raises JupyterUnreachable and JupyterRefused as well."""

    def __init__(self, api: JupyterApi) -> None:
        self._api = api

    async def list_sessions(self) -> list[dict[str, Any]]:
        answer = await self._api.request("GET", "api/sessions")
        return [row for row in self._api.decoded(answer, list) if _is_session(row)]

    async def drop_session(self, session_id: str) -> None:
        # Reading a session whose kernel is gone deletes it.
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
        kernel = {"id": kernel_id} if kernel_id is not None else {"name": kernel_name}
        body = {"path": path, "name": name, "type": type, "kernel": kernel}
        answer = await self._api.request("POST", "api/sessions", body=body)
        if answer.is_error and kernel_id is not None:
            reason = phrases.http_status(status=answer.status_code)
            raise KernelDown.not_bound(kernel_id=kernel_id, path=path, reason=reason)
        if answer.is_error:
            raise KernelDown.not_started_by_jupyter(
                kernel_name=str(kernel_name), status=answer.status_code
            )
        return self._session(answer)

    async def move_session(self, session_id: str, path: str) -> bool:
        changes = {"path": path, "name": PurePosixPath(path).name}
        return await self._patch(session_id, changes) is not None

    async def set_kernel(self, session_id: str, kernel_id: str) -> dict[str, Any] | None:
        """As the Protocol says; the result is another session than before.

        Over REST, Jupyter shuts down the kernel that a session had when it gets another one. The
        old one was not ours to end: it gets a session of its own first, which no notebook shows.
        """
        answer = await self._api.request("GET", f"api/sessions/{session_id}")
        if answer.status_code in GONE_STATUSES:
            return None
        row = self._session(answer)
        place = {"path": row["path"], "name": row.get("name") or "", "type": row["type"]}
        try:
            await self._patch(session_id, {"path": str(uuid4()), "name": "", "type": "console"})
            return await self.create_session(**place, kernel_id=kernel_id)
        except BaseException:  # else the notebook would have no kernel at all
            await asyncio.shield(self._put_back(session_id, place))
            raise

    async def replace_kernel(self, session_id: str, kernel_id: str) -> bool:
        """Give it that kernel, and shut down the one that it had. False: there is no such session."""
        row = await self._patch(session_id, {"kernel": {"id": kernel_id}})
        return row is not None and bool(row["kernel"]["id"] == kernel_id)

    async def delete_session(self, session_id: str) -> bool:
        answer = await self._api.request("DELETE", f"api/sessions/{session_id}")
        if answer.status_code == 204 or answer.status_code in GONE_STATUSES:
            return answer.status_code == 204
        self._api.decoded(answer, dict)
        raise self._api.not_its_answer(answer)

    async def _put_back(self, session_id: str, place: dict[str, Any]) -> None:
        with suppress(BackendError):
            await self._patch(session_id, place)

    async def _patch(self, session_id: str, body: dict[str, Any]) -> dict[str, Any] | None:
        """The session as it is then; None: there is no such one."""
        answer = await self._api.request("PATCH", f"api/sessions/{session_id}", body=body)
        return None if answer.status_code in GONE_STATUSES else self._session(answer)

    def _session(self, answer: httpx2.Response) -> dict[str, Any]:
        row = self._api.decoded(answer, dict)
        if not _is_session(row):
            raise self._api.not_its_answer(answer)
        return row


def _is_session(row: object) -> bool:
    """Whether that is a session with its kernel, as Jupyter describes it."""
    return (
        isinstance(row, dict)
        and all(isinstance(row.get(name), str) for name in ("id", "path", "type"))
        and is_kernel(row.get("kernel"))
    )
