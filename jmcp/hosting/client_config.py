"""What an MCP client needs to know of a running server, ready to paste."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WILDCARDS = frozenset({"", "0.0.0.0", "::"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a server answers. `url` has no slash at its end."""

    url: str
    token: str

    @property
    def lab_url(self) -> str:
        return f"{self.url}/lab?token={self.token}"

    @property
    def mcp_url(self) -> str:
        return f"{self.url}/mcp"

    @property
    def client_config(self) -> str:
        """The `mcpServers` object that most clients read."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return _servers({"type": "http", "url": self.mcp_url, "headers": headers})


def stdio_config(command: Sequence[str], tokens: Mapping[str, str]) -> str:
    """The same for clients that start the server themselves.

    `tokens` are variables: an argument can be read by everyone on the machine.
    """
    name, *arguments = command
    return _servers({"command": name, "args": arguments, "env": dict(tokens)})


def _servers(server: Mapping[str, Any]) -> str:
    return json.dumps({"mcpServers": {"jmcp": server}}, indent=2)


def endpoint(host: str, port: int, base_url: str, token: str) -> Endpoint:
    """The endpoint as seen from this machine: a wildcard address is reached over loopback."""
    name = "127.0.0.1" if host in WILDCARDS else host
    if ":" in name:
        name = f"[{name}]"
    return Endpoint(url=f"http://{name}:{port}{base_url.rstrip('/')}", token=token)
