"""The shape of the two files, by their JSON Schemas: keys, kinds and closed lists of words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import resources
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from jmcp_codegen.source.load import Document, Place, Spec
from jmcp_codegen.source.problems import Problem


def problems(spec: Spec) -> Iterator[Problem]:
    for document, name in ((spec.tools, "tools"), (spec.sessions, "sessions")):
        yield from found_problems(document, Draft202012Validator(schema_of(name)))


def found_problems(document: Document, validator: Draft202012Validator) -> Iterator[Problem]:
    """What that schema finds wrong with a file."""
    for error in validator.iter_errors(document.data):
        yield from _problems(document, error)


def schema_of(name: str) -> dict[str, Any]:
    """The JSON Schema of tools.yaml or sessions.yaml."""
    path = resources.files("jmcp_codegen").joinpath("schemas", f"{name}.schema.json")
    schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return schema


def _problems(document: Document, error: ValidationError) -> Iterator[Problem]:
    place: Place = tuple(error.absolute_path)
    where = _called(place)
    if error.validator == "additionalProperties":
        allowed = error.schema["properties"]
        for key in error.instance:
            if key not in allowed:
                yield document.problem("unknown_key", (*place, key), f"unknown key {key}")
    elif error.validator == "required":
        missing = [key for key in error.validator_value if key not in error.instance]
        # One error of jsonschema is one missing key; all are in `missing`, so the text says which.
        key = next(key for key in missing if f"'{key}'" in error.message)
        yield document.problem("shape", place, f"{where} lacks {key}")
    elif error.validator == "oneOf":
        yield document.problem("shape", place, f"{where} {_either(error)}")
    else:
        yield document.problem("shape", place, f"{where}: {error.message}")


def _called(place: Place) -> str:
    """The last name on the way, with the index after it if there is one."""
    if not place:
        return "the file"
    return f"{place[-2]}[{place[-1]}]" if isinstance(place[-1], int) else place[-1]


def _either(error: ValidationError) -> str:
    """For `oneOf` of required keys, the only kind in these schemas."""
    choices: list[Any] = error.validator_value
    return "needs exactly one of " + ", ".join(choice["required"][0] for choice in choices)
