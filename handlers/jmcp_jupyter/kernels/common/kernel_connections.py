"""The connections to kernels in use, of which none outlives its kernel."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Any, Generic, TypeVar

from jmcp.core.background import run_together, supervised
from jmcp.core.errors import BackendError
from jmcp_jupyter.kernels.common.connection import JupyterConnection

Connection = TypeVar("Connection", bound=JupyterConnection[Any, Any])


class KernelConnections(Generic[Connection]):
    """One connection to each kernel, made on first use.

    Kernels end without a word to jmcp: somebody shuts one down in JupyterLab, Jupyter culls it, the
    server is started anew. While there are connections, Jupyter is asked now and then which kernels
    it has, and what leads to none of them is closed.
    """

    def __init__(
        self,
        connect: Callable[[str], Connection],
        listed: Callable[[], Awaitable[Collection[str]]],
        *,
        look_interval_seconds: float,
    ) -> None:
        """`connect` makes a connection, which need not be open; `listed` are the ids of all kernels."""
        self._connect = connect
        self._listed = listed
        self._look_interval_seconds = look_interval_seconds
        self._connections: dict[str, Connection] = {}
        self._looking: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._connections)

    @property
    def open(self) -> int:
        """How many of them are connected just now."""
        return sum(connection.connected for connection in self._connections.values())

    def get(self, kernel_id: str) -> Connection | None:
        """The connection to that kernel, if there is one already."""
        return self._connections.get(kernel_id)

    def connection(self, kernel_id: str) -> Connection:
        """The connection to that kernel. Raises as `connect`."""
        connection = self._connections.get(kernel_id)
        if connection is None:
            connection = self._connect(kernel_id)
            self.add(kernel_id, connection)
        return connection

    def add(self, kernel_id: str, connection: Connection) -> None:
        """Keep a connection that was made elsewhere; the kernel has none so far."""
        self._connections[kernel_id] = connection
        if self._looking is None or self._looking.done():
            self._looking = supervised(self._look, "kernel-connections")

    async def forget(self, kernel_id: str, connection: Connection | None = None) -> None:
        """Close the connection to a kernel that is gone; runs in it end as those of a dead one.

        `connection`: only if it is still this one.
        """
        found = self._connections.get(kernel_id)
        if found is not None and connection in (None, found):
            del self._connections[kernel_id]
            found.kernel_gone()
            await found.close()

    async def close(self) -> None:
        """Close all; the kernels go on."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
        connections = tuple(self._connections.values())
        self._connections.clear()
        await run_together(*(connection.close for connection in connections))

    async def _look(self) -> None:
        while self._connections:
            await asyncio.sleep(self._look_interval_seconds)
            known = dict(self._connections)  # what is made from now on is of kernels that start now
            try:
                listed = await self._listed()
            except BackendError:
                continue  # Jupyter is away, and the connections know how long that may last
            for kernel_id in known.keys() - listed:
                await self.forget(kernel_id, known[kernel_id])
