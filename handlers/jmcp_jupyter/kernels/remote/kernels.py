"""Kernels of a remote Jupyter Server, over REST and its kernel websockets."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from jmcp.core.errors import BackendError
from jmcp.core.ports import NotebookRef, OnMessage, Reply, Request
from jmcp_jupyter.http_api import JupyterApi
from jmcp_jupyter.kernels.common.kernels import JupyterKernels
from jmcp_jupyter.kernels.remote.connection import RemoteConnection
from jmcp_jupyter.kernels.remote.rest_kernels import RestKernelManager
from jmcp_jupyter.kernels.remote.rest_sessions import RestSessionManager


class RemoteKernels(JupyterKernels[RemoteConnection]):
    """`Kernels` through a Jupyter Server's REST API and websockets.

    Jupyter Server limits the rate of output that it sends to a websocket and drops what exceeds
    it; no client can turn that off. `--ZMQChannelsWebsocketConnection.limit_rate=False` on the
    server does (or higher `iopub_data_rate_limit` and `iopub_msg_rate_limit` of the same class).
    """

    stay = True
    look_interval_seconds = 30.0

    def __init__(self, api: JupyterApi) -> None:
        self._api = api
        self._session_manager = RestSessionManager(api)
        super().__init__(RestKernelManager(api), self._session_manager)
        self._resumed: set[RemoteConnection] = set()

    @property
    def url(self) -> str:
        return self._api.url

    async def start(
        self, ref: NotebookRef, kernel_name: str | None, *, private: bool = False
    ) -> str:
        kernel_id = await super().start(ref, kernel_name, private=private)
        self._connections.connection(kernel_id).open()
        return kernel_id

    async def resume(self, request: Request, on_message: OnMessage) -> Reply:
        kernel_id, channel = request.kernel_id, request.channel
        await self._manager.require(kernel_id)
        connection = self._connections.get(kernel_id)
        if connection is None:
            connection = RemoteConnection(self._api, kernel_id, channel=channel)
            self._connections.add(kernel_id, connection)
        if connection.channel == channel:
            return await connection.resume(request, on_message)
        # Another channel is open already: replies come only to the one that asked.
        connection = RemoteConnection(self._api, kernel_id, channel=channel)
        self._resumed.add(connection)
        try:
            return await connection.resume(request, on_message)
        finally:
            self._resumed.discard(connection)
            await connection.close()

    async def close(self) -> None:
        resumed = tuple(self._resumed)
        await super().close()
        await asyncio.gather(*(connection.close() for connection in resumed))

    def _connect(self, kernel_id: str) -> RemoteConnection:
        return RemoteConnection(self._api, kernel_id)

    async def _start_shared(
        self, ref: NotebookRef, kernel_name: str, row: dict[str, Any] | None
    ) -> str:
        """For a notebook without a session Jupyter makes both; if JupyterLab was faster, its own."""
        if row is None:
            return await self._sessions.create(ref, kernel_name)
        kernel_id = await self._manager.launch(ref, kernel_name)
        try:
            if not await self._session_manager.replace_kernel(row["id"], kernel_id):
                await self._sessions.bind(ref, kernel_id)
        except BaseException:  # nobody would know of it
            with suppress(BackendError):
                await self._manager.delete(kernel_id)
            raise
        await self._connections.forget(row["kernel"]["id"])
        return kernel_id
