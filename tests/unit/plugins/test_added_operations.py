"""The served OpenAPI document has the operations of other packages, whatever their schemas are called."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from jmcp.compose import API
from jmcp.core.calls.permissions import Permissions
from jmcp.core.calls.tool import AddedToolset, Api
from jmcp.plugins.additions import extended
from jmcp.plugins.loading import load
from jmcp.transport.rest.openapi import OpenApi
from jmcp_example_review import TOOLSET as REVIEW
from tests.unit.plugins.conftest import Install

TODOS = "/jmcp/v1/toolsets/review/sessions/{session_id}/todos"
FRAMES = "/jmcp/v1/toolsets/review/sessions/{session_id}/frames/{name}"


@pytest.fixture
def api(install: Install) -> Api:
    return extended(API, load([install("review", REVIEW)]))


def with_part(api: Api, folder: Path, change: Any) -> Api:
    """The API, with the toolset's part of the document changed."""
    [toolset] = api.added
    part = json.loads(Path(toolset.openapi_file).read_bytes())
    change(part)
    (folder / "openapi.json").write_text(json.dumps(part))
    added: tuple[AddedToolset, ...] = (replace(toolset, openapi_file=str(folder / "openapi.json")),)
    return replace(api, added=added)


def test_the_document_is_jmcps_own_where_nothing_is_added() -> None:
    assert OpenApi(API, "").document == json.loads(Path(API.openapi_file).read_bytes())


def test_schemas_of_one_name_that_differ_are_told_apart(api: Api, tmp_path: Path) -> None:
    def changed(part: Any) -> None:
        part["components"]["schemas"]["More"] = {"type": "object", "description": "another one"}

    document = OpenApi(with_part(api, tmp_path, changed), "").document
    schemas = document["components"]["schemas"]
    assert schemas["ReviewMore"]["description"] == "another one"
    assert schemas["More"]["required"] == ["count"]
    assert "#/components/schemas/ReviewMore" in json.dumps(schemas["FrameProfile"])
    assert "ReviewMore" not in json.dumps(schemas["NotebookList"])
    OpenAPIV31SpecValidator(document).validate()


def test_a_schema_that_is_the_same_is_there_once(api: Api) -> None:
    schemas = OpenApi(api, "").document["components"]["schemas"]
    assert "#/components/schemas/More" in json.dumps(schemas["FrameProfile"])
    assert "ReviewMore" not in schemas


def test_a_tool_that_is_left_out_has_no_operation(install: Install) -> None:
    tools = {"find_todos": REVIEW.tools["find_todos"]}
    api = extended(API, load([install("review", replace(REVIEW, tools=tools))]))
    paths = OpenApi(api, "").document["paths"]
    assert (TODOS in paths, FRAMES in paths) == (True, False)


def test_links_lead_to_operations_that_are_there(install: Install, tmp_path: Path) -> None:
    def linked(part: Any) -> None:
        response = part["paths"][TODOS]["get"]["responses"]["200"]
        response["links"] = {
            name: {"operationId": name} for name in ("profile_dataframe", "read_cell", "find_todos")
        }

    tools = {"find_todos": REVIEW.tools["find_todos"]}
    api = extended(API, load([install("review", replace(REVIEW, tools=tools))]))
    document = OpenApi(with_part(api, tmp_path, linked), "").document
    links = document["paths"][TODOS]["get"]["responses"]["200"]["links"]
    assert [*links] == ["read_cell", "find_todos"]


def test_tools_that_are_denied_may_be_of_a_toolset_that_is_left_out(install: Install) -> None:
    denied = ["find_todos", "read_cell"]
    with pytest.raises(ValueError, match="no tool find_todos"):
        Permissions(API, deny=denied)
    api = extended(API, load([install("review", None)]))
    permitted = Permissions(api, deny=denied).tools(frozenset(("read",)))
    assert "read_cell" not in permitted
    assert "read_notebook" in permitted
    # What allows none that is there allows nothing.
    assert Permissions(api, allow=["find_todos"]).tools(frozenset(("read",))) == []
