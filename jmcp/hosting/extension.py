"""The Jupyter Server extension: jmcp on Jupyter's port, behind Jupyter's authentication."""

from __future__ import annotations

import asyncio
import logging
import os
import platform
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    asynccontextmanager,
    nullcontext,
)
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from jupyter_server.extension.application import ExtensionApp
from jupyter_server.serverapp import ServerApp
from traitlets import List, Unicode

from jmcp.core.background import end, supervised
from jmcp.core.calls.call import Caller
from jmcp.core.calls.principal import Principal
from jmcp.core.errors import BackendError, ServeError, ToolError
from jmcp.core.pages.pages import Pages, Way
from jmcp.core.pages.tabs import TabRooms
from jmcp.hosting import logs
from jmcp.hosting.activity import ActivityNotes
from jmcp.hosting.client_config import server_address
from jmcp.hosting.early_import import EarlyImport
from jmcp.options import sources, traits
from jmcp.options.oauth_options import refuse_inside_jupyter
from jmcp.options.settings import Settings
from jmcp.options.table import settings_of
from jmcp.state.named_tokens import NamedTokens
from jmcp.state.running_servers import RunningServer, local_token, named_or_local, published
from jmcp.state.token import config_folder
from jmcp.transport.entry.entry import REDEMPTION, Entry
from jmcp.transport.entry.tickets import PageTokens, Tickets, either
from jmcp.transport.jupyter_bridge import BridgeHandler, allow_header
from jmcp.transport.jupyter_discovery import METADATA_PATTERNS, PATTERNS, DiscoveryHandler
from jmcp.transport.jupyter_entry import (
    ENTER_PATTERN,
    EnterHandler,
    LoginHandler,
    RedemptionHandler,
)
from jmcp.transport.jupyter_frames import allow_frames
from jmcp.transport.jupyter_identity import SHARED_PRINCIPAL, Application, takes_named_tokens
from jmcp.transport.jupyter_pages import PAGE_PATTERNS, PageHandler
from jmcp.transport.lab.page_channel import PageChannel
from jmcp.transport.lab.page_sessions import Person
from jmcp.transport.lab.requests import (
    RejoinHandler,
    RevertHandler,
    RoomsHandler,
    SaveHandler,
)
from jmcp.transport.lab.room_socket import RoomSocket
from jmcp.transport.lab.status import StatusHandler
from jmcp.transport.middleware.host_origin import HostOriginPolicy
from jmcp.transport.oauth.settings import CALLBACK, LOGIN
from jmcp.transport.problems import Problem
from jmcp_api.jupyter import HANDLERS

if TYPE_CHECKING:
    from jmcp.transport.oauth.resource_server import ResourceServer

STOP_SECONDS = 25
"""More than answering calls and closing take; Jupyter has to stop even when something hangs."""


class SharedDocuments(Protocol):
    """Documents of this server, for the tabs of its pages."""

    def tabs(self) -> TabRooms | None: ...
    def way(self, *, now: bool = False) -> Way: ...


