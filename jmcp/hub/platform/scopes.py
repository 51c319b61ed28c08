"""The Hub's scopes that the page asks for."""

from __future__ import annotations

ADMIN_SCOPES = (
    "list:users",
    "read:servers",
    "read:users:activity",
    "delete:servers",
    "read:metrics",
)
"""Of an administrator's second login: whose servers run, and to stop one. Without access to any."""

PROCESS_SCOPES = ("admin:server_state",)
"""With it the page knows what memory servers take that run as processes of this machine: the Hub says
which process a server is only together with its state. Asked for too, and left out where not granted."""
