"""Who may call what, and how often: asked before a call does anything."""

from __future__ import annotations

from typing import Protocol

from jmcp.core.calls.call import Caller
from jmcp.core.calls.tool import Tool
from jmcp.core.sessions.records import SessionRecord


class Gate(Protocol):
    """One reason to refuse a call. Both methods raise a ToolError of `sessions.yaml`, or return."""

    def admit(self, tool: Tool, caller: Caller) -> None:
        """Before arguments are decoded and a session is looked for."""

    def admit_session(self, tool: Tool, record: SessionRecord) -> None:
        """Once the session is known, before its tool runs."""
