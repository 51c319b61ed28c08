"""`arrays.py`: arrays of params whose items have limits of their own or may not repeat.

The generator of models would wrap each limited item in a RootModel of its own and drop uniqueItems.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jmcp_codegen.emit.printing import Printer
from jmcp_codegen.source.model import ApiModel
from jmcp_codegen.source.names import camel
from jmcp_codegen.source.schema import ENUM_NAME, Schema

_ITEM_LIMITS = {
    "minimum": "ge",
    "maximum": "le",
    "exclusiveMinimum": "gt",
    "exclusiveMaximum": "lt",
    "multipleOf": "multiple_of",
    "minLength": "min_length",
    "maxLength": "max_length",
    "pattern": "pattern",
}
_SCALARS = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayModel:
    """One named array type. `annotation` is Python source."""

    name: str
    annotation: str


def emit(api: ApiModel, printer: Printer) -> str:
    """Empty where no param needs such an array."""
    arrays = [
        ArrayModel(name=name, annotation=_annotation(schema, api))
        for owner, model in api.classes.items()
        for field, schema in model.get("properties", {}).items()
        if (name := array_name(owner, field, schema)) is not None
    ]
    shared = ["from jmcp_api import enums as jmcp_enums"] if api.shared is not None else []
    return printer.text("arrays.py.j2", arrays=arrays, imports=shared) if arrays else ""


def array_name(owner: str, field: str, schema: Schema) -> str | None:
    """What the array of that field of a class is called here; None for a plain list or no list."""
    items = schema.get("items", {})
    if schema.get("uniqueItems") or _ITEM_LIMITS.keys() & items.keys():
        return f"{owner.removesuffix('Params')}{camel(field)}"
    return None


def _annotation(schema: Schema, api: ApiModel) -> str:
    items: dict[str, Any] = schema["items"]
    limits = [f"{arg}={items[key]!r}" for key, arg in _ITEM_LIMITS.items() if key in items]
    item = _SCALARS.get(items.get("type", ""), "Any")
    if ENUM_NAME in items:
        item = api.enum(items[ENUM_NAME])
    elif "enum" in items:
        item = f"Literal[{', '.join(map(repr, items['enum']))}]"
    if limits:
        item = f"Annotated[{item}, Field({', '.join(limits)})]"
    if schema.get("uniqueItems"):
        return f"Annotated[list[{item}], AfterValidator(unique)]"
    return f"list[{item}]"
