"""Names: how they look, and which ones generated code needs for itself."""

from __future__ import annotations

from collections.abc import Iterator

from jmcp_codegen.source.load import Document, Place, Spec
from jmcp_codegen.source.names import (
    ARGUMENT,
    CAMEL,
    RESERVED_CLASSES,
    SNAKE,
    camel,
    usable_as_field,
)
from jmcp_codegen.source.problems import Problem


def problems(spec: Spec) -> Iterator[Problem]:
    for document, place, kind in _snakes(spec):
        yield from _snake(document, place, kind)
    tools, types = spec.tools.data["tools"], spec.tools.data["types"]
    params_classes = {f"{camel(name)}Params" for name in tools}
    for name in types:
        place = ("types", name)
        if not CAMEL.fullmatch(name):
            yield spec.tools.problem("bad_name", place, f"type {name} is not CamelCase")
        elif name in RESERVED_CLASSES | params_classes:
            reason = f"generated code has another {name}; call the type something else"
            yield spec.tools.problem("reserved_name", place, reason)
    for name in tools:
        if camel(name) in RESERVED_CLASSES:
            reason = f"generated code has another {camel(name)}; call the tool something else"
            yield spec.tools.problem("reserved_name", ("tools", name), reason)


def _snakes(spec: Spec) -> Iterator[tuple[Document, Place, str]]:
    data = spec.tools.data
    for section in ("groups", "toolsets", "errors", "fixtures", "tools", "resources", "prompts"):
        for name in data.get(section, {}):
            yield spec.tools, (section, name), section.removesuffix("s")
    for tool, entry in data["tools"].items():
        for name, schema in entry.get("params", {}).get("properties", {}).items():
            place = ("tools", tool, "params", "properties", name)
            yield spec.tools, place, "param"
            for index in range(len(schema.get("synonyms", ()))):
                yield spec.tools, (*place, "synonyms", index), "synonym"
        for name in entry.get("alias", {}).get("rename", {}):
            yield spec.tools, ("tools", tool, "alias", "rename", name), "param"
    for prompt, entry in data.get("prompts", {}).items():
        for name in entry["arguments"]:
            yield spec.tools, ("prompts", prompt, "arguments", name), "argument"
    for type_, schema in data["types"].items():
        for name in schema.get("properties", {}):
            yield spec.tools, ("types", type_, "properties", name), "property"
    for section in ("params", "notices", "errors", "backend_errors"):
        for name in spec.sessions.data[section]:
            yield spec.sessions, (section, name), section.removesuffix("s").replace("_", " ")


def _snake(document: Document, place: Place, kind: str) -> Iterator[Problem]:
    name = place[-1]
    if isinstance(name, int):
        node = document.data
        for step in place:
            node = node[step]
        name = node
    if not (ARGUMENT if kind == "argument" else SNAKE).fullmatch(name):
        reason = f"{kind} {name} is not lower case words joined by single underscores"
        yield document.problem("bad_name", place, reason)
    elif (kind in {"param", "property"} and not usable_as_field(name)) or (
        kind in {"tool", "error"} and not usable_as_field(name)
    ):
        reason = f"{kind} {name} would hide a keyword of Python or a part of its models"
        yield document.problem("reserved_name", place, reason)
