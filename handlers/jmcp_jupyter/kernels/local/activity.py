"""What Jupyter Server notes of a kernel's activity, from the messages that jmcp reads anyway.

Jupyter subscribes to each kernel to know its execution state and its last activity: JupyterLab shows
them, and whoever culls idle kernels decides by them. It decodes each message once or twice for that,
dates included, which takes more CPU than all that jmcp does with it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from jupyter_server.services.kernels.kernelmanager import MappingKernelManager

from jmcp_jupyter.kernels.common.messages import Message

ACTIVITY_INTERVAL = timedelta(seconds=0.1)
"""Activity that changes no state is noted at most so often, and so up to that much too early: each of
these notes costs as much as reading the message."""


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
        self._state: str = ""
        """What `note` makes of the messages before Jupyter's watcher is stopped."""
        self._taken = False

    def begin(self) -> None:
        """jmcp begins to read; Jupyter's watcher goes on until `take_over`."""
        self._state = getattr(self._kernel, "execution_state", "")

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
            if not self._taken:
                kernel.execution_state = self._state  # it may have been behind jmcp
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
        if not self._taken:
            self._state = self._following(self._state, message)
            return
        kernel = self._kernel
        before = kernel.execution_state
        state = self._following(before, message)
        now = datetime.now(UTC)
        due = state != before or now - kernel.last_activity > ACTIVITY_INTERVAL
        if due and (before == "busy" or self._tracked(message)):
            self._manager.last_kernel_activity = kernel.last_activity = now
        if state != before:
            kernel.execution_state = state

    def _tracked(self, message: Message) -> bool:
        tracked, cause = self._manager.track_message_type, message.parent.get("msg_type")
        return bool(tracked(message.kind) or tracked(cause))

    def _following(self, state: str, message: Message) -> str:
        """The execution state after a message, which was `state` before."""
        told = message.state
        if told is None:
            return state
        if self._manager.track_message_type(message.parent.get("msg_type")):
            return told
        return "idle" if state == "starting" != told else state