class HostedSite:
    """The site of one Jupyter Server, which a task of its own starts and stops.

    A start that fails is tried again (a state folder that cannot be read just now, say), unless
    the configuration is wrong.
    """

    def __init__(self, extension: JmcpExtension, policy: HostOriginPolicy) -> None:
        self.policy = policy
        self._local_token = local_token()
        tokens = NamedTokens(config_folder())
        known = either(tokens.with_digest, self._person)
        pages = PageTokens(known)
        self.named = pages.beside(
            named_or_local(self._local_token, SHARED_PRINCIPAL, tokens.principal)
        )
        self.entry = Entry(
            tickets=Tickets(known),
            tokens=pages,
            jupyter_owner=SHARED_PRINCIPAL,
            refused=lambda: not takes_named_tokens(served_by(extension)),
        )
        self.first_caller = Caller(owner=SHARED_PRINCIPAL, authenticated=True)
        self.on_started: Callable[[], None] = lambda: None
        self.notes: ActivityNotes | None = None
        self.logins: Callable[[], AbstractAsyncContextManager[ResourceServer | None]] = nobody
        self.oauth: ResourceServer | None = None
        self.pages = Pages()
        self.frame_ancestors: tuple[str, ...] = ()
        self._extension = extension
        self._started = asyncio.Event()
        self._stopping = asyncio.Event()
        self._attempting = False
        self.person: Person | None = None
        self._app: Application | None = None
        self._shared: SharedDocuments | None = None
        self._errors: Mapping[str, type[ToolError]] = {}
        self._task: asyncio.Task[None] | None = None

    async def app(self) -> Application:
        """The running application, for which the first requests wait. Raises Problem 503 without one."""
        await self._started.wait()
        if self._app is None:
            raise Problem(503, "jmcp is not running; Jupyter's log says why.")
        return self._app

    async def rooms(self) -> TabRooms | None:
        await self.app()
        return None if self._shared is None else self._shared.tabs()

    def way(self) -> Way:
        return "file" if self._shared is None else self._shared.way(now=True)

    def tool_error(self, error: BackendError) -> ToolError:
        return self._errors[error.kind](error.message, **error.details)

    async def login(self) -> ResourceServer | None:
        """Who logs in at an OpenID provider; None where nobody does."""
        await self._started.wait()
        return self.oauth

    def _person(self, digest: bytes) -> Principal | None:
        return None if self.oauth is None else self.oauth.with_digest(digest)

    def start(self) -> None:
        self._task = supervised(self._attempt, "start")

    async def stop(self) -> None:
        self._stopping.set()
        if self._task is not None:
            if not self._attempting:  # between two attempts to start
                self._task.cancel()
            await asyncio.wait([self._task], timeout=STOP_SECONDS)
            self._task.cancel()

    async def _attempt(self) -> None:
        self._attempting = True
        assert self._extension.serverapp is not None
        try:
            # From the beginning: who connects meanwhile waits, instead of starting another one.
            with publication(self._extension.serverapp, self._local_token):
                async with self.logins() as self.oauth:
                    await self._run()
        except ServeError as error:
            # A mistake in the configuration: the message says what to change, a traceback nothing.
            self._extension.log.error("jmcp does not run: %s", error)  # noqa: TRY400
        finally:
            self._attempting = False
            self._app, self.oauth = None, None
            self._started.set()

    async def _run(self) -> None:
        extension = self._extension
        settings = extension.resolved_settings()
        self.policy = replace(
            self.policy,
            origins=self.policy.origins | settings.origins,
            hosts=self.policy.hosts | (self.oauth.settings.hosts if self.oauth else frozenset()),
        )
        self.frame_ancestors = settings.frame_ancestors
        if settings.frame_ancestors:
            allow_frames(served_by(extension).web_app.settings, settings.frame_ancestors)
        if settings.log_format == "json":
            logs.use_json(logging.getLogger("jmcp").parent)
        compose = await extension.composition.module()
        await compose.prepare(extension.serverapp)
        site = await compose.jupyter_site(
            extension.serverapp,
            toolsets=tuple(extension.toolsets),
            settings=settings,
            first_caller=self.first_caller,
            entry=self.entry,
            pages=self.pages,
            oauth=self.oauth,
        )
        async with site.router.lifespan_context(site):
            self._app, self.person = site, site.state.dispatcher.person
            self._shared = getattr(site.state, "shared", None)
            self._errors = site.state.dispatcher.api.policy.backend_errors
            use = site.state.dispatcher.use
            self.notes = ActivityNotes(served_by(extension), use.since_last, variables=os.environ)
            self._started.set()
            self.on_started()
            noting = supervised(self.notes.run, "activity")
            showing = supervised(
                partial(
                    compose.show_collaborators,
                    extension.serverapp,
                    self.pages,
                    site.state.dispatcher,
                    self.first_caller,
                ),
                "collaborators",
            )
            try:
                await self._stopping.wait()
                await compose.drain_calls(site)
            finally:
                # Later requests are answered that jmcp does not run.
                self._app = self.person = None
                await end(showing)
                await end(noting)


@asynccontextmanager
async def nobody() -> AsyncIterator[None]:
    """Nobody logs in at an OpenID provider in somebody's Jupyter. Raises ServeError where a variable asks
    for it."""
    refuse_inside_jupyter(sources.from_variables(os.environ))
    yield None


def publication(serverapp: ServerApp, token: str) -> AbstractContextManager[None]:
    """While this lasts, `jmcp connect` finds this server."""
    if serverapp.sock:  # on a UNIX socket, where it does not look
        return nullcontext()
    return published(running_server(serverapp, token))


