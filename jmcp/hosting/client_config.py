"""The address of a server and the configuration that MCP clients need for it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LOGIN = "A browser is let in by {command} open, or with the token below."
"""To a person who has these addresses; `command` is `installation.own_command`."""

LOGIN_OF_OTHERS = (
    "Others log in at {issuer}: their MCP clients need the URL alone, and no token; a browser begins at "
    "/jmcp/login, where --oauth-client-id is given."
)

WILDCARDS = frozenset({"", "0.0.0.0", "::"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerAddress:
    """The address of a running server and its token. `url` has no trailing slash."""

    url: str
    token: str

    @property
    def workbench_url(self) -> str:
        return f"{self.url}/jmcp/workbench"

    @property
    def lab_url(self) -> str:
        return f"{self.url}/lab"

    @property
    def mcp_url(self) -> str:
        return f"{self.url}/mcp"

    @property
    def client_config(self) -> str:
        """The `mcpServers` object that most clients read."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return _mcp_servers({"type": "http", "url": self.mcp_url, "headers": headers})


def stdio_config(command: Sequence[str], tokens: Mapping[str, str]) -> str:
    """The `mcpServers` object for clients that start the server themselves.

    `tokens` go in as variables, because everyone on the machine can read a process's arguments.
    """
    name, *arguments = command
    return _mcp_servers({"command": name, "args": arguments, "env": dict(tokens)})


def _mcp_servers(server: Mapping[str, Any]) -> str:
    return json.dumps({"mcpServers": {"jmcp": server}}, indent=2)


def server_address(
    host: str, port: int, base_url: str, token: str, *, tls: bool = False
) -> ServerAddress:
    """The address as seen from this machine: a wildcard is reached over loopback."""
    name = "127.0.0.1" if host in WILDCARDS else host
    if ":" in name:
        name = f"[{name}]"
    scheme = "https" if tls else "http"
    return ServerAddress(url=f"{scheme}://{name}:{port}{base_url.rstrip('/')}", token=token)
