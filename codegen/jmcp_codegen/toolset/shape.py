"""The shape of a toolset's file, made of the schemas of jmcp's own files."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from jmcp_codegen.source.load import Document
from jmcp_codegen.source.problems import Problem
from jmcp_codegen.source.shape import found_problems, schema_of

GIVEN = ("toolset", "group", "view")
"""What a tool of jmcp's own says, and what is plain here, or not to be had."""
SHARED = ("enums", "errors", "phrases", "types", "fixtures", "tools")
FIXTURE = ("notebook", "open", "cells", "changed", "run", "running")
"""What `jmcp.testing` makes before an example's call."""


def problems(document: Document) -> Iterator[Problem]:
    if not isinstance(document.data, dict):
        yield document.problem("shape", (), "the file is not a mapping with toolset and tools")
        return
    yield from found_problems(document, _validator())


@cache
def _validator() -> Draft202012Validator:
    tools, sessions = schema_of("tools"), schema_of("sessions")
    kinds: dict[str, Any] = {**tools["$defs"], "notice": sessions["$defs"]["notice"]}
    for kind in ("tool", "alias"):
        kinds[kind] = _without(kinds[kind], GIVEN)
    others = kinds["fixture"]["properties"].keys() - {*FIXTURE}
    kinds["fixture"] = _without(kinds["fixture"], tuple(others))
    text = {"type": "string", "minLength": 1}
    return Draft202012Validator(
        {
            "type": "object",
            "additionalProperties": False,
            "required": ["toolset", "tools"],
            "properties": {
                "toolset": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["name", "doc"],
                    "properties": {"name": text, "doc": text},
                },
                **{name: tools["properties"][name] for name in SHARED},
                "notices": sessions["properties"]["notices"],
                "texts": {"type": "object", "additionalProperties": text},
            },
            "$defs": kinds,
        }
    )


def _without(schema: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    properties = {key: one for key, one in schema["properties"].items() if key not in names}
    required = [name for name in schema.get("required", ()) if name not in names]
    return {**schema, "properties": properties, "required": required}
