"""What keeps a Jupyter Server alive for whatever ends idle ones: Jupyter itself, or a JupyterHub.

This module loads while Jupyter starts, so it imports nothing of the MCP SDK.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from jupyter_server.serverapp import ServerApp

LONGEST_LOOK_SECONDS = 30.0
SHORTEST_LOOK_SECONDS = 0.5
HUB_INTERVAL = "JUPYTERHUB_ACTIVITY_INTERVAL"
"""Seconds between two reports of a single-user server to its Hub; JupyterHub's default is 300."""
API_ACTIVITY = "api_last_activity"
"""The setting in which Jupyter's own API handlers note the moment of their last request."""


class ActivityNotes:
    """Notes the moment in Jupyter's settings while the server is in use, in `run`.

    `used` says whether calls or runs of jmcp used it since it was last asked. A kernel that is busy
    counts too, whoever's code it runs: Jupyter counts only what kernels send, and code that computes
    sends nothing. Streams that are open do not count: a tab that somebody forgot has one.
    """

    def __init__(
        self,
        serverapp: ServerApp,
        used: Callable[[], bool],
        *,
        variables: Mapping[str, str],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._serverapp = serverapp
        self._used = used
        self._now = now
        self.seconds = look_seconds(variables)

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.sleep(self.seconds)
            self.look()

    def look(self) -> None:
        """Note this moment if the server is in use, or was since the last look."""
        if self._used() or self._kernel_is_busy():
            self._serverapp.web_app.settings[API_ACTIVITY] = self._now()

    def _kernel_is_busy(self) -> bool:
        manager = self._serverapp.kernel_manager
        return any(
            getattr(manager.get_kernel(kernel_id), "execution_state", None) == "busy"
            for kernel_id in manager.list_kernel_ids()
        )


def look_seconds(variables: Mapping[str, str]) -> float:
    """Seconds between two looks: so many that each report to a Hub has a look of its own."""
    try:
        reported = float(variables.get(HUB_INTERVAL, ""))
    except ValueError:
        reported = 0.0
    if reported <= 0:  # then nothing is reported
        return LONGEST_LOOK_SECONDS
    return max(SHORTEST_LOOK_SECONDS, min(LONGEST_LOOK_SECONDS, reported / 2))
