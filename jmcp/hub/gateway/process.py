"""`jmcp hub gateway`: the gateway as a process, which the Hub starts and ends."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import socket
from contextlib import suppress
from types import ModuleType

import uvicorn

from jmcp.hosting import logs
from jmcp.hosting.listener import bound
from jmcp.hosting.shutdown import StopSignal
from jmcp.hub.gateway.app import Gateway, gateway_app
from jmcp.hub.gateway.settings import GatewaySettings
from jmcp.hub.login.login_log import LOGINS
from jmcp.hub.oauth.server import open_oauth_server
from jmcp.hub.oauth.settings import oauth_settings
from jmcp.hub.platform.platform import platform_routes
from jmcp.trace_export import check_traces

resource: ModuleType | None
try:
    import resource
except ImportError:  # Windows has none, and no such limit
    resource = None

FINISH_SECONDS = 3
"""Calls may take so long to end by themselves; then they are told that the gateway stops."""
CLOSE_SECONDS = 5
"""Connections may take so long to end; the Hub waits ten seconds for a service."""


def run(*, verbose: bool) -> None:
    """Serve until a signal. Raises ServeError."""
    settings = GatewaySettings.from_environment()
    if settings.traces:
        check_traces(os.environ)
    logs.mask_secrets()
    logs.log_to_stderr("text", verbose)
    logging.getLogger(LOGINS).setLevel(logging.INFO)  # few, and what an administrator looks for
    raise_file_limit()
    with bound(settings.host, settings.port) as listener:
        asyncio.run(serve(settings, listener))


def raise_file_limit() -> None:
    """Each open request has two sockets, and systems begin with a limit of 1,024 files, which a
    process may raise."""
    if resource is None:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def serve(settings: GatewaySettings, listener: socket.socket) -> None:
    stop = StopSignal(2 * CLOSE_SECONDS)
    oauth = open_oauth_server(
        oauth_settings(
            public_url=settings.public_url,
            prefix=settings.prefix,
            api_url=settings.api_url,
            base_path=settings.base_path,
            client_id=settings.client_id,
            api_token=settings.api_token,
            state_folder=settings.state_folder,
            subdomains=bool(settings.subdomain_host),
        )
    )
    gateway = Gateway(settings, oauth)
    if settings.traces:
        # Imported here, because most gateways have no traces.
        from jmcp.hub.gateway.traces import gateway_traces

        gateway.traces = gateway_traces(os.environ)
    config = uvicorn.Config(
        gateway_app(gateway, [*oauth.routes(), *platform_routes(gateway, oauth)]),
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        lifespan="on",
        timeout_graceful_shutdown=CLOSE_SECONDS,
        # The proxy in front keeps its connections for as long.
        timeout_keep_alive=75,
    )
    listener.listen(config.backlog)
    oauth.start()
    server = uvicorn.Server(config)
    # What is there for good is not looked through any more, so that what streams leave is found soon.
    gc.collect()
    gc.freeze()
    serving = asyncio.ensure_future(server._serve([listener]))
    requested = asyncio.ensure_future(stop.requested.wait())
    await asyncio.wait([serving, requested], return_when=asyncio.FIRST_COMPLETED)
    requested.cancel()
    server.should_exit = True
    gateway.passing.end(listening=True)
    try:
        await asyncio.wait([serving], timeout=FINISH_SECONDS)
        gateway.passing.end()
        await serving
    finally:
        await oauth.close()
