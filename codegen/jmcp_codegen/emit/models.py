"""`models.py` and `arrays.py`: params and types as pydantic models."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from datamodel_code_generator import GenerateConfig, generate
from datamodel_code_generator.enums import DataModelType, InputFileType
from datamodel_code_generator.format import Formatter, PythonVersion
from datamodel_code_generator.parser import LiteralType

from jmcp_codegen.source.model import ApiModel
from jmcp_codegen.source.names import camel
from jmcp_codegen.source.schema import Schema, plain, rerooted

HEADER = '"""Params and results of every tool."""'
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
    name: str
    annotation: str


def arrays(api: ApiModel) -> tuple[ArrayModel, ...]:
    """The named array types that params need.

    The generator would wrap each limited item in a RootModel of its own and drop uniqueItems.
    """
    return tuple(
        ArrayModel(name=_array_name(owner, name), annotation=_annotation(schema))
        for owner, model in _models(api).items()
        for name, schema in model.get("properties", {}).items()
        if _needs_name(schema)
    )


def source(api: ApiModel) -> str:
    """`models.py`, before formatting."""
    definitions = {
        owner: _with_arrays(api.package, owner, model) for owner, model in _models(api).items()
    }
    params = {tool.params_class for tool in api.tools} | api.param_types
    config = GenerateConfig(
        input_file_type=InputFileType.JsonSchema,
        output_model_type=DataModelType.PydanticV2BaseModel,
        target_python_version=PythonVersion.PY_311,
        use_annotated=True,
        field_constraints=True,
        use_union_operator=True,
        use_standard_collections=True,
        collapse_root_models=True,
        enum_field_as_literal=LiteralType.All,
        use_one_literal_as_default=True,
        use_double_quotes=True,
        strict_nullable=True,
        skip_root_model=True,
        use_exact_imports=True,
        disable_timestamp=True,
        formatters=[Formatter.BUILTIN],
        base_class="jmcp.core.calls.model.Result",
        base_class_map=dict.fromkeys(sorted(params), "jmcp.core.calls.model.Params"),
        custom_file_header=HEADER,
    )
    text = generate(json.dumps({"$defs": definitions}), config=config)
    if not isinstance(text, str):
        raise TypeError(type(text).__name__)
    return text


def _models(api: ApiModel) -> dict[str, Schema]:
    """All models by class name, as the generator reads them: params first, in spec order.

    Without descriptions: the spec is at hand for who reads the code, and the listing for clients.
    """
    params = {tool.params_class: tool.params for tool in api.tools}
    every = {**params, **api.types}.items()
    return {name: rerooted(plain(schema, descriptions=False), "#/$defs/") for name, schema in every}


def _with_arrays(package: str, owner: str, model: Schema) -> Schema:
    if "properties" not in model:
        return model
    properties = {
        name: _named_array(package, owner, name, schema)
        for name, schema in model["properties"].items()
    }
    return {**model, "properties": properties}


def _needs_name(schema: Schema) -> bool:
    items = schema.get("items", {})
    return bool(schema.get("uniqueItems") or _ITEM_LIMITS.keys() & items.keys())


def _array_name(owner: str, name: str) -> str:
    return f"{owner.removesuffix('Params')}{camel(name)}"


def _named_array(package: str, owner: str, name: str, schema: Schema) -> Schema:
    if not _needs_name(schema):
        return schema
    return {**schema, "x-python-type": f"{package}.arrays.{_array_name(owner, name)}"}


def _annotation(schema: Schema) -> str:
    items: dict[str, Any] = schema["items"]
    limits = [f"{arg}={items[key]!r}" for key, arg in _ITEM_LIMITS.items() if key in items]
    item = _SCALARS.get(items.get("type", ""), "Any")
    if "enum" in items:
        item = f"Literal[{', '.join(map(repr, items['enum']))}]"
    if limits:
        item = f"Annotated[{item}, Field({', '.join(limits)})]"
    if schema.get("uniqueItems"):
        return f"Annotated[list[{item}], AfterValidator(unique)]"
    return f"list[{item}]"
