"""`jmcp serve --transport stdio`: JupyterLab in this process, and MCP over its stdin and stdout."""

from __future__ import annotations

import asyncio
import importlib
from functools import partial
from typing import TYPE_CHECKING

from jmcp import compose
from jmcp.core.calls.call import Calls
from jmcp.hosting import embedded_lab
from jmcp.hosting.deferred import Later
from jmcp.hosting.shutdown import Stop, until_requested
from jmcp.hosting.standalone import CALLS_SECONDS, tell
from jmcp.options.serve_options import ServeOptions
from jmcp.options.settings import MIB
from jmcp.transport.mcp import stdio
from jmcp.transport.mcp.stdio_fds import Wire

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

HEAVY = (
    "jupyter_server.serverapp",
    "jupyterlab.labapp",
    "jupyter_server_ydoc.app",
    "jmcp.compose_local",
)
START_SECONDS = 120.0
"""JupyterLab takes two or three; a call waits for it as long as any client would."""

STOP_SECONDS = 30.0
"""For kernels, and for extensions that save what is open."""


def serve_beside(options: ServeOptions, wire: Wire) -> None:
    """Serve until the client or a signal ends it. Raises ServeError when it cannot start."""
    embedded_lab.check(options)
    asyncio.run(Beside(options).live(wire))


class Beside:
    """MCP answers at once; JupyterLab starts meanwhile, and tools wait for it."""

    def __init__(self, options: ServeOptions) -> None:
        self._options = options
        self._server: ServerApp | None = None

    async def live(self, wire: Wire) -> None:
        """Serve the client until it leaves, then stop Jupyter."""
        stop = Stop(STOP_SECONDS)
        later = Later(
            compose.API,
            self._started,
            tell=tell,
            call_seconds=START_SECONDS,
            close_seconds=0,
            owns=False,
        )
        await later.start()
        answers = stdio.Answers()
        serving = stdio.serve(
            later,
            wire,
            answers,
            version=compose.VERSION,
            toolsets=self._options.toolsets,
            permissions=compose.permissions(self._options.settings),
            max_line_bytes=self._options.settings.max_request_mib * MIB,
        )
        try:
            await until_requested(
                stop, serving, partial(stdio.drain, later, answers, CALLS_SECONDS)
            )
        finally:
            stop.begin()
            await later.close()
            if self._server is not None:
                self._server.http_server.stop()
                await self._server._cleanup()

    async def _started(self) -> Calls:
        """Start Jupyter; what its extension works with is what works here."""
        # In a thread, because it takes seconds in which the client is answered.
        for name in HEAVY:
            await asyncio.to_thread(importlib.import_module, name)
        server = self._server = embedded_lab.initialized(self._options, takes_signals=False)
        server.start_app()
        await server._post_start()
        where = embedded_lab.endpoint_of(server, self._options)
        # Without the token: clients keep what their servers print.
        tell(f"JupyterLab is at {where.url}/lab; its token is the one of `jmcp serve`")
        [extension] = server.extension_manager.extension_apps["jmcp"]
        dispatcher: Calls = (await extension.hosted.app()).state.dispatcher
        return dispatcher
