"""What Jupyter Server notes of a kernel's activity, from the messages that jmcp reads anyway.

Jupyter subscribes to each kernel to know its execution state and its last activity: JupyterLab shows
them, and whoever culls idle kernels decides by them. It decodes each message once or twice for that,
dates included, which takes more CPU than all that jmcp does with it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from jupyter_server.services.kernels.kernelmanager import MappingKernelManager

from jmcp_jupyter.kernels.common.messages import Message


class ActivityRecord:
    """Takes the place of Jupyter's own watcher of one kernel while jmcp reads its messages.

    A kernel manager that watches in a way of its own is left alone.
    """

    def __init__(self, manager: Any, kernel_id: str) -> None:
        self._manager = manager
        self._kernel_id = kernel_id
        self._kernel = manager.get_kernel(kernel_id)
        start = getattr(type(manager), "start_watching_activity", None)
        self._known = start is MappingKernelManager.start_watching_activity
        self._taken = False

    def take_over(self) -> None:
        """Stop Jupyter's watcher, also one that Jupyter started anew since; `note` goes on for it.

        Not while a restart waits for its kernel: to stop the watcher would leave it waiting.
        """
        kernel = self._kernel
        if (
            self._known
            and getattr(kernel, "_activity_stream", None) is not None
            and getattr(kernel, "_pending_restart_cleanup", None) is None
        ):
            self._manager.stop_watching_activity(self._kernel_id)
            self._taken = True

    def give_back(self) -> None:
        """Let Jupyter watch again, if it still has the kernel."""
        kernel, listed = self._kernel, self._kernel_id in self._manager
        taken, self._taken = self._taken, False
        if (
            taken
            and listed
            and self._manager.get_kernel(self._kernel_id) is kernel
            and getattr(kernel, "_activity_stream", None) is None
        ):
            state, activity = kernel.execution_state, kernel.last_activity
            self._manager.start_watching_activity(self._kernel_id)
            # To begin to watch is no activity, and in Jupyter Server 2.16 it is a start.
            kernel.execution_state, kernel.last_activity = state, activity

    def note(self, message: Message) -> None:
        """Record a published message as Jupyter's watcher does (`start_watching_activity`)."""
        if not self._known:
            return
        kernel, tracked = self._kernel, self._manager.track_message_type
        cause = message.parent.get("msg_type")
        if tracked(message.kind) or tracked(cause) or kernel.execution_state == "busy":
            now = datetime.now(UTC)
            self._manager.last_kernel_activity = kernel.last_activity = now
        state = message.state
        if state is None:
            return
        if tracked(cause):
            kernel.execution_state = state
        elif kernel.execution_state == "starting" and state != "starting":
            kernel.execution_state = "idle"