def running_server(serverapp: ServerApp, token: str) -> RunningServer:
    host, port, base_url = serverapp.ip, serverapp.port, serverapp.base_url
    tls = bool(serverapp.certfile)
    return RunningServer(
        url=server_address(host, port, base_url, token, tls=tls).url,
        token=token if takes_named_tokens(serverapp) else "",
        pid=os.getpid(),
        version=version("jmcp"),
        machine=platform.node(),
        root_dir=str(Path(serverapp.root_dir).resolve()),
        certificate=str(Path(serverapp.certfile).resolve()) if tls else None,
    )


def served_by(extension: JmcpExtension) -> ServerApp:
    assert extension.serverapp is not None
    return extension.serverapp


def jupyter_policy(serverapp: ServerApp) -> HostOriginPolicy:
    """Jupyter's own rules for Host and Origin."""
    origins = {serverapp.allow_origin} if serverapp.allow_origin else set()
    return HostOriginPolicy(
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
        Unicode(),
        ["core"],
        help="The toolsets that MCP clients see, fixed at start; `all` is all of them.",
    ).tag(config=True)

    # The same options as `jmcp serve` has.
    locals().update(traits.traits())

    def resolved_settings(self) -> Settings:
        """The settings: from traits, then variables, then config.toml. Raises ServeError."""
        variables = sources.from_variables(os.environ)
        file = sources.from_file(config_folder())
        return settings_of(sources.resolved(traits.explicit_values(self), variables, file))

    def _link_jupyter_server_extension(self, serverapp: ServerApp) -> None:
        # The earliest moment at which the modules of all extensions are imported, so that none is
        # by two threads at once. Jupyter now waits for processes that it asks for versions.
        self.composition = EarlyImport("jmcp.compose_local")
        super()._link_jupyter_server_extension(serverapp)

    def initialize_handlers(self) -> None:
        assert self.serverapp is not None
        # Logs with Jupyter's handlers and level, as Tornado's loggers do.
        logging.getLogger("jmcp").parent = self.serverapp.log
        logs.mask_secrets()
        self.hosted = HostedSite(self, jupyter_policy(self.serverapp))
        for pattern in PAGE_PATTERNS:
            options = {"host": self.hosted, "allow": allow_header(("GET",))}
            self.handlers.append((pattern, PageHandler, options))
        self.handlers.append((ENTER_PATTERN, EnterHandler, {"host": self.hosted}))
        redemption = {"host": self.hosted, "allow": allow_header(("POST",))}
        self.handlers.append((REDEMPTION, RedemptionHandler, redemption))
        options = {"host": self.hosted, "allow": allow_header(("GET",))}
        self.handlers += [(pattern, LoginHandler, options) for pattern in (LOGIN, CALLBACK)]
        options = {"host": self.hosted, "allow": allow_header(("GET",))}
        self.handlers.append((r"/jmcp/lab/status", StatusHandler, options))
        self.handlers.append((r"/jmcp/lab/page", PageChannel, options))
        self.handlers.append((r"/jmcp/lab/room/([^/]+)", RoomSocket, options))
        for pattern, handler, method in (
            (r"/jmcp/lab/rooms", RoomsHandler, "PUT"),
            (r"/jmcp/lab/save", SaveHandler, "POST"),
            (r"/jmcp/lab/rejoin", RejoinHandler, "POST"),
            (r"/jmcp/lab/revert", RevertHandler, "POST"),
        ):
            allowed = {"host": self.hosted, "allow": allow_header((method,))}
            self.handlers.append((pattern, handler, allowed))
        for pattern, tools in HANDLERS:
            options = {"host": self.hosted, "allow": allow_header(tools)}
            self.handlers.append((pattern, BridgeHandler, options))
        discovery = {"host": self.hosted}
        if self.serverapp.base_url == "/":
            self.handlers += [(pattern, DiscoveryHandler, discovery) for pattern in PATTERNS]
        else:
            self.handlers += [
                (pattern, DiscoveryHandler, discovery) for pattern in METADATA_PATTERNS
            ]

    async def _start_jupyter_server_extension(self, serverapp: Any) -> None:
        self.hosted.start()
        # Jupyter stops all extensions at once. This one has to stop first, while those that have
        # the documents still answer its calls and save its edits.
        others = serverapp.cleanup_extensions

        async def cleanup_extensions() -> None:
            await self.hosted.stop()
            await others()

        serverapp.cleanup_extensions = cleanup_extensions

    async def stop_extension(self) -> None:
        await self.hosted.stop()
