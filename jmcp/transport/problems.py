"""Problem details (RFC 9457): how every error of the HTTP surfaces reads."""

from __future__ import annotations

import math
from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse

from jmcp.core.errors import Fault, Retry, ToolError

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 5
# About as long as a kernel takes to come back, and short enough that nobody gives up.

# What HTTP itself can refuse before any tool is asked; tool errors come from the spec.
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


def document(
    status: int,
    detail: str,
    *,
    code: str | None = None,
    fault: Fault | None = None,
    retry: Retry | None = None,
    details: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """A problem as JSON data. Without a code it is one of HTTP's own, by status."""
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


def of_error(error: ToolError) -> dict[str, Any]:
    """A tool's error as a problem."""
    return document(
        error.http,
        error.message,
        code=error.code,
        fault=error.fault,
        retry=error.retry,
        details=error.details,
    )


class Problem(Exception):
    """Ends a request with a problem. `headers` go with the answer."""

    def __init__(
        self, status: int, detail: str, *, code: str | None = None, **headers: str
    ) -> None:
        super().__init__(detail)
        self.body = document(status, detail, code=code)
        self.headers = headers


class ProblemResponse(JSONResponse):
    """The answer that a problem becomes."""

    media_type = MEDIA_TYPE

    def __init__(self, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        status = int(body["status"])
        headers = dict(headers or {})
        if status in (429, 503):
            # Whole seconds, upwards: who waits exactly so long must not come too early.
            seconds = math.ceil(body["details"].get("retry_after", RETRY_AFTER_SECONDS))
            headers.setdefault("Retry-After", str(seconds))
        super().__init__(body, status_code=status, headers=headers)
