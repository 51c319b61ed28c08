"""Messages of MCP: what a line of the client is, the headers it is sent with, and answers made here."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from typing import Any

from jmcp.client.event_stream import EventStream
from jmcp.core.errors import ToolError

VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
"""In `_meta` of each request since revision 2026-07-28, which has no sessions."""
NAME_PARAMS = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
"""Methods whose requests repeat a param in the header Mcp-Name, since that revision."""
REPEATABLE = frozenset(
    {
        "initialize",
        "ping",
        "prompts/get",
        "prompts/list",
        "resources/list",
        "resources/read",
        "resources/templates/list",
        "server/discover",
        "subscriptions/listen",
        "tools/list",
    }
)
"""Requests that change nothing, so that they may be sent again whatever became of the first."""
CALL = "tools/call"
CANCELLED = "notifications/cancelled"
ERROR_META = "jmcp/error"
PARSE_ERROR, INVALID_REQUEST, SERVER_ERROR = -32700, -32600, -32000
PLAIN = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?|")
LINE_BREAKS = {10: " ", 13: " ", 0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"}
"""What some take for the end of a line. JSON has the first two between its tokens only, and the
others within strings."""

RequestId = str | int


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of the client: `text` is sent as it came.

    A request has an `id` and a `method`, a notification only a method, an answer only an id.
    """

    text: str
    id: RequestId | None = None
    method: str | None = None
    params: dict[str, Any]

    @property
    def is_request(self) -> bool:
        return self.method is not None and self.id is not None

    @property
    def version(self) -> str | None:
        """The protocol revision that the message itself names; None in the handshake era."""
        meta = self.params.get("_meta")
        found = meta.get(VERSION_KEY) if isinstance(meta, dict) else None
        return found if isinstance(found, str) else None

    @property
    def subject(self) -> str:
        """The tool of a call, or else the method."""
        name = self.params.get("name") if self.method == CALL else None
        return name if isinstance(name, str) else str(self.method)

    def headers(self) -> dict[str, str]:
        """The headers that repeat what the message says, where its revision has some."""
        version = self.version
        if version is None or self.method is None:
            return {}
        headers = {"MCP-Protocol-Version": version, "Mcp-Method": encoded(self.method)}
        named = self.params.get(NAME_PARAMS.get(self.method, ""))
        if isinstance(named, str):
            headers["Mcp-Name"] = encoded(named)
        return headers


class Unreadable(Exception):
    """A line that is no message. `answer` is what the client gets."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.answer = error_answer(None, code, reason)


def decoded(line: str) -> Message:
    """The message of a line. Raises Unreadable."""
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        raise Unreadable(PARSE_ERROR, "Parse error: the line is not JSON.") from None
    if not isinstance(data, dict):
        raise Unreadable(INVALID_REQUEST, "Invalid request: a line is one JSON object.")
    known, method, params = data.get("id"), data.get("method"), data.get("params")
    if method is not None and "id" in data and type(known) not in (str, int):
        raise Unreadable(INVALID_REQUEST, "Invalid request: an id is a string or an integer.")
    return Message(
        text=line,
        id=known if type(known) in (str, int) else None,
        method=method if isinstance(method, str) else None,
        params=params if isinstance(params, dict) else {},
    )


def encoded(value: str) -> str:
    """A value as the specification has it in a header: as it is, or in base64."""
    if PLAIN.fullmatch(value) and not (value.startswith("=?base64?") and value.endswith("?=")):
        return value
    return f"=?base64?{base64.b64encode(value.encode()).decode()}?="


def is_answer(text: str, request_id: RequestId) -> bool:
    """Whether a message of the server answers that request."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return False
    if not isinstance(data, dict) or "method" in data:
        return False
    return data.get("id") == request_id or ("error" in data and data.get("id") is None)


def one_line(text: str) -> str:
    """A message without anything that could be taken for the end of its line."""
    return text.translate(LINE_BREAKS).strip()


def error_answer(request_id: RequestId | None, code: int, message: str) -> str:
    """An error of the protocol."""
    error = {"code": code, "message": message}
    return json.dumps({"jsonrpc": "2.0", "id": request_id, "error": error})


def failed_call(request: Message, error: ToolError, text: str) -> str:
    """An error as the result of a tool, which a model gets to read."""
    result: dict[str, Any] = {
        "content": [{"type": "text", "text": text}],
        "isError": True,
        "_meta": {ERROR_META: error.payload()},
    }
    if request.version is not None:
        result["resultType"] = "complete"
    return json.dumps({"jsonrpc": "2.0", "id": request.id, "result": result})


class MessageStream:
    """The messages of a `text/event-stream`, from its parts as they come."""

    def __init__(self) -> None:
        self._events = EventStream()

    def messages(self, part: bytes) -> list[str]:
        """The messages that are complete with this part."""
        return [event.data for event in self._events.events(part) if event.kind == "message"]
