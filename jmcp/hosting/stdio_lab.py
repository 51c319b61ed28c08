"""`jmcp serve --transport stdio`: JupyterLab in this process, and MCP over its stdin and stdout."""

from __future__ import annotations

import asyncio
import importlib
from functools import partial
from typing import TYPE_CHECKING

from jmcp import compose
from jmcp.core.background import run_each
from jmcp.core.calls.call import Calls
from jmcp.hosting import embedded_lab
from jmcp.hosting.deferred import DeferredCalls
from jmcp.hosting.garbage import collector_paused
from jmcp.hosting.shutdown import StopSignal, until_requested
from jmcp.hosting.standalone import CALLS_SECONDS, notify
from jmcp.options.serve_options import ServeOptions
from jmcp.options.settings import MIB
from jmcp.transport.mcp import stdio
from jmcp.transport.mcp.stdio_fds import StdioFds

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

SLOW_IMPORTS = (
    "jupyter_server.serverapp",
    "jupyterlab.labapp",
    "jupyter_server_ydoc.app",
    "jmcp.compose_local",
)
START_SECONDS = 120.0
"""A call waits so long for JupyterLab, which starts in two or three seconds; no client waits longer."""

STOP_SECONDS = 30.0
"""For kernels to end, and for extensions to save open documents."""


def serve(options: ServeOptions, fds: StdioFds) -> None:
    """Serve until the client or a signal ends it. Raises ServeError when it cannot start."""
    embedded_lab.check(options)
    asyncio.run(StdioLab(options).run(fds))


class StdioLab:
    """Answers MCP at once, starts JupyterLab meanwhile, and lets tool calls wait for that."""

    def __init__(self, options: ServeOptions) -> None:
        self._options = options
        self._server: ServerApp | None = None
        self._client = stdio.client()

    async def run(self, fds: StdioFds) -> None:
        """Serve until the client closes stdin or a signal comes, then stop Jupyter."""
        stop = StopSignal(STOP_SECONDS)
        calls = DeferredCalls(
            compose.served_api(),
            self._start_jupyter,
            notify=notify,
            call_seconds=START_SECONDS,
            close_seconds=0,
            owns=False,
        )
        await calls.start()
        answers = stdio.PendingAnswers()
        serving = stdio.serve(
            calls,
            fds,
            answers,
            version=compose.VERSION,
            peer=self._client,
            toolsets=self._options.toolsets,
            permissions=compose.permissions(self._options.settings),
            structured=self._options.settings.structured,
            max_line_bytes=self._options.settings.max_request_mib * MIB,
            traced=self._options.settings.traces,
        )
        try:
            await until_requested(
                stop, serving, partial(stdio.drain, calls, answers, CALLS_SECONDS)
            )
        finally:
            stop.begin()
            await run_each(calls.close, self._stop_jupyter)

    async def _stop_jupyter(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            try:
                server.http_server.stop()
            finally:
                await server._cleanup()
                server.clear_instance()

    async def _start_jupyter(self) -> Calls:
        """Start JupyterLab and take the dispatcher of its extension."""
        # In a thread: the imports take seconds, in which the client is answered.
        with collector_paused():
            for name in SLOW_IMPORTS:
                await asyncio.to_thread(importlib.import_module, name)
        server = self._server
        if server is None:
            server = self._server = embedded_lab.initialized(self._options, takes_signals=False)
            [extension] = server.extension_manager.extension_apps["jmcp"]
            extension.hosted.first_caller = self._client
            try:
                server.start_app()
                await server._post_start()
            except BaseException:
                await self._stop_jupyter()
                raise
            address = embedded_lab.address_of(server, self._options)
            # Without the token, because clients keep what their servers print.
            notify(f"JupyterLab is at {address.url}/lab; its token is the one of `jmcp serve`")
        [extension] = server.extension_manager.extension_apps["jmcp"]
        dispatcher: Calls = (await extension.hosted.app()).state.dispatcher
        return dispatcher
