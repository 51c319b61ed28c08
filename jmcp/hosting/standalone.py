"""`jmcp serve --jupyter-url`: jmcp in a process of its own, over HTTP or stdio."""

from __future__ import annotations

import asyncio
import os
import platform
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import uvicorn

from jmcp import compose
from jmcp.client.browser import open_in_background
from jmcp.core.calls.call import Caller
from jmcp.core.calls.drain import DRAIN_SECONDS
from jmcp.core.calls.principal import Principal
from jmcp.core.errors import BackendError, ServeError
from jmcp.core.loopback import is_loopback
from jmcp.hosting import logs
from jmcp.hosting.client_config import LOGIN, LOGIN_OF_OTHERS, server_address
from jmcp.hosting.deferred import DeferredCalls
from jmcp.hosting.listener import bound
from jmcp.hosting.oauth import check_provider, oauth_settings, resource_server
from jmcp.hosting.older_api import OlderApi
from jmcp.hosting.remote_servers import RemoteServers, missing_packages
from jmcp.hosting.shutdown import StopSignal, leave_within, until_requested
from jmcp.installation import adding, own_command
from jmcp.options.serve_options import StandaloneOptions
from jmcp.options.settings import MIB
from jmcp.state import folder
from jmcp.state.named_tokens import NamedTokens
from jmcp.state.running_servers import RunningServer, local_token, named_or_local, published
from jmcp.state.token import config_folder
from jmcp.trace_export import check_traces
from jmcp.transport.entry.entry import REDEMPTION, Entry
from jmcp.transport.entry.pages import WORKBENCH
from jmcp.transport.entry.tickets import PageTokens, Tickets, either
from jmcp.transport.mcp import stdio
from jmcp.transport.mcp.stdio_fds import StdioFds
from jmcp.transport.middleware.host_origin import HostOriginPolicy
from jmcp.transport.middleware.principal import HOLDER
from jmcp.transport.pages.workbench import OLDER_PATHS
from jmcp.transport.pages.workbench import PATHS as PAGE_PATHS
from jmcp.transport.site import drain, site
from jmcp_api.models import ConnectionProblem, ConnectionStatus

STDIO_CLOSE_SECONDS = 1.0
"""For closing connections: the SDK's client sends SIGTERM two seconds after it closed stdin."""

HTTP_CLOSE_SECONDS = 5.0
CALL_SECONDS = 15.0
"""A call waits so long for servers that have not answered yet: longer than a probe takes."""

CALLS_SECONDS = 3.0
"""Calls under way may take so long to end when the server stops; then they are answered with how
far they are."""

FLUSH_SECONDS = 1
"""For closing idle connections, after every answer was sent."""

LEAVING_SECONDS = 11.0
"""For leaving a Jupyter Server that does not answer: a second for the kernels' channels, five for
the journal's last saves, and five for those of the rooms, which are side by side."""

OTHER_SECONDS = 10.0
"""Added to the sum of all bounds, for a machine that is busy with other work."""

STOP_BOUNDS = (CALLS_SECONDS, DRAIN_SECONDS, LEAVING_SECONDS, OTHER_SECONDS)

THREADS_SECONDS = 0.5
"""For threads that wait for a server that is gone."""

PUBLIC_PATHS = frozenset(
    {
        "/api/healthz",
        "/jmcp/docs",
        "/jmcp/openapi.json",
        REDEMPTION,
        *PAGE_PATHS,
        *OLDER_PATHS,
    }
)
"""Paths that need no token, because they say nothing about anybody's notebooks."""


def serve(options: StandaloneOptions) -> None:
    """Serve until a signal, or over stdio the client, ends it. Raises ServeError."""
    if names := missing_packages():
        raise ServeError(
            f"Jupyter elsewhere needs {', '.join(names)}, not installed: {adding('remote')}"
        )
    folder.check_store(options.settings.store)
    if options.settings.traces:
        check_traces(os.environ)
    logs.mask_secrets()
    logs.log_to_stderr(options.settings.log_format, options.verbose)
    if options.stdio is not None:
        asyncio.run(serve_stdio(options, options.stdio))
    else:
        with bound(options.host, options.port) as listener:
            asyncio.run(serve_http(options, listener))
    # A thread of a client whose server is gone may wait for it much longer.
    leave_within(THREADS_SECONDS)


async def serve_stdio(options: StandaloneOptions, fds: StdioFds) -> None:
    """Serve MCP to the process that started this one, until it closes stdin or a signal comes."""
    stop = StopSignal(sum(STOP_BOUNDS) + STDIO_CLOSE_SECONDS)
    peer = stdio.client()
    async with servers_of(options, peer) as servers:
        calls = deferred_calls(servers, STDIO_CLOSE_SECONDS)
        await calls.start()
        answers = stdio.PendingAnswers()
        serving = stdio.serve(
            calls,
            fds,
            answers,
            version=compose.VERSION,
            peer=peer,
            toolsets=options.toolsets,
            permissions=compose.permissions(options.settings),
            structured=options.settings.structured,
            max_line_bytes=options.settings.max_request_mib * MIB,
            traced=options.settings.traces,
        )
        try:
            await until_requested(
                stop, serving, partial(stdio.drain, calls, answers, CALLS_SECONDS)
            )
        finally:
            stop.begin()
            await calls.close()


