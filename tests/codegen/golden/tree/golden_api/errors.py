"""Every error that a tool can raise."""

from __future__ import annotations

from jmcp.core.errors import ToolError


class InvalidArguments(ToolError):
    """The arguments do not fit."""

    code = "invalid_arguments"
    http = 400
    fault = "client"
    retry = "never"


class SessionNotFound(ToolError):
    """No such session."""

    code = "session_not_found"
    http = 404
    fault = "client"
    retry = "never"


class CellNotFound(ToolError):
    """No such cell."""

    code = "cell_not_found"
    http = 404
    fault = "client"
    retry = "never"
