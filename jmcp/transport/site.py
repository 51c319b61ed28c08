"""All HTTP surfaces as one ASGI application, the same standalone and inside Jupyter."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from urllib.parse import unquote

from mcp.server.streamable_http_manager import StreamableHTTPASGIApp, StreamableHTTPSessionManager
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from jmcp.core.calls import tool
from jmcp.core.calls.call import Calls
from jmcp.core.calls.permissions import Permissions
from jmcp.core.calls.principal import Named
from jmcp.transport.mcp import server
from jmcp.transport.mcp.disconnects import nobody
from jmcp.transport.mcp.tool_list import Listing
from jmcp.transport.middleware.bearer import Authenticated
from jmcp.transport.middleware.body_limit import DEFAULT_MAX_BYTES, Bounded
from jmcp.transport.middleware.browsers import SAFE, CrossOrigin, Guarded, Sealed
from jmcp.transport.middleware.host_origin import Guard
from jmcp.transport.middleware.principal import Identified
from jmcp.transport.middleware.request_id import Numbered, Requests
from jmcp.transport.problems import Problem, ProblemResponse, document
from jmcp.transport.rest import routes as rest_routes
from jmcp.transport.rest.metrics_page import Measures
from jmcp.transport.rest.pages import Pages
from jmcp.transport.rest.tool_calls import Facade

Answer = Callable[[Request], Awaitable[ASGIApp]]

ANSWERING_SECONDS = 5.0
"""That clients may take to read the last answers."""


def resource(path: str, answers: Mapping[str, Answer]) -> Route:
    """One path with all its methods; HEAD comes with GET, and any other method is a 405."""
    allow = ", ".join([*answers, *(["HEAD"] if "GET" in answers else []), "OPTIONS"])

    class Resource:
        """An ASGI application, because Starlette gives those every method there is."""

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            request = Request(scope, receive)
            response: ASGIApp
            if request.method == "OPTIONS":
                response = Response(status_code=204, headers={"Allow": allow})
            elif answer := answers.get("GET" if request.method == "HEAD" else request.method):
                response = await answer(request)
            else:
                raise Problem(405, f"{path} takes {allow}.", Allow=allow)
            await response(scope, receive, send)

    return Route(path, Resource())


async def on_problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return ProblemResponse(error.body, error.headers)


async def on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    detail = error.detail
    if error.status_code == HTTPStatus.NOT_FOUND:
        detail = "Nothing lives at that path; /jmcp/docs shows what does."
    return ProblemResponse(document(error.status_code, detail), dict(error.headers or {}))


async def on_leaving(_: Request, __: Exception) -> Response:
    """The client left in the middle of its body."""
    return nobody()


async def on_bug(_: Request, __: Exception) -> Response:
    """The server around this one logs what it was; Starlette raises it on."""
    body = document(500, "jmcp met a bug; the server's log has it.")
    return ProblemResponse(body, SAFE)  # made outside of all the middleware


async def drain(site: Starlette, seconds: float) -> None:
    """Stop calls: new ones are refused, those under way have so long, and all answers are sent."""
    dispatcher: Calls = site.state.dispatcher
    requests: Requests = site.state.requests
    await dispatcher.drain(seconds)
    await requests.answered(ANSWERING_SECONDS)


def site(
    dispatcher: Calls,
    *,
    version: str,
    base: str = "",
    toolsets: tuple[str, ...] = ("core",),
    guard: Guard | None = None,
    token: str | None = None,
    named: Named | None = None,
    permissions: Permissions | None = None,
    further: Mapping[str, Mapping[str, Answer]] | None = None,
    public: frozenset[str] = frozenset(),
    listed: frozenset[str] = frozenset(),
    max_body_bytes: int = DEFAULT_MAX_BYTES,
    own_root: bool = False,
) -> Starlette:
    """The application. Its lifespan starts and closes the dispatcher; `state` has it, and `requests`.

    `base` is the URL path in front of everything, without a slash at its end. Without `guard` and
    `token` the server around it checks Host and Origin, and who it is; with them, a `named` token
    opens it too. Pages of the `listed` origins may read answers. `permissions` are those that the dispatcher goes by. `further` are answers by
    path and method that only this server has; `public` are paths that need no token. With
    `own_root` nobody else is on this port, so metrics are also where everybody looks for them.
    Raises ValueError for an unknown toolset.
    """
    # Requests arrive decoded, while what is sent back has to be as the server spells it.
    root = unquote(base)
    listing = Listing(dispatcher.api, toolsets, permissions)
    manager = StreamableHTTPSessionManager(
        server.server(dispatcher, listing, version), max_request_body_size=max_body_bytes
    )
    endpoint = StreamableHTTPASGIApp(manager)
    facade = Facade(dispatcher, listing, version)
    pages = Pages(dispatcher.api.openapi_file, base)
    rest = rest_routes.Rest(dispatcher, base)
    requests = Requests()
    measures = Measures(dispatcher, requests, version)

    def operation(route: tool.Route) -> Answer:
        return lambda request: rest.answer(route, request)

    async def protocol(_: Request) -> ASGIApp:
        return endpoint

    methods: dict[str, Answer] = dict.fromkeys(("GET", "POST", "DELETE"), protocol)
    routes: list[BaseRoute] = [
        resource(f"{root}/mcp", methods),
        resource(f"{root}/mcp/", methods),
        resource(f"{root}/mcp/healthz", {"GET": facade.health}),
        resource(f"{root}/mcp/tools/list", {"GET": facade.list_tools}),
        resource(f"{root}/mcp/tools/call", {"POST": facade.call_tool}),
        resource(f"{root}/jmcp/metrics", {"GET": measures.answer}),
        resource(f"{root}/jmcp/openapi.json", {"GET": pages.openapi}),
        resource(f"{root}/jmcp/docs", {"GET": pages.docs}),
    ]
    for path, by_method in rest_routes.by_path(dispatcher.api.routes).items():
        answers = {method: operation(route) for method, route in by_method.items()}
        routes.append(resource(f"{root}{path}", answers))
    if own_root:
        routes.append(resource("/metrics", {"GET": measures.answer}))
    for path, own in (further or {}).items():
        routes.append(resource(f"{root}{path}", own))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await dispatcher.start()
        try:
            async with manager.run():
                yield
        finally:
            await dispatcher.close()

    middleware = [Middleware(Identified), Middleware(Bounded, max_bytes=max_body_bytes)]
    if token is not None:
        middleware.insert(0, Middleware(Authenticated, token=token, public=public, named=named))
    middleware.insert(0, Middleware(CrossOrigin, listed=listed))
    if guard is not None:
        middleware.insert(0, Middleware(Guarded, guard=guard))
    middleware.insert(0, Middleware(Sealed))
    streams = frozenset((f"{root}/mcp", f"{root}/mcp/"))
    middleware.insert(0, Middleware(Numbered, requests=requests, streams=streams))
    made = Starlette(
        routes=routes,
        middleware=middleware,
        exception_handlers={
            Problem: on_problem,
            ClientDisconnect: on_leaving,
            HTTPException: on_http_exception,
            Exception: on_bug,
        },
        lifespan=lifespan,
    )
    made.router.redirect_slashes = False
    made.state.dispatcher = dispatcher
    made.state.requests = requests
    return made
