"""The Jupyter Server extension: jmcp on Jupyter's port, behind Jupyter's authentication."""

from __future__ import annotations

import asyncio
import importlib
import logging
import os
from dataclasses import replace
from typing import Any

from jupyter_server.extension.application import ExtensionApp
from jupyter_server.serverapp import ServerApp
from traitlets import List, Unicode

from jmcp.core.errors import BackendError, ServeError
from jmcp.hosting import logs
from jmcp.options import sources, traits
from jmcp.options.settings import Settings
from jmcp.options.table import settings
from jmcp.state.named_tokens import Tokens
from jmcp.state.token import config_folder
from jmcp.transport.jupyter_bridge import Application, BridgeHandler
from jmcp.transport.middleware.host_origin import Guard
from jmcp.transport.problems import Problem
from jmcp_api.jupyter import HANDLERS

STOP_SECONDS = 25
# More than answering calls and closing take; Jupyter itself must stop even when one hangs.


class Hosted:
    """The site of one Jupyter Server: one task lives as long as it, from lifespan to close.

    The SDK's lifespan must be left by the task that entered it, so no request may do either.
    """

    def __init__(self, extension: JmcpExtension, guard: Guard) -> None:
        self.guard = guard
        self.named = Tokens(config_folder()).principal
        self._extension = extension
        self._settled = asyncio.Event()
        self._stopping = asyncio.Event()
        self._app: Application | None = None
        self._task: asyncio.Task[None] | None = None

    async def app(self) -> Application:
        """The running application; the first requests wait for it."""
        await self._settled.wait()
        if self._app is None:
            raise Problem(503, "jmcp is not running; Jupyter's log says why.")
        return self._app

    def start(self) -> None:
        self._task = asyncio.create_task(self._live(), name="jmcp")

    async def stop(self) -> None:
        self._stopping.set()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=STOP_SECONDS)
            self._task.cancel()

    async def _live(self) -> None:
        extension = self._extension
        try:
            decided = extension.decided()
            self.guard = replace(self.guard, origins=self.guard.origins | decided.origins)
            if decided.log_format == "json":
                logs.in_json(logging.getLogger("jmcp").parent)
            # The SDK takes a second to import: Jupyter is up by now, and goes on serving.
            app = await asyncio.to_thread(importlib.import_module, "jmcp.compose_local")
            await app.prepared(extension.serverapp)
            site = app.site_of(
                extension.serverapp, toolsets=tuple(extension.toolsets), settings=decided
            )
            async with site.router.lifespan_context(site):
                self._app = site
                self._settled.set()
                await self._stopping.wait()
                await app.drained(site)
                # What still comes is told that jmcp does not run any more.
                self._app = None
        except (ServeError, BackendError) as error:
            # What somebody has to change says it all, and a traceback nothing.
            extension.log.error("jmcp does not run: %s", error)  # noqa: TRY400
        except Exception:
            # An extension that fails must not take Jupyter along.
            extension.log.exception("jmcp failed")
        finally:
            self._app = None
            self._settled.set()


def guard(serverapp: ServerApp) -> Guard:
    """Jupyter's own rules for Host and Origin."""
    origins = {serverapp.allow_origin} if serverapp.allow_origin else set()
    return Guard(
        hosts=frozenset(serverapp.local_hostnames),
        any_host=serverapp.allow_remote_access or bool(serverapp.sock),
        origins=frozenset(origins),
        origin_pattern=serverapp.allow_origin_pat or None,
    )


class JmcpExtension(ExtensionApp):
    """Lets AI agents work in the notebooks of this server: MCP at /mcp, REST at /jmcp."""

    name = "jmcp"
    description = __doc__ or ""
    load_other_extensions = True

    toolsets = List(
        Unicode(), ["core"], help="The toolsets that MCP clients see, fixed at start."
    ).tag(config=True)

    # The same options as `jmcp serve` has.
    locals().update(traits.traits())

    def decided(self) -> Settings:
        """What traits say, then variables, then config.toml. Raises ServeError."""
        variables = sources.from_variables(os.environ)
        file = sources.from_file(config_folder())
        return settings(sources.decided(traits.given(self), variables, file))

    def initialize_handlers(self) -> None:
        assert self.serverapp is not None
        # Jupyter's handlers and level, as it does for Tornado's loggers.
        logging.getLogger("jmcp").parent = self.serverapp.log
        logs.keep_secrets()
        self.hosted = Hosted(self, guard(self.serverapp))
        for pattern, tools in HANDLERS:
            options = {"host": self.hosted, "methods": tuple(tools)}
            self.handlers.append((pattern, BridgeHandler, options))

    async def _start_jupyter_server_extension(self, serverapp: Any) -> None:
        self.hosted.start()
        # Jupyter stops all extensions at once. Without those that have the documents no call can
        # be answered and no edit saved, so this one stops first.
        others = serverapp.cleanup_extensions

        async def cleanup_extensions() -> None:
            await self.hosted.stop()
            await others()

        serverapp.cleanup_extensions = cleanup_extensions

    async def stop_extension(self) -> None:
        await self.hosted.stop()
