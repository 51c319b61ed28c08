"""Kernels of the Jupyter Server that jmcp runs in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath
from typing import Any
from weakref import WeakValueDictionary

from jupyter_core.utils import ensure_async
from tornado.web import HTTPError

from jmcp.core.errors import KernelDown, KernelMissing
from jmcp.core.ports import Health, KernelInfo, Kernelspec, NotebookRef, OnMessage, Reply, Request
from jmcp_jupyter.kernels.common.jupyter_sessions import JupyterSessions, notebook_path
from jmcp_jupyter.kernels.common.models import kernel_info
from jmcp_jupyter.kernels.local.connection import READY_LIMIT, LocalConnection
from jmcp_jupyter.kernels.local.environment import KernelEnvironment
from jmcp_jupyter.kernels.local.kernelspecs import Kernelspecs
from jmcp_jupyter.kernels.local.process import KernelProcess

START_FAILURES = (OSError, RuntimeError, ValueError, HTTPError)
"""What Jupyter raises when the program of a kernel cannot be started."""


class LocalKernels:
    """`Kernels` through the kernel and session managers of one Jupyter Server."""

    stay = False

    def __init__(self, serverapp: Any) -> None:
        self._manager = serverapp.kernel_manager
        self._session_manager = serverapp.session_manager
        self._contents = serverapp.contents_manager
        self._sessions = JupyterSessions(serverapp.session_manager)
        self._specs = Kernelspecs(serverapp.kernel_spec_manager, serverapp.kernel_manager)
        self._connections: dict[str, LocalConnection] = {}
        self._starting: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._callbacks: list[Callable[[str, int], None]] = []

    @property
    def connected(self) -> int:
        return len(self._connections)

    async def specs(self) -> tuple[Sequence[Kernelspec], str]:
        return tuple((await self._specs.all()).values()), self._specs.default

    async def find(self, ref: NotebookRef) -> str | None:
        row = await self._sessions.find(ref)
        return None if row is None else str(row["kernel"]["id"])

    async def start(
        self, ref: NotebookRef, kernel_name: str | None, *, private: bool = False
    ) -> str:
        name = await self._specs.check(kernel_name)
        if private:
            return await self._launch(ref, name)
        lock = self._starting.setdefault(ref.key, asyncio.Lock())
        async with lock:
            old = await self.find(ref)
            if old is not None and await self._process(old).alive():
                return old
            kernel_id = await self._launch(ref, name)
            now = await self.find(ref)
            if now is not None and now != old:  # JupyterLab was faster
                await self._manager.shutdown_kernel(kernel_id, now=True)
                return now
            await self._sessions.bind(ref, kernel_id)
            if old is not None:
                await self._discard(old)
            return kernel_id

    async def attach(self, ref: NotebookRef, kernel_id: str) -> None:
        self._check(kernel_id)
        await self._sessions.attach(ref, kernel_id)

    async def connect(self, kernel_id: str) -> LocalConnection:
        connection = self._connection(kernel_id)
        await connection.ready()
        return connection

    async def resume(self, request: Request, on_message: OnMessage) -> Reply:
        # Kernels here end with this process, and so do the runs in them.
        self._check(request.kernel_id)
        return Reply(status="lost", lost="lost_contact", incomplete="lost_contact")

    async def health(self, kernel_id: str) -> Health:
        if kernel_id not in self._manager:
            known = self._connections.get(kernel_id)
            return Health(alive=False, generation=known.process.generation if known else 0)
        connection = self._connection(kernel_id)
        alive = await connection.process.alive()
        # In this order: the name is that of the process that was looked at.
        generation = connection.generation
        return Health(alive=alive, generation=generation, process_name=connection.process_name)

    async def interrupt(self, kernel_id: str) -> None:
        self._check(kernel_id)
        try:
            await ensure_async(self._manager.interrupt_kernel(kernel_id))
        except (RuntimeError, OSError) as error:
            raise KernelDown(f"Kernel {kernel_id} is not running.", kernel_id=kernel_id) from error

    async def restart(self, kernel_id: str) -> None:
        connection = self._connection(kernel_id)
        try:
            answer = await self._manager.restart_kernel(kernel_id)
            await asyncio.wait_for(ensure_async(answer), READY_LIMIT)
        except START_FAILURES as error:
            raise KernelDown(
                f"Kernel {kernel_id} did not come back from its restart.", kernel_id=kernel_id
            ) from error
        await connection.ready()

    async def shutdown(self, kernel_id: str) -> None:
        self._check(kernel_id)
        if not await self._sessions.release(kernel_id):
            await self._manager.shutdown_kernel(kernel_id)
        await self._forget(kernel_id)

    async def list(self) -> Sequence[KernelInfo]:
        specs = await self._specs.all()
        notebooks = {row["kernel"]["id"]: notebook_path(row) for row in await self._sessions.rows()}
        rows = []
        for kernel in await ensure_async(self._manager.list_kernels()):
            connection = self._connection(kernel["id"])
            rows.append(
                kernel_info(
                    kernel,
                    specs,
                    heard=connection.state,
                    dead=not await connection.process.alive(),
                    connections=kernel["connections"],
                    notebook_path=notebooks.get(kernel["id"]),
                )
            )
        return rows

    def on_generation(self, callback: Callable[[str, int], None]) -> None:
        self._callbacks.append(callback)

    async def close(self) -> None:
        for kernel_id in tuple(self._connections):
            await self._forget(kernel_id)

    async def _launch(self, ref: NotebookRef, kernel_name: str) -> str:
        name = PurePosixPath(ref.path).name
        environ = self._session_manager.get_kernel_env(ref.path, name)
        kernel_id: str = self._manager.new_kernel_id()
        try:
            await self._manager.start_kernel(
                kernel_id=kernel_id,
                path=await ensure_async(self._contents.get_kernel_path(path=ref.path)),
                kernel_name=kernel_name,
                env=KernelEnvironment(environ),
            )
        except START_FAILURES as error:
            # Jupyter keeps it among the pending ones, and then fails to shut down the others.
            getattr(self._manager, "_pending_kernels", {}).pop(kernel_id, None)
            raise KernelDown(
                f"The kernel {kernel_name!r} did not start: {error}", kernel_name=kernel_name
            ) from error
        return kernel_id

    def _check(self, kernel_id: str) -> None:
        if kernel_id not in self._manager:
            raise KernelMissing(f"No running kernel has the id {kernel_id}.", kernel_id=kernel_id)

    def _connection(self, kernel_id: str) -> LocalConnection:
        self._check(kernel_id)
        connection = self._connections.get(kernel_id)
        if connection is None:
            process = KernelProcess(self._manager, kernel_id, self._announce)
            connection = LocalConnection(self._manager.get_kernel(kernel_id), process)
            self._connections[kernel_id] = connection
        return connection

    def _process(self, kernel_id: str) -> KernelProcess:
        return self._connection(kernel_id).process

    def _announce(self, kernel_id: str, generation: int) -> None:
        for callback in self._callbacks:
            callback(kernel_id, generation)

    async def _discard(self, kernel_id: str) -> None:
        """Remove a dead kernel that Jupyter still lists."""
        if kernel_id in self._manager:
            await self._manager.shutdown_kernel(kernel_id, now=True)
        await self._forget(kernel_id)

    async def _forget(self, kernel_id: str) -> None:
        connection = self._connections.pop(kernel_id, None)
        if connection is not None:
            await connection.close()
