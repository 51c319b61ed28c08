"""The cheapest client there can be: one kept-alive socket and no library between."""

from __future__ import annotations

import json
import socket
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

ANSWER_SECONDS = 320
"""More than any call that a benchmark makes may take."""

PROTOCOL = "2026-07-28"
META = {
    "io.modelcontextprotocol/protocolVersion": PROTOCOL,
    "io.modelcontextprotocol/clientCapabilities": {},
}


class Wire:
    """MCP 2026-07-28 over streamable HTTP on one connection."""

    def __init__(self, url: str, token: str, *, seconds: float = ANSWER_SECONDS) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        self._path = parts.path
        self._host = parts.netloc
        self._address = parts.hostname, parts.port or 80
        self._token = token
        self._seconds = seconds
        self._next_id = 0
        self._connect()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._file.close()
        self._socket.close()

    def reconnect(self) -> None:
        """Take a new connection: a server closes one that was idle for seconds."""
        self._file.close()
        self._socket.close()
        self._connect()

    def _connect(self) -> None:
        self._socket = socket.create_connection(self._address, timeout=self._seconds)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb")

    def request(self, method: str, **params: Any) -> tuple[dict[str, Any], int]:
        """One JSON-RPC request; returns its result and the size of the answer in bytes."""
        self._next_id += 1
        message = {
            "jsonrpc": "2.0",
            "id": self._next_id,
            "method": method,
            "params": params | {"_meta": META},
        }
        body = json.dumps(message).encode()
        name = f"Mcp-Name: {params['name']}\r\n" if "name" in params else ""
        head = (
            f"POST {self._path} HTTP/1.1\r\nHost: {self._host}\r\n"
            f"Authorization: Bearer {self._token}\r\nContent-Type: application/json\r\n"
            "Accept: application/json, text/event-stream\r\n"
            f"MCP-Protocol-Version: {PROTOCOL}\r\nMcp-Method: {method}\r\n{name}"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        self._socket.sendall(head.encode() + body)
        answer = self._answer()
        decoded = json.loads(_payload(answer))
        if "error" in decoded:
            raise RuntimeError(decoded["error"])
        return decoded["result"], len(answer)

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """One tool call; returns its structured content. Raises RuntimeError for a tool error."""
        result, _ = self.request("tools/call", name=tool, arguments=arguments)
        if result.get("isError"):
            raise RuntimeError(result["content"][0]["text"])
        structured: dict[str, Any] = result["structuredContent"]
        return structured

    def _answer(self) -> bytes:
        status = self._file.readline()
        headers = {}
        while line := self._file.readline().strip():
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        if headers.get("transfer-encoding") == "chunked":
            body = b"".join(iter(self._chunk, b""))
        else:
            body = self._file.read(int(headers["content-length"]))
        if b" 200 " not in status:
            raise RuntimeError(f"{status!r} {body[:500]!r}")
        return body

    def _chunk(self) -> bytes:
        size = int(self._file.readline(), 16)
        chunk = self._file.read(size)
        self._file.readline()
        return chunk


def _payload(answer: bytes) -> bytes:
    """The JSON of an answer that may be one event of an event stream."""
    if answer[:1] == b"{":
        return answer
    for line in answer.splitlines():
        if line.startswith(b"data: {"):
            return line.removeprefix(b"data: ")
    raise RuntimeError(f"no message in {answer[:200]!r}")
