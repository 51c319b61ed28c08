"""Types and the schemas in them, of results and of params alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator

from jmcp_codegen.source.load import Document, Place, Spec
from jmcp_codegen.source.problems import Problem
from jmcp_codegen.source.schema import (
    REF,
    TABLE,
    Schema,
    inlined,
    nullable,
    plain,
    reachable,
    ref_name,
    refs,
    walk,
)

Raw = Mapping[str, Any]


def problems(spec: Spec) -> Iterator[Problem]:
    types, tools = spec.tools.data["types"], spec.tools.data["tools"]
    recursive = {name for name in types if name in reachable(refs(types[name]), types)}
    for name in types:
        if name in recursive:
            yield spec.tools.problem("recursive_type", ("types", name), f"{name} contains itself")
    safe = {name: schema for name, schema in types.items() if name not in recursive}
    in_params: set[str] = set()
    for name, tool in tools.items():
        params = tool.get("params", {})
        in_params |= refs(params)
        yield from _schemas(spec.tools, ("tools", name, "params"), params, safe)
    in_results = reachable({tool["result"] for tool in tools.values() if "result" in tool}, safe)
    in_params = reachable(in_params, safe)
    for name, schema in types.items():
        place = ("types", name)
        yield from _schemas(spec.tools, place, schema, safe)
        if name in in_params & in_results:
            reason = f"{name} is used by params and by results, whose rules differ"
            yield spec.tools.problem("mixed_type", place, reason)
        if name in in_results - in_params:
            yield from _result(spec.tools, place, schema, safe)
    for name, tool in tools.items():
        if types.get(tool.get("result"), {"type": "object"}).get("type") != "object":
            reason = f"the result {tool['result']} is not an object"
            yield spec.tools.problem("result_root", ("tools", name, "result"), reason)
    yield from _sessions(spec)


def _sessions(spec: Spec) -> Iterator[Problem]:
    block = spec.sessions.data["result"]
    yield from _result(spec.sessions, ("result",), block, {})
    for name, schema in spec.sessions.data["params"].items():
        yield from _schemas(spec.sessions, ("params", name), schema, {})
    for name, schema in block["properties"].items():
        # It becomes no class, so an object in it needs no name.
        for found in _schemas(spec.sessions, ("result", "properties", name), schema, {}):
            if found.code != "inline_object":
                yield found


def _schemas(document: Document, place: Place, root: Raw, types: Raw) -> Iterator[Problem]:
    for inner_place, schema in walk(root):
        at = (*place, *inner_place)
        kinds = schema.get("type", ())
        kinds = [kinds] if isinstance(kinds, str) else kinds
        if "$ref" in schema and not str(schema["$ref"]).startswith(REF):
            reason = f"{schema['$ref']} does not refer to a type"
            yield document.problem("ref", (*at, "$ref"), reason)
        if "array" in kinds and "items" not in schema:
            reason = "an array without items; some clients refuse to list such a tool"
            yield document.problem("array_without_items", at, reason)
        if schema.get(TABLE) and ref_name(schema.get("items", {})) is None:
            reason = "a table is an array whose items are a type"
            yield document.problem("bad_table", (*at, TABLE), reason)
        if "properties" in schema and inner_place:
            reason = "an object inside another needs a name: put it into types"
            yield document.problem("inline_object", at, reason)
        for index, name in enumerate(schema.get("required", ())):
            if name not in schema.get("properties", {}):
                reason = f"required names {name}, which is not there"
                yield document.problem("bad_required", (*at, "required", index), reason)
        if "default" in schema:
            yield from _default(document, at, schema, types)


def _default(document: Document, place: Place, schema: Raw, types: Raw) -> Iterator[Problem]:
    if not refs(schema) <= types.keys():
        return
    rest: Schema = {key: value for key, value in schema.items() if key != "default"}
    validator = Draft202012Validator(plain(inlined(rest, types)))
    for error in validator.iter_errors(schema["default"]):
        reason = f"the default breaks its own schema: {error.message}"
        yield document.problem("bad_default", (*place, "default"), reason)


def _result(document: Document, place: Place, schema: Raw, types: Raw) -> Iterator[Problem]:
    required = schema.get("required", ())
    for name, inner in schema.get("properties", {}).items():
        if name not in required and "default" not in inner and not nullable(inner, types):
            reason = f"{name} is neither required nor nullable, so no value could mean its absence"
            yield document.problem("optional_result", (*place, "properties", name), reason)
