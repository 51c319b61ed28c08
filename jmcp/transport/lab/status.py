"""Whether jmcp is there: what a page asks before it changes anything of JupyterLab."""

from __future__ import annotations

from importlib.metadata import version
from typing import Protocol

from jupyter_server.auth.decorator import authorized
from tornado import web

from jmcp.transport.jupyter_identity import IdentifiedHandler


class LabHost(Protocol):
    """What pages need of the extension."""

    @property
    def has_rooms(self) -> bool:
        """Whether notebooks of this server can be shared by rooms."""


class StatusHandler(IdentifiedHandler):
    """`GET /jmcp/lab/status`."""

    auth_resource = "contents"

    def initialize(self, host: LabHost, allow: str) -> None:  # type: ignore[override]
        super().initialize(host, allow)  # type: ignore[arg-type]
        self._lab = host

    @web.authenticated
    @authorized
    async def get(self) -> None:
        await self._host.app()
        self.set_header("Cache-Control", "no-store")
        self.finish({"version": version("jmcp"), "rooms": self._lab.has_rooms})
