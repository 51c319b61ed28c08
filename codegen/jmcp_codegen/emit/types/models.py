"""`models.py`: params and types as pydantic models."""

from __future__ import annotations

import json

from datamodel_code_generator import GenerateConfig, generate
from datamodel_code_generator.enums import DataModelType, InputFileType
from datamodel_code_generator.format import Formatter, PythonVersion
from datamodel_code_generator.parser import LiteralType

from jmcp_codegen.emit.printing import Printer
from jmcp_codegen.emit.types.arrays import array_name
from jmcp_codegen.source.model import ApiModel
from jmcp_codegen.source.schema import ENUM_NAME, REF, Schema, mapped, plain, ref_name, rerooted

HEADER = '"""Params and results of every tool."""'
SESSION_FIELDS = "SessionFields"
"""What every result of a session tool has beside its own, which no handler returns."""
_NOTICE = "SessionNotice"
_ROOT = "#/$defs/"
JMCP = "jmcp_api"
"""The generated package of jmcp itself, for types that a toolset of another package has from it."""


def emit(api: ApiModel, _: Printer) -> str:
    classes = api.classes
    if api.shared is None:  # a toolset of another package has it from jmcp
        classes |= _session(api.sessions["result"])
    definitions = {owner: _definition(api, owner, c) for owner, c in classes.items()}
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


def _session(result: Schema) -> dict[str, Schema]:
    """The fields of the session, of which a result has none where there is nothing to say."""
    properties = dict(result["properties"])
    classes: dict[str, Schema] = {}
    for name, schema in properties.items():
        if "properties" in schema.get("items", {}):
            classes[_NOTICE] = schema["items"]
            properties[name] = {**schema, "items": {"$ref": f"{REF}{_NOTICE}"}}
    return {**classes, SESSION_FIELDS: {"type": "object", "properties": properties}}


def _definition(api: ApiModel, owner: str, schema: Schema) -> Schema:
    """A class as the generator reads it.

    Without descriptions: the spec is at hand for who reads the code, and the listing for clients.
    """
    schema = _with_types(api, _with_enums(api, schema))
    schema = rerooted(plain(schema, descriptions=False), _ROOT)
    if "properties" not in schema:
        return schema
    properties = {
        field: _named_array(api.package, owner, field, inner)
        for field, inner in schema["properties"].items()
    }
    return {**schema, "properties": properties}


def _with_types(api: ApiModel, schema: Schema) -> Schema:
    """With the Python type in the place of each type that is jmcp's."""
    name = ref_name(schema)
    if name is None or not api.is_shared("types", name):
        return mapped(schema, lambda inner: _with_types(api, inner))
    return {"type": "object", "x-python-type": f"{JMCP}.models.{name}"}


def _with_enums(api: ApiModel, schema: Schema) -> Schema:
    """With the Python type beside the words of each named enum.

    The generator ignores such a type on a union, so null becomes an alternative of its own.
    """
    schema = mapped(schema, lambda inner: _with_enums(api, inner))
    if ENUM_NAME not in schema:
        return schema
    package = JMCP if api.is_shared("enums", schema[ENUM_NAME]) else api.package
    named = {**schema, "x-python-type": f"{package}.enums.{schema[ENUM_NAME]}"}
    if None not in schema["enum"]:
        return named
    words = [word for word in schema["enum"] if word is not None]
    return {"anyOf": [{**named, "type": "string", "enum": words}, {"type": "null"}]}


def _named_array(package: str, owner: str, field: str, schema: Schema) -> Schema:
    name = array_name(owner, field, schema)
    return schema if name is None else {**schema, "x-python-type": f"{package}.arrays.{name}"}
