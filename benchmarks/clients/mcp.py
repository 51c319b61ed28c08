"""MCP over streamable HTTP, in both eras of the protocol, on one raw connection."""

from __future__ import annotations

import json
from typing import Any

from benchmarks.clients.http import ANSWER_SECONDS, Connection, message

MODERN_REVISION = "2026-07-28"
HANDSHAKE_REVISION = "2025-11-25"
META = {
    "io.modelcontextprotocol/protocolVersion": MODERN_REVISION,
    "io.modelcontextprotocol/clientCapabilities": {},
}
ACCEPT = "Accept: application/json, text/event-stream\r\n"


class McpClient(Connection):
    """What both eras share: JSON-RPC requests, and tool calls among them."""

    def __init__(self, url: str, token: str, *, seconds: float = ANSWER_SECONDS) -> None:
        super().__init__(url, token, seconds=seconds)
        self._next_id = 0

    def request(self, method: str, **params: Any) -> tuple[dict[str, Any], int]:
        """One JSON-RPC request; returns its result and the size of the answer in bytes.

        Raises RuntimeError for an error of the protocol.
        """
        self._next_id += 1
        body = json.dumps(
            {"jsonrpc": "2.0", "id": self._next_id, "method": method, "params": self.params(params)}
        ).encode()
        answer = self.send("POST", self.path, self.headers(method, params), body)
        decoded = message(answer)
        if "error" in decoded:
            raise RuntimeError(decoded["error"])
        return decoded["result"], len(answer.body)

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """One tool call; returns its structured content. Raises RuntimeError for a tool error."""
        result, _ = self.request("tools/call", name=tool, arguments=arguments)
        if result.get("isError"):
            raise RuntimeError(result["content"][0]["text"])
        structured: dict[str, Any] = result.get("structuredContent", {})
        return structured

    def params(self, params: dict[str, Any]) -> dict[str, Any]:
        """The params as this era sends them."""
        raise NotImplementedError

    def headers(self, method: str, params: dict[str, Any]) -> str:
        """The headers of this era, as whole lines."""
        raise NotImplementedError


class ModernClient(McpClient):
    """Protocol 2026-07-28: no handshake, each request says everything."""

    def params(self, params: dict[str, Any]) -> dict[str, Any]:
        return params | {"_meta": META}

    def headers(self, method: str, params: dict[str, Any]) -> str:
        name = f"Mcp-Name: {params['name']}\r\n" if "name" in params else ""
        return f"{ACCEPT}MCP-Protocol-Version: {MODERN_REVISION}\r\nMcp-Method: {method}\r\n{name}"


class HandshakeClient(McpClient):
    """Protocol 2025-11-25: a session that `initialize` opens and a header names.

    It listens to no stream of its own (GET): servers send nothing there on these calls.
    """

    def __init__(self, url: str, token: str, *, seconds: float = ANSWER_SECONDS) -> None:
        super().__init__(url, token, seconds=seconds)
        self._session = ""
        params = {
            "protocolVersion": HANDSHAKE_REVISION,
            "capabilities": {},
            "clientInfo": {"name": "jmcp-benchmarks", "version": "1"},
        }
        body = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}
        answer = self.send("POST", self.path, ACCEPT, json.dumps(body).encode())
        revision = message(answer)["result"]["protocolVersion"]
        if revision != HANDSHAKE_REVISION:
            raise RuntimeError(f"the server speaks {revision}, not {HANDSHAKE_REVISION}")
        session = answer.headers["mcp-session-id"]
        self._session = f"MCP-Protocol-Version: {revision}\r\nMcp-Session-Id: {session}\r\n"
        ready = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        self.send("POST", self.path, self.headers("", {}), json.dumps(ready).encode())

    def close(self) -> None:
        """End the session and close the connection."""
        try:
            if self._session:
                self.send("DELETE", self.path, self._session)
        except OSError:
            pass  # the server is gone, and the session with it
        finally:
            super().close()

    def params(self, params: dict[str, Any]) -> dict[str, Any]:
        return params

    def headers(self, method: str, params: dict[str, Any]) -> str:
        return f"{ACCEPT}{self._session}"
