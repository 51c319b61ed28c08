"""The Python types of params, as a caller writes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jmcp_codegen.source.schema import ENUM_NAME, ref_name

_PLAIN = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "null": "None",
    "object": "Mapping[str, Any]",
}


def annotation(schema: Mapping[str, Any]) -> str:
    """The type of a value of that schema. An object of the spec may be given as plain data too."""
    name = ref_name(schema)
    if name is not None:
        return f"models.{name} | Mapping[str, Any]"
    if "anyOf" in schema:
        return " | ".join(map(annotation, schema["anyOf"]))
    if ENUM_NAME in schema:
        return f"enums.{schema[ENUM_NAME]}"
    if "enum" in schema:
        return f"Literal[{', '.join(map(repr, schema['enum']))}]"
    kinds = schema.get("type", "object")
    return " | ".join(
        f"Sequence[{annotation(schema['items'])}]" if kind == "array" else _PLAIN[kind]
        for kind in ([kinds] if isinstance(kinds, str) else kinds)
    )
