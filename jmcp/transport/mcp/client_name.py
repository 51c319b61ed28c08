"""The name that an MCP client gives itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp_types import CLIENT_INFO_META_KEY


def client_of(context: ServerRequestContext[Any, Any]) -> str | None:
    """The name in the client's `initialize`, or in the `_meta` of a request without a handshake."""
    params = context.session.client_params
    return None if params is None else params.client_info.name


def client_in(meta: Mapping[str, Any]) -> str | None:
    """The same, in the `_meta` of a request that the SDK has not read."""
    return named(meta.get(CLIENT_INFO_META_KEY))


def named(client_info: Any) -> str | None:
    """The name in a `clientInfo`, if it is one."""
    name = client_info.get("name") if isinstance(client_info, Mapping) else None
    return name if isinstance(name, str) else None
