"""Problem details (RFC 9457): how every error of the HTTP surfaces reads."""

from __future__ import annotations

import math
from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse

from jmcp.core.errors import Fault, Retry, ToolError

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 5
"""Where no error says more: about as long as a kernel takes to come back."""

CODES: dict[int, str] = {
    400: "invalid_arguments",
    401: "unauthorized",
    403: "refused",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "unsupported_media_type",
    421: "host_refused",
    500: "internal_error",
    503: "not_ready",
}
"""The codes of what HTTP itself refuses, by status; the codes of tool errors are in the spec."""


def problem_body(
    status: int,
    detail: str,
    *,
    code: str | None = None,
    fault: Fault | None = None,
    retry: Retry | None = None,
    details: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """A problem as JSON data. Without `code` it has the one of its status in CODES."""
    code = code or CODES.get(status, f"http_{status}")
    return {
        "type": f"urn:jmcp:problem:{code}",
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "detail": detail,
        "code": code,
        "fault": fault or ("server" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "client"),
        "retry": retry or ("later" if status in (429, 503) else "never"),
        "details": details or {},
    }


def error_body(error: ToolError, status: int | None = None) -> dict[str, Any]:
    """A tool's error as a problem, of another status than its own if one is given."""
    return problem_body(
        status or error.http,
        error.message,
        code=error.code,
        fault=error.fault,
        retry=error.retry,
        details=error.details,
    )


class Problem(Exception):
    """Raised to answer a request with a problem; `headers` go with the answer."""

    def __init__(
        self, status: int, detail: str, *, code: str | None = None, **headers: str
    ) -> None:
        super().__init__(detail)
        self.body = problem_body(status, detail, code=code)
        self.headers = headers


class ProblemResponse(JSONResponse):
    """The answer to a request that ended in a problem, with a Retry-After where one may retry."""

    media_type = MEDIA_TYPE

    def __init__(self, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        status = int(body["status"])
        headers = dict(headers or {})
        if status in (429, 503):
            # Whole seconds, rounded up: a client that waits exactly so long must not be early.
            seconds = math.ceil(body["details"].get("retry_after", RETRY_AFTER_SECONDS))
            headers.setdefault("Retry-After", str(seconds))
        super().__init__(body, status_code=status, headers=headers)
