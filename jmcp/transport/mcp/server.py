"""MCP: the wire format of tools, for every protocol revision the SDK speaks."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import mcp_types as types
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS

from jmcp.core.calls.call import Caller, Calls, Outcome
from jmcp.core.calls.principal import Scope
from jmcp.core.runs.progress import Progress, Report
from jmcp.transport.mcp.disconnects import unless_left
from jmcp.transport.mcp.tool_list import Listing
from jmcp.transport.middleware.principal import caller
from jmcp.transport.middleware.request_id import new_id

SESSION_HEADER = "mcp-session-id"
ERROR_META = "jmcp/error"
Context = ServerRequestContext[Any, Any]


def connection(context: Context) -> str | None:
    """The handshake-era session, which the SDK has checked against the credential.

    Later revisions have none, so there the header is anybody's to write and means nothing.
    """
    if context.request is None or context.protocol_version not in HANDSHAKE_PROTOCOL_VERSIONS:
        return None
    session: str | None = context.request.headers.get(SESSION_HEADER)
    return f"mcp:{session}" if session else None


def report(context: Context) -> Report | None:
    """Progress notifications, for a client that gave a token for them."""
    if not context.meta or context.meta.get("progress_token") is None:
        return None

    async def notify(progress: Progress) -> None:
        if not progress.final:  # the result is next
            await context.session.report_progress(progress.done, progress.total, progress.message)

    return notify


async def _unless_left(context: Context, call: Coroutine[Any, Any, Outcome]) -> Outcome | None:
    """The outcome; None when the client closed the response stream before, in either era.

    Later revisions have that as their way to cancel, and there the SDK sees to it. In the
    handshake era a stream can be taken up again where a server keeps events, which this one
    does not: nobody would ever get what comes.
    """
    handshake = context.protocol_version in HANDSHAKE_PROTOCOL_VERSIONS
    if context.request is None or not handshake:
        return await call
    return await unless_left(context.request.receive, call)


def result(outcome: Outcome) -> types.CallToolResult:
    """An outcome as a tool result: text first, then images, and the data beside them."""
    text = types.TextContent(type="text", text=outcome.text)
    if outcome.error is not None:
        return types.CallToolResult(
            content=[text], is_error=True, _meta={ERROR_META: outcome.error.payload()}
        )
    images = [
        types.ImageContent(type="image", data=image.data, mime_type=image.mime_type)
        for image in outcome.images
    ]
    return types.CallToolResult(content=[text, *images], structured_content=outcome.result)


class Fixed:
    """Answers `tools/list` from what the SDK made of it the first time.

    The SDK validates and dumps the list for each request, which costs more than all the rest of
    the request. The list never changes, so once for each protocol revision and each set of
    `scopes`, those of whoever asks, is enough.
    """

    def __init__(self, scopes: Callable[[], frozenset[Scope]]) -> None:
        self._scopes = scopes
        self._known: dict[tuple[str, frozenset[Scope]], HandlerResult] = {}

    async def __call__(self, ctx: Context, call_next: CallNext) -> HandlerResult:
        plain = not (ctx.params or {}).keys() - {"_meta"}
        # In the handshake era, without params of `initialize`, the SDK has yet to decide whether
        # to answer at all; later revisions have no handshake, and naming the client is optional.
        handshake = ctx.protocol_version in HANDSHAKE_PROTOCOL_VERSIONS
        unsettled = handshake and ctx.session.client_params is None
        if ctx.method != "tools/list" or not plain or unsettled:
            return await call_next(ctx)
        key = ctx.protocol_version, self._scopes()
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = await call_next(ctx)
        return known


def server(
    dispatcher: Calls, listing: Listing, version: str, *, peer: Caller | None = None
) -> Server[Any]:
    """The MCP server. It emits raw schemas and validates nothing: dispatch does both ways.

    `peer` is who calls when one process is the only client; otherwise each request tells.
    """

    def scopes() -> frozenset[Scope]:
        return (peer or caller()).scopes

    async def list_tools(_: Context, __: Any) -> types.ListToolsResult:
        entries = listing.entries(scopes())
        return types.ListToolsResult(tools=[types.Tool.model_validate(entry) for entry in entries])

    async def call_tool(context: Context, params: types.CallToolRequestParams) -> Any:
        if params.name not in listing.names:
            raise MCPError(code=types.INVALID_PARAMS, message=f"Unknown tool: {params.name}")
        who = caller(connection(context)) if peer is None else replace(peer, request_id=new_id())
        who = replace(who, report=report(context))
        call = dispatcher.call(params.name, dict(params.arguments or {}), who)
        if dispatcher.api.tools[params.name].on_disconnect != "interrupt":
            return result(await call)
        outcome = await _unless_left(context, call)
        if outcome is None:
            raise MCPError(code=types.INTERNAL_ERROR, message="The client has left.")
        return result(outcome)

    made: Server[Any] = Server(
        "jmcp",
        version=version,
        title="jmcp",
        instructions=dispatcher.api.instructions,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        # No schema of ours mirrors a param in a header; without this the SDK would go through
        # the whole tools/list on each call to find that out.
        get_tool_input_schema=lambda _: None,
    )
    made.middleware.append(Fixed(scopes))
    return made
