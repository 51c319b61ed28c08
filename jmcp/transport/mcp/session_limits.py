"""How many MCP sessions of the handshake era there may be, and how long nobody may use one.

A module of its own, because options are read before the SDK is imported.
"""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_MAX_SESSIONS = 1000
"""A session takes 61 kB, so all of them take 61 MB."""
DEFAULT_IDLE_HOURS = 8.0
"""A working day. Few clients open a new session when theirs is gone, so only the number is tight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLimits:
    """One session more than `count` ends the one that was unused for longest."""

    count: int = DEFAULT_MAX_SESSIONS
    idle_seconds: float = DEFAULT_IDLE_HOURS * 3600
