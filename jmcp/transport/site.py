"""All HTTP surfaces as one ASGI application, the same standalone and inside Jupyter."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import unquote

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from jmcp.core.calls import tool
from jmcp.core.calls.call import Calls
from jmcp.core.calls.permissions import Permissions
from jmcp.core.calls.principal import Named
from jmcp.transport.disconnects import disconnected_response
from jmcp.transport.entry.entry import Entry
from jmcp.transport.entry.routes import EntryRoutes
from jmcp.transport.mcp.direct_calls import DirectCalls
from jmcp.transport.mcp.handshake_sessions import HandshakeSessions
from jmcp.transport.mcp.result_form import DEFAULT_STRUCTURED, ResultForm, Structured
from jmcp.transport.mcp.server import mcp_server, server_stamp
from jmcp.transport.mcp.session_limits import SessionLimits
from jmcp.transport.mcp.streamable_http import StreamableHttp
from jmcp.transport.mcp.subscriptions import Subscriptions
from jmcp.transport.mcp.tool_list import ToolList
from jmcp.transport.middleware.bearer import BearerMiddleware
from jmcp.transport.middleware.body_limit import DEFAULT_MAX_BYTES, BodyLimitMiddleware
from jmcp.transport.middleware.cors import CorsMiddleware
from jmcp.transport.middleware.host_origin import HostOriginMiddleware, HostOriginPolicy
from jmcp.transport.middleware.native_panics import NativePanicMiddleware
from jmcp.transport.middleware.principal import PrincipalMiddleware
from jmcp.transport.middleware.request_id import RequestCounter, RequestIdMiddleware
from jmcp.transport.middleware.security_headers import (
    SECURITY_HEADERS,
    SecurityHeadersMiddleware,
)
from jmcp.transport.oauth.answers import elsewhere
from jmcp.transport.oauth.settings import MCP, METADATA, OAuthSettings, metadata
from jmcp.transport.oauth_discovery import NO_OAUTH, is_oauth_discovery
from jmcp.transport.pages.workbench import OLDER_PATHS, Workbench
from jmcp.transport.problems import Problem, ProblemResponse, problem_body
from jmcp.transport.rest import routes as rest_routes
from jmcp.transport.rest.docs_page import DocsPage
from jmcp.transport.rest.metrics_page import MetricsPage
from jmcp.transport.rest.openapi import OpenApi
from jmcp.transport.rest.tool_calls import ToolCallRoutes

if TYPE_CHECKING:
    from jmcp.transport.oauth.resource_server import ResourceServer

Endpoint = Callable[[Request], Awaitable[ASGIApp]]

ANSWERING_SECONDS = 5.0
"""Seconds that clients may take at shutdown to read the last answers."""


def resource(path: str, endpoints: Mapping[str, Endpoint]) -> Route:
    """One path with all its methods; HEAD comes with GET, and any other method is a 405."""
    allow = ", ".join([*endpoints, *(["HEAD"] if "GET" in endpoints else []), "OPTIONS"])

    class Resource:
        """An ASGI application, because Starlette gives those every method there is."""

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            request = Request(scope, receive)
            response: ASGIApp
            if request.method == "OPTIONS":
                response = Response(status_code=204, headers={"Allow": allow})
            elif endpoint := endpoints.get("GET" if request.method == "HEAD" else request.method):
                response = await endpoint(request)
            else:
                raise Problem(405, f"{path} takes {allow}.", Allow=allow)
            await response(scope, receive, send)

    return Route(path, Resource())


async def on_problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return ProblemResponse(error.body, error.headers)


async def on_http_exception(
    oauth: OAuthSettings | None, request: Request, error: Exception
) -> Response:
    assert isinstance(error, HTTPException)
    detail = error.detail
    if error.status_code == HTTPStatus.NOT_FOUND:
        discovery = is_oauth_discovery(request.url.path)
        if discovery and oauth is not None:
            return ProblemResponse(elsewhere(oauth, request.headers.get("host", "")))
        detail = (
            NO_OAUTH if discovery else "Nothing lives at that path; /jmcp/docs shows what does."
        )
    return ProblemResponse(problem_body(error.status_code, detail), dict(error.headers or {}))


async def on_client_disconnect(_: Request, __: Exception) -> Response:
    """The client closed the connection before all of its body had come."""
    return disconnected_response()


async def on_bug(_: Request, __: Exception) -> Response:
    """Starlette raises the error again afterwards, for the server to log."""
    body = problem_body(500, "jmcp met a bug; the server's log has it.")
    return ProblemResponse(body, SECURITY_HEADERS)  # no middleware is around this one


async def drain(site: Starlette, seconds: float) -> None:
    """Stop calls: new ones are refused, those under way have so long, and all answers are sent."""
    dispatcher: Calls = site.state.dispatcher
    requests: RequestCounter = site.state.requests
    subscriptions: Subscriptions = site.state.subscriptions
    await dispatcher.drain(seconds)
    subscriptions.close()
    await requests.wait_idle(ANSWERING_SECONDS)


def site(
    dispatcher: Calls,
    *,
    version: str,
    base: str = "",
    toolsets: tuple[str, ...] = (tool.ALL_TOOLSETS,),
    host_origin: HostOriginPolicy | None = None,
    token: str | None = None,
    named: Named | None = None,
    oauth: ResourceServer | None = None,
    permissions: Permissions | None = None,
    extra_routes: Mapping[str, Mapping[str, Endpoint]] | None = None,
    public_paths: frozenset[str] = frozenset(),
    cors_origins: frozenset[str] = frozenset(),
    max_body_bytes: int = DEFAULT_MAX_BYTES,
    mcp_sessions: SessionLimits | None = None,
    structured: Structured = DEFAULT_STRUCTURED,
    own_root: bool = False,
    entry: Entry | None = None,
    external_url: str | None = None,
    frame_ancestors: tuple[str, ...] = (),
    jupyter_url: str | None = None,
    traced: bool = False,
) -> Starlette:
    """The application. Its lifespan starts and closes the dispatcher; its `state` has `dispatcher`,
    `requests` and `subscriptions`.

    `base` is the URL path in front of everything, without a slash at its end. Without `host_origin`
    and `token` the server around it checks Host, Origin and credentials; with `token`, `named`
    tokens are accepted too and those of the provider of `oauth`, and `public_paths` need none. Pages of `cors_origins` may read answers.
    `permissions` are the dispatcher's. `extra_routes` are endpoints by path and method that only
    this server has. `mcp_sessions` limits those of the handshake era. `structured` says which MCP
    clients get structured content. With `own_root` the port is jmcp's alone, and metrics are at
    /metrics too. `entry` is how browsers come in, at `external_url` where that is another URL than
    here; pages of `frame_ancestors` may show the workbench in a frame. `jupyter_url` is the
    Jupyter Server elsewhere whose JupyterLab the workbench shows. `traced`: the dispatcher makes spans, of the traces that
    requests name.
    Raises ValueError for an unknown toolset.
    """
    # Requests arrive decoded, while what is sent back has to be as the server spells it.
    root = unquote(base)
    tool_list = ToolList(dispatcher.api, toolsets, permissions)
    api = dispatcher.api
    form = ResultForm(structured, api.text_clients, api.unannotated_clients)
    subscriptions = Subscriptions(dispatcher)
    server = mcp_server(dispatcher, tool_list, version, form=form, subscriptions=subscriptions)
    limits = mcp_sessions or SessionLimits()

    def manager() -> StreamableHTTPSessionManager:
        return StreamableHTTPSessionManager(
            server,
            max_request_body_size=max_body_bytes,
            session_idle_timeout=limits.idle_seconds,
            max_sessions=limits.count,
        )

    streamable = StreamableHttp(manager)
    sessions = HandshakeSessions(streamable)
    subscriptions.is_open = sessions.is_open
    server.middleware.append(sessions)
    stamp = server_stamp(version)
    protocol = DirectCalls(streamable, sessions, dispatcher, tool_list, stamp, form, subscriptions)
    if traced:
        # Imported here, because most servers have no traces.
        from jmcp.transport import trace_context

        server.middleware.append(trace_context.trace_message)
        protocol.asked = trace_context.asked
    tool_calls = ToolCallRoutes(dispatcher, tool_list, version)
    openapi = OpenApi(dispatcher.api, base)
    rest = rest_routes.RestOperations(dispatcher, base)
    requests = RequestCounter()
    metrics_page = MetricsPage(dispatcher, requests, version)
    workbench = Workbench(dispatcher, frame_ancestors, jupyter_url)

    def operation(route: tool.Route) -> Endpoint:
        return lambda request: rest.answer(route, request)

    async def mcp(_: Request) -> ASGIApp:
        return protocol

    methods: dict[str, Endpoint] = dict.fromkeys(("GET", "POST", "DELETE"), mcp)
    routes: list[BaseRoute] = [
        resource(f"{root}/mcp", methods),
        resource(f"{root}/mcp/", methods),
        resource(f"{root}/mcp/healthz", {"GET": tool_calls.health}),
        resource(f"{root}/mcp/tools/list", {"GET": tool_calls.list_tools}),
        resource(f"{root}/mcp/tools/call", {"POST": tool_calls.call_tool}),
        resource(f"{root}/jmcp/metrics", {"GET": metrics_page.answer}),
        resource(f"{root}/jmcp/openapi.json", {"GET": openapi.answer}),
        resource(f"{root}/jmcp/docs", {"GET": DocsPage().answer}),
        resource(f"{root}/jmcp/workbench", {"GET": workbench.page}),
        resource(f"{root}/jmcp/workbench/{{name}}", {"GET": workbench.file}),
    ]
    for path, by_method in rest_routes.by_path(dispatcher.api.routes).items():
        operations = {method: operation(route) for method, route in by_method.items()}
        routes.append(resource(f"{root}{path}", operations))
    if own_root:
        routes.append(resource("/metrics", {"GET": metrics_page.answer}))
        routes += [resource(path, {"GET": workbench.older}) for path in OLDER_PATHS]
    extra = dict(extra_routes or {})
    if entry is not None:
        extra |= EntryRoutes(entry, base, external_url).endpoints
    if oauth is not None:
        if entry is not None:
            # Imported here, because few servers need it and all of what it needs.
            from jmcp.transport.oauth.browser_login import BrowserLogin

            browser = BrowserLogin(oauth, entry).endpoints
            extra |= browser
            public_paths |= {*browser}

        async def protected_resource(request: Request) -> Response:
            return JSONResponse(metadata(oauth.settings, request.headers.get("host", "")))

        for path in (METADATA, f"{METADATA}{MCP}"):
            extra[path] = {"GET": protected_resource}
    for path, endpoints in extra.items():
        routes.append(resource(f"{root}{path}", endpoints))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        try:
            await dispatcher.start()
            async with streamable.running():
                yield
        finally:
            await dispatcher.close()

    middleware = [
        Middleware(PrincipalMiddleware),
        Middleware(BodyLimitMiddleware, max_bytes=max_body_bytes),
    ]
    if traced:
        middleware.append(Middleware(trace_context.TraceContextMiddleware))
    if token is not None:
        middleware.insert(
            0,
            Middleware(
                BearerMiddleware, token=token, public=public_paths, named=named, oauth=oauth
            ),
        )
    middleware.insert(0, Middleware(CorsMiddleware, origins=cors_origins))
    if host_origin is not None:
        middleware.insert(0, Middleware(HostOriginMiddleware, policy=host_origin))
    middleware.insert(0, Middleware(SecurityHeadersMiddleware))
    stream_paths = frozenset((f"{root}/mcp", f"{root}/mcp/"))
    middleware.insert(
        0, Middleware(RequestIdMiddleware, requests=requests, stream_paths=stream_paths)
    )
    middleware.insert(0, Middleware(NativePanicMiddleware))
    made = Starlette(
        routes=routes,
        middleware=middleware,
        exception_handlers={
            Problem: on_problem,
            ClientDisconnect: on_client_disconnect,
            HTTPException: partial(on_http_exception, None if oauth is None else oauth.settings),
            Exception: on_bug,
        },
        lifespan=lifespan,
    )
    made.router.redirect_slashes = False
    made.state.dispatcher = dispatcher
    made.state.requests = requests
    made.state.subscriptions = subscriptions
    return made
