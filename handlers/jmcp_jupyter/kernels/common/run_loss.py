"""How runs end when their kernel does, and how long that may take to show."""

from __future__ import annotations

from typing import Literal

from jmcp.core.ports import Reply

Loss = Literal["kernel_died", "kernel_restarted"]

STOPPING_LIMIT = 15.0
"""Seconds that a restart or a shutdown may take; Jupyter itself kills the process after 5."""

NO_REPLY = Reply(
    status="error",
    ename="KeyboardInterrupt",
    evalue="The kernel was interrupted before it could say how this run ended.",
)
"""ipykernel that is interrupted outside of the code, as between its end and the reply, says that it
is idle and sends no reply."""

IDLE_LIMIT = 10.0
"""Seconds of silence after a reply before a missing idle status is taken as given."""
