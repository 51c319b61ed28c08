"""One kept-alive HTTP/1.1 connection over a plain socket, with no library between."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self
from urllib.parse import urlsplit

ANSWER_SECONDS = 320.0
"""More than any call that a benchmark makes may take."""


class Client(Protocol):
    """A client that calls tools on one connection, whatever the protocol."""

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """One tool call; returns its structured result. Raises RuntimeError for any error."""

    def close(self) -> None:
        """Close the connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP response; names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Connection:
    """Requests one after the other on one socket, to the server that a URL names."""

    def __init__(self, url: str, token: str, *, seconds: float = ANSWER_SECONDS) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        self.path = parts.path
        self._address = parts.hostname, parts.port or 80
        self._common = (
            f"Host: {parts.netloc}\r\nAuthorization: Bearer {token}\r\n"
            "Content-Type: application/json\r\n"
        )
        self._seconds = seconds
        self._connect()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._file.close()
        self._socket.close()

    def reconnect(self) -> None:
        """Take a new socket: a server closes one that was idle for seconds."""
        self.close()
        self._connect()

    def send(self, method: str, path: str, headers: str = "", body: bytes = b"") -> Answer:
        """One request. `headers` are whole lines, each with its line end. Raises OSError."""
        head = f"{method} {path} HTTP/1.1\r\n{self._common}{headers}Content-Length: {len(body)}\r\n"
        self._socket.sendall(f"{head}\r\n".encode() + body)
        return self._read()

    def _connect(self) -> None:
        self._socket = socket.create_connection(self._address, timeout=self._seconds)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb")

    def _read(self) -> Answer:
        status = self._file.readline()
        if not status:
            raise ConnectionResetError("the server closed the connection")
        headers = {}
        while line := self._file.readline().strip():
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        if headers.get("transfer-encoding") == "chunked":
            body = b"".join(iter(self._chunk, b""))
        else:
            body = self._file.read(int(headers.get("content-length", 0)))
        return Answer(status=int(status.split()[1]), headers=headers, body=body)

    def _chunk(self) -> bytes:
        size = int(self._file.readline(), 16)
        chunk = self._file.read(size)
        self._file.readline()
        return chunk


def message(answer: Answer) -> dict[str, Any]:
    """The JSON of an answer: its body, or the last event of an event stream.

    Raises RuntimeError for a status other than 2xx and for a stream without a message.
    """
    if not 200 <= answer.status < 300:
        raise RuntimeError(f"HTTP {answer.status}: {answer.body[:500]!r}")
    payload = answer.body
    if payload[:1] != b"{":
        lines = [line for line in payload.splitlines() if line.startswith(b"data: {")]
        if not lines:
            raise RuntimeError(f"no message in {payload[:200]!r}")
        payload = lines[-1].removeprefix(b"data: ")
    decoded: dict[str, Any] = json.loads(payload)
    return decoded
