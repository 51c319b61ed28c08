"""The component schemas of the OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jmcp_codegen.source.model import ApiModel, ToolModel
from jmcp_codegen.source.schema import (
    Schema,
    closed,
    mapped,
    plain,
    reachable,
    refs,
    rerooted,
    tabled,
)

ROOT = "#/components/schemas/"


class Components:
    """Types by name. A result that carries the session's fields is the type as clients know it;
    where something else uses the bare type too, the carrying one gets a name of its own."""

    def __init__(self, api: ApiModel) -> None:
        self._api = api
        inner = {name for schema in api.types.values() for name in refs(schema)}
        served = [tool for tool in api.tools if tool.routes]
        bare = {tool.result_type for tool in served if not tool.in_session} | inner
        bare |= api.param_types
        self._served = served
        self._bare = bare

    def result(self, tool: ToolModel) -> Schema:
        return {"$ref": ROOT + self._name(tool)}

    def rooted(self, schema: Mapping[str, Any]) -> Schema:
        return rerooted(schema, ROOT)

    def schemas(self) -> dict[str, Schema]:
        """Every schema that an operation refers to, results in the order of their tools."""
        results = {self._name(tool): self._on_wire(tool.result) for tool in self._served}
        names: set[str] = set()
        for tool in self._served:
            names |= refs(tool.result) | refs(tool.params)
        needed = reachable(names, dict(self._api.types))
        others = {
            name: self._plain(name) for name in self._api.types if name in needed - results.keys()
        }
        return {**results, **others}

    def _name(self, tool: ToolModel) -> str:
        clash = tool.in_session and tool.result_type in self._bare
        return f"{tool.result_type}InSession" if clash else tool.result_type

    def _plain(self, name: str) -> Schema:
        if name in self._api.param_types:
            return self.rooted(closed(plain(self._api.types[name])))
        # Results are advertised open, so that a client accepts a field that comes later.
        return self._on_wire(self._api.types[name])

    def _on_wire(self, schema: Schema) -> Schema:
        return self.rooted(_with_items(plain(tabled(schema))))


def _with_items(schema: Mapping[str, Any]) -> Schema:
    """With `items` in every array: generators of clients drop a type that has one without."""
    inner = mapped(schema, _with_items)
    return (
        {**inner, "items": {}} if inner.get("type") == "array" and "items" not in inner else inner
    )


def problem_schema() -> Schema:
    """RFC 9457, with the members of a ToolError."""
    text: Schema = {"type": "string"}
    return {
        "type": "object",
        "required": ["type", "title", "status", "detail", "code", "fault", "retry", "details"],
        "properties": {
            "type": {**text, "format": "uri-reference"},
            "title": text,
            "status": {"type": "integer"},
            "detail": {**text, "description": "The fact, the limit and the next call."},
            "code": text,
            "fault": {**text, "enum": ["client", "server"]},
            "retry": {**text, "enum": ["never", "later"]},
            "details": {"type": "object", "additionalProperties": True},
        },
    }
