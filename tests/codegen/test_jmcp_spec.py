"""jmcp's own spec: what is committed is what it means, and it is small enough to be read."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from openapi_spec_validator import validate

from jmcp_api.mcp import TOOLSETS
from jmcp_codegen.cli import drift
from jmcp_codegen.render import render
from jmcp_codegen.source.load import load

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "generated" / "jmcp_api"
MODEL_BYTES = 18_000
"""Names, descriptions and input schemas of the tools that every client gets, as a model pays for
them."""
LISTING_BYTES = 70_000
"""Their whole entries, output schemas too, as a client reads them."""
LINES_PER_TOOL = 40
"""Generated lines of Python that one more tool costs, over all files, types and errors aside."""


@pytest.fixture(scope="module")
def listing() -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads((PACKAGE / "mcp-tools.json").read_text("utf-8"))
    return entries


@pytest.fixture(scope="module")
def openapi() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((PACKAGE / "openapi.json").read_text("utf-8"))
    return document


def test_the_committed_tree_is_what_the_spec_says() -> None:
    assert drift(render(load(ROOT / "spec")), ROOT / "generated") == []


def test_what_a_model_reads_stays_small(listing: list[dict[str, Any]]) -> None:
    keys = ("name", "description", "inputSchema")
    core = [entry for entry in listing if entry["name"] in TOOLSETS["core"]]
    assert _bytes([{key: entry[key] for key in keys} for entry in core]) <= MODEL_BYTES
    assert _bytes(core) <= LISTING_BYTES


def _bytes(entries: list[dict[str, Any]]) -> int:
    return len(json.dumps(entries, ensure_ascii=False, separators=(",", ":")).encode())


def test_one_tool_a_line(listing: list[dict[str, Any]]) -> None:
    lines = (PACKAGE / "mcp-tools.json").read_text("utf-8").splitlines()
    assert [lines[0], lines[-1]] == ["[", "]"]
    names = [json.loads(line.rstrip(","))["name"] for line in lines[1:-1]]
    tools = yaml.safe_load((ROOT / "spec" / "tools.yaml").read_text("utf-8"))["tools"]
    assert names == list(tools) == [entry["name"] for entry in listing]


def test_listed_schemas_suit_every_client(listing: list[dict[str, Any]]) -> None:
    for entry in listing:
        params, result = entry["inputSchema"], entry["outputSchema"]
        assert params["additionalProperties"] is False
        assert not {"anyOf", "oneOf", "allOf"} & params.keys()
        assert "additionalProperties" not in json.dumps(result)
        for schema in (params, result):
            jsonschema.Draft202012Validator.check_schema(schema)
            assert schema["type"] == "object"
            text = json.dumps(schema)
            assert "$ref" not in text
            assert "synonyms" not in text
            assert "either" not in text


def test_the_openapi_document_is_valid(openapi: dict[str, Any]) -> None:
    validate(openapi)


def test_operations_are_named_after_their_tools(
    openapi: dict[str, Any], listing: list[dict[str, Any]]
) -> None:
    operations = [op for path in openapi["paths"].values() for op in path.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names)
    tools = {name.removesuffix("_content").removesuffix("_by_index") for name in names}
    assert tools == {entry["name"] for entry in listing}


def test_a_body_is_required_only_if_something_in_it_is(openapi: dict[str, Any]) -> None:
    for path in openapi["paths"].values():
        for operation in path.values():
            if "requestBody" in operation:
                body = operation["requestBody"]
                schema = body["content"]["application/json"]["schema"]
                needed = {"required", "not"} & schema.keys()
                assert body["required"] == bool(needed)
                assert schema["additionalProperties"] is False
                whole = {**schema, "components": openapi["components"]}
                validator = jsonschema.Draft202012Validator(whole)
                examples = body["content"]["application/json"].get("examples", {})
                for example in examples.values():
                    validator.validate(example["value"])


def test_opening_a_session_links_to_all_that_one_can_do_in_it(openapi: dict[str, Any]) -> None:
    opened = openapi["paths"]["/jmcp/v1/sessions"]["post"]["responses"]["201"]
    inside = {
        operation["operationId"]
        for path, methods in openapi["paths"].items()
        if "{session_id}" in path
        for operation in methods.values()
    }
    assert opened["links"].keys() == inside
    close = openapi["paths"]["/jmcp/v1/sessions/{session_id}"]["delete"]
    assert close["operationId"] in inside


def test_a_tool_costs_few_lines(listing: list[dict[str, Any]]) -> None:
    """Blank lines count; types, errors, texts and the session policy are no tool's."""
    per_tool = sum(
        len((PACKAGE / name).read_text("utf-8").splitlines())
        for name in ("registry.py", "ports.py", "http.py", "mcp.py", "arrays.py")
    )
    models = ast.parse((PACKAGE / "models.py").read_text("utf-8"))
    blank_around_class = 2
    per_tool += sum(
        (node.end_lineno or 0) - node.lineno + 1 + blank_around_class
        for node in models.body
        if isinstance(node, ast.ClassDef) and node.name.endswith("Params")
    )
    assert per_tool / len(listing) <= LINES_PER_TOOL


@pytest.mark.parametrize("name", ["tools", "sessions"])
def test_the_schemas_for_editors_accept_the_spec(name: str) -> None:
    folder = ROOT / "codegen" / "jmcp_codegen" / "schemas"
    schema = json.loads((folder / f"{name}.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    data = yaml.safe_load((ROOT / "spec" / f"{name}.yaml").read_text("utf-8"))
    jsonschema.Draft202012Validator(schema).validate(data)


def test_templates_only_loop() -> None:
    for path in (ROOT / "codegen" / "jmcp_codegen" / "templates").glob("*.j2"):
        text = path.read_text("utf-8")
        assert len(text.splitlines()) <= 40, path.name
        assert "{% if" not in text, path.name
        assert "{% set" not in text, path.name
        assert "{% macro" not in text, path.name


def test_no_client_sees_a_keyword_that_some_do_not_know() -> None:
    for name in ("mcp-tools.json", "openapi.json"):
        assert "uniqueItems" not in (PACKAGE / name).read_text("utf-8")


def test_a_body_is_a_plain_object_to_generators_of_clients(openapi: dict[str, Any]) -> None:
    """With alternatives beside its properties it would be anything."""
    bodies = [
        operation["requestBody"]["content"]["application/json"]["schema"]
        for path in openapi["paths"].values()
        for operation in path.values()
        if "requestBody" in operation
    ]
    assert bodies
    for body in bodies:
        assert body["type"] == "object"
        assert not body.keys() & {"oneOf", "anyOf", "allOf"}


@pytest.mark.parametrize(
    ("given", "accepted"),
    [
        ({"cell_index": 0}, True),
        ({"after_cell_id": "a"}, True),
        ({"cell_index": 0, "after_cell_id": "a"}, True),
        ({"cell_index": None, "after_cell_id": "a"}, True),
        ({}, False),
        ({"cell_index": None}, False),
        ({"cell_index": None, "after_cell_id": None}, False),
        ({"after_cell_id": ""}, False),
    ],
)
def test_a_body_that_names_no_place_is_refused(
    openapi: dict[str, Any], given: dict[str, Any], accepted: bool
) -> None:
    operation = openapi["paths"]["/jmcp/v1/sessions/{session_id}/cells"]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    body = {"cell_type": "code", "cell_source": "", **given}
    assert jsonschema.Draft202012Validator(schema).is_valid(body) == accepted
