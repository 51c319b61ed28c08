"""The configurations of MCP clients that pages show, used as a client uses them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

import httpx2
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client

SECTIONS = ("mcpServers", "servers", "mcp_servers")
"""What the clients call the table of their servers."""


def servers(data: Any) -> Iterator[Mapping[str, Any]]:
    """The servers that a configuration names; none where it is none."""
    if isinstance(data, dict):
        for section in SECTIONS:
            entries = data.get(section)
            if isinstance(entries, dict):
                yield from entries.values()


async def tools_of(server: Mapping[str, Any], environment: Mapping[str, str]) -> list[str]:
    """The tools that a client with this entry gets. `environment` is that of a process it starts."""
    if url := server.get("url") or server.get("httpUrl"):
        headers = server.get("headers") or server.get("http_headers")
        async with httpx2.AsyncClient(headers=headers) as http:
            return await _listed(Client(streamable_http_client(url, http_client=http)))
    parameters = StdioServerParameters(
        command=server["command"],
        args=list(server.get("args", ())),
        env={**environment, **server.get("env", {})},
    )
    return await _listed(Client(stdio_client(parameters, errlog=sys.stderr)))


async def _listed(client: Client) -> list[str]:
    async with client:
        return [tool.name for tool in (await client.list_tools()).tools]
