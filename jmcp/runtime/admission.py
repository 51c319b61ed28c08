"""Who may call what, and how often: asked before a call does anything."""

from __future__ import annotations

from typing import Protocol

from jmcp.runtime.call import Caller
from jmcp.runtime.store import SessionRecord
from jmcp.runtime.tool import Tool


class Gate(Protocol):
    """One reason to refuse a call. Both methods raise a ToolError of `sessions.yaml`, or return."""

    def admit(self, tool: Tool, caller: Caller) -> None:
        """Before arguments are decoded and a session is looked for."""

    def admit_session(self, tool: Tool, record: SessionRecord) -> None:
        """Once the session is known, before its tool runs."""
