"""Whether jmcp is there: what a page asks before it changes anything of JupyterLab."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from jmcp.transport.lab.requests import LabHandler


class StatusHandler(LabHandler):
    """`GET /jmcp/lab/status`."""

    @web.authenticated
    @authorized("read", "contents")  # type: ignore[untyped-decorator] # jupyter_server's own
    async def get(self) -> None:
        async def status() -> Any:
            rooms = await self._lab.rooms()
            way = self._lab.way() if rooms is not None else "file"
            return {
                "version": version("jmcp"),
                "rooms": rooms is not None,
                "way": way,
                "frame_ancestors": list(self._lab.frame_ancestors),
            }

        await self.answer(status)
