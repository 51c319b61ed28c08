"""`jmcp serve --jupyter-url`: jmcp in a process of its own, over HTTP or stdio."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from jmcp import compose
from jmcp.core.calls.call import Calls
from jmcp.core.calls.drain import ENDING_SECONDS
from jmcp.core.errors import BackendError, ServeError
from jmcp.hosting import logs
from jmcp.hosting.client_config import endpoint
from jmcp.hosting.deferred import Later
from jmcp.hosting.listener import bound
from jmcp.hosting.remote_servers import Elsewhere, missing
from jmcp.hosting.shutdown import Stop, leave_within, until_requested
from jmcp.options.serve_options import StandaloneOptions
from jmcp.options.settings import MIB
from jmcp.state import folder
from jmcp.state.named_tokens import Tokens
from jmcp.state.token import config_folder
from jmcp.transport.mcp import stdio
from jmcp.transport.mcp.stdio_fds import Wire
from jmcp.transport.middleware.host_origin import Guard
from jmcp.transport.middleware.loopback import is_loopback
from jmcp.transport.middleware.principal import caller
from jmcp.transport.site import Answer, drain, site

STDIO_CLOSE_SECONDS = 1.0
"""The SDK's client waits two seconds after it closed stdin, and then sends SIGTERM."""

HTTP_CLOSE_SECONDS = 5.0
CALL_SECONDS = 15.0
"""How long a call waits for servers that have not answered yet: longer than a probe takes."""

CALLS_SECONDS = 3.0
"""How long calls under way may take to end when the server stops; what still runs then is answered
with how far it is."""

FLUSH_SECONDS = 1
"""For connections that stay open: every answer was sent before."""

OTHER_SECONDS = 10.0
"""Beyond all other bounds: an end in order takes longer on a machine that is busy elsewhere."""

THREADS_SECONDS = 0.5
PUBLIC = frozenset({"/api/healthz", "/jmcp/docs", "/jmcp/openapi.json"})
"""What says nothing about anybody's notebooks."""


def serve(options: StandaloneOptions) -> None:
    """Serve until a signal, or over stdio the client, ends it. Raises ServeError."""
    if names := missing():
        raise ServeError(
            f"Jupyter elsewhere needs {', '.join(names)}, not installed: pip install 'jmcp[remote]'"
        )
    folder.check(options.settings.store)
    logs.keep_secrets()
    logs.show(options.settings.log_format, options.verbose)
    if options.wire is not None:
        asyncio.run(over_stdio(options, options.wire))
    else:
        with bound(options.host, options.port) as listener:
            asyncio.run(over_http(options, listener))
    # A thread of a client whose server is gone may wait for it a long time.
    leave_within(THREADS_SECONDS)


async def over_stdio(options: StandaloneOptions, wire: Wire) -> None:
    """MCP with the process that started this one, until it closes stdin."""
    stop = Stop(CALLS_SECONDS + ENDING_SECONDS + STDIO_CLOSE_SECONDS + OTHER_SECONDS)
    async with servers_of(options) as servers:
        later = later_on(servers, STDIO_CLOSE_SECONDS)
        await later.start()
        answers = stdio.Answers()
        serving = stdio.serve(
            later,
            wire,
            answers,
            version=compose.VERSION,
            toolsets=options.toolsets,
            permissions=compose.permissions(options.settings),
            max_line_bytes=options.settings.max_request_mib * MIB,
        )
        try:
            await until_requested(
                stop, serving, partial(stdio.drain, later, answers, CALLS_SECONDS)
            )
        finally:
            stop.begin()
            await later.close()


async def over_http(options: StandaloneOptions, listener: socket.socket) -> None:
    """All HTTP surfaces on that socket, until a signal."""
    stop = Stop(CALLS_SECONDS + ENDING_SECONDS + HTTP_CLOSE_SECONDS + OTHER_SECONDS)
    async with servers_of(options) as servers:
        later = later_on(servers, HTTP_CLOSE_SECONDS)
        made = site(
            later,
            version=compose.VERSION,
            toolsets=options.toolsets,
            guard=Guard(
                any_host=not is_loopback(options.host),
                origins=options.settings.origins,
            ),
            token=options.token,
            named=Tokens(config_folder()).principal,
            permissions=compose.permissions(options.settings),
            further={"/api/healthz": {"GET": health_of(servers, later)}},
            public=PUBLIC,
            own_root=True,
            listed=options.settings.origins,
            max_body_bytes=options.settings.max_request_mib * MIB,
        )
        config = uvicorn.Config(
            made,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ws="none",
            lifespan="on",
            timeout_graceful_shutdown=FLUSH_SECONDS,
        )
        listener.listen(config.backlog)
        print_banner(options, listener.getsockname()[1])
        server = uvicorn.Server(config)
        # Not its `serve`, which takes the signals and ends by one; a first one is no failure here.
        serving = asyncio.ensure_future(server._serve([listener]))
        requested = asyncio.ensure_future(stop.requested.wait())
        await asyncio.wait([serving, requested], return_when=asyncio.FIRST_COMPLETED)
        requested.cancel()
        # Still serving: whoever calls now is told that the server stops.
        await drain(made, CALLS_SECONDS)
        server.should_exit = True
        await serving


@asynccontextmanager
async def servers_of(options: StandaloneOptions) -> AsyncIterator[Elsewhere]:
    """The servers to work on. Raises ServeError when they have to be there and are not."""
    servers = Elsewhere(options.documents, options.kernels, options.settings, tell=tell)
    try:
        if options.if_unavailable == "exit":
            try:
                await servers.check()
            except BackendError as error:
                raise ServeError(error.message) from error
        yield servers
    finally:
        await servers.close()


def later_on(servers: Elsewhere, close_seconds: float) -> Later:
    return Later(
        compose.API,
        servers.connect,
        tell=tell,
        call_seconds=CALL_SECONDS,
        close_seconds=close_seconds,
    )


def health_of(servers: Elsewhere, calls: Calls) -> Answer:
    """`/api/healthz`: this server answers, and does Jupyter? For anyone, so without details.

    How many sessions there are says when somebody is at work, so it takes a token.
    """

    async def health(_: Request) -> Response:
        about: dict[str, Any] = {"service": "jmcp", "version": compose.VERSION}
        if calls.stopping:
            return JSONResponse({"status": "stopping", **about}, status_code=503)
        reasons = await servers.health()
        status = "degraded" if any(reasons.values()) else "healthy"
        about |= {
            name: {"reachable": reason is None, "reason": reason}
            for name, reason in reasons.items()
        }
        if caller().authenticated:
            about["sessions"] = await calls.live_sessions()
        return JSONResponse({"status": status, **about})

    return health


def print_banner(options: StandaloneOptions, port: int) -> None:
    """What a person and their agent need, and nothing else."""
    if not is_loopback(options.host):
        tell(f"warning: {options.host or 'every address'} is reachable from elsewhere, unencrypted")
    where = endpoint(options.host, port, "", options.token)
    sys.stdout.write(f"MCP         {where.mcp_url}\n")
    for name, url in options.urls.items():
        sys.stdout.write(f"{name:<11} {url}\n")
    sys.stdout.write(f"\nFor your MCP client:\n\n{where.client_config}\n\nStop with Ctrl-C.\n")
    sys.stdout.flush()


def tell(line: str) -> None:
    """A line for a person; over stdio, their client shows or keeps it."""
    sys.stderr.write(f"jmcp: {line}\n")
    sys.stderr.flush()
