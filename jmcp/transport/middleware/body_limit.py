"""Request bodies: one JSON object, of bounded size."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jmcp.transport.problems import Problem, ProblemResponse

DEFAULT_MAX_BYTES = 64 * 2**20
"""The SDK's own 4 MiB refuses real notebooks."""

DIGITS = 18
"""Of a length that fits into any integer; there is no need to read a longer one."""

JSON = "application/json"


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    decoded = dict(pairs)
    if len(decoded) != len(pairs):
        raise ValueError("a name occurs twice in one object")
    return decoded


class Bounded:
    """Refuses bodies above `max_bytes`, whoever reads them: by their length where it is given, else
    as soon as so much has come.
    """

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        length = Request(scope).headers.get("content-length", "")
        if length.isdecimal() and (len(length) > DIGITS or int(length) > self._max_bytes):
            await ProblemResponse(self._refusal().body)(scope, receive, send)
            return
        came = 0

        async def counted() -> Message:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            if came > self._max_bytes:
                raise self._refusal()
            return message

        await self._app(scope, counted, send)

    def _refusal(self) -> Problem:
        return Problem(
            413, f"The body is larger than this server takes: {self._max_bytes:,} bytes."
        )


async def json_object(request: Request) -> dict[str, Any]:
    """The body. None at all is an empty object. Raises Problem 400 or 415, and 413 of `Bounded`."""
    content = await request.body()
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != JSON and (content or kind):
        raise Problem(415, f"The body is {kind or 'of no stated type'}; send {JSON}.")
    if not content:
        return {}
    try:
        decoded = json.loads(content, parse_constant=_constant, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise Problem(400, f"The body is not JSON: {error}.") from error
    if not isinstance(decoded, dict):
        raise Problem(400, "The body must be one JSON object.")
    return decoded
