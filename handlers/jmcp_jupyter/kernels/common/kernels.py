"""The kernels and sessions of one Jupyter Server, whichever way that server is reached."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from typing import Any, ClassVar, Generic, Protocol
from weakref import WeakValueDictionary

from jmcp.core.ports import Health, KernelInfo, Kernelspec, NotebookRef, OnMessage, Reply, Request
from jmcp_api.backend_errors import KernelDown, KernelMissing
from jmcp_jupyter.kernels.common.jupyter_sessions import (
    JupyterSessions,
    SessionManager,
    notebook_path,
)
from jmcp_jupyter.kernels.common.kernel_connections import Connection, KernelConnections
from jmcp_jupyter.kernels.common.models import installed, kernel_info


class KernelManager(Protocol):
    """What a Jupyter Server does with kernels, asked in its own process or over REST.

    Every method that takes a kernel's id raises KernelMissing for one that Jupyter does not list,
    but for `delete`.
    """

    async def kernelspecs(self) -> tuple[dict[str, Kernelspec], str]:
        """The installed kernelspecs by name, and the name of the default one."""

    async def models(self) -> list[dict[str, Any]]:
        """The kernels that Jupyter lists, as its REST API describes them."""

    async def ids(self) -> Collection[str]:
        """The ids of the kernels that Jupyter lists; no activity of anybody's."""

    async def require(self, kernel_id: str) -> None:
        """Make sure that Jupyter lists that kernel."""

    async def launch(self, ref: NotebookRef, kernel_name: str) -> str:
        """Start a kernel in the notebook's directory that belongs to no Jupyter session yet.

        Returns its id. Raises KernelDown.
        """

    async def interrupt(self, kernel_id: str) -> None:
        """Raises KernelDown for a kernel that does not run."""

    async def restart(self, kernel_id: str) -> None:
        """Restart it under the same id. Raises KernelDown when it does not come back."""

    async def delete(self, kernel_id: str) -> None:
        """Shut down a kernel that has no Jupyter session; one that is gone is no error."""


class JupyterKernels(ABC, Generic[Connection]):
    """`Kernels` by a kernel manager, a session manager, and a connection to each kernel in use."""

    stay: bool
    look_interval_seconds: ClassVar[float]
    """While there are connections, Jupyter is asked so often whether it has their kernels."""

    def __init__(self, manager: KernelManager, session_manager: SessionManager) -> None:
        self._manager = manager
        self._sessions = JupyterSessions(session_manager)
        self._connections = KernelConnections(
            self._connect, manager.ids, look_interval_seconds=self.look_interval_seconds
        )
        self._starting: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @abstractmethod
    def _connect(self, kernel_id: str) -> Connection:
        """A new connection, which need not be open. May raise KernelMissing."""

    @abstractmethod
    async def _start_shared(
        self, ref: NotebookRef, kernel_name: str, row: dict[str, Any] | None
    ) -> str:
        """A kernel for a notebook whose Jupyter session is `row` and whose kernel, if any, is dead."""

    @abstractmethod
    async def resume(self, request: Request, on_message: OnMessage) -> Reply: ...

    @property
    def connected(self) -> int:
        return self._connections.open

    async def specs(self) -> tuple[Sequence[Kernelspec], str]:
        found, default = await self._manager.kernelspecs()
        return tuple(found.values()), default

    async def find(self, ref: NotebookRef) -> str | None:
        row = await self._sessions.find(ref)
        return None if row is None else str(row["kernel"]["id"])

    async def start(
        self, ref: NotebookRef, kernel_name: str | None, *, private: bool = False
    ) -> str:
        specs, default = await self._manager.kernelspecs()
        name = installed(kernel_name or default, specs)
        try:
            return await self._start(ref, name, private=private)
        except KernelMissing as error:  # it, or its session, ended while it was started
            raise KernelDown.not_started(kernel_name=name, reason=error.message) from error

    async def _start(self, ref: NotebookRef, name: str, *, private: bool) -> str:
        if private:
            return await self._manager.launch(ref, name)
        lock = self._starting.setdefault(ref.key, asyncio.Lock())
        async with lock:
            row = await self._sessions.find(ref)
            if row is not None:
                kernel_id = str(row["kernel"]["id"])
                if (await self.health(kernel_id)).alive:
                    return kernel_id
            return await self._start_shared(ref, name, row)

    async def attach(self, ref: NotebookRef, kernel_id: str) -> None:
        await self._manager.require(kernel_id)
        await self._sessions.attach(ref, kernel_id)

    async def connect(self, kernel_id: str) -> Connection:
        connection = self._connections.connection(kernel_id)
        try:
            await connection.prepare()
        except KernelMissing:
            await self._connections.forget(kernel_id, connection)
            raise
        return connection

    async def health(self, kernel_id: str) -> Health:
        try:
            connection = self._connections.connection(kernel_id)
            health = await connection.health()
        except KernelMissing:
            return Health(alive=False, generation=0)
        if connection.gone:
            await self._connections.forget(kernel_id, connection)
        return health

    async def interrupt(self, kernel_id: str) -> None:
        if connection := self._connections.get(kernel_id):
            connection.expect_interrupt()
        await self._manager.interrupt(kernel_id)

    async def restart(self, kernel_id: str) -> None:
        connection = self._connections.connection(kernel_id)
        try:
            with connection.restarting():
                await self._manager.restart(kernel_id)
            await connection.ready()
        except KernelMissing:
            await self._connections.forget(kernel_id, connection)
            raise

    async def shutdown(self, kernel_id: str) -> None:
        await self._manager.require(kernel_id)
        if connection := self._connections.get(kernel_id):
            connection.expect_end()
        if not await self._sessions.release(kernel_id):
            await self._manager.delete(kernel_id)
        await self._connections.forget(kernel_id)

    async def list(self) -> Sequence[KernelInfo]:
        specs, _ = await self._manager.kernelspecs()
        notebooks = {row["kernel"]["id"]: notebook_path(row) for row in await self._sessions.rows()}
        return [
            kernel_info(
                model,
                specs,
                connection=self._connections.get(model["id"]),
                notebook_path=notebooks.get(model["id"]),
            )
            for model in await self._manager.models()
        ]

    async def close(self) -> None:
        await self._connections.close()
