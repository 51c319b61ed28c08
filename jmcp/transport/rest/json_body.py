"""Request bodies of the REST surface: one JSON object each."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request

from jmcp.transport.problems import Problem

JSON = "application/json"


async def json_object(request: Request) -> dict[str, Any]:
    """The body decoded; no body at all is an empty object.

    Raises Problem 400 or 415, and the 413 of BodyLimitMiddleware.
    """
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


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    decoded = dict(pairs)
    if len(decoded) != len(pairs):
        raise ValueError("a name occurs twice in one object")
    return decoded
