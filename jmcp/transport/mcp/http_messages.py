"""Requests and answers of MCP over HTTP: what their headers say, and bodies read and passed on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mcp.server.streamable_http import MCP_SESSION_ID_HEADER, REQUEST_CANCELLED
from mcp.shared.inbound import MCP_METHOD_HEADER, MCP_NAME_HEADER, MCP_PROTOCOL_VERSION_HEADER
from pydantic_core import from_json
from starlette.types import Message, Receive, Scope, Send

from jmcp.transport.json_text import one_line_encoded

JSON = "application/json"
CONNECTION_HEADER = "jmcp-connection"
"""The name that `jmcp connect` gives its client's connection, the same after a restart of the server."""
CONNECTION = re.compile(r"[0-9a-f]{32}")
HEADERS = {
    name.encode(): name
    for name in (
        "accept",
        "content-type",
        MCP_SESSION_ID_HEADER,
        MCP_PROTOCOL_VERSION_HEADER,
        MCP_METHOD_HEADER,
        MCP_NAME_HEADER,
        CONNECTION_HEADER,
    )
}
CANCELLED_EVENT = re.compile(
    rb'event: message\r?\ndata: \{"jsonrpc":"2\.0","id":(?:"(?:[^"\\]|\\.)*"|-?[0-9]+),'
    rb'"error":\{"code":%d,' % REQUEST_CANCELLED
)
"""What the SDK sends for a request that was cancelled, where MCP says to send nothing."""
Headers = Mapping[str, str]


def readable_stream(send: Send) -> Send:
    """A `send` for the SDK's streams: without the answer to a request that was cancelled, and with
    each event in one line, whatever a client takes for the end of one."""

    async def filtered(message: Message) -> None:
        if body := message.get("body"):
            body = b"" if CANCELLED_EVENT.match(body) else one_line_encoded(body)
            message = {**message, "body": body}
        await send(message)

    return filtered


def replayed(received: list[Message], receive: Receive) -> Receive:
    """A `receive` that begins with what was received already."""
    rest = iter(received)

    async def replay() -> Message:
        for message in rest:
            return message
        return await receive()

    return replay


def known_headers(scope: Scope) -> Headers:
    """The headers that matter here, by name; a repeated one is empty, which nothing accepts."""
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        if (known := HEADERS.get(name)) is not None:
            headers[known] = "" if known in headers else value.decode("latin-1")
    return headers


def decoded(body: bytes) -> Any:
    """A body's JSON; None where it is none."""
    try:
        return from_json(body)
    except ValueError:
        return None


def is_negotiated(headers: Headers) -> bool:
    """Whether request and answer may be JSON. The SDK wants clients to accept events as well."""
    accepted = {
        kind.partition(";")[0].strip() for kind in headers.get("accept", "").lower().split(",")
    }
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == JSON and ("*/*" in accepted or {JSON, "text/event-stream"} <= accepted)


def named_connection(given: str | None) -> str | None:
    """The connection that a client names, as calls know it; None where it names none.

    It leads to sessions of the caller alone, which that could name by their ids as well.
    """
    return f"connect:{given}" if given and CONNECTION.fullmatch(given) else None


def header_of(start: Message, name: str) -> str:
    """That header of an answer; empty when there is none."""
    return next((value.decode() for key, value in start["headers"] if key == name.encode()), "")
