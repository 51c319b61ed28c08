"""Bodies of requests, within limits, and the errors of RFC 6749 and RFC 7591 as JSON."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from jmcp.core.errors import StateUnavailable
from jmcp.hub.login.hub_identity import HubUnavailable

UNAVAILABLE = "the Hub or the gateway's store does not answer; try again"
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
FORM_BYTES = 16_384
MAX_FIELDS = 30


class OAuthError(Exception):
    """Raised to answer with an error of OAuth. `description` is for whoever wrote the client: ASCII
    without quotes and backslashes (RFC 6749, 5.2)."""

    def __init__(self, error: str, description: str, *, status: int = 400, **headers: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def response(self) -> Response:
        body = {"error": self.error, "error_description": self.description}
        return JSONResponse(body, self.status, headers=NO_STORE | self.headers)


def oauth_endpoint(
    answer: Callable[[Request], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint with its errors as answers."""

    async def answered(request: Request) -> Response:
        try:
            return await answer(request)
        except OAuthError as error:
            return error.response()
        except (StateUnavailable, HubUnavailable):
            silent = OAuthError("temporarily_unavailable", UNAVAILABLE, status=503, Retry_After="5")
            return silent.response()

    return answered


async def body_of(request: Request, limit: int = FORM_BYTES) -> bytes:
    """The body. Raises OAuthError 413 as soon as it is longer than `limit` bytes."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > limit:
            raise OAuthError(
                "invalid_request", f"the request has more than {limit} bytes", status=413
            )
    return body


async def form_of(request: Request) -> dict[str, str]:
    """The form of a request. Raises OAuthError, also for a parameter that is there twice."""
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise OAuthError("invalid_request", "send application/x-www-form-urlencoded", status=415)
    body = await body_of(request)
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise OAuthError("invalid_request", "the form cannot be read") from None
    return single(pairs)


def single(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Parameters without those that are empty, which count as left out (RFC 6749, 3.1). Raises
    OAuthError for one that is there twice."""
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found:
            raise OAuthError("invalid_request", "a parameter is given twice")
        found[name] = value
    return {name: value for name, value in found.items() if value}


def json_answer(content: dict[str, Any], status: int = 200) -> Response:
    """JSON that nobody keeps."""
    return JSONResponse(content, status, headers=NO_STORE)
