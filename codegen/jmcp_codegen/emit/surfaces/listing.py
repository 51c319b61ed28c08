"""`mcp-tools.json`: what tools/list answers, one tool a line."""

from __future__ import annotations

import json
from typing import Any

from jmcp_codegen.emit.printing import Printer
from jmcp_codegen.source.model import ApiModel, ToolModel
from jmcp_codegen.source.schema import Schema, as_sent, closed, inlined, plain, tabled


def emit(api: ApiModel, _: Printer) -> str:
    lines = [_compact(_entry(tool, api)) for tool in api.tools]
    return "[\n" + ",\n".join(lines) + "\n]\n"


def _entry(tool: ToolModel, api: ApiModel) -> dict[str, Any]:
    """One entry, its schemas free of references: some clients do not follow any."""
    meta = _meta(tool)
    return {
        "name": tool.name,
        "title": tool.title,
        "description": tool.description,
        "inputSchema": _input_schema(tool, api),
        # Open, so that a client accepts a field that a later version adds.
        "outputSchema": _object(plain(tabled(inlined(tool.result, api.types)))),
        "annotations": {
            "readOnlyHint": tool.annotations["read_only"],
            "destructiveHint": tool.annotations["destructive"],
            "idempotentHint": tool.annotations["idempotent"],
            "openWorldHint": tool.annotations["open_world"],
        },
        **({"_meta": meta} if meta else {}),
    }


def _meta(tool: ToolModel) -> dict[str, Any]:
    """What clients go by beside the schemas: extensions, and how they show tools to their models."""
    meta: dict[str, Any] = {}
    if tool.always_loaded:
        meta["anthropic/alwaysLoad"] = True
    if tool.view is not None:
        visibility = ["app"] if tool.for_view else ["model", "app"]
        meta["ui"] = {"resourceUri": tool.view.uri, "visibility": visibility}
        # What clients of drafts of MCP Apps read, VS Code among them.
        meta["ui/resourceUri"] = tool.view.uri
    return meta


def _input_schema(tool: ToolModel, api: ApiModel) -> Schema:
    """The params as clients see them: closed, without synonyms, no alternatives at the root."""
    return _object(closed(plain(as_sent(inlined(tool.params, api.types)))))


def _object(schema: Schema) -> Schema:
    order = ("type", "properties", "required", "additionalProperties")
    return {key: schema[key] for key in order if key in schema}


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
