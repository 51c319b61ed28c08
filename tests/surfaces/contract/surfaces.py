"""The surfaces that a client can use, behind one face, so that the same examples run on all."""

from __future__ import annotations

import json
import ssl
from dataclasses import dataclass
from typing import Any, Literal, Protocol
from urllib.parse import quote

import httpx2
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, TextContent

from jmcp.client.result import ClientResult
from jmcp.core.errors import ToolError
from jmcp_api.client import AsyncJmcpClient
from jmcp_api.http import ROUTES
from jmcp_api.registry import TOOLS
from tests.served import Served
from tests.typed import filled

CALL_SECONDS = 60
TLS = ssl.create_default_context()
"""Made once: it takes longer than a call, and no server here speaks it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back: the result, as a typed client has it, or the error's code, and the text for a
    model."""

    result: dict[str, Any] | None
    error: str | None
    text: str


def answer_of(result: CallToolResult, tool: str, arguments: dict[str, Any]) -> Answer:
    """What an MCP client got."""
    first = result.content[0]
    assert isinstance(first, TextContent)
    if result.is_error:
        assert result.meta is not None
        return Answer(result=None, error=result.meta["jmcp/error"]["code"], text=first.text)
    assert isinstance(result.structured_content, dict)
    data = filled(tool, result.structured_content, arguments)
    return Answer(result=data, error=None, text=first.text)


class Surface(Protocol):
    async def call(self, tool: str, arguments: dict[str, Any]) -> Answer: ...


class Mcp:
    """The official SDK's client over streamable HTTP, in either era of the protocol."""

    def __init__(self, served: Served, mode: Literal["auto", "legacy"]) -> None:
        self._served = served
        self._mode = mode

    async def call(self, tool: str, arguments: dict[str, Any]) -> Answer:
        async with httpx2.AsyncClient(
            headers=self._served.headers, timeout=CALL_SECONDS, verify=TLS
        ) as http:
            transport = streamable_http_client(self._served.mcp_url, http_client=http)
            async with Client(transport, mode=self._mode) as client:
                return answer_of(await client.call_tool(tool, arguments), tool, arguments)


class Rest:
    """The REST routes, chosen as a client that reads the OpenAPI document would."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self.status = 0
        self.body: Any = None
        """What was answered last, as it is on the wire."""

    async def call(self, tool: str, arguments: dict[str, Any]) -> Answer:
        left = dict(arguments)
        left.setdefault("session_id", "default")
        route = next(
            route
            for route in ROUTES
            if route.tool == tool and all(name in left for name in route.path_params)
        )
        path = route.path.format(
            **{name: quote(str(left.pop(name)), safe="") for name in route.path_params}
        )
        if "session_id" not in arguments:
            left.pop("session_id", None)
        query = {"notebook_path": left.pop("notebook_path")} if _in_query(left, tool) else {}
        body = left
        if route.method in ("GET", "DELETE"):
            query, body = query | left, {}
        async with httpx2.AsyncClient(
            headers=self._served.headers, timeout=CALL_SECONDS, verify=TLS
        ) as http:
            response = await http.request(
                route.method,
                f"{self._served.url}{path.lstrip('/')}",
                params={key: _query(value) for key, value in query.items()},
                json=body if route.method not in ("GET", "DELETE") else None,
            )
        data = response.json()
        self.status, self.body = response.status_code, data
        if response.status_code >= 400:
            assert response.headers["content-type"] == "application/problem+json"
            assert data["status"] == response.status_code
            return Answer(result=None, error=data["code"], text=data["detail"])
        assert response.status_code == route.status
        result = filled(tool, data, arguments)
        return Answer(result=result, error=None, text=json.dumps(data))


def _in_query(arguments: dict[str, Any], tool: str) -> bool:
    return "notebook_path" in arguments and TOOLS[tool].session == "required"


def _query(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value


class ToolsCall:
    """`POST /mcp/tools/call`, for clients that speak plain HTTP."""

    def __init__(self, served: Served) -> None:
        self._served = served

    async def call(self, tool: str, arguments: dict[str, Any]) -> Answer:
        async with httpx2.AsyncClient(
            headers=self._served.headers, timeout=CALL_SECONDS, verify=TLS
        ) as http:
            response = await http.post(
                f"{self._served.mcp_url}/tools/call",
                json={"tool_name": tool, "arguments": arguments},
            )
        data = response.json()
        assert data["success"] is (response.status_code < 400)
        if not data["success"]:
            return Answer(result=None, error=data["code"], text=data["detail"])
        result = filled(tool, data["result"], arguments)
        return Answer(result=result, error=None, text=data["text"])


class PythonClient:
    """The generated client, a method for each tool."""

    def __init__(self, served: Served) -> None:
        self._client = AsyncJmcpClient(served.url, served.token)

    async def call(self, tool: str, arguments: dict[str, Any]) -> Answer:
        self._client.session_id = None  # as the other surfaces, which keep none
        given = {name: value for name, value in arguments.items() if value is not None}
        try:
            result: ClientResult = await getattr(self._client, tool)(**given)
        except TypeError as error:  # Python refuses arguments that are unknown, and missing ones
            return Answer(result=None, error="invalid_arguments", text=str(error))
        except ToolError as error:
            return Answer(result=None, error=error.code, text=error.message)
        return Answer(
            result=filled(tool, result.model_dump(mode="json"), arguments),
            error=None,
            text=result.text_content,
        )
