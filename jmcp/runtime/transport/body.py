"""Request bodies: one JSON object, of bounded size."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request

from jmcp.runtime.transport.problem import Problem

MAX_BYTES = 64 * 1024 * 1024
# Four times the largest notebook that is opened; the SDK's own 4 MiB refuses real notebooks.
JSON = "application/json"


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    decoded = dict(pairs)
    if len(decoded) != len(pairs):
        raise ValueError("a name occurs twice in one object")
    return decoded


async def json_object(request: Request) -> dict[str, Any]:
    """The body. None at all is an empty object. Raises Problem 400, 413 or 415."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MAX_BYTES:
            raise Problem(413, f"The body is larger than {MAX_BYTES} bytes.")
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
