"""Results as a typed client has them: with the defaults of the output schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jmcp.compose import API


@cache
def _schemas() -> dict[str, dict[str, Any]]:
    listed = json.loads(Path(API.listing_file).read_bytes())
    return {entry["name"]: entry["outputSchema"] for entry in listed}


def filled(tool: str, result: dict[str, Any], arguments: Mapping[str, Any] = {}) -> dict[str, Any]:
    """The result with what it leaves out: defaults, None where there is none, and of the session
    what the call named itself."""
    named = ("session_id", "notebook_path")
    given = {name: arguments[name] for name in named if arguments.get(name) is not None}
    whole: dict[str, Any] = _filled(_schemas()[tool], result)
    return whole | {name: value for name, value in given.items() if whole.get(name) is None}


def _filled(schema: dict[str, Any], value: Any) -> Any:
    schema = next((one for one in schema.get("anyOf", ()) if one.get("type") != "null"), schema)
    if isinstance(value, dict) and "properties" in schema:
        properties: dict[str, Any] = schema["properties"]
        absent = {
            name: inner.get("default") for name, inner in properties.items() if name not in value
        }
        present = {name: _filled(properties.get(name, {}), one) for name, one in value.items()}
        return absent | present
    if isinstance(value, list) and "items" in schema:
        return [_filled(schema["items"], one) for one in value]
    return value
