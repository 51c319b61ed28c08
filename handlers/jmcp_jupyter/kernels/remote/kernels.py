"""Kernels of a Jupyter Server elsewhere, over REST and its kernel websockets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any
from weakref import WeakValueDictionary

from jmcp.core.errors import KernelDown
from jmcp.core.ports import Health, KernelInfo, Kernelspec, NotebookRef, OnMessage, Reply, Request
from jmcp_jupyter.http_api import JupyterApi, quoted
from jmcp_jupyter.kernels.common.jupyter_sessions import JupyterSessions, notebook_path
from jmcp_jupyter.kernels.common.models import installed, kernel_info, kernelspecs
from jmcp_jupyter.kernels.remote.connection import RemoteConnection
from jmcp_jupyter.kernels.remote.reconnecting_channel import missing
from jmcp_jupyter.kernels.remote.rest_sessions import RestSessionManager

HEALTH_AGE = 1.0
"""Seconds after which Jupyter is asked again whether it still has a kernel: that takes 3 ms."""

HEALTH_LIMIT = 2.0
"""Seconds that its answer may take; then what was known before counts."""


class RemoteKernels:
    """`Kernels` through a Jupyter Server's REST API and websockets.

    Jupyter Server limits the rate of output that it sends to a websocket and drops what exceeds
    it; no client can turn that off. `--ZMQChannelsWebsocketConnection.limit_rate=False` on the
    server does (or higher `iopub_data_rate_limit` and `iopub_msg_rate_limit` of the same class).
    """

    stay = True

    def __init__(self, api: JupyterApi) -> None:
        self._api = api
        self._manager = RestSessionManager(api)
        self._sessions = JupyterSessions(self._manager)
        self._connections: dict[str, RemoteConnection] = {}
        self._resumed: set[RemoteConnection] = set()
        self._starting: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._callbacks: list[Callable[[str, int], None]] = []

    @property
    def connected(self) -> int:
        return len(self._connections)

    async def specs(self) -> tuple[Sequence[Kernelspec], str]:
        found, default = await self._specs()
        return tuple(found.values()), default

    async def find(self, ref: NotebookRef) -> str | None:
        row = await self._sessions.find(ref)
        return None if row is None else str(row["kernel"]["id"])

    async def start(
        self, ref: NotebookRef, kernel_name: str | None, *, private: bool = False
    ) -> str:
        name = await self._installed(kernel_name)
        if private:
            kernel_id = await self._launch(ref, name)
        else:
            kernel_id = await self._shared(ref, name)
        self._connection(kernel_id).open()
        return kernel_id

    async def _shared(self, ref: NotebookRef, name: str) -> str:
        lock = self._starting.setdefault(ref.key, asyncio.Lock())
        async with lock:
            row = await self._sessions.find(ref)
            if row is None:
                return await self._sessions.create(ref, name)
            old: str = row["kernel"]["id"]
            if (await self.health(old)).alive:
                return old
            kernel_id = await self._launch(ref, name)
            await self._manager.replace_kernel(row["id"], kernel_id)
            await self._forget(old)
            return kernel_id

    async def attach(self, ref: NotebookRef, kernel_id: str) -> None:
        await self._model(kernel_id)
        await self._sessions.attach(ref, kernel_id)

    async def connect(self, kernel_id: str) -> RemoteConnection:
        connection = self._connection(kernel_id)
        if connection.connected:  # else it is looked at before it is connected
            await self._look(connection)
            await connection.settled()
        await connection.ready()
        return connection

    async def resume(self, request: Request, on_message: OnMessage) -> Reply:
        await self._model(request.kernel_id)
        connection = self._connection(request.kernel_id, request.channel)
        if connection.channel == request.channel:
            return await connection.resume(request.message_id, on_message)
        # Another channel is open already: replies come only to the one that asked.
        connection = RemoteConnection(
            self._api, request.kernel_id, lambda *_: None, channel=request.channel
        )
        self._resumed.add(connection)
        try:
            return await connection.resume(request.message_id, on_message)
        finally:
            self._resumed.discard(connection)
            await connection.close()

    async def health(self, kernel_id: str) -> Health:
        connection = self._connection(kernel_id)
        await self._look(connection)
        return Health(
            alive=not (connection.process.gone or connection.process.dead),
            generation=connection.generation,
            process_name=connection.process_name,
        )

    async def _look(self, connection: RemoteConnection) -> None:
        """Make sure of the kernel, unless it gave a sign of life a moment ago.

        A websocket stays open when its kernel is shut down.
        """
        age = time.monotonic() - connection.sure_at
        if not connection.process.gone and (age > HEALTH_AGE or connection.process.doubtful):
            await asyncio.wait({asyncio.ensure_future(connection.look())}, timeout=HEALTH_LIMIT)

    async def interrupt(self, kernel_id: str) -> None:
        if connection := self._connections.get(kernel_id):
            connection.process.interrupting()
        answer = await self._api.request("POST", f"{_path(kernel_id)}/interrupt")
        if answer.status_code == 404:
            raise missing(kernel_id)
        if answer.is_error:
            raise KernelDown(f"Kernel {kernel_id} is not running.", kernel_id=kernel_id)

    async def restart(self, kernel_id: str) -> None:
        connection = self._connection(kernel_id)
        connection.stop("kernel_restarted")
        try:
            answer = await self._api.request("POST", f"{_path(kernel_id)}/restart")
        except BaseException:
            connection.not_stopped()
            raise
        if answer.status_code == 404:
            connection.on_gone()
            raise missing(kernel_id)
        if answer.is_error:
            connection.not_stopped()
            raise KernelDown(
                f"Kernel {kernel_id} did not come back from its restart.", kernel_id=kernel_id
            )
        connection.restarted()
        await connection.ready()

    async def shutdown(self, kernel_id: str) -> None:
        await self._model(kernel_id)
        connection = self._connections.get(kernel_id)
        if connection is not None:
            connection.stop("kernel_died")
        if not await self._sessions.release(kernel_id):
            await self._delete(kernel_id)
        await self._forget(kernel_id)

    async def list(self) -> Sequence[KernelInfo]:
        specs, _ = await self._specs()
        notebooks = {row["kernel"]["id"]: notebook_path(row) for row in await self._sessions.rows()}
        rows = []
        for kernel in (await self._api.request("GET", "api/kernels")).json():
            connection = self._connections.get(kernel["id"])
            rows.append(
                kernel_info(
                    kernel,
                    specs,
                    heard=connection.state if connection else None,
                    dead=connection is not None and connection.process.dead,
                    connections=_of_others(kernel["connections"], connection),
                    notebook_path=notebooks.get(kernel["id"]),
                )
            )
        return rows

    def on_generation(self, callback: Callable[[str, int], None]) -> None:
        self._callbacks.append(callback)

    async def close(self) -> None:
        connections = (*self._connections.values(), *self._resumed)
        self._connections.clear()
        for connection in connections:
            await connection.close()

    async def _specs(self) -> tuple[dict[str, Kernelspec], str]:
        found = (await self._api.request("GET", "api/kernelspecs")).json()
        return kernelspecs(found["kernelspecs"]), found["default"]

    async def _installed(self, name: str | None) -> str:
        specs, default = await self._specs()
        return installed(name or default, specs)

    async def _launch(self, ref: NotebookRef, kernel_name: str) -> str:
        """A kernel in the notebook's directory that belongs to no Jupyter session yet."""
        folder = ref.path.rpartition("/")[0]
        body = {"name": kernel_name, "path": folder}
        answer = await self._api.request("POST", "api/kernels", body=body)
        if answer.status_code != 201:
            raise KernelDown(
                f"The kernel {kernel_name!r} did not start: Jupyter answered {answer.status_code}.",
                kernel_name=kernel_name,
            )
        return str(answer.json()["id"])

    async def _model(self, kernel_id: str) -> dict[str, Any]:
        answer = await self._api.request("GET", _path(kernel_id))
        if answer.status_code == 404:
            raise missing(kernel_id)
        model: dict[str, Any] = answer.json()
        return model

    async def _delete(self, kernel_id: str) -> None:
        await self._api.request("DELETE", _path(kernel_id))

    async def _forget(self, kernel_id: str) -> None:
        connection = self._connections.get(kernel_id)
        if connection is not None:
            connection.on_gone()
            await connection.close()

    def _connection(self, kernel_id: str, channel: str | None = None) -> RemoteConnection:
        connection = self._connections.get(kernel_id)
        if connection is None:
            connection = RemoteConnection(self._api, kernel_id, self._announce, channel=channel)
            self._connections[kernel_id] = connection
        return connection

    def _announce(self, kernel_id: str, generation: int) -> None:
        for callback in self._callbacks:
            callback(kernel_id, generation)


def _path(kernel_id: str) -> str:
    return f"api/kernels/{quoted(kernel_id)}"


def _of_others(connections: int, ours: RemoteConnection | None) -> int:
    """How many others are connected: jmcp is no reason to keep a kernel that nobody needs."""
    return max(0, connections - (ours is not None and ours.connected))
