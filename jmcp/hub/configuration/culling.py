"""Servers that nobody uses are stopped."""

from __future__ import annotations

import sys
from typing import Any

from traitlets.config import Config

from jmcp.hub.configuration.given import given
from jmcp.hub.configuration.services import put_service_with_role

CULLER = "jupyterhub-idle-culler"
SCOPES = ("list:users", "read:users:activity", "read:servers", "delete:servers")
"""Those that its own documentation asks for."""
NAMES = ("jupyterhub_idle_culler", "jupyterhub-idle-culler", "cull_idle_servers")
LONGEST_PAUSE_SECONDS = 600


def put_culler(c: Config, idle_seconds: int) -> bool:
    """Add the culler, unless there is one. Returns whether it is this one that runs."""
    found = culler_of(given(c, "JupyterHub", "services", []))
    if found is not None and found["name"] != CULLER:
        return False
    pause = max(1, min(idle_seconds // 3, LONGEST_PAUSE_SECONDS))
    command = [
        sys.executable,
        "-m",
        "jupyterhub_idle_culler",
        f"--timeout={idle_seconds}",
        f"--cull-every={pause}",
    ]
    if found is not None and found["command"] != command:
        return False
    put_service_with_role(
        c, name=CULLER, command=command, scopes=SCOPES, why="it stops servers that nobody uses"
    )
    return True


def culler_of(services: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The service that stops idle servers."""
    for service in services:
        command = service.get("command") or []
        words = command if isinstance(command, str) else " ".join(map(str, command))
        if service["name"] in NAMES or any(name in words for name in NAMES):
            return service
    return None
