"""The advertised input schemas and the generated models agree on every payload.

Known exemptions, each a payload that only one of the two could even express: integers beyond
64 bits for a float field, and strings that are not valid Unicode.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from jmcp_api.registry import TOOLS
from tests.thorough import amount

LISTING = Path(__file__).parents[2] / "generated" / "jmcp_api" / "mcp-tools.json"
SCHEMAS: dict[str, dict[str, Any]] = {
    entry["name"]: entry["inputSchema"] for entry in json.loads(LISTING.read_text("utf-8"))
}
PARAMS = [
    (tool, name, schema)
    for tool, root in SCHEMAS.items()
    for name, schema in root["properties"].items()
]

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53), 2**53),
    st.sampled_from([0, -1, 1, 0.0, -0.0, 1.0, 2.0, -1.0, 0.5, 1e300, "", "1", "a", "true"]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=70),
    st.lists(st.sampled_from([0, 1, 1.0, True, -1, "a", "b", "", None, [], {}]), max_size=4),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


def fitting(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values of a param, with its limits hit often."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if isinstance(schema["type"], list):
        kind, _ = schema["type"]
        return st.none() | fitting({**schema, "type": kind})
    kind = schema["type"]
    if kind == "boolean":
        return st.booleans()
    if kind in {"integer", "number"}:
        low, high = schema.get("minimum", -5), schema.get("maximum", 2**31)
        whole = st.integers(math.ceil(low), high) | st.sampled_from([math.ceil(low), high])
        floats = st.floats(low, high, allow_nan=False)
        return whole | whole.map(float) | (floats if kind == "number" else whole)
    if kind == "string":
        low, high = schema.get("minLength", 0), min(schema.get("maxLength", 80), 80)
        edge = st.just("x" * schema.get("maxLength", 80))
        return st.text(st.characters(exclude_categories=["Cs"]), min_size=low, max_size=high) | edge
    return st.lists(fitting_item(schema["items"]), min_size=0, max_size=4)


def fitting_item(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values of an item of an array."""
    match schema["type"]:
        case "integer":
            return st.integers(0, 9)
        case "object":
            return payloads(schema)
    return st.text("ab", min_size=1)


def payloads(schema: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Mostly fitting values, some odd ones, some unknown keys, some required keys missing."""
    fields = {name: fitting(inner) | ODD for name, inner in schema["properties"].items()}
    good = {name: fitting(inner) for name, inner in schema["properties"].items()}
    required = {name: good[name] for name in schema.get("required", ())}
    optional = {name: value for name, value in good.items() if name not in required}
    return st.one_of(
        st.fixed_dictionaries(required, optional=optional),
        st.fixed_dictionaries({}, optional={**fields, "unknown": ODD}),
        st.fixed_dictionaries(
            required, optional={n: v for n, v in fields.items() if n in optional}
        ),
    )


def accepted_by_schema(tool: str, payload: Any) -> bool:
    return bool(Draft202012Validator(SCHEMAS[tool]).is_valid(payload))


def accepted_by_model(tool: str, payload: Any) -> bool:
    try:
        TOOLS[tool].params.model_validate(payload)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("tool", SCHEMAS)
@settings(
    max_examples=amount(fast=12, all=120),
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(data=st.data())
def test_schema_and_model_agree(tool: str, data: st.DataObject) -> None:
    payload = data.draw(payloads(SCHEMAS[tool]))
    assert accepted_by_model(tool, payload) == accepted_by_schema(tool, payload), payload


def valid(tool: str) -> dict[str, Any]:
    """The smallest payload that fits."""
    payload: dict[str, Any] = smallest(SCHEMAS[tool])
    return payload


def smallest(schema: dict[str, Any]) -> Any:
    if "enum" in schema:
        return schema["enum"][0]
    if schema["type"] == "array":
        return [smallest(schema["items"])]
    if schema["type"] == "object":
        required = schema.get("required", ())
        return {name: smallest(schema["properties"][name]) for name in required}
    return {"string": "xxxxxxxx", "integer": 1, "number": 1, "boolean": True}[schema["type"]]


EDGES: list[Any] = [
    *(None, True, False, "1", "", "true", [], {}, [1], ["a"]),
    *(0, 1, -1, -2, 1.0, 1.5, 0.0, -0.0, 10**6, 10**18, 1e300),
    *("x" * length for length in (64, 65, 128, 129, 255, 256, 1024, 1025)),
    *([1, 1], [1, 1.0], [1, 2.0], [1, True], ["a", "a"], ["a", "b"], ["a", 1], [None], [""]),
    *([-1], list(range(1000)), list(range(1001))),
]


@pytest.mark.parametrize(("tool", "name", "schema"), PARAMS, ids=lambda value: str(value)[:20])
def test_the_edges_of_every_param(tool: str, name: str, schema: dict[str, Any]) -> None:
    for edge in [*EDGES, *schema.get("enum", ())]:
        payload = {**valid(tool), name: edge}
        assert accepted_by_model(tool, payload) == accepted_by_schema(tool, payload), edge


@pytest.mark.parametrize(("tool", "name", "schema"), PARAMS, ids=lambda value: str(value)[:20])
@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan], ids=str)
def test_no_param_takes_what_json_cannot_say(
    tool: str, name: str, schema: dict[str, Any], number: float
) -> None:
    for value in (number, [number]):
        assert not accepted_by_model(tool, {**valid(tool), name: value})


@pytest.mark.parametrize("tool", SCHEMAS)
def test_whole_floats_become_integers_and_lists_stay_lists(tool: str) -> None:
    for name, schema in SCHEMAS[tool]["properties"].items():
        if schema["type"] == "integer":
            params = TOOLS[tool].params.model_validate({**valid(tool), name: 1.0})
            assert type(getattr(params, name)) is int
        if schema["type"] == "array" and schema["items"]["type"] != "object":
            whole = [2.0, 1.0] if schema["items"]["type"] == "integer" else ["b", "a"]
            params = TOOLS[tool].params.model_validate({**valid(tool), name: whole})
            assert getattr(params, name) == whole


@pytest.mark.parametrize("tool", SCHEMAS)
def test_defaults_are_the_advertised_ones(tool: str) -> None:
    params = TOOLS[tool].params.model_validate(valid(tool))
    for name, schema in SCHEMAS[tool]["properties"].items():
        if name not in valid(tool):
            assert getattr(params, name) == schema.get("default")
