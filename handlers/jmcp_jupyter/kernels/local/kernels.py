"""Kernels of the Jupyter Server that jmcp runs in."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from jmcp.core.ports import NotebookRef, OnMessage, Reply, Request
from jmcp_api.backend_errors import KernelMissing
from jmcp_jupyter.kernels.common.kernels import JupyterKernels
from jmcp_jupyter.kernels.common.run_loss import LOST_CONTACT
from jmcp_jupyter.kernels.local.activity import ActivityRecord
from jmcp_jupyter.kernels.local.connection import LocalConnection
from jmcp_jupyter.kernels.local.control_channel import unblock
from jmcp_jupyter.kernels.local.kernel_ports import KernelPorts
from jmcp_jupyter.kernels.local.manager import LocalKernelManager
from jmcp_jupyter.kernels.local.process import LocalProcess
from jmcp_jupyter.kernels.local.sessions import LocalSessionManager


class LocalKernels(JupyterKernels[LocalConnection]):
    """`Kernels` through the kernel and session managers of one Jupyter Server."""

    stay = False
    look_interval_seconds = 5.0

    def __init__(self, serverapp: Any) -> None:
        KernelPorts.use()
        unblock(serverapp.kernel_manager)
        self._app = serverapp
        self._local = LocalKernelManager(serverapp)
        super().__init__(self._local, LocalSessionManager(serverapp))

    @property
    def url(self) -> str:
        return str(self._app.connection_url)

    async def resume(self, request: Request, on_message: OnMessage) -> Reply:
        # Kernels here end with this process, and so do the runs in them.
        await self._local.require(request.kernel_id)
        return LOST_CONTACT

    def _connect(self, kernel_id: str) -> LocalConnection:
        if kernel_id not in self._local.kernels:
            raise KernelMissing.unknown(kernel_id=kernel_id)
        jupyter = self._local.kernels
        return LocalConnection(
            jupyter.get_kernel(kernel_id),
            LocalProcess(jupyter, kernel_id),
            ActivityRecord(jupyter, kernel_id),
        )

    async def _start_shared(
        self, ref: NotebookRef, kernel_name: str, row: dict[str, Any] | None
    ) -> str:
        """Not by Jupyter's `create_session`: its kernels get the server's whole environment."""
        old = None if row is None else str(row["kernel"]["id"])
        kernel_id = await self._local.launch(ref, kernel_name)
        try:
            now = await self.find(ref)
            if now is None or now == old:
                await self._sessions.bind(ref, kernel_id)
        except BaseException:  # nobody would know of it
            with suppress(KernelMissing):
                await self._local.delete(kernel_id, now=True)
            raise
        if now is not None and now != old:  # JupyterLab was faster
            await self._local.delete(kernel_id, now=True)
            return now
        if old is not None:
            if old in self._local.kernels:  # dead, and Jupyter still lists it
                await self._local.delete(old, now=True)
            await self._connections.forget(old)
        return kernel_id
