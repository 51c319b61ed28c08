"""Errors of tools as errors of the protocol, for requests other than `tools/call`."""

from __future__ import annotations

from http import HTTPStatus

import mcp_types as types
from mcp.shared.exceptions import MCPError

from jmcp.core.errors import ToolError


def refusal(
    error: ToolError, *, uri: str | None = None, not_found: int = types.INVALID_PARAMS
) -> MCPError:
    """The same error with its code, its sentence and its details. `uri` is the one that was asked
    for, which clients look for beside them, `not_found` what the protocol has for what does not
    exist."""
    code = types.INVALID_PARAMS
    if error.fault == "server":
        code = types.INTERNAL_ERROR
    elif error.http == HTTPStatus.NOT_FOUND:
        code = not_found
    data = error.payload() if uri is None else {**error.payload(), "uri": uri}
    return MCPError(code=code, message=error.message, data=data)
