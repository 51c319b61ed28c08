"""A kernel manager that waits for no control channel which leads nowhere."""

from __future__ import annotations

from typing import Any

import zmq
from jupyter_server.services.kernels.kernelmanager import ServerKernelManager

JUPYTERS_OWN = f"{ServerKernelManager.__module__}.{ServerKernelManager.__name__}"

UNREACHABLE = "its control channel leads to a socket that is not its own"


class UnblockedKernelManager(ServerKernelManager):
    """Jupyter's manager of one kernel, which sends on the control channel without waiting.

    Jupyter sends there by blocking calls on its event loop. ZeroMQ queues what it sends, but not where
    it has given the connection up, as it does when an incompatible socket answers: another kernel's IOPub
    that got this kernel's port while it was (re)started. Then Jupyter's call never returns, and the
    whole server hangs.
    """

    def _connect_control_socket(self) -> None:
        super()._connect_control_socket()
        self._control_socket.sndtimeo = 0

    async def interrupt_kernel(self, *args: Any, **kwargs: Any) -> Any:  # type: ignore[override]
        """Raises RuntimeError where a kernel that is interrupted by message cannot be reached."""
        try:
            return await super().interrupt_kernel(*args, **kwargs)
        except zmq.Again as error:
            raise RuntimeError(UNREACHABLE) from error

    async def _async_interrupt_kernel(self) -> None:
        try:
            await super()._async_interrupt_kernel()
        except zmq.Again:  # a part of the shutdown, which goes on
            self.log.warning("Kernel %s: %s", self.kernel_id, UNREACHABLE)

    async def _async_request_shutdown(self, restart: bool = False) -> None:
        try:
            await super()._async_request_shutdown(restart=restart)
        except zmq.Again:  # what follows ends a process that does not end by itself
            self.log.warning("Kernel %s: %s", self.kernel_id, UNREACHABLE)


def unblock(kernel_manager: Any) -> None:
    """Have Jupyter's manager of all kernels use it for those that are started from now on, unless that
    is configured to use another class."""
    if kernel_manager.kernel_manager_class == JUPYTERS_OWN:
        kernel_manager.kernel_manager_class = f"{__name__}.{UnblockedKernelManager.__name__}"
