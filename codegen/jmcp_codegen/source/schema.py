"""Operations on the JSON Schemas of the spec; none changes its argument."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]
REF = "#/types/"
ENUM_NAME = "enum_name"
"""Beside `enum`: the named enum whose values those are."""
TABLE = "table"
"""Of an array of one type: on the wire it is a table, which names the fields once."""
ROW = "x-row"
"""In the schema of a table: that of the object which a row has the values of."""
_OURS = frozenset({"synonyms", "either", ENUM_NAME, TABLE})
"""Keywords of jmcp that no client sees."""


def ref_name(schema: Mapping[str, Any]) -> str | None:
    """The type that a schema refers to."""
    ref = schema.get("$ref")
    return ref.removeprefix(REF) if isinstance(ref, str) and ref.startswith(REF) else None


def children(schema: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], Schema]]:
    """The schemas right inside one, each with its place there."""
    for name, inner in schema.get("properties", {}).items():
        yield ("properties", name), inner
    if "items" in schema:
        yield ("items",), schema["items"]
    for index, inner in enumerate(schema.get("anyOf", ())):
        yield ("anyOf", index), inner


def walk(
    schema: Mapping[str, Any], place: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], Mapping[str, Any]]]:
    """A schema and all those inside it, not following references."""
    yield place, schema
    for step, inner in children(schema):
        yield from walk(inner, (*place, *step))


def refs(schema: Mapping[str, Any]) -> set[str]:
    """The types that a schema names, directly or inside."""
    return {name for _, inner in walk(schema) if (name := ref_name(inner)) is not None}


def may_be_empty(schema: Mapping[str, Any]) -> bool:
    """Whether an empty string stands for no value: for ids, paths and names, which never are."""
    return schema.get("type") == "string" and schema.get("minLength") == 1


def left_out(schema: Mapping[str, Any], *, null: bool = True) -> Schema:
    """The schema of a param that need not be given, as clients see it: null is not giving it, and so
    is an empty string that is no value. Without `null` for where none can be sent."""
    result = dict(schema)
    if may_be_empty(schema):
        del result["minLength"]
        if "pattern" in schema:
            inner = schema["pattern"].removeprefix("^").removesuffix("$")
            result["pattern"] = f"^(?:{inner})?$"
    if not null:
        return result
    if "type" not in schema:
        return {"anyOf": [result, {"type": "null"}]}
    result["type"] = [schema["type"], "null"]
    if "enum" in schema:
        result["enum"] = [*schema["enum"], None]
    return result


def as_sent(params: Mapping[str, Any]) -> Schema:
    """The params of a tool as clients see them: what is not required may be null."""
    required = params.get("required", ())
    properties = {
        name: schema if name in required else left_out(schema)
        for name, schema in params.get("properties", {}).items()
    }
    return {**params, "properties": properties}


def reachable(names: set[str], types: Mapping[str, Schema]) -> set[str]:
    """Those types and all that they contain."""
    found: set[str] = set()
    waiting = sorted(names & types.keys())
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += sorted(refs(types[name]) & types.keys())
    return found


def nullable(schema: Mapping[str, Any], types: Mapping[str, Schema]) -> bool:
    """Whether null is a value of it."""
    name = ref_name(schema)
    if name is not None:
        return name in types and nullable(types[name], types)
    kinds = schema.get("type", ())
    kinds = [kinds] if isinstance(kinds, str) else kinds
    by_type = not kinds or "null" in kinds
    by_enum = "enum" not in schema or None in schema["enum"]
    if "anyOf" in schema:
        return any(nullable(inner, types) for inner in schema["anyOf"])
    return by_type and by_enum and schema != {}


def plain(schema: Mapping[str, Any], *, descriptions: bool = True) -> Schema:
    """Without jmcp's own keywords, and without descriptions if asked."""
    dropped = _OURS if descriptions else _OURS | {"description"}
    result: Schema = {}
    for key, value in schema.items():
        if key in dropped:
            continue
        if key == "properties":
            result[key] = {
                name: plain(inner, descriptions=descriptions) for name, inner in value.items()
            }
        elif key == "items":
            result[key] = plain(value, descriptions=descriptions)
        elif key == "anyOf":
            result[key] = [plain(inner, descriptions=descriptions) for inner in value]
        else:
            result[key] = value
    return result


def rerooted(schema: Mapping[str, Any], root: str) -> Schema:
    """With references to another place, such as `#/components/schemas/`."""
    return _replaced(schema, lambda name, _: {"$ref": root + name})


def inlined(schema: Mapping[str, Any], types: Mapping[str, Schema]) -> Schema:
    """With references replaced by what they name."""

    def named(name: str, around: Mapping[str, Any]) -> Schema:
        own = {key: value for key, value in around.items() if key != "$ref"}
        return {**inlined(types[name], types), **own}

    return _replaced(schema, named)


def tabled(schema: Mapping[str, Any]) -> Schema:
    """With each array that is a table as it is on the wire."""
    if not schema.get(TABLE):
        return mapped(schema, tabled)
    own = {key: schema[key] for key in ("description",) if key in schema}
    return {
        "type": "object" if schema["type"] == "array" else ["object", "null"],
        **own,
        "properties": {
            # No enum: a client that checks them must accept a column that comes later.
            "columns": {"type": "array", "items": {"type": "string"}},
            "rows": {"type": "array", "items": {"type": "array"}},
        },
        "required": ["columns", "rows"],
        ROW: plain(tabled(schema["items"])),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class TableModel:
    """A table in a result: the names that lead to it, and its columns with their defaults."""

    path: tuple[str, ...]
    columns: Mapping[str, Any]


def tables(
    schema: Mapping[str, Any], types: Mapping[str, Schema], path: tuple[str, ...] = ()
) -> Iterator[TableModel]:
    """All tables in a result, outside of lists."""
    name = ref_name(schema)
    if name is not None:
        yield from tables(types[name], types, path)
    for inner in schema.get("anyOf", ()):
        yield from tables(inner, types, path)
    for field, inner in schema.get("properties", {}).items():
        if not inner.get(TABLE):
            yield from tables(inner, types, (*path, field))
            continue
        properties = types[ref_name(inner["items"]) or ""]["properties"]
        columns = {column: one.get("default") for column, one in properties.items()}
        yield TableModel(path=(*path, field), columns=columns)


def closed(schema: Mapping[str, Any]) -> Schema:
    """With every object in it closed."""
    result = mapped(schema, closed)
    if "properties" in schema:
        result["additionalProperties"] = False
    return result


def partial(schema: Mapping[str, Any]) -> Schema:
    """Closed and with nothing required: what an example may expect of a result."""
    result = mapped(schema, partial)
    result.pop("required", None)
    if "properties" in schema:
        result["additionalProperties"] = False
    return result


def _replaced(schema: Mapping[str, Any], replace: Any) -> Schema:
    name = ref_name(schema)
    if name is not None:
        replaced: Schema = replace(name, schema)
        return replaced
    return mapped(schema, lambda inner: _replaced(inner, replace))


def mapped(schema: Mapping[str, Any], change: Callable[[Schema], Schema]) -> Schema:
    """With each schema right inside it replaced by what `change` makes of it."""
    result = dict(schema)
    if "properties" in schema:
        result["properties"] = {name: change(value) for name, value in schema["properties"].items()}
    if "items" in schema:
        result["items"] = change(schema["items"])
    if "anyOf" in schema:
        result["anyOf"] = [change(inner) for inner in schema["anyOf"]]
    if ROW in schema:
        result[ROW] = change(schema[ROW])
    return result
