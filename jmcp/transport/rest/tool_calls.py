"""`/mcp/healthz`, `/mcp/tools/list` and `/mcp/tools/call`: every tool without an MCP client."""

from __future__ import annotations

from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from jmcp.core.calls import tool
from jmcp.core.calls.arguments import unknown_tool
from jmcp.core.calls.call import Calls, Outcome
from jmcp.transport import problems
from jmcp.transport.disconnects import disconnected_response, until_disconnect
from jmcp.transport.json_text import JsonResponse
from jmcp.transport.mcp.tool_list import ToolList
from jmcp.transport.middleware.principal import caller
from jmcp.transport.problems import Problem, ProblemResponse
from jmcp.transport.rest import sse
from jmcp.transport.rest.json_body import json_object


class ToolCallRoutes:
    """The paths below `/mcp` that earlier servers had, kept for their clients."""

    def __init__(self, dispatcher: Calls, tool_list: ToolList, version: str) -> None:
        self._dispatcher = dispatcher
        self._tool_list = tool_list
        self._version = version

    async def health(self, _: Request) -> Response:
        about = {"service": "jmcp", "version": self._version}
        if self._dispatcher.stopping:
            return JsonResponse({"status": "stopping", **about}, status_code=503)
        sessions = await self._dispatcher.live_sessions()
        kernel = await self._dispatcher.kernel_status(caller())
        notebooks = await self._dispatcher.notebooks()
        return JsonResponse(
            {
                "status": "healthy",
                **about,
                "sessions": sessions,
                "kernel_status": kernel,
                "notebooks": notebooks.way,
                "pages": notebooks.pages,
            }
        )

    async def list_tools(self, request: Request) -> Response:
        """What MCP's `tools/list` has. With `toolsets=all` also the tools of the toolsets that it
        does not show, since `/mcp/tools/call` calls all of them, and of each its toolset."""
        scopes = caller().scopes
        match request.query_params.get("toolsets"):
            case None:
                entries = self._tool_list.entries(scopes)
            case tool.ALL_TOOLSETS:
                entries = self._tool_list.all_entries(scopes)
            case _:
                raise Problem(400, f"toolsets can only be {tool.ALL_TOOLSETS}.")
        return JsonResponse({"tools": entries, "count": len(entries)})

    async def call_tool(self, request: Request) -> Response:
        """Any tool of the server, whatever its toolset: `{tool_name, arguments}`.

        A client that accepts events gets these of the call, and at their end what is else the body.
        """
        try:
            name, arguments = self._decoded(await json_object(request))
        except Problem as refusal:
            return ProblemResponse({"success": False, **refusal.body}, refusal.headers)
        if sse.prefers_events(request):
            call_with = partial(self._dispatcher.call, name, arguments)
            return await sse.stream_call(call_with, caller(), _body)
        call = self._dispatcher.call(name, arguments, caller())
        runs = self._dispatcher.api.tools[name].on_disconnect is not None
        outcome = await (until_disconnect(request.receive, call) if runs else call)
        if outcome is None:
            return disconnected_response()
        if outcome.error is not None:
            return ProblemResponse(_body(outcome))
        return JsonResponse(_body(outcome))

    def _decoded(self, body: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        name, arguments = body.get("tool_name"), body.get("arguments", {})
        if unknown := body.keys() - {"tool_name", "arguments"}:
            raise Problem(400, f"Unknown: {', '.join(sorted(unknown))}; send tool_name, arguments.")
        if not isinstance(name, str):
            raise Problem(400, "tool_name must be a string: the name of a tool in /mcp/tools/list.")
        if not isinstance(arguments, dict):
            raise Problem(400, "arguments must be an object.")
        if name not in self._dispatcher.api.tools:
            refusal = unknown_tool(name, self._dispatcher.api.tools, self._dispatcher.api)
            raise Problem(404, refusal, code="unknown_tool")
        return name, arguments


def _body(outcome: Outcome) -> dict[str, Any]:
    if outcome.error is not None:
        return {"success": False, **problems.error_body(outcome.error), "text": outcome.text}
    body = {"success": True, "result": outcome.result, "text": outcome.text}
    if not outcome.images:
        return body
    images = [{"mime_type": image.mime_type, "data": image.data} for image in outcome.images]
    return body | {"images": images}
