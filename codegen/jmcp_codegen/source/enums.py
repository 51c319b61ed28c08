"""Named enums: lists of words that a spec declares once and its schemas refer to by name.

A schema says `enum: CellType` where it would list the words; with `type: [string, 'null']` beside
it, null is a value too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from jmcp_codegen.source.load import Document, Place, Spec
from jmcp_codegen.source.schema import ENUM_NAME, Schema, mapped

Raw = Mapping[str, Any]
Words = Mapping[str, tuple[str, ...]]
"""The values of each enum by its name."""


def declared(spec: Spec) -> Iterator[tuple[Document, str, Raw]]:
    """Every enum of both files, those of sessions.yaml first."""
    for document in (spec.sessions, spec.tools):
        for name, enum in document.data.get("enums", {}).items():
            yield document, name, enum


def words(spec: Spec) -> dict[str, tuple[str, ...]]:
    """What each enum lists: its own values, then those of the enum that it extends."""
    found: dict[str, tuple[str, ...]] = {}
    for _, name, enum in declared(spec):
        found[name] = (*enum["values"], *found.get(enum.get("extends", ""), ()))
    return found


def roots(spec: Spec) -> Iterator[tuple[Document, Place, Schema]]:
    """Every schema of a spec that is not inside of another one."""
    for name, schema in spec.sessions.data["params"].items():
        yield spec.sessions, ("params", name), schema
    yield spec.sessions, ("result",), spec.sessions.data["result"]
    for name, schema in spec.tools.data["types"].items():
        yield spec.tools, ("types", name), schema
    for name, tool in spec.tools.data["tools"].items():
        if "params" in tool:
            yield spec.tools, ("tools", name, "params"), tool["params"]


def resolved(spec: Spec) -> Spec:
    """The spec with the words of each enum in the place of its name.

    Which enum it was is kept under ENUM_NAME. A name that is not declared leaves any string.
    """
    known = words(spec)
    tools, sessions = dict(spec.tools.data), dict(spec.sessions.data)
    sessions["params"] = _each(sessions["params"], known)
    sessions["result"] = _resolved(sessions["result"], known)
    tools["types"] = _each(tools["types"], known)
    tools["tools"] = {
        name: {**tool, "params": _resolved(tool["params"], known)} if "params" in tool else tool
        for name, tool in tools["tools"].items()
    }
    return replace(
        spec,
        tools=replace(spec.tools, data=tools),
        sessions=replace(spec.sessions, data=sessions),
    )


def _each(schemas: Mapping[str, Schema], known: Words) -> dict[str, Schema]:
    return {name: _resolved(schema, known) for name, schema in schemas.items()}


def _resolved(schema: Schema, known: Words) -> Schema:
    name = schema.get("enum")
    if not isinstance(name, str):
        return mapped(schema, lambda inner: _resolved(inner, known))
    rest = {key: value for key, value in schema.items() if key not in {"type", "enum"}}
    kind = schema.get("type", "string")
    if name not in known:
        return {"type": kind, **rest}
    null = [] if kind == "string" else [None]
    return {"type": kind, "enum": [*known[name], *null], **rest, ENUM_NAME: name}
