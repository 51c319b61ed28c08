"""The MCP server: tools for every protocol revision that the SDK supports."""

from __future__ import annotations

import logging
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

import mcp_types as types
from mcp.server.caching import CacheHint
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.streamable_http import MCP_SESSION_ID_HEADER
from mcp.shared.exceptions import MCPError
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS

from jmcp.core.calls.arguments import unknown_tool
from jmcp.core.calls.call import Caller, Calls, Outcome
from jmcp.core.calls.principal import Scope
from jmcp.core.calls.tool import Tool
from jmcp.core.errors import ENDS_TASK
from jmcp.core.runs.record.progress import Progress, Report
from jmcp.transport.disconnects import until_disconnect
from jmcp.transport.mcp.cached_tool_list import CachedToolList
from jmcp.transport.mcp.client_name import client_of
from jmcp.transport.mcp.confirmations import Confirmations
from jmcp.transport.mcp.handshake_sessions import connection_id
from jmcp.transport.mcp.http_messages import CONNECTION_HEADER, named_connection
from jmcp.transport.mcp.prompts import Prompts
from jmcp.transport.mcp.resources import Resources
from jmcp.transport.mcp.result_form import ListForm, ResultForm
from jmcp.transport.mcp.subscriptions import Subscriptions
from jmcp.transport.mcp.tool_list import ToolList
from jmcp.transport.mcp.views import EXTENSION, VIEW_META, Views, views_of
from jmcp.transport.middleware.principal import caller
from jmcp.transport.middleware.request_id import new_id

NAME = "jmcp"
ERROR_META = "jmcp/error"
Context = ServerRequestContext[Any, Any]
log = logging.getLogger("jmcp")


def _connection(context: Context) -> str | None:
    """What `jmcp connect` names its client's, or the handshake-era session, which the SDK has checked
    against the credential.

    Later revisions have no sessions: there that header is whatever the client wrote.
    """
    if context.request is None:
        return None
    if (named := named_connection(context.request.headers.get(CONNECTION_HEADER))) is not None:
        return named
    if context.protocol_version not in HANDSHAKE_PROTOCOL_VERSIONS:
        return None
    session: str | None = context.request.headers.get(MCP_SESSION_ID_HEADER)
    return connection_id(session) if session else None


def progress_report(context: Context) -> Report | None:
    """Sends progress notifications to a client that gave a progress token; None without one."""
    if not context.meta or context.meta.get("progress_token") is None:
        return None

    async def notify(progress: Progress) -> None:
        if not progress.final:  # the result is next
            await context.session.report_progress(progress.done, progress.total, progress.message)

    return notify


async def _until_disconnect(context: Context, call: Coroutine[Any, Any, Outcome]) -> Outcome | None:
    """The outcome; None when the client closed the response stream before, in either era.

    Later revisions have that as their way to cancel, and there the SDK sees to it. In the
    handshake era a stream can be taken up again where a server keeps events, which this one
    does not: nobody would ever get what comes.
    """
    handshake = context.protocol_version in HANDSHAKE_PROTOCOL_VERSIONS
    if context.request is None or not handshake:
        return await call
    return await until_disconnect(context.request.receive, call)


TOOLS_TTL_MS = 3_600_000
"""Milliseconds for which clients of revisions without sessions may keep `tools/list`."""
COMPLETE = {"resultType": "complete"}
"""What a result has besides its data in revisions without sessions."""


MOST_LINKS = 8
"""Links beside one result; the others are in its text and its structure alone."""


def result_data(outcome: Outcome, *, structured: bool) -> dict[str, Any]:
    """An outcome as a tool result: text, then images and links, and with `structured` the data as
    structured content. What a view gets is in `_meta`. An error has its text, which says all of it
    to a model."""
    content = [{"type": "text", "text": outcome.text}]
    if outcome.error is not None:
        meta = {ERROR_META: outcome.error.payload()}
        return {"content": content, "isError": True, "_meta": meta}
    content += [
        {"type": "image", "data": image.data, "mimeType": image.mime_type}
        for image in outcome.images
    ]
    content += [
        {"type": "resource_link", "uri": link.uri, "name": link.name, "mimeType": link.mime_type}
        for link in outcome.links[:MOST_LINKS]
    ]
    result: dict[str, Any] = {"content": content, "isError": False}
    if structured:
        result["structuredContent"] = outcome.result
    if outcome.view is not None:
        result["_meta"] = {VIEW_META: outcome.view}
    return result


def server_stamp(version: str) -> dict[str, Any]:
    """What results of revisions without sessions say of the server. The SDK's own stamp has the icon
    too, which is larger than most results."""
    return {types.SERVER_INFO_META_KEY: {"name": NAME, "version": version}}


