"""What the Jupyter Server of this process does with kernels, with jmcp's errors."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from pathlib import PurePosixPath
from typing import Any

from jupyter_core.utils import ensure_async
from tornado.web import HTTPError

from jmcp.core.ports import Kernelspec, NotebookRef
from jmcp_api.backend_errors import KernelDown, KernelMissing
from jmcp_jupyter.kernels.common.models import kernelspecs
from jmcp_jupyter.kernels.local.environment import KernelEnvironment

START_FAILURES = (OSError, RuntimeError, ValueError, KeyError, HTTPError)
"""What Jupyter raises when the program of a kernel cannot be started."""

RESTART_LIMIT_SECONDS = 60.0
"""For a restarted kernel to answer; Jupyter's own `kernel_info_timeout`."""


class LocalKernelManager:
    """A `KernelManager` by the managers of one Jupyter Server."""

    def __init__(self, serverapp: Any) -> None:
        self.kernels = serverapp.kernel_manager
        """Jupyter's own manager."""
        self._sessions = serverapp.session_manager
        self._contents = serverapp.contents_manager
        self._specs = serverapp.kernel_spec_manager

    async def kernelspecs(self) -> tuple[dict[str, Kernelspec], str]:
        found = kernelspecs(await ensure_async(self._specs.get_all_specs()))
        return found, str(self.kernels.default_kernel_name)

    async def models(self) -> list[dict[str, Any]]:
        """As Jupyter has them, but that a process that is gone shows before Jupyter's next look."""
        models = []
        for model in await ensure_async(self.kernels.list_kernels()):
            if model["id"] in self.kernels:  # it may end while the others are asked
                alive = await ensure_async(self.kernels.get_kernel(model["id"]).is_alive())
                models.append(model if alive else model | {"execution_state": "dead"})
        return models

    async def ids(self) -> Collection[str]:
        return list(self.kernels.list_kernel_ids())

    async def require(self, kernel_id: str) -> None:
        self._check(kernel_id)

    async def launch(self, ref: NotebookRef, kernel_name: str) -> str:
        kernel_id: str = self.kernels.new_kernel_id()
        try:
            environ = self._sessions.get_kernel_env(ref.path, PurePosixPath(ref.path).name)
            await self.kernels.start_kernel(
                kernel_id=kernel_id,
                path=await ensure_async(self._contents.get_kernel_path(path=ref.path)),
                kernel_name=kernel_name,
                env=KernelEnvironment(environ),
            )
        except START_FAILURES as error:
            # Jupyter keeps it among the pending ones, and then fails to shut down the others.
            getattr(self.kernels, "_pending_kernels", {}).pop(kernel_id, None)
            raise KernelDown.not_started(kernel_name=kernel_name, reason=str(error)) from error
        return kernel_id

    async def interrupt(self, kernel_id: str) -> None:
        self._check(kernel_id)
        try:
            await ensure_async(self.kernels.interrupt_kernel(kernel_id))
        except START_FAILURES as error:
            self._check(kernel_id)  # it may have ended meanwhile
            raise KernelDown.not_running(kernel_id=kernel_id) from error

    async def restart(self, kernel_id: str) -> None:
        self._check(kernel_id)
        try:
            answer = await self.kernels.restart_kernel(kernel_id)
            await asyncio.wait_for(ensure_async(answer), RESTART_LIMIT_SECONDS)
        except START_FAILURES as error:
            self._check(kernel_id)  # it may have ended meanwhile
            raise KernelDown.not_back(kernel_id=kernel_id) from error

    async def delete(self, kernel_id: str, *, now: bool = False) -> None:
        """Shut down a kernel that has no Jupyter session; `now`: without asking it to end."""
        if kernel_id not in self.kernels:
            return
        try:
            await self.kernels.shutdown_kernel(kernel_id, now=now)
        except START_FAILURES as error:
            if kernel_id in self.kernels:
                raise KernelDown.not_stopped(kernel_id=kernel_id, reason=str(error)) from error

    def _check(self, kernel_id: str) -> None:
        if kernel_id not in self.kernels:
            raise KernelMissing.unknown(kernel_id=kernel_id)
