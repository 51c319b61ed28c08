"""The body of a request of MCP, read as far as the gateway has to answer it itself."""

from __future__ import annotations

import json
from functools import cached_property
from importlib.resources import files
from typing import Any

from pydantic_core import from_json

from jmcp.transport.json_text import encoded

MODERN = "2026"
"""The year with which revisions of MCP begin whose results say that they are complete."""
LARGEST_READ = 4 * 2**20
"""Longer messages are passed on unread: they would take many times their size as objects, and the time
of everybody else. What the gateway itself says to one is then a problem of HTTP."""
GATEWAY_ERROR = -32000
"""JSON-RPC's first code for errors of a server's own."""


def read_only_tools() -> frozenset[str]:
    """The tools that change nothing, which may be called again when an answer is lost."""
    listing = json.loads(files("jmcp_api").joinpath("mcp-tools.json").read_bytes())
    tools = listing["tools"] if isinstance(listing, dict) else listing
    return frozenset(tool["name"] for tool in tools if tool["annotations"]["readOnlyHint"])


class CallBody:
    """One message, or several where an older revision of MCP lets a client send them together."""

    def __init__(self, body: bytes, version: str) -> None:
        self.raw = body
        self._modern = version >= MODERN

    @cached_property
    def _messages(self) -> list[dict[str, Any]]:
        if len(self.raw) > LARGEST_READ:
            return []
        try:
            data = from_json(self.raw)
        except ValueError:
            return []
        return [
            one for one in (data if isinstance(data, list) else [data]) if isinstance(one, dict)
        ]

    @property
    def request_ids(self) -> list[str | int]:
        """The ids that wait for an answer."""
        return [one["id"] for one in self._requests]

    @property
    def _requests(self) -> list[dict[str, Any]]:
        return [
            one for one in self._messages if "method" in one and type(one.get("id")) in (str, int)
        ]

    @property
    def calls_tools(self) -> bool:
        return any(one["method"] == "tools/call" for one in self._requests)

    @property
    def is_handshake(self) -> bool:
        """Whether it opens a session, whose id stands in the head of its answer."""
        return any(one["method"] == "initialize" for one in self._requests)

    @property
    def progress_token(self) -> str | int | None:
        """That of the first request, if it asks for progress."""
        for one in self._requests:
            params = one.get("params")
            meta = params.get("_meta") if isinstance(params, dict) else None
            token = meta.get("progressToken") if isinstance(meta, dict) else None
            return token if type(token) in (str, int) else None
        return None

    @property
    def method(self) -> str:
        """That of the first message, as the client wrote it."""
        return next((str(one["method"]) for one in self._messages if "method" in one), "")

    @property
    def tool(self) -> str | None:
        """The tool that the first message calls, as the client wrote it."""
        for one in self._messages[:1]:
            params = one.get("params")
            name = params.get("name") if isinstance(params, dict) else None
            return name if isinstance(name, str) and self.method == "tools/call" else None
        return None

    @property
    def meta(self) -> dict[str, Any] | None:
        """The `_meta` of the first message."""
        for one in self._messages[:1]:
            params = one.get("params")
            meta = params.get("_meta") if isinstance(params, dict) else None
            return meta if isinstance(meta, dict) else None
        return None

    def may_repeat(self, read_only: frozenset[str]) -> bool:
        """Whether it does no harm twice: everything but calls of tools that may change something, and
        what the gateway cannot read."""
        names = [
            params.get("name") if isinstance(params := one.get("params"), dict) else None
            for one in self._messages
            if one.get("method") == "tools/call"
        ]
        return bool(self._messages) and all(name in read_only for name in names)

    def errors(self, message: str, details: dict[str, Any]) -> bytes:
        """The answer of the gateway itself to all of its requests, as JSON."""
        answers = [self._error(one, message, details) for one in self._requests]
        return encoded(answers[0] if len(answers) == 1 else answers)

    def _error(self, request: dict[str, Any], message: str, details: dict[str, Any]) -> Any:
        head = {"jsonrpc": "2.0", "id": request["id"]}
        if request["method"] != "tools/call":
            error = {"code": GATEWAY_ERROR, "message": message, "data": details}
            return head | {"error": error}
        # A result, because that is what agents are shown.
        result: dict[str, Any] = {
            "content": [{"type": "text", "text": message}],
            "isError": True,
            "_meta": {"jmcp/error": details},
        }
        if self._modern:
            result["resultType"] = "complete"
        return head | {"result": result}

    def progress(self, done: float, total: float, message: str) -> bytes | None:
        """A notification of progress, as JSON; None where nobody asked for it."""
        token = self.progress_token
        if token is None:
            return None
        params = {
            "progressToken": token,
            "progress": done,
            "total": total,
            "message": message,
        }
        return encoded({"jsonrpc": "2.0", "method": "notifications/progress", "params": params})