async def contain_native_panics(ctx: Context, call_next: CallNext) -> HandlerResult:
    """A middleware: what is neither an Exception nor ends the task fails this request alone.

    The SDK handles Exceptions. Anything else ends the task group of its manager, and with that the
    sessions of all clients.
    """
    try:
        return await call_next(ctx)
    except (Exception, *ENDS_TASK):
        raise
    except BaseException as error:
        log.exception("%s failed", ctx.method)
        raise MCPError(code=types.INTERNAL_ERROR, message="Internal server error") from error


def mcp_server(
    dispatcher: Calls,
    tool_list: ToolList,
    version: str,
    *,
    form: ResultForm,
    peer: Caller | None = None,
    subscriptions: Subscriptions | None = None,
) -> Server[Any]:
    """The MCP server. It sends schemas as generated and validates nothing: the dispatcher does.

    `peer` is the caller where one process is the only client; otherwise each request has its own.
    Whoever gives `subscriptions` closes them.
    """
    watching = subscriptions or Subscriptions(dispatcher)

    def list_form(context: Context) -> ListForm:
        return form.of_list(client_of(context), views=views_of(context))

    def scopes() -> frozenset[Scope]:
        return (peer or caller()).scopes

    def answer(context: Context, tool: Tool, outcome: Outcome) -> dict[str, Any]:
        structured = tool.for_view or form.is_structured(client_of(context))
        result = result_data(outcome, structured=structured) | COMPLETE
        if context.protocol_version in HANDSHAKE_PROTOCOL_VERSIONS:
            return result
        return result | {"_meta": result.get("_meta", {}) | server_stamp(version)}

    def who(context: Context) -> Caller:
        if peer is not None:
            return replace(peer, request_id=new_id(), views=views_of(context))
        return caller(_connection(context), client_of(context), views=views_of(context))

    async def list_tools(context: Context, _: Any) -> types.ListToolsResult:
        entries = tool_list.entries(scopes(), list_form(context))
        return types.ListToolsResult(tools=[types.Tool.model_validate(entry) for entry in entries])

    async def call_tool(context: Context, params: types.CallToolRequestParams) -> Any:
        if params.name not in tool_list.names:
            unknown = unknown_tool(params.name, tool_list.names, dispatcher.api)
            raise MCPError(code=types.INVALID_PARAMS, message=unknown)
        reporting = replace(who(context), report=progress_report(context))

        def call(confirmed: frozenset[str] = frozenset()) -> Coroutine[Any, Any, Outcome]:
            confirming = replace(reporting, confirmed=confirmed)
            return dispatcher.call(params.name, dict(params.arguments or {}), confirming)

        tool = dispatcher.api.tools[params.name]
        if tool.confirms:
            settled = await confirmations.settled(context, params, call)
            return answer(context, tool, settled) if isinstance(settled, Outcome) else settled
        if tool.on_disconnect != "interrupt":
            return answer(context, tool, await call())
        outcome = await _until_disconnect(context, call())
        if outcome is None:
            raise MCPError(code=types.INTERNAL_ERROR, message="The client has left.")
        return answer(context, tool, outcome)

    async def subscribe(context: Context, params: types.SubscribeRequestParams) -> Any:
        return await watching.subscribe(context, params, who(context))

    async def unsubscribe(context: Context, params: types.UnsubscribeRequestParams) -> Any:
        return await watching.unsubscribe(context, params, who(context))

    async def listen(context: Context, params: types.SubscriptionsListenRequestParams) -> Any:
        return await watching.listen(context, params, who(context))

    api = dispatcher.api
    confirmations = Confirmations(api)
    prompts = Prompts(dispatcher, who)
    resources = Resources(dispatcher, who, Views(api.views if tool_list.shows_views else ()))
    made: Server[Any] = Server(
        NAME,
        version=version,
        title=api.title,
        website_url=api.website,
        icons=[types.Icon(src=api.icon, mime_type="image/svg+xml", sizes=["any"])],
        # The tools of a server never change, but those of its next version may. Which ones a caller
        # sees goes by its scopes and its client.
        cache_hints={
            "tools/list": CacheHint(ttl_ms=TOOLS_TTL_MS, scope="private"),
            "prompts/list": CacheHint(ttl_ms=TOOLS_TTL_MS, scope="public"),
            "resources/templates/list": CacheHint(ttl_ms=TOOLS_TTL_MS, scope="public"),
        },
        instructions=api.instructions,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_prompts=prompts.list,
        on_get_prompt=prompts.get,
        on_list_resources=resources.list,
        on_list_resource_templates=resources.templates,
        on_read_resource=resources.read,
        on_subscribe_resource=subscribe,
        on_unsubscribe_resource=unsubscribe,
        on_subscriptions_listen=listen,
        on_completion=resources.complete,
        # No schema of ours mirrors a param in a header; without this the SDK would go through
        # the whole tools/list on each call to find that out.
        get_tool_input_schema=lambda _: None,
    )
    if tool_list.shows_views:
        made.extensions[EXTENSION] = {}
    made.middleware += [contain_native_panics, CachedToolList(scopes, list_form)]
    return made
