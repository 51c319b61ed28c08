"""The REST facade against its own OpenAPI document: schemathesis on a served JupyterLab."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import httpx2
import schemathesis
from hypothesis import HealthCheck, settings
from openapi_spec_validator import OpenAPIV31SpecValidator

from jmcp_api.http import OPENAPI_FILE
from jmcp_api.registry import TOOLS
from tests.served import Served
from tests.thorough import amount, thorough

EXAMPLES = amount(fast=4, all=12)
REQUEST_SECONDS = 30
TAGS = ("*", '"0123456789abcdef"', 'W/"a", "b"')


def either(case: Any) -> None:
    """OpenAPI cannot say "exactly one" of query parameters, so a valid case may have both or none."""
    query = case.query
    if case.operation.label.startswith("DELETE") and case.operation.path.endswith("/cells"):
        if "cell_indices" in query:
            query.pop("cell_ids", None)
        else:
            query.setdefault("cell_ids", ["unknown"])


def installable(case: Any) -> None:
    """Nor can it say what a requirement is: any text would be valid."""
    if case.operation.path.endswith("/kernel/packages") and isinstance(case.body, dict):
        case.body["packages"] = ["pip"]


def tagged(case: Any) -> None:
    """Headers are made without regard to their pattern, so that a valid one has to be put there."""
    for name in ("If-Match", "If-None-Match"):
        if name in (case.headers or {}):
            case.headers[name] = TAGS[len(case.headers[name]) % len(TAGS)]


# The committed document: another test holds that the served one is the same.
DOCUMENT = json.loads(files("jmcp_api").joinpath(OPENAPI_FILE).read_text())
schema = schemathesis.openapi.from_dict(DOCUMENT)


def kept(operation_id: str) -> Callable[..., None]:
    """The test that this operation keeps its word."""

    @schema.include(operation_id=operation_id).parametrize()
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def keeps_its_word(case: Any, served: Served) -> None:
        if case.meta.generation.mode.is_positive:
            either(case)
            installable(case)
            tagged(case)
        case.call_and_validate(base_url=served.url, headers=served.headers, timeout=REQUEST_SECONDS)

    test: Callable[..., None] = keeps_its_word
    return test


# One for each: schemathesis gives the tests of all operations together only one name.
OPERATIONS = [
    operation["operationId"] for path in DOCUMENT["paths"].values() for operation in path.values()
]
# Each case of run_script that is valid starts a kernel.
TESTS = {name: thorough(kept(name)) if name == "run_script" else kept(name) for name in OPERATIONS}
globals().update({f"test_{name}_keeps_its_word": test for name, test in TESTS.items()})


def test_links_lead_from_opening_a_session_through_using_it(served: Served) -> None:
    machine = schema.as_state_machine()

    class Workflow(machine):  # type: ignore[misc, valid-type]
        def before_call(self, case: Any) -> None:
            if case.meta.generation.mode.is_positive:
                either(case)
                installable(case)

        def get_call_kwargs(self, _: Any) -> dict[str, Any]:
            return {
                "base_url": served.url,
                "headers": served.headers,
                "timeout": REQUEST_SECONDS,
            }

    Workflow.run(
        settings=settings(
            max_examples=amount(fast=3, all=10),
            stateful_step_count=6,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
    )


def test_the_served_document_is_valid_and_names_every_tool(served: Served) -> None:
    document = httpx2.get(f"{served.url}jmcp/openapi.json", headers=served.headers).json()
    OpenAPIV31SpecValidator(document).validate()
    operations = json.dumps(document["paths"])
    assert all(f'"{name}' in operations for name in TOOLS)
