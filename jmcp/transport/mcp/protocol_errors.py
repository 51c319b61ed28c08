"""Errors of tools as errors of the protocol, for requests other than `tools/call`."""

from __future__ import annotations

from http import HTTPStatus

import mcp_types as types
from mcp.shared.exceptions import MCPError

from jmcp.core.errors import ToolError


def refusal(error: ToolError, *, not_found: int = types.INVALID_PARAMS) -> MCPError:
    """The same error with its code, its sentence and its details. `not_found` is what the protocol
    has for what does not exist."""
    code = types.INVALID_PARAMS
    if error.fault == "server":
        code = types.INTERNAL_ERROR
    elif error.http == HTTPStatus.NOT_FOUND:
        code = not_found
    return MCPError(code=code, message=error.message, data=error.payload())
