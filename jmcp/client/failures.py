"""Why a call has no result, other than an error that its tool declares."""

from __future__ import annotations

from typing import Any, Protocol

from jmcp.core.errors import JmcpError, ToolError

HTTP_SERVER_ERROR = 500


class TransportError(JmcpError):
    """The call or its answer was lost on the way.

    `may_have_run`: the server may have carried it out, all or a part. Calls that change nothing, and
    those that never arrived, can just be made again.
    """

    may_have_run: bool = False


class NotReached(TransportError):
    """No server took the call: nothing was done."""


class AnswerLost(TransportError):
    """The connection ended, or went silent, before the answer had come."""

    def __init__(self, message: str, *, may_have_run: bool) -> None:
        super().__init__(message)
        self.may_have_run = may_have_run


class AnswerUnreadable(TransportError):
    """The answer came, and is not what this client knows: another version of jmcp gave it."""

    may_have_run = True


class Refused(TransportError):
    """The server refused the request before any tool saw it, or has failed with it.

    `status` is of HTTP, `code` names the reason: unauthorized, host_refused, unknown_tool, ...
    """

    def __init__(self, message: str, *, status: int, code: str) -> None:
        super().__init__(message)
        self.may_have_run = status >= HTTP_SERVER_ERROR
        self.status = status
        self.code = code


class UndeclaredError(ToolError):
    """An error of the tool whose code this client does not know: the server is a later version."""

    code = "undeclared"
    http = 500
    fault = "server"
    retry = "never"

    def __init__(self, message: str, code: str, details: dict[str, Any]) -> None:
        super().__init__(message, **details)
        vars(self)["code"] = code


class Phrases(Protocol):
    """The sentences of these failures, by the spec."""

    def call_not_sent(self, *, tool: str, reason: str) -> str: ...
    def call_lost(self, *, tool: str, reason: str) -> str: ...
    def reading_lost(self, *, tool: str, reason: str) -> str: ...
    def answer_unreadable(self, *, tool: str, reason: str) -> str: ...
    def call_refused(self, *, tool: str, url: str, status: int, reason: str) -> str: ...
