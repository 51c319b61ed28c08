"""Results as a typed client has them: with the defaults of the output schema, and lists of objects."""

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
    if isinstance(value, dict) and "x-row" in schema:
        objects = [dict(zip(value["columns"], row, strict=True)) for row in value["rows"]]
        return [_filled(schema["x-row"], one) for one in objects]
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


def as_lists(schema: Any) -> Any:
    """The schema of a result as a typed client has it: with lists of objects where it has tables."""
    if isinstance(schema, list):
        return [as_lists(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    if "x-row" in schema:
        kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        kinds = ["array" if kind == "object" else kind for kind in kinds]
        return {"type": kinds, "items": as_lists(schema["x-row"])}
    return {key: as_lists(inner) for key, inner in schema.items()}


def rows_of(value: Any) -> Any:
    """A result without its tables: a list of objects for each, without what a row has not."""
    if isinstance(value, list):
        return [rows_of(one) for one in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"columns", "rows"}:
        rows = [zip(value["columns"], row, strict=True) for row in value["rows"]]
        return [{name: rows_of(one) for name, one in row if one is not None} for row in rows]
    return {key: rows_of(one) for key, one in value.items()}
