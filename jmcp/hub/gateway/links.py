"""URLs that a user's server gives out of itself, as those of the gateway, through which they were asked."""

from __future__ import annotations

import json
from collections.abc import Iterable

from jmcp.transport.json_text import encoded

LINKING = frozenset({b"location", b"link"})
PASSED = (b"/jmcp/", b"/mcp")
"""What of a server the gateway passes on; its other URLs (JupyterLab's) are the user's own."""
OPENAPI = b"/jmcp/openapi.json"

Pair = tuple[bytes, bytes]


def relinked(pairs: Iterable[Pair], server: bytes, gateway: bytes) -> list[Pair]:
    """Headers, with the paths in Location and Link below `gateway` that are below `server`."""
    return [
        (name, _moved(value, server, gateway) if name in LINKING else value)
        for name, value in pairs
    ]


def _moved(value: bytes, server: bytes, gateway: bytes) -> bytes:
    for path in PASSED:
        if value.startswith(server + path):
            return gateway + value[len(server) :]
        value = value.replace(b"<" + server + path, b"<" + gateway + path)
    return value


def relinked_openapi(document: bytes, server: str, gateway: str) -> bytes:
    """The OpenAPI document of that server, whose operations are at the gateway."""
    try:
        content = json.loads(document)
        for one in content["servers"]:
            if one["url"] == server:
                one["url"] = gateway
    except (ValueError, KeyError, TypeError):
        return document
    return encoded(content)