async def serve_http(options: StandaloneOptions, listener: socket.socket) -> None:
    """Serve all HTTP surfaces on that socket, until a signal."""
    stop = StopSignal(sum(STOP_BOUNDS) + HTTP_CLOSE_SECONDS)
    first = Caller(owner=HOLDER, authenticated=True)
    async with AsyncExitStack() as stack:
        servers = await stack.enter_async_context(servers_of(options, first))
        calls = deferred_calls(servers, HTTP_CLOSE_SECONDS)
        here = running_server(options, listener.getsockname()[1])
        tokens = NamedTokens(config_folder())
        login = oauth_settings(options.oauth, options.host, here.url)
        await check_provider(login)
        oauth = await stack.enter_async_context(resource_server(login))
        known = either(tokens.with_digest, None if oauth is None else oauth.with_digest)
        entry = Entry(tickets=Tickets(known), tokens=PageTokens(known))
        made = site(
            calls,
            version=compose.VERSION,
            toolsets=options.toolsets,
            host_origin=HostOriginPolicy(
                hosts=frozenset() if oauth is None else oauth.settings.hosts,
                any_host=not is_loopback(options.host),
                origins=options.settings.origins,
            ),
            token=options.token,
            named=entry.tokens.beside(named_or_local(here.token, HOLDER, tokens.principal)),
            oauth=oauth,
            permissions=compose.permissions(options.settings),
            extra_routes=OlderApi(servers, calls).routes,
            public_paths=PUBLIC_PATHS,
            own_root=True,
            cors_origins=options.settings.origins,
            max_body_bytes=options.settings.max_request_mib * MIB,
            mcp_sessions=options.settings.mcp_sessions,
            structured=options.settings.structured,
            entry=entry,
            frame_ancestors=options.settings.frame_ancestors,
            jupyter_url=options.settings.external_url or options.documents.url,
            traced=options.settings.traces,
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
        server = uvicorn.Server(config)
        with published(here):
            print_banner(options, listener.getsockname()[1])
            if options.page is not None:
                open_page_of(options, entry, listener.getsockname()[1])
            # Not its `serve`, which installs signal handlers and re-raises: here a signal is no failure.
            serving = asyncio.ensure_future(server._serve([listener]))
            requested = asyncio.ensure_future(stop.requested.wait())
            await asyncio.wait([serving, requested], return_when=asyncio.FIRST_COMPLETED)
        requested.cancel()
        # While it still serves, so that calls which come now are answered that the server stops.
        try:
            await drain(made, CALLS_SECONDS)
        finally:
            server.should_exit = True
            await serving


def running_server(options: StandaloneOptions, port: int) -> RunningServer:
    """This server, for `jmcp connect`."""
    return RunningServer(
        url=server_address(options.host, port, "", options.token).url,
        token=local_token(),
        pid=os.getpid(),
        version=compose.VERSION,
        machine=platform.node(),
        jupyter_url=options.documents.url,
    )


@asynccontextmanager
async def servers_of(
    options: StandaloneOptions, first_caller: Caller
) -> AsyncIterator[RemoteServers]:
    """The servers to work on. Raises ServeError when they do not answer and the options say `exit`."""
    servers = RemoteServers(
        options.documents,
        options.kernels,
        options.settings,
        first_caller=first_caller,
        notify=notify,
    )
    try:
        if options.if_unavailable == "exit":
            try:
                await servers.check()
            except BackendError as error:
                raise ServeError(error.message) from error
        yield servers
    finally:
        await servers.close()


def deferred_calls(servers: RemoteServers, close_seconds: float) -> DeferredCalls:
    return DeferredCalls(
        compose.served_api(),
        servers.connect,
        notify=notify,
        call_seconds=CALL_SECONDS,
        close_seconds=close_seconds,
        unconnected={"debug_connection_status": partial(unconnected_status, servers)},
    )


def unconnected_status(servers: RemoteServers, failure: BackendError) -> ConnectionStatus:
    """What there is to say of servers that have not answered yet."""
    url, kernels_url = servers.documents.url, servers.kernels.url
    code = compose.API.policy.backend_errors[failure.kind].code
    problem = ConnectionProblem(part="jupyter", code=code, message=failure.message)
    return ConnectionStatus(
        version=compose.VERSION,
        place="remote",
        jupyter_url=url,
        kernels_url=kernels_url if kernels_url != url else None,
        answers=False,
        problems=[problem],
    )


def print_banner(options: StandaloneOptions, port: int) -> None:
    """Print the URLs for a person, and the configuration for their MCP client."""
    if not is_loopback(options.host):
        notify(
            f"warning: {options.host or 'every address'} is reachable from other machines, unencrypted"
        )
    address = server_address(options.host, port, "", options.token)
    sys.stdout.write(f"Workbench   {address.workbench_url}\n")
    sys.stdout.write(f"MCP         {address.mcp_url}\n")
    for name, url in options.urls.items():
        sys.stdout.write(f"{name:<11} {url}\n")
    sys.stdout.write(f"\n{LOGIN.format(command=own_command())}\n")
    if options.oauth is not None:
        sys.stdout.write(f"{LOGIN_OF_OTHERS.format(issuer=options.oauth.issuer)}\n")
    sys.stdout.write(f"\nFor your MCP client:\n\n{address.client_config}\n\nStop with Ctrl-C.\n")
    sys.stdout.flush()


def open_page_of(options: StandaloneOptions, entry: Entry, port: int) -> None:
    """Open the page: the workbench with a ticket, JupyterLab behind its own login. The port takes
    connections already, and they are answered once the server is up."""
    address = server_address(options.host, port, "", options.token)
    if options.page == "lab":
        plain = url = f"{options.documents.url}lab"
    else:
        plain = address.workbench_url
        _, below = entry.way_in(Principal(name=HOLDER), WORKBENCH)
        url = f"{address.url}{below}"
    open_in_background(url, plain, notify)


def notify(line: str) -> None:
    """Print a line for a person to stderr, which over stdio their client shows or keeps."""
    sys.stderr.write(f"jmcp: {line}\n")
    sys.stderr.flush()
