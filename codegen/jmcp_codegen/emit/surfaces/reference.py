"""`TOOLS.md`: the tools for people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from jmcp_codegen.emit.printing import Printer
from jmcp_codegen.emit.types import limits
from jmcp_codegen.source.model import (
    ApiModel,
    ExampleModel,
    PromptModel,
    ResourceModel,
    RouteModel,
    ToolModel,
    ViewModel,
)
from jmcp_codegen.source.schema import TABLE, ref_name

VIEW_TYPE = "text/html;profile=mcp-app"
"""The MIME type of all views, which MCP Apps fixes."""


def emit(api: ApiModel, printer: Printer) -> str:
    by_group = {
        group: [_tool(tool, api.rest_prefix) for tool in api.tools if tool.group == group]
        for group in api.groups
    }
    every = (*api.tool_errors, *api.session_errors)
    appendix = [
        ("Every result of a session tool also has", _table(api.sessions["result"])),
        *((f"Type {name}", _table(schema)) for name, schema in api.types.items()),
        ("Resources", [*map(_resource, api.resources), *map(_resource, api.views)]),
        *((f"Prompt {prompt.name}", _prompt(prompt)) for prompt in api.prompts),
        ("Errors", [f"`{e.code}` (HTTP {e.http}, retry {e.retry}): {e.doc}" for e in every]),
        ("Notices", [f"`{n.name}`: {n.message} {n.do}" for n in api.notices]),
    ]
    if api.shared is None:
        appendix.append(("Limits", limits.described(api.sessions)))
    else:  # what jmcp has is in its own reference
        appendix = [(heading, lines) for heading, lines in appendix if lines]
    return printer.text("TOOLS.md.j2", api=api, by_group=by_group, appendix=appendix)


def _resource(resource: ResourceModel | ViewModel) -> str:
    mime_type = VIEW_TYPE if isinstance(resource, ViewModel) else resource.mime_type
    kind = f" ({mime_type})" if mime_type else ""
    return f"`{resource.uri}`{kind}: {resource.description}"


def _prompt(prompt: PromptModel) -> list[str]:
    """What it is for, then one line for each argument."""
    arguments = [
        f"`{one.name}`{' (required)' if one.required else ''}: {one.description}"
        for one in prompt.arguments
    ]
    return [prompt.description, *arguments]


def _tool(tool: ToolModel, prefix: str) -> dict[str, Any]:
    lists = [("Params", _table(tool.params)), ("Facts", _facts(tool, prefix))]
    return {
        "name": tool.name,
        "description": tool.description,
        "lists": [(heading, lines) for heading, lines in lists if lines],
        "examples": [_example(tool, example) for example in tool.examples],
    }


def _facts(tool: ToolModel, prefix: str) -> list[str]:
    names = ("read_only", "destructive", "idempotent", "open_world")
    marks = [name.replace("_", " ") for name in names if tool.annotations[name]]
    facts = [f"{' or '.join(f'`{n}`' for n in g)}; both where they agree" for g in tool.either]
    facts.append(f"Result: {tool.result_type}")
    if tool.errors:
        facts.append(f"Errors: {', '.join(f'`{error.code}`' for error in tool.errors)}")
    facts.append(f"Scope: {tool.scope}")
    facts += [f"Toolset: {tool.toolset}", f"Hints: {', '.join(marks) or 'none'}"]
    if tool.view is not None:
        called = ", which calls it; models do not see it" if tool.for_view else ""
        facts.append(f"Shown in the chat by: `{tool.view.uri}`{called}")
    if tool.on_disconnect:
        facts.append(f"When the caller leaves: {_LEFT[tool.on_disconnect]}")
    if tool.while_paused:
        facts.append("Goes on in a session that a person has paused")
    facts += [_rest(route, prefix) for route in tool.routes]
    if tool.handler != tool.name:
        preset = f" with `{_json(tool.presets)}`" if tool.presets else ""
        facts.append(f"Alias of `{tool.handler}`{preset}")
    return facts


def _rest(route: RouteModel, prefix: str) -> str:
    events = "" if route.stream is None else ", or a stream of events"
    if route.events:
        events = ", or a stream of what changes"
    if route.content:
        events = ", the bytes"
    return f"REST: `{route.method} {prefix}{route.path}`{events}"


def _example(tool: ToolModel, example: ExampleModel) -> str:
    end = example.raises if example.raises else _json(example.returns or {})
    return f"{tool.name} {_json(example.call)}  # {example.name}\n-> {end}"


def _table(schema: Mapping[str, Any]) -> list[str]:
    """One line for each property: name, type, and what else there is to say."""
    required = schema.get("required", ())
    return [
        f"`{name}` ({_kind(inner)}{', required' if name in required else ''})"
        + (f": {inner['description']}" if "description" in inner else "")
        for name, inner in schema.get("properties", {}).items()
    ]


def _kind(schema: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_kind(inner) for inner in schema["anyOf"])
    name = ref_name(schema)
    if name is not None:
        return name
    if "enum" in schema:
        kind = " or ".join(_json(value) for value in schema["enum"])
    else:
        kinds = schema.get("type", "any")
        kind = kinds if isinstance(kinds, str) else " or ".join(kinds)
        if "items" in schema:
            form = "table" if schema.get(TABLE) else "array"
            kind = kind.replace("array", f"{form} of {_kind(schema['items'])}")
    limits = [f"{_WORDS[key]} {schema[key]}" for key in _WORDS if key in schema]
    if "default" in schema:
        limits.append(f"default {_json(schema['default'])}")
    return ", ".join([kind, *limits])


_LEFT = {"detach": "the run goes on", "interrupt": "the run is interrupted"}
_WORDS = {
    "minimum": "at least",
    "maximum": "at most",
    "minLength": "length at least",
    "maxLength": "length at most",
    "minItems": "items at least",
    "maxItems": "items at most",
    "pattern": "matching",
}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
