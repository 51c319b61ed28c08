"""Bytes that no client should send, from a seed: what it was can be had again."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

from jmcp.compose import API

SESSION = "0123abcd"
HANDSHAKE = "2025-11-25"
MODERN = "2026-07-28"

ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    2**63,
    -(2**70),
    10**400,
    1e308,
    float("nan"),
    float("inf"),
    "",
    "\0",
    "\ud800",
    "a" * 70_000,
    "../../etc/passwd",
    "{{7*7}}${7*7}<%= 7*7 %>",
    "%s%n%x",
    "'; drop table sessions; --",
    "\r\nX-Injected: yes",
    "\x1b[2J\u202e",
    [],
    [None] * 500,
    {},
    {"": {"": {"": []}}},
    [[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]],
)

TYPES = (
    "application/json",
    "application/json; charset=utf-16",
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/json, text/event-stream",
    "",
    "\xff",
    "a" * 5000,
)


def texts(kind: random.Random) -> Iterator[bytes]:
    """Bodies that are not JSON, or hardly."""
    fixed = (
        b"",
        b"null",
        b"[]",
        b"0",
        b'"text"',
        b"{",
        b"{}{}",
        b"\xef\xbb\xbf{}",
        b"\xff\xfe{\x00}\x00",
        b'{"a": 1, "a": 2}',
        b'{"a": NaN}',
        b'{"a": 1e999}',
        b'{"tool_name": "\\ud800", "arguments": {}}',
        b'{"a": ' + b"9" * 20_000 + b"}",
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"\x1f\x8b\x08\x00" + b"\0" * 100,
        b"-" * 1000,
    )
    yield from fixed
    while True:
        yield kind.randbytes(kind.randrange(1, 400))


def arguments(kind: random.Random, tool: str) -> dict[str, Any]:
    """Arguments whose names are right and whose values are not, and the other way round."""
    fields = [*API.tools[tool].params.model_fields, "unknown", "__class__", ""]
    chosen = kind.sample(fields, kind.randrange(len(fields)))
    made = {name: kind.choice(ODD) for name in chosen}
    if "session_id" in fields and kind.random() < 0.5:
        made["session_id"] = SESSION
    return made


def calls(kind: random.Random) -> Iterator[tuple[str, dict[str, Any]]]:
    """Calls that can do nothing: no session of theirs exists, and no path of theirs is good."""
    names = list(API.tools)
    while True:
        name = kind.choice(names)
        yield name, arguments(kind, name)


def messages(kind: random.Random) -> Iterator[Any]:
    """JSON-RPC of both eras, with something wrong in most of it."""
    methods = (
        "initialize",
        "ping",
        "tools/list",
        "tools/call",
        "server/discover",
        "notifications/initialized",
        "notifications/cancelled",
        "resources/read",
        "completion/complete",
        "subscriptions/listen",
        "logging/setLevel",
        "nothing",
        "",
    )
    making = calls(kind)
    while True:
        tool, given = next(making)
        params: Any = kind.choice(
            (
                {},
                {"name": tool, "arguments": given},
                {"name": kind.choice(ODD), "arguments": kind.choice(ODD)},
                {"protocolVersion": kind.choice((HANDSHAKE, MODERN, "1", 7, None))},
                {
                    "protocolVersion": HANDSHAKE,
                    "capabilities": kind.choice(ODD),
                    "clientInfo": {"name": kind.choice(ODD), "version": "1"},
                },
                {"_meta": {"progressToken": kind.choice(ODD)}, "cursor": kind.choice(ODD)},
                kind.choice(ODD),
            )
        )
        message: Any = {
            "jsonrpc": kind.choice(("2.0", "2.0", "2.0", "1.0", None)),
            "id": kind.choice((1, "a", None, 1.5, [], {}, 2**80)),
            "method": kind.choice((*methods, kind.choice(ODD))),
            "params": params,
        }
        for name in kind.sample(list(message), kind.choice((0, 0, 0, 1, 2))):
            del message[name]
        if kind.random() < 0.05:
            message = [message, message]
        yield message


def as_json(value: Any) -> bytes:
    """The bytes of a value; halves of pairs and what is no number as Python writes them."""
    try:
        return json.dumps(value).encode()
    except ValueError:  # digits that Python does not print
        return b'{"jsonrpc": "2.0", "id": 1, "method": ' + b"7" * 5000 + b"}"


def mutated(kind: random.Random, data: bytes) -> bytes:
    """The same with a few bytes changed, lost, repeated or put in."""
    changed = bytearray(data)
    for _ in range(kind.randrange(1, 8)):
        at = kind.randrange(len(changed) + 1)
        way = kind.randrange(5)
        if way == 0 and at < len(changed):
            changed[at] ^= 1 << kind.randrange(8)
        elif way == 1:
            del changed[at : at + kind.randrange(1, 20)]
        elif way == 2:
            changed[at:at] = changed[at : at + kind.randrange(1, 50)]
        elif way == 3:
            changed[at:at] = kind.choice((b"\r\n", b"\0", b"\n", b"\r\n\r\n", b" ", b"\xff", b":"))
        else:
            changed[at:at] = kind.randbytes(kind.randrange(1, 20))
    return bytes(changed)


def requests(kind: random.Random, host: str, token: str) -> Iterator[bytes]:
    """Whole requests as bytes: some as old attacks have them, most of them valid ones mutated."""
    about = f"Host: {host}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n"
    body = b'{"tool_name": "list_kernels", "arguments": {}}'
    call = f"POST /mcp/tools/call HTTP/1.1\r\n{about}Content-Type: application/json\r\n"
    valid = [
        f"{call}Content-Length: {len(body)}\r\n\r\n".encode() + body,
        f"GET /jmcp/v1/files?path=a HTTP/1.1\r\n{about}\r\n".encode(),
        f"GET /mcp/healthz HTTP/1.0\r\n{about}\r\n".encode(),
        f"{call}Transfer-Encoding: chunked\r\n\r\n2e\r\n".encode() + body + b"\r\n0\r\n\r\n",
    ]
    lengths = ("-1", "+5", "0x10", "1e3", "99999999999999999999", "5, 5", "5, 6", "", " ", "\u0665")
    fixed = [f"{call}Content-Length: {length}\r\n\r\n".encode() + body for length in lengths]
    fixed += [
        f"{call}Content-Length: 5\r\nContent-Length: 50\r\n\r\n".encode() + body,
        f"{call}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n".encode() + body,
        f"{call}Transfer-Encoding: chunked, identity\r\n\r\n".encode() + body,
        f"{call}Transfer-Encoding: chunked\r\n\r\nzz\r\n".encode() + body,
        f"{call}Transfer-Encoding: chunked\r\n\r\n{'f' * 20}\r\n".encode() + body,
        f"{call}Expect: 100-continue\r\nContent-Length: 46\r\n\r\n".encode() + body,
        f"GET / HTTP/9.9\r\n{about}\r\n".encode(),
        f"GET  /mcp  HTTP/1.1\r\n{about}\r\n".encode(),
        b"GET /mcp/healthz\r\n",
        f"GET http://evil.example/mcp/healthz HTTP/1.1\r\n{about}\r\n".encode(),
        f"GET /mcp/healthz HTTP/1.1\r\n{about}Host: evil.example\r\n\r\n".encode(),
        f"GET /mcp/healthz HTTP/1.1\r\n{about} folded: yes\r\n\r\n".encode(),
        f"GET /mcp/healthz HTTP/1.1\r\n{about}X: {'a' * 200_000}\r\n\r\n".encode(),
        (f"GET /mcp/healthz HTTP/1.1\r\n{about}" + "X: y\r\n" * 5000 + "\r\n").encode(),
        f"GET /{'a' * 100_000} HTTP/1.1\r\n{about}\r\n".encode(),
        f"GET /jmcp/v1/files?{'path=a&' * 3000} HTTP/1.1\r\n{about}\r\n".encode(),
        f"CONNECT evil.example:443 HTTP/1.1\r\n{about}\r\n".encode(),
        f"{'A' * 5000} /mcp HTTP/1.1\r\n{about}\r\n".encode(),
        f"GET /mcp HTTP/1.1\r\n{about}Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n".encode(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 100,
        b"\0" * 1000,
        b"\r\n" * 1000,
    ]
    for path in (
        b"/%",
        b"/%zz",
        b"/\xff\xfe",
        b"/%ff%fe",
        b"//",
        b"/..;/",
        b"/mcp/%00",
        b"*",
        b"?",
    ):
        fixed.append(b"GET " + path + f" HTTP/1.1\r\n{about}\r\n".encode())
    yield from fixed
    while True:
        yield mutated(kind, kind.choice(valid))


def headers(kind: random.Random) -> dict[bytes, bytes]:
    """Headers that the protocol looks at, with values that it does not know."""
    odd: tuple[bytes, ...] = (
        b"",
        b"\xff\xfe",
        b"a" * 2000,
        b"null",
        b"*/*",
        b"-1",
        b"text/event-stream",
        MODERN.encode(),
        HANDSHAKE.encode(),
        b"1999-01-01",
    )
    names = (
        "Mcp-Session-Id",
        "MCP-Protocol-Version",
        "Mcp-Method",
        "Mcp-Name",
        "Accept",
        "Last-Event-Id",
        "X-Request-Id",
        "Accept-Encoding",
        "X-Forwarded-For",
        "Range",
    )
    return {name.encode(): kind.choice(odd) for name in kind.sample(names, kind.randrange(4))}
