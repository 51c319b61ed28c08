"""How runs end when their kernel does, and how long that may take to show."""

from __future__ import annotations

from typing import Literal

from jmcp.core.ports import Reply
from jmcp_api import phrases

Loss = Literal["kernel_died", "kernel_restarted"]

STOPPING_LIMIT_SECONDS = 15.0
"""A restart or a shutdown may take so long; Jupyter itself kills the process after 5."""

NO_REPLY = Reply(
    status="error",
    ename="KeyboardInterrupt",
    evalue=phrases.interrupted_before_reply(),
)
"""The reply of a run without one: ipykernel that is interrupted outside of the code, as between its
end and the reply, says that it is idle and sends no reply."""

LOST_CONTACT = Reply(status="lost", lost="lost_contact", incomplete="lost_contact")
"""The reply of a run whose end nobody heard."""

IDLE_LIMIT_SECONDS = 10.0
"""After so much silence behind a reply, a missing idle status is taken as given."""
